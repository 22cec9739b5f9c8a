"""Records tasks at a steady rate, as fast solvers do: python load_program.py SECONDS TASKS_A_SECOND

Prints how many it made when its input ends or the time is over.
"""

from __future__ import annotations

import sys
import time

import headrace as hr

TICK_S = 0.01


def main(seconds: float, rate: int) -> None:
    made = 0
    begin = time.monotonic()
    with hr.campaign("load"), hr.workflow("steady"):
        while (passed := time.monotonic() - begin) < seconds:
            for made in range(made + 1, int(rate * passed) + 1):  # noqa: B020
                with hr.task("step", used={"i": made}) as task:
                    task.generated({"loss": 1 / made})
            time.sleep(TICK_S)
    print(made, time.monotonic() - begin, flush=True)


main(float(sys.argv[1]), int(sys.argv[2]))
