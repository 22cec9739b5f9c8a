"""What capture costs a program: the fine-tuning study's own training loop, and calls of 1 us.

The loop runs in blocks with capture on (A) and off (B), in the order A B B A, so that a drift of
the machine meets both alike; telemetry samples throughout, and what it costs is counted. Prints
one JSON line a row:

    counted      processor time of the captured calls in % of the program's, and of the thread that
                 writes them and the one that samples in % of a core: those two work by the clock,
                 so that a busy machine, which holds the program up, does not count against them
    ABBA wall    how much longer the captured blocks took, with a 95 % confidence interval
    1 us tasks   how much longer a call of 1 us takes when it is captured, in %

usage: overhead.py [--rounds N] [--steps N] [--blocks N]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "examples/llm_finetune"
sys.path[:0] = [str(ROOT / "bench/capture"), str(STUDY)]

# Two-sided 95 % of Student's t by degrees of freedom.
STUDENT_T = {3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 9: 2.26, 11: 2.20, 15: 2.13, 20: 2.09}


def thread_cpu_s(name: str) -> float:
    """Processor time of this process's threads of that name."""
    total_ns = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            if (thread / "comm").read_text().strip() == name:
                total_ns += int((thread / "schedstat").read_text().split()[0])
        except (OSError, ValueError):
            continue  # it ended meanwhile
    return total_ns / 1e9


def interval(differences: list[float]) -> tuple[float, float]:
    """The mean and half the width of its 95 % confidence interval."""
    freedom = len(differences) - 1
    known = [n for n in STUDENT_T if n <= freedom]
    t = STUDENT_T[max(known)] if known else 12.7
    return (
        statistics.mean(differences),
        t * statistics.stdev(differences) / math.sqrt(len(differences)),
    )


def training_block(steps: int) -> Callable[[], None]:
    """An epoch of `steps` steps of the study's loop, on a model and batches as the study has."""
    import torch

    from model import GPT, Shape
    from train import train

    torch.manual_seed(1)
    model = GPT(Shape(width=64, context=64))
    tokens = torch.randint(0, 256, (steps * 8 * 64 + 65,))
    validation = torch.randint(0, 256, (8 * 64 + 65,))

    def block() -> None:
        train(model, tokens, validation, lr=1e-3, epochs=1, batch=8, seed=1)

    return block


def tasks_recorded(hr: Any) -> int:
    hr.flush()
    return int(hr.capture_stats()["records"])


def per_task_cpu_s(hr: Any) -> float:
    """Processor time that a step's captured block takes from the thread that runs it; the least of
    many blocks, each of calls as the study makes them."""
    best = math.inf
    for _ in range(50):
        begin = time.thread_time_ns()
        for number in range(200):
            with hr.task("step", used={"step": number}) as step:
                step.generated(loss=0.5)
        best = min(best, (time.thread_time_ns() - begin) / 200)
    return best / 1e9


def study_rows(hr: Any, rounds: int, steps: int) -> list[dict[str, Any]]:
    block = training_block(steps)

    def run(captured: bool) -> tuple[float, float]:
        (hr.enable if captured else hr.disable)()
        cpu, wall = time.process_time(), time.perf_counter()
        block()
        took = time.perf_counter() - wall, time.process_time() - cpu
        hr.enable()
        return took

    for captured in (True, False):
        run(captured)
    records = tasks_recorded(hr)
    threads = ("headrace-drain", "headrace-sample")
    before = {name: thread_cpu_s(name) for name in threads}
    differences = []
    cpu_s = wall_s = 0.0
    for _ in range(rounds):
        order = [(captured, run(captured)) for captured in (True, False, False, True)]
        captured_wall = sum(wall for captured, (wall, _) in order if captured)
        bare_wall = sum(wall for captured, (wall, _) in order if not captured)
        differences.append(100 * (captured_wall / bare_wall - 1))
        cpu_s += sum(cpu for captured, (_, cpu) in order if captured)
        wall_s += captured_wall + bare_wall
    tasks = rounds * 2 * (steps + 1)
    assert tasks_recorded(hr) - records >= tasks
    # Both run in the blocks without capture too: samples are taken and written there.
    percent = {name: 100 * (thread_cpu_s(name) - before[name]) / wall_s for name in threads}
    percent["calls"] = 100 * tasks * per_task_cpu_s(hr) / cpu_s
    mean, half = interval(differences)
    return [
        {
            "row": "counted CPU time",
            "percent": round(sum(percent.values()), 3),
            "calls_percent": round(percent["calls"], 3),
            "drain_percent": round(percent["headrace-drain"], 3),
            "sampler_percent": round(percent["headrace-sample"], 3),
            "tasks": tasks,
        },
        {
            "row": "ABBA wall time",
            "percent": round(mean, 3),
            "interval_percent": [round(mean - half, 3), round(mean + half, 3)],
            "rounds": rounds,
            "block_s": round(wall_s / rounds / 4, 3),
        },
    ]


def short_task_row(hr: Any, blocks: int) -> dict[str, Any]:
    """A function that takes 1 us, called bare and captured in interleaved blocks."""
    from python import CALLS, loop_over

    def make(turns: int) -> Callable[[int], int]:
        names: dict[str, Any] = {}
        source = "def work(x):\n" + "    x = x * 3 + 1 & 1023\n" * turns + "    return x\n"
        exec(source, names)  # noqa: S102 - the text is made above
        function: Callable[[int], int] = names["work"]
        return function

    def ns(block: Callable[[], int], times: int) -> float:
        return min(block() for _ in range(times)) / CALLS

    turns = 4
    while ns(loop_over("f(7)", f=make(turns)), 20) < 1000:
        turns += 2
    function = make(turns)
    bare = loop_over("f(7)", f=function)
    captured = loop_over("f(7)", f=hr.task(function))
    best = [math.inf, math.inf]
    drain = thread_cpu_s("headrace-drain")
    for _ in range(blocks):
        for i, block in enumerate((bare, captured)):
            best[i] = min(best[i], block() / CALLS)
    hr.flush()
    drain_ns = (thread_cpu_s("headrace-drain") - drain) / (blocks * CALLS) * 1e9
    return {
        "row": "1 us tasks",
        "percent": round(100 * (best[1] / best[0] - 1), 2),
        "with_drain_percent": round(100 * ((best[1] + drain_ns) / best[0] - 1), 2),
        "bare_ns": round(best[0], 1),
        "captured_ns": round(best[1], 1),
        "drain_ns": round(drain_ns, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--blocks", type=int, default=400)
    options = parser.parse_args()
    import headrace as hr

    rows = study_rows(hr, options.rounds, options.steps)
    rows.append(short_task_row(hr, options.blocks))
    for row in rows:
        print(json.dumps({"suite": "overhead"} | row))


if __name__ == "__main__":
    main()
