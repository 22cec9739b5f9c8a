"""Runs of MLflow: each a task, its parameters used, its metrics generated."""

from __future__ import annotations

from flowcept.flowceptor.adapters.file_interceptor import FileInterceptor


class MLFlowInterceptor(FileInterceptor):
    imports = "mlflow"

    def __init__(self, plugin_key: str = "mlflow") -> None:
        super().__init__(plugin_key)
