"""Settings of the TensorBoard adapter."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowcept.commons.flowcept_dataclasses.base_settings_dataclasses import BaseSettings


@dataclass
class TensorboardSettings(BaseSettings):
    key: str = "tensorboard"
    kind: str = "tensorboard"
    file_path: str = "tensorboard_events"
    log_tags: list[str] = field(default_factory=lambda: ["scalars", "hparams", "tensors"])
    log_metrics: list[str] = field(default_factory=lambda: ["accuracy"])
    watch_interval_sec: float = 5

    def __post_init__(self) -> None:
        self.observer_type = "file"
        self.observer_subtype = "binary"
