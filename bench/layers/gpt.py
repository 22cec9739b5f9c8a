"""What watching adds to a step of the byte GPT: forward, loss, backward and AdamW.

Steps are timed by the thread's processor time, bare and watched in turn, in blocks; a row is the
least of each. Prints one JSON line.

usage: gpt.py [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
sys.path.append(str(Path(__file__).resolve().parents[2] / "examples/llm_finetune"))

import headrace as hr
import torch

from model import GPT, Shape

STEPS = 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=24)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = GPT(Shape(width=128))
    optimiser = torch.optim.AdamW(model.parameters())
    tokens = torch.randint(0, 256, (16, 65))

    def steps() -> float:
        best = math.inf
        for _ in range(STEPS):
            from_ns = time.thread_time_ns()
            loss = model.loss(tokens)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            best = min(best, time.thread_time_ns() - from_ns)
        return best

    bare_ns = watched_ns = math.inf
    layers = 0
    for _ in range(rounds):
        bare_ns = min(bare_ns, steps())
        with hr.torch.watch(model) as watch:
            layers = len(watch.layers)
            steps()
            watched_ns = min(watched_ns, steps())
    print(
        json.dumps(
            {
                "suite": "layers",
                "row": "step of the byte GPT",
                "layers": layers,
                "bare_us": round(bare_ns / 1e3, 1),
                "added_us": round((watched_ns - bare_ns) / 1e3, 1),
                "of_bare": round(watched_ns / bare_ns, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
