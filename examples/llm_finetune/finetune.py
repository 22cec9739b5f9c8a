"""Workflow 3 of 5: the sweep. Every configuration teaches a base model the spelling of 1623."""

from __future__ import annotations

from dataclasses import asdict

import headrace as hr

from data import load_tokens
from model import load, save
from study import CAMPAIGN, Configuration, Study, configurations, study_from_command_line
from train import train


def finetune(study: Study, chosen: Configuration) -> dict[str, list[float]]:
    scale = study.scale
    used = {
        "base": hr.object(study.model(f"base_w{chosen.width}"), kind="model"),
        "dataset": hr.object(study.dataset("train_folio"), kind="dataset"),
        "validation": hr.object(study.dataset("validation_folio"), kind="dataset"),
        "seed": study.seed,
        **asdict(chosen),
    }
    with hr.task("finetune", used=used) as task:
        model = load(study.model(f"base_w{chosen.width}"))
        model.freeze(chosen.frozen_blocks)
        hr.torch.watch(model, depth=2, name=f"GPT of width {chosen.width}")
        history = train(
            model,
            load_tokens(study.dataset("train_folio"), chosen.share),
            load_tokens(study.dataset("validation_folio")),
            lr=chosen.lr,
            epochs=scale.finetune_epochs,
            batch=scale.batch,
            seed=study.seed,
        )
        path = study.model(chosen.name)
        save(model, path)
        val_loss = history.epoch_val_loss[-1]
        task.generated(model=hr.object(path, kind="model", **asdict(chosen)), val_loss=val_loss)
    print(f"finetune   {chosen.name:<34} validation loss {val_loss:.3f}", flush=True)
    return asdict(history)


if __name__ == "__main__":
    study = study_from_command_line(__doc__)
    with hr.campaign(CAMPAIGN), hr.workflow("finetune", used=study.used):
        histories = {c.name: finetune(study, c) for c in configurations(study.scale)}
    study.write_result("finetune", histories)
