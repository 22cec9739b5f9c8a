"""A regression that is fitted while its page is watched: python live_program.py TASKS SECONDS

Each task takes about so long. Begins to count when a line comes in, so that the page is there.
"""

from __future__ import annotations

import sys
import time

import headrace as hr
import numpy as np


def main(tasks: int, seconds: float) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(4000, 40))
    y = x @ rng.normal(size=40) + rng.normal(scale=0.1, size=4000)
    weights = np.zeros(40)

    def fit(number: int) -> None:
        with hr.task("epoch", used={"epoch": number, "rate": 0.05}) as task:
            end = time.monotonic() + seconds
            off = x @ weights - y
            while time.monotonic() < end:
                off = x @ weights - y
                weights[:] -= 0.05 * (x.T @ off) / len(y)
                time.sleep(0.005)  # what loads its data
            task.generated({"loss": float((off**2).mean())})

    with hr.campaign("live"), hr.workflow("watched"):
        fit(0)
        sys.stdin.readline()
        for number in range(1, tasks + 1):
            fit(number)


main(int(sys.argv[1]), float(sys.argv[2]))
