"""What the tests of hr.dask give to workers, which import it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import headrace as hr
import numpy as np


def load(path: str) -> tuple[Any, Any]:
    with np.load(path) as file:
        return file["x"], file["y"]


def half(data: tuple[Any, Any], first: bool) -> tuple[Any, Any]:
    x, y = data
    rows = np.arange(len(x)) % 2 == (0 if first else 1)
    return x[rows], y[rows]


@hr.task
def solve(x: Any, y: Any, ridge: float) -> Any:
    return np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ np.eye(10)[y])


def train(data: tuple[Any, Any], ridge: float, name: str = "ridge") -> Any:
    return solve(*data, ridge)


def score(weights: Any, data: tuple[Any, Any]) -> dict[str, float]:
    x, y = data
    return {"accuracy": float(((x @ weights).argmax(1) == y).mean())}


def best(scores: list[dict[str, float]]) -> float:
    return max(each["accuracy"] for each in scores)


@hr.task
def noted(value: float) -> float:
    return value


async def check(value: float) -> float:
    await asyncio.sleep(0.01)
    return noted(value)


def fails_once(marker: str) -> str:
    if not Path(marker).exists():
        Path(marker).touch()
        raise OSError("the disk is not there yet")
    return "read"


def fails(reason: str) -> None:
    raise ValueError(reason)


def dies_once(marker: str) -> str:
    if not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"


def waits(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def submits(n: int) -> int:
    from dask.distributed import get_client, secede

    futures = get_client().map(one_more, range(n))
    secede()
    return sum(get_client().gather(futures))


def one_more(x: int) -> int:
    return x + 1


def in_a_process(value: float) -> float:
    return noted(value)


def add_pool(dask_worker: Any) -> None:
    context = multiprocessing.get_context("spawn")
    dask_worker.executors["processes"] = ProcessPoolExecutor(1, context)


def drop_pool(dask_worker: Any) -> None:
    dask_worker.executors.pop("processes").shutdown()


class Counter:
    def __init__(self) -> None:
        self.n = 0

    def add(self, k: int) -> int:
        self.n += k
        return self.n
