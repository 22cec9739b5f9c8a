"""A program whose result must not depend on what its capture meets, in every form that records."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator

import headrace as hr


@hr.task
def step(number: int, rate: float, note: str) -> dict[str, float]:
    return {"half": number / 2, "rate": rate}


@hr.task
def refuses(number: int) -> None:
    raise ValueError(number)


@hr.task
def counts(past: int) -> Iterator[int]:
    for i in range(past):
        told = yield i
        if told:
            yield -told


@hr.task
async def waits(number: int) -> int:
    await asyncio.sleep(0)
    inner = [number + i async for i in streams(3)]
    return sum(inner)


@hr.task
async def streams(past: int) -> AsyncIterator[int]:
    for i in range(past):
        await asyncio.sleep(0)
        yield i


@hr.task(name="fails later")
async def fails_later(number: int) -> None:
    await asyncio.sleep(0)
    raise KeyError(number)


async def together() -> float:
    total = float(sum(await asyncio.gather(*(waits(i) for i in range(3)))))
    try:
        await fails_later(3)
    except KeyError as error:
        total += error.args[0]
    cancelled = asyncio.ensure_future(waits(1))
    await asyncio.sleep(0)
    cancelled.cancel()
    try:
        await cancelled
    except asyncio.CancelledError:
        total += 1
    return total


total = 0.0
with hr.campaign("faults"), hr.workflow("sum"):
    for i in range(10):
        total += step(i, rate=0.5, note="text")["half"]
        try:
            refuses(i)
        except ValueError as error:
            total += error.args[0]
        hr.log(loss=total)
    hr.flush()
    for i in hr.loop(range(4), "epoch"):
        with hr.task("block", used={"i": i, "names": ["a", {"b": i}]}) as block:
            block.used(total=total).tag("kept", by="text").generated(half=i / 2)
            block.log(loss=total)
            total += i
        try:
            with hr.task("refused") as refused:
                refused.generated(i=i)
                raise ValueError(i)
        except ValueError as error:
            total += error.args[0]
        total += sum(counts(4))
        told = counts(3)
        total += next(told) + told.send(5)
        told.close()
    total += asyncio.run(together())
    hr.log(model=hr.object("model", name="m"))
    hr.flush()
print("result", total)
sys.exit(7)
