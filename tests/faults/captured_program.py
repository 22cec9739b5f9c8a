"""A program whose result must not depend on what its capture meets."""

import sys

import headrace as hr


@hr.task
def step(number: int, rate: float, note: str) -> dict[str, float]:
    return {"half": number / 2, "rate": rate}


@hr.task
def refuses(number: int) -> None:
    raise ValueError(number)


total = 0.0
with hr.campaign("faults"), hr.workflow("sum"):
    for i in range(20):
        total += step(i, rate=0.5, note="text")["half"]
        try:
            refuses(i)
        except ValueError as error:
            total += error.args[0]
        hr.log(loss=total)
    hr.flush()
print("result", total)
sys.exit(7)
