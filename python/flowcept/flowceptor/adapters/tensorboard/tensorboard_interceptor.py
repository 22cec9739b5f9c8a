"""Runs that TensorBoard shows: hyperparameters used, scalars and tensors generated."""

from __future__ import annotations

from flowcept.flowceptor.adapters.file_interceptor import FileInterceptor


class TensorboardInterceptor(FileInterceptor):
    imports = "tensorboard"

    def __init__(self, plugin_key: str = "tensorboard") -> None:
        super().__init__(plugin_key)
