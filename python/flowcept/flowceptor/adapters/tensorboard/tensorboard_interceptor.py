"""Runs that TensorBoard shows: each a task, hyperparameters used, scalars and tensors generated."""

from __future__ import annotations

from flowcept.flowceptor.adapters.file_interceptor import FileInterceptor
from flowcept.flowceptor.adapters.tensorboard import tensorboard_runs


class TensorboardInterceptor(FileInterceptor):
    imports = "tensorboard"

    def __init__(self, plugin_key: str = "tensorboard") -> None:
        super().__init__(plugin_key)
        self._told: set[str] = set()

    def tell(self, is_last: bool) -> None:
        """Records each run once: when it has ended, or as it is when the Flowcept stops."""
        from flowcept.flowcept_api.flowcept_controller import Flowcept
        from flowcept.store import finding

        found = tensorboard_runs.documents(
            self.settings.file_path,
            self.settings.log_tags,
            {"workflow_id": Flowcept.current_workflow_id, "campaign_id": Flowcept.campaign_id},
            is_last=is_last,
        )
        new = [document for document in found if document["task_id"] not in self._told]
        if not new:
            return
        ids = [document["task_id"] for document in new]
        # Another Flowcept may have told them.
        told = finding.find(
            "tasks", {"adapter_id": "tensorboard", "task_id": {"$in": ids}}, ["task_id"]
        )
        self._told.update(document["task_id"] for document in told)
        self.intercept_many([one for one in new if one["task_id"] not in self._told])
        self._told.update(ids)
