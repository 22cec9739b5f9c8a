"""Workflow 4 of 5: every model on plays kept from training and choice, in both spellings."""

from __future__ import annotations

import headrace as hr

from data import load_tokens
from model import load
from study import CAMPAIGN, Study, configurations, study_from_command_line
from train import mean_loss

EDITIONS = ("modern", "folio")


def evaluate(study: Study, name: str) -> dict[str, float]:
    """Losses on the held-out plays: `folio` is what was learned, `modern` what was kept."""
    model = load(study.model(name))
    used = {"model": hr.object(study.model(name), kind="model")}
    for edition in EDITIONS:
        used[edition] = hr.object(study.dataset(f"test_{edition}"), kind="dataset")
    with hr.task("evaluate", used=used) as task:
        losses = {
            f"{edition}_loss": mean_loss(
                model, load_tokens(study.dataset(f"test_{edition}")), study.scale.batch
            )
            for edition in EDITIONS
        }
        task.generated(**losses)
    return losses


def main(study: Study) -> None:
    names = [f"base_w{width}" for width in study.scale.widths]
    names += [configuration.name for configuration in configurations(study.scale)]
    scores = {name: evaluate(study, name) for name in names}
    val_loss = {name: h["epoch_val_loss"][-1] for name, h in study.read_result("finetune").items()}
    best = min(val_loss, key=val_loss.__getitem__)
    with hr.task("choose", used={"by": "val_loss"}) as task:
        path = study.write_result("evaluate", {"best": best, "scores": scores})
        task.generated(scores=hr.object(path, kind="file"), best=best)
    print(f"evaluate   {len(scores)} models; the best by validation loss is {best}", flush=True)


if __name__ == "__main__":
    study = study_from_command_line(__doc__)
    with hr.campaign(CAMPAIGN), hr.workflow("evaluate", used=study.used):
        main(study)
