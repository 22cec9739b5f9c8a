"""The small sweep that some of these pages ask about: python sweep.py NAME SHIFT

Six trainings whose loss is SHIFT higher, and an evaluation that is repeated with five seeds.
"""

from __future__ import annotations

import math
import random
import sys

import headrace as hr

name, shift = sys.argv[1], float(sys.argv[2])


def train(lr: float, width: int) -> float:
    loss = math.inf
    for epoch in range(1, 31):
        sum(i * i for i in range(width * 500))  # takes its time
        loss = 1 + shift + 0.1 / math.log2(width) - 0.2 * math.log10(lr / 1e-3) + 2 / (1 + epoch)
        hr.log(val_loss=loss, epoch=epoch)
    return loss


with hr.campaign("sweep"), hr.workflow(name):
    for width in (32, 128):
        for lr in (1e-3, 3e-3, 1e-2):
            with hr.task("train", used={"lr": lr, "width": width}) as task:
                task.generated(val_loss=train(lr, width))
    for seed in range(5):
        noise = random.Random(seed).gauss(0, 0.003)  # noqa: S311
        with hr.task("evaluate", used={"seed": seed}) as task:
            task.generated(accuracy=0.8 - shift / 4 + noise)
