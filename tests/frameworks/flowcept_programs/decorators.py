"""Decorated functions: ways to call them, names of results, labels, tasks inside tasks."""

from __future__ import annotations

import asyncio
from typing import Any

from flowcept import Flowcept, flowcept_task


@flowcept_task
def add(a: int, b: int = 2, *more: int, scale: float = 1.0, **names: int) -> float:
    return (a + b + sum(more) + sum(names.values())) * scale


@flowcept_task(output_names="total")
def one(x: int) -> int:
    return x + 1


@flowcept_task(output_names=["low", "high"])
def two(x: int) -> tuple[int, int]:
    return x - 1, x + 1


@flowcept_task(
    tags=["fast", "checked"], custom_metadata={"owner": {"group": 7}}, subtype="learning"
)
def labelled(lr: float) -> dict[str, Any]:
    return {"loss": 1 / lr, "history": [1.5, 2, None], "by_name": {"a": True}}


@flowcept_task
def nothing(text: str) -> None:
    pass


@flowcept_task
def several() -> list[int]:
    return [1, 2, 3]


@flowcept_task
def outer(n: int) -> int:
    return int(one(n)) + int(one(n + 1))


@flowcept_task
async def later(x: int) -> dict[str, int]:
    await asyncio.sleep(0)
    return {"x": x}


def main() -> None:
    with Flowcept(workflow_name="decorators", workflow_args={"n": 3}, campaign_id="study"):
        add(1)
        add(1, 5, 6, 7, scale=0.5, z=3)
        one(x=4)
        two(10)
        labelled(0.25)
        nothing("naïve ユ")
        several()
        outer(1)
        asyncio.run(later(9))


if __name__ == "__main__":
    main()
