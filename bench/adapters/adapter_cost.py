"""Prints a line of JSON for each way of recording a task: what it takes, in ns of the thread's
processor time, the least of many blocks."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

import headrace as hr
from headrace.adapters import Adapter, now

TASKS = 500


@hr.task
def solve(number: int, rate: float, batch: int) -> dict[str, float]:
    return {"loss": 0.4321}


def rows() -> dict[str, Callable[[int], object]]:
    """Name -> what records the task of a number; each has three values in and one out."""
    adapter = Adapter("mesh", "run 1")
    activity = adapter.activity("solve", __file__, 1)
    gave = {"loss": 0.4321}
    form = adapter.form(activity, used=("number", "rate", "batch"))

    def used(number: int) -> dict[str, object]:
        return {"number": number, "rate": 0.001, "batch": 32}

    def formed(number: int) -> None:
        task = form.begin(None, 0, (number, 0.001, 32), ())
        assert task is not None
        task.end(generated=gave)

    def with_keys(number: int) -> None:
        before = [f"{number - 1}", f"{number - 2}"]
        adapter.begin(activity, key=f"{number}", depends_on=before, used=used(number)).end(
            generated=gave
        )

    return {
        "@hr.task": lambda number: solve(number, 0.001, 32),
        "begin and end": lambda number: adapter.begin(activity, used=used(number)).end(
            generated=gave
        ),
        "form, begin and end": formed,
        "record": lambda number: adapter.record(
            activity, begin_ns=now(), end_ns=now(), used=used(number), generated=gave
        ),
        "begin and end, key, 2 inputs": with_keys,
    }


def main(rounds: int) -> None:
    least: dict[str, float] = {}
    for _ in range(rounds):
        for name, record in rows().items():
            from_ns = time.thread_time_ns()
            for number in range(TASKS):
                record(number)
            took_ns = (time.thread_time_ns() - from_ns) / TASKS
            least[name] = min(took_ns, least.get(name, took_ns))
        hr.flush()
    for name, took_ns in least.items():
        print(json.dumps({"suite": "adapters", "row": name, "ns": round(took_ns)}))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
