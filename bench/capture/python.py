"""What a captured call adds in Python, in ns, beside the floors of the same run.

Rows are measured in interleaved blocks and the minimum over the blocks is taken, which makes such
figures repeatable on a shared machine. A row's figure is what it adds to the bare call of the same
function. Of some rows single calls are timed too: how much the median, the 99th and the 99.9th
percentile of them lie above the median of the bare call. Rows with threads are the time of all
calls of all threads, which take turns. Prints one JSON line a row. What it captures goes where
HEADRACE_DIR says.

usage: python.py [--blocks N]
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

CALLS = 1000
Block = Callable[[], int]


def loop_over(body: str, **names: Any) -> Block:
    """ns that CALLS repetitions of `body` take, with as little around it as a for loop."""
    source = (
        "def block():\n"
        "    begin = now()\n"
        f"    for _ in repeat(None, {CALLS}):\n"
        f"        {body}\n"
        "    return now() - begin\n"
    )
    names |= {"now": time.perf_counter_ns, "repeat": itertools.repeat}
    exec(source, names)  # noqa: S102 - the text is made above
    block: Block = names["block"]
    return block


def closure(function: Callable[..., Any]) -> Callable[..., Any]:
    """The cheapest decorator that pure Python can write."""

    @functools.wraps(function)
    def wrapper(*args: Any, **keywords: Any) -> Any:
        return function(*args, **keywords)

    return wrapper


def plain() -> None:
    return None


def three(lr: float, steps: int, name: str) -> float:
    return lr


def five(config: dict[str, Any]) -> dict[str, Any]:
    return config


async def co() -> None:
    return None


def await_block(function: Callable[[], Any]) -> Block:
    """Awaits CALLS coroutines inside one running loop."""

    async def body() -> int:
        begin = time.perf_counter_ns()
        for _ in range(CALLS):
            await function()
        return time.perf_counter_ns() - begin

    runner = asyncio.new_event_loop()
    return lambda: runner.run_until_complete(body())


def single_calls(body: str, calls: int, **names: Any) -> list[int]:
    """ns of each of so many single calls, sorted."""
    source = (
        "def block():\n"
        "    out = []\n"
        f"    for _ in repeat(None, {calls}):\n"
        "        begin = now()\n"
        f"        {body}\n"
        "        out.append(now() - begin)\n"
        "    return out\n"
    )
    names |= {"now": time.perf_counter_ns, "repeat": itertools.repeat}
    exec(source, names)  # noqa: S102 - the text is made above
    return sorted(names["block"]())


def percentiles(hr: Any, calls: int) -> dict[str, dict[str, float]]:
    """Row -> how far above the bare call's median single calls lie."""
    values = {"a": 1, "b": 2.5, "c": "text", "d": True, "e": None}
    measured = {
        "decorator": ("f()", plain, {}),
        "decorator, 3 scalars": ("f(0.1, 3, 'seventeen letters')", three, {}),
        "decorator, 5-key dict in and out": ("f(x)", five, {"x": values}),
    }
    out = {}
    for name, (body, function, names) in measured.items():
        bare = single_calls(body, calls, f=function, **names)[calls // 2]
        captured = single_calls(body, calls, f=hr.task(function), **names)
        at = {"p50_ns": 0.5, "p99_ns": 0.99, "p999_ns": 0.999}
        out[name] = {key: captured[int(calls * share)] - bare for key, share in at.items()}
    return out


def in_threads(threads: int, block: Block) -> Block:
    """ns of CALLS calls where so many threads run blocks at the same time."""
    import threading

    rounds = 20

    def run() -> int:
        ready = threading.Barrier(threads + 1)

        def body() -> None:
            ready.wait()
            for _ in range(rounds):
                block()

        started = [threading.Thread(target=body) for _ in range(threads)]
        for thread in started:
            thread.start()
        ready.wait()
        begin = time.perf_counter_ns()
        for thread in started:
            thread.join()
        return (time.perf_counter_ns() - begin) // (rounds * threads)

    return run


def thread_rows(hr: Any, repeats: int) -> dict[str, tuple[float, float]]:
    """Row -> ns added and ns that the empty closure adds, with as many threads."""
    arguments = "f(0.1, 3, 'seventeen letters')"
    bare = loop_over(arguments, f=three)
    floor = loop_over(arguments, f=closure(three))
    captured = loop_over(arguments, f=hr.task(three))
    out = {}
    for threads in (1, 2, 4):
        blocks = [in_threads(threads, block) for block in (bare, floor, captured)]
        best = [float("inf")] * 3
        for _ in range(repeats):
            for i, block in enumerate(blocks):
                best[i] = min(best[i], block() / CALLS)
        name = f"decorator, 3 scalars, {threads} thread{'s' if threads > 1 else ''}"
        out[name] = (best[2] - best[0], best[1] - best[0])
    return out


def rows(hr: Any) -> dict[str, tuple[Block, str | None]]:
    """Row -> (its block, the row it is compared with)."""
    values = {"a": 1, "b": 2.5, "c": "text", "d": True, "e": None}
    arguments = "f(0.1, 3, 'seventeen letters')"

    def scope() -> Block:
        return loop_over("\n        ".join(["with task('scope'):", "    pass"]), task=hr.task)

    def off(block: Block) -> Block:
        def measured() -> int:
            hr.disable()
            try:
                return block()
            finally:
                hr.enable()

        return measured

    def hr_loop() -> int:
        begin = time.perf_counter_ns()
        for _ in hr.loop(range(CALLS), "iteration"):
            pass
        return time.perf_counter_ns() - begin

    captured = hr.task(plain)
    return {
        "bare": (loop_over("f()", f=plain), None),
        "bare, 3 scalars": (loop_over(arguments, f=three), None),
        "bare, 5-key dict": (loop_over("f(x)", f=five, x=values), None),
        "bare await": (await_block(co), None),
        "bare loop": (loop_over("pass"), None),
        "floor: empty closure": (loop_over("f()", f=closure(plain)), "bare"),
        "floor: empty closure, 3 scalars": (
            loop_over(arguments, f=closure(three)),
            "bare, 3 scalars",
        ),
        "floor: functools.partial": (loop_over("f()", f=functools.partial(plain)), "bare"),
        "floor: clock read": (loop_over("f()", f=time.perf_counter_ns), "bare loop"),
        "decorator": (loop_over("f()", f=captured), "bare"),
        "decorator, 3 scalars": (loop_over(arguments, f=hr.task(three)), "bare, 3 scalars"),
        "decorator, 3 scalars by keyword": (
            loop_over("f(lr=0.1, steps=3, name='seventeen letters')", f=hr.task(three)),
            "bare, 3 scalars",
        ),
        "decorator, 5-key dict in and out": (
            loop_over("f(x)", f=hr.task(five), x=values),
            "bare, 5-key dict",
        ),
        "decorator, off": (off(loop_over("f()", f=captured)), "bare"),
        "context manager": (scope(), "bare loop"),
        "loop": (hr_loop, "bare loop"),
        "coroutine": (await_block(hr.task(co)), "bare await"),
        "decorator, beside coroutines": (loop_over("f()", f=captured), "bare"),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--blocks", type=int, default=400)
    options = parser.parse_args()
    os.environ["HEADRACE_TELEMETRY"] = "0"
    import headrace as hr

    measured = rows(hr)
    best = dict.fromkeys(measured, float("inf"))

    def measure(names: list[str]) -> None:
        for _ in range(options.blocks):
            for name in names:
                best[name] = min(best[name], measured[name][0]() / CALLS)

    # Once a coroutine was captured, every call also looks for the task of its context.
    last = ["bare await", "coroutine", "decorator, beside coroutines"]
    measure([name for name in measured if name not in last])
    measure(last)
    hr.flush()
    added = {name: best[name] - (best[base] if base else 0) for name, (_, base) in measured.items()}
    floor = added["floor: empty closure"]
    tails = percentiles(hr, options.blocks * 250)

    def show(name: str, ns: float, floor_ns: float) -> None:
        row = {"suite": "capture", "row": f"python: {name}", "ns": round(ns, 1)}
        row |= {"floor": "empty closure", "ratio": round(ns / floor_ns, 2)}
        print(json.dumps(row | tails.get(name, {})))

    for name, ns in added.items():
        show(name, ns, floor)
    for name, (ns, floor_ns) in thread_rows(hr, max(options.blocks // 40, 3)).items():
        show(name, ns, floor_ns)
    print(f"dropped: {hr.capture_stats()['dropped']} records", file=sys.stderr)


if __name__ == "__main__":
    main()
