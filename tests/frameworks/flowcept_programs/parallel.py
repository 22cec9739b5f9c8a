"""Threads, coroutines and forked processes, each with tasks."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from flowcept import Flowcept, flowcept_task


@flowcept_task
def square(x: int) -> dict[str, int]:
    return {"square": x * x}


@flowcept_task
async def halve(x: float) -> dict[str, float]:
    await asyncio.sleep(0.001)
    return {"half": x / 2}


async def all_halves() -> None:
    await asyncio.gather(*(halve(float(x)) for x in range(4)))


def main() -> None:
    with Flowcept(workflow_name="parallel", campaign_id="study"):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(square, range(8)))
        asyncio.run(all_halves())
        child = os.fork()
        if child == 0:
            square(100)
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
