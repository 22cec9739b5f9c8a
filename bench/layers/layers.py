"""What watching adds to a forward of six small layers, and to their backward.

Blocks of calls are timed by the thread's processor time, bare, with hooks that do nothing, and
watched, in turn; a row is the least of each. Prints one JSON line a row.

usage: layers.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

import headrace as hr
import torch
from torch.nn.modules import module as modules

Ending = Callable[[], None]


def nothing(*_: Any) -> None:
    """What a hook costs that does nothing."""


def bare(_: Any) -> Ending:
    return nothing


def floor(_: Any) -> Ending:
    handles = [
        modules.register_module_forward_pre_hook(nothing),
        modules.register_module_forward_hook(nothing),
    ]

    def end() -> None:
        for handle in handles:
            handle.remove()

    return end


def watched(model: Any) -> Ending:
    return hr.torch.watch(model).unwatch


def times_ns(
    model: Any, work: Callable[[], Any], rounds: int, calls: int
) -> dict[str, list[float]]:
    """Of every round, the least time of a call: bare, with hooks that do nothing, watched."""
    times: dict[str, list[float]] = {"bare": [], "floor": [], "watched": []}
    for _ in range(rounds):
        for begin in (bare, floor, watched):
            end = begin(model)
            work()
            best = math.inf
            for _ in range(6):
                from_ns = time.thread_time_ns()
                for _ in range(calls):
                    work()
                best = min(best, (time.thread_time_ns() - from_ns) / calls)
            times[begin.__name__].append(best)
            end()
    return times


def row(name: str, times: dict[str, list[float]], layers: int) -> dict[str, Any]:
    least = {name: min(each) for name, each in times.items()}
    bare_ns = least["bare"]
    added, added_floor = least["watched"] - bare_ns, least["floor"] - bare_ns
    return {
        "suite": "layers",
        "row": name,
        "layers": layers,
        "bare_us": round(bare_ns / 1e3, 2),
        "floor_us": round(added_floor / 1e3, 2),
        "added_us": round(added / 1e3, 2),
        "ratio": round(added / added_floor, 2),
        "of_bare": round(1 + added / bare_ns, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=60)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(1)
    small = torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(6)))
    x = torch.randn(2, 8)
    with torch.no_grad():
        measured = times_ns(small, lambda: small(x), rounds, 30)
        print(json.dumps(row("forward of 6 layers, evaluation", measured, 6)))
    measured = times_ns(small, lambda: small(x), rounds, 30)
    print(json.dumps(row("forward of 6 layers, training", measured, 6)))

    measured = times_ns(small, lambda: small(x).sum().backward(), rounds, 15)
    print(json.dumps(row("forward and backward of 6 layers", measured, 6)))


if __name__ == "__main__":
    main()
