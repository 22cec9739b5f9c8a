"""The plugin of Dask's workers.

client.register_plugin(FlowceptDaskWorkerAdapter())
with Flowcept("dask", dask_client=client): ...
"""

from __future__ import annotations

from typing import Any

try:
    from distributed import WorkerPlugin
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "Flowcept's Dask adapter needs distributed: pip install distributed", name="distributed"
    ) from None

from flowcept.commons.flowcept_dataclasses.task_object import TaskObject
from flowcept.commons.flowcept_dataclasses.workflow_object import WorkflowObject
from flowcept.flowceptor.adapters.dask.dask_interceptor import DaskWorkerInterceptor


def _set_workflow_on_workers(
    dask_worker: Any, workflow_id: str | None, campaign_id: str | None = None
) -> None:
    dask_worker.current_workflow_id = workflow_id
    if campaign_id:
        dask_worker.current_campaign_id = campaign_id


def set_workflow_info_on_workers(dask_client: Any, wf_obj: WorkflowObject) -> None:
    """Tasks that the workers run from now on belong to this workflow."""
    dask_client.run(
        _set_workflow_on_workers,
        workflow_id=wf_obj.workflow_id,
        campaign_id=wf_obj.campaign_id,
    )


def get_flowcept_task() -> TaskObject | None:
    """The document, as far as it is known, of the task in which this is called."""
    from distributed import get_worker
    from distributed.worker import thread_state

    try:
        known = get_worker().flowcept_tasks
    except (ValueError, AttributeError):
        return None
    found: TaskObject | None = known.get(str(getattr(thread_state, "key", None)))
    return found


class FlowceptDaskWorkerAdapter(WorkerPlugin):  # type: ignore[misc, unused-ignore]
    """Records the tasks that a worker runs."""

    name = "flowcept"

    def __init__(self) -> None:
        self.interceptor = DaskWorkerInterceptor()

    def setup(self, worker: Any) -> None:
        self.interceptor.setup_worker(worker)

    def transition(self, key: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        self.interceptor.callback(key, start, finish, args, kwargs)

    def teardown(self, worker: Any) -> None:
        from headrace import _capture

        self.interceptor.stop()
        _capture.flush()
