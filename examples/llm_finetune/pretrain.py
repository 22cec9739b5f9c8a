"""Workflow 2 of 5: one base model per width learns modern spelling."""

from __future__ import annotations

from dataclasses import asdict

import headrace as hr
import torch

from data import load_tokens
from model import GPT, Shape, save
from study import CAMPAIGN, Study, study_from_command_line
from train import train

LEARNING_RATE = 5e-3


def pretrain(study: Study, width: int) -> dict[str, list[float]]:
    scale = study.scale
    dataset = hr.object(study.dataset("train_modern"), kind="dataset")
    held_out = hr.object(study.dataset("validation_modern"), kind="dataset")
    shape = Shape(width=width, context=scale.context)
    used = {"dataset": dataset, "validation": held_out, "lr": LEARNING_RATE, "seed": study.seed}
    with hr.task("pretrain", used={**used, **asdict(shape)}) as task:
        torch.manual_seed(study.seed)
        model = GPT(shape)
        hr.torch.watch(model, depth=2, name=f"GPT of width {width}")
        history = train(
            model,
            load_tokens(study.dataset("train_modern")),
            load_tokens(study.dataset("validation_modern")),
            lr=LEARNING_RATE,
            epochs=scale.pretrain_epochs,
            batch=scale.batch,
            seed=study.seed,
        )
        path = study.model(f"base_w{width}")
        save(model, path)
        base_loss = history.epoch_val_loss[-1]
        task.generated(base=hr.object(path, kind="model", width=width), base_loss=base_loss)
    print(f"pretrain   base_w{width:<28} validation loss {base_loss:.3f}", flush=True)
    return asdict(history)


if __name__ == "__main__":
    study = study_from_command_line(__doc__)
    with hr.campaign(CAMPAIGN), hr.workflow("pretrain", used=study.used):
        histories = {f"base_w{width}": pretrain(study, width) for width in study.scale.widths}
    study.write_result("pretrain", histories)
