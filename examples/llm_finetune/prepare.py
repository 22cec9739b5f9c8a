"""Workflow 1 of 5: raw texts become datasets, in two editions and three splits."""

from __future__ import annotations

import headrace as hr
import numpy as np

from data import raw_texts, texts_folder, tokenise
from study import CAMPAIGN, Study, study_from_command_line


def main(study: Study) -> None:
    sizes = {
        "train_modern": study.scale.pretrain_bytes,
        "train_folio": study.scale.finetune_bytes,
    }
    tokens_in: dict[str, int] = {}
    for name, paths in sorted(raw_texts(texts_folder()).items()):
        texts = [hr.object(path, kind="file") for path in paths]
        with hr.task("tokenise", used={"texts": texts, "tokeniser": "bytes"}) as task:
            tokens = tokenise(paths, sizes.get(name, study.scale.held_out_bytes))
            path = study.dataset(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, tokens)
            task.generated(dataset=hr.object(path, kind="dataset"), tokens=len(tokens))
        tokens_in[name] = len(tokens)
    study.write_result("prepare", {"tokens": tokens_in})
    print(f"prepare    {len(tokens_in)} datasets, {sum(tokens_in.values()):,} tokens", flush=True)


if __name__ == "__main__":
    study = study_from_command_line(__doc__)
    with hr.campaign(CAMPAIGN), hr.workflow("prepare", used=study.used):
        main(study)
