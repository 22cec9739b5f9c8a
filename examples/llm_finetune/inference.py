"""Workflow 5 of 5: the best model writes."""

from __future__ import annotations

import headrace as hr

from model import load
from study import CAMPAIGN, Study, study_from_command_line

PROMPT = "Enter the King"
TEMPERATURE = 0.8


def main(study: Study) -> None:
    scores = hr.object(study.result("evaluate"), kind="file")
    best = study.model(study.read_result("evaluate")["best"])
    used = {
        "scores": scores,
        "model": hr.object(best, kind="model"),
        "prompt": PROMPT,
        "temperature": TEMPERATURE,
        "seed": study.seed,
    }
    with hr.task("generate", used=used) as task:
        text = load(best).generate(PROMPT, study.scale.generated_bytes, TEMPERATURE, study.seed)
        path = study.folder / "sample.txt"
        path.write_text(text + "\n")
        task.generated(text=hr.object(path, kind="file"))
    print(f"inference  {len(text)} characters in {path.name}", flush=True)


if __name__ == "__main__":
    study = study_from_command_line(__doc__)
    with hr.campaign(CAMPAIGN), hr.workflow("inference", used=study.used):
        main(study)
