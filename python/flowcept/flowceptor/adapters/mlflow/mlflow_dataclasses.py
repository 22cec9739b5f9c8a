"""Settings of the MLflow adapter."""

from __future__ import annotations

from dataclasses import dataclass, field

from flowcept.commons.flowcept_dataclasses.base_settings_dataclasses import BaseSettings


@dataclass
class MLFlowSettings(BaseSettings):
    key: str = "mlflow"
    kind: str = "mlflow"
    file_path: str = "mlflow.db"
    log_params: list[str] = field(default_factory=lambda: ["*"])
    log_metrics: list[str] = field(default_factory=lambda: ["*"])
    watch_interval_sec: float = 1

    def __post_init__(self) -> None:
        self.observer_type = "file"
        self.observer_subtype = "sqlite"
