"""The study: its scales, its configurations, where its files lie."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

CAMPAIGN = "llm_finetune"


@dataclass(frozen=True)
class Scale:
    """How much work the study is. Bytes are of text; an epoch reads its dataset once."""

    widths: tuple[int, int]
    context: int
    batch: int
    pretrain_bytes: int
    pretrain_epochs: int
    finetune_bytes: int
    finetune_epochs: int
    held_out_bytes: int
    generated_bytes: int


SCALES = {
    "tiny": Scale((16, 32), 32, 8, 3_000, 2, 2_200, 2, 1_100, 64),
    "default": Scale((32, 64), 64, 8, 260_000, 2, 31_000, 3, 12_400, 400),
    "large": Scale((128, 256), 128, 16, 4_000_000, 2, 1_000_000, 3, 100_000, 1_000),
}


@dataclass(frozen=True)
class Configuration:
    """One point of the fine-tuning sweep."""

    width: int
    lr: float
    frozen_blocks: int
    share: float

    @property
    def name(self) -> str:
        share = f"{self.share:.0%}".rstrip("%")
        return f"w{self.width}_lr{self.lr:g}_frozen{self.frozen_blocks}_share{share}"


def configurations(scale: Scale) -> list[Configuration]:
    """Learning rate, frozen blocks and dataset share, varied one at a time at each width."""
    return [
        Configuration(width, lr, frozen, share)
        for width in scale.widths
        for lr, frozen, share in (
            (1e-3, 0, 1.0),
            (3e-4, 0, 1.0),
            (3e-3, 0, 1.0),
            (1e-3, 2, 1.0),
            (1e-3, 0, 0.25),
        )
    ]


@dataclass(frozen=True)
class Study:
    """One run of the five workflows: each is a process that finds the others' files here."""

    folder: Path
    scale_name: str
    seed: int

    @property
    def scale(self) -> Scale:
        return SCALES[self.scale_name]

    @property
    def used(self) -> dict[str, Any]:
        """What every workflow starts from, for its record."""
        return {
            "scale": self.scale_name,
            "seed": self.seed,
            "threads": torch.get_num_threads(),
            **asdict(self.scale),
        }

    def dataset(self, name: str) -> Path:
        return self.folder / "data" / f"{name}.npy"

    def model(self, name: str) -> Path:
        return self.folder / "models" / f"{name}.npz"

    def result(self, name: str) -> Path:
        return self.folder / "results" / f"{name}.json"

    def write_result(self, name: str, result: dict[str, Any]) -> Path:
        path = self.result(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
        return path

    def read_result(self, name: str) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(self.result(name).read_text())
        return result


def study_from_command_line(description: str) -> Study:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--folder", type=Path, default=Path("demo"), help="where its files go")
    parser.add_argument("--scale", choices=SCALES, default="default")
    parser.add_argument("--seed", type=int, default=1623)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    return Study(options.folder.resolve(), options.scale, options.seed)
