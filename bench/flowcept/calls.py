"""One Flowcept, the package's own or ours, asked for blocks of calls.

    python calls.py plain|telemetry|online [REDIS_PORT]

Run by the interpreter that has it; reads lines "ROW COUNT" and answers each with the ns of one bare
call and of one call, as two numbers. The first line that it writes names the rows.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[0] / "peers"))
from flowcept_settings import use_settings  # noqa: E402

TELEMETRY = {"cpu": True, "mem": True, "disk": True, "network": True, "process_info": True}
USED: dict[str, Any] = {"lr": 0.001, "batch": 32, "seed": 1234567, "optimizer": "adamw"}


def work(lr: float, batch: int, seed: int, optimizer: str) -> dict[str, Any]:
    return {"loss": 0.4321, "acc": 0.98, "step": batch, "note": "ok"}


class EmptyTask:
    """FlowceptTask's form in Python, without a thing done."""

    def __init__(self, activity_id: str, used: dict[str, Any]) -> None:
        pass

    def __enter__(self) -> EmptyTask:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def end(self, generated: dict[str, Any]) -> None:
        pass


def empty_wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **keywords: Any) -> Any:
        return function(*args, **keywords)

    return wrapper


def empty_iterator(items: Iterable[Any]) -> Iterator[Any]:
    yield from items


def rows() -> dict[str, tuple[Callable[[int], None], Callable[[int], None]]]:
    """Each row's block and the block of bare calls that it is compared with."""
    from flowcept import (
        FlowceptLightweightLoop,
        FlowceptLoop,
        FlowceptTask,
        flowcept_task,
        lightweight_flowcept_task,
        telemetry_flowcept_task,
    )
    from flowcept.instrumentation.flowcept_agent_task import agent_flowcept_task

    def bare(count: int) -> None:
        for _ in range(count):
            work(**USED)

    def bare_loop(count: int) -> None:
        for _ in range(count):
            pass

    def calls(function: Callable[..., Any]) -> Callable[[int], None]:
        def block(count: int) -> None:
            for _ in range(count):
                function(**USED)

        return block

    def task_blocks(count: int) -> None:
        for _ in range(count):
            with FlowceptTask(activity_id="work", used=USED) as task:
                task.end(generated=work(**USED))

    def empty_class(count: int) -> None:
        for _ in range(count):
            with EmptyTask(activity_id="work", used=USED) as task:
                task.end(generated=work(**USED))

    def empty_loop(count: int) -> None:
        for _ in empty_iterator(range(count)):
            pass

    def loop(count: int) -> None:
        for _ in FlowceptLoop(range(count)):
            pass

    def light_loop(count: int) -> None:
        for _ in FlowceptLightweightLoop(range(count)):
            pass

    return {
        "@flowcept_task": (calls(flowcept_task(work)), bare),
        "FlowceptTask": (task_blocks, bare),
        "@lightweight_flowcept_task": (calls(lightweight_flowcept_task(work)), bare),
        "@telemetry_flowcept_task": (calls(telemetry_flowcept_task(work)), bare),
        "@agent_flowcept_task": (calls(agent_flowcept_task(work)), bare),
        "FlowceptLoop": (loop, bare_loop),
        "FlowceptLightweightLoop": (light_loop, bare_loop),
        "floor: an empty wrapper": (calls(empty_wrapper(work)), bare),
        "floor: an empty class": (empty_class, bare),
        "floor: an empty generator": (empty_loop, bare_loop),
    }


def timed_ns(block: Callable[[int], None], count: int, after: Callable[[], None]) -> float:
    begin = time.perf_counter_ns()
    block(count)
    after()
    return (time.perf_counter_ns() - begin) / count


def nothing() -> None:
    pass


def until_kept(buffer: Any) -> Callable[[], None]:
    """Returns when what was recorded is where other processes read it."""
    if not hasattr(buffer, "_swap_event"):
        import headrace

        return headrace.flush

    def flush() -> None:
        while any(buffer._buffers):
            buffer._swap_event.set()
            time.sleep(0)

    return flush


def main() -> None:
    is_online = sys.argv[1] == "online"
    port = int(sys.argv[2]) if is_online and int(sys.argv[2]) else None
    telemetry = TELEMETRY if sys.argv[1] == "telemetry" else {}
    with tempfile.TemporaryDirectory(prefix="headrace-bench-flowcept-") as folder:
        os.chdir(folder)
        use_settings(Path(folder), telemetry=telemetry, redis_port=port)
        from flowcept import Flowcept

        running = Flowcept(start_persistence=False, save_workflow=False, workflow_name="bench")
        running.start()
        blocks = rows()
        print(",".join(blocks), flush=True)
        for line in sys.stdin:
            name, count = line.rsplit(" ", 1)
            block, bare = blocks[name]
            buffer = running._interceptor_instances[0]._mq_dao.buffer
            after = until_kept(buffer) if is_online else nothing
            floor = timed_ns(bare, int(count), nothing)
            print(floor, timed_ns(block, int(count), after), flush=True)
            # What was only measured is not to be kept, nor written in the end.
            if isinstance(buffer, list):
                buffer.clear()
    os._exit(0)


if __name__ == "__main__":
    main()
