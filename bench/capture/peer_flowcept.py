"""Flowcept's cost for one decorated call, offline: its own settings, no broker, no telemetry.

Run with the peers' interpreter (script/bench --peers makes it); prints one JSON line. The floor is
the pure-Python closure that Headrace's rows are compared with, measured in this process.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from flowcept_settings import use_settings

BLOCK = 200
BLOCKS = 60


def added_ns(call: Callable[[], Any], bare: Callable[[], Any]) -> float:
    """What `call` takes beyond `bare`, in ns: the minimum over interleaved blocks of each."""
    best = [float("inf"), float("inf")]
    for _ in range(BLOCKS):
        for i, body in enumerate((bare, call)):
            begin = time.perf_counter_ns()
            for _ in range(BLOCK):
                body()
            best[i] = min(best[i], (time.perf_counter_ns() - begin) / BLOCK)
    return best[1] - best[0]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headrace-bench-peer-") as folder:
        use_settings(Path(folder))
        from flowcept import Flowcept, flowcept_task  # after its settings are known

        def work(lr: float, batch: int, name: str) -> float:
            return lr

        @functools.wraps(work)
        def closure(*args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

        decorated = flowcept_task(work)
        running = Flowcept(start_persistence=False, save_workflow=False, workflow_name="bench")
        running.start()
        buffer = running._interceptor_instances[0]._mq_dao.buffer

        def bare() -> Any:
            return work(0.001, 32, "adamw")

        def task() -> Any:
            return decorated(0.001, 32, "adamw")

        floor = added_ns(lambda: closure(0.001, 32, "adamw"), lambda: bare())
        ns = added_ns(task, bare)
        buffer.clear()  # so that ending the run does not write what was only measured
        running.stop()
        print(
            json.dumps(
                {
                    "suite": "capture",
                    "row": "Flowcept 1.0.3 @flowcept_task, 3 scalars, offline",
                    "ns": round(ns, 1),
                    "floor": "empty Python closure",
                    "ratio": round(ns / floor, 2),
                }
            )
        )


if __name__ == "__main__":
    main()
