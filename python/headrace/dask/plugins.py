"""What goes to the workers. It pickles as a few texts."""

from __future__ import annotations

from typing import Any

from distributed.diagnostics.plugin import WorkerPlugin

from headrace.adapters import flush
from headrace.dask import joining, places, running

NAME = "headrace"


class WatchedWorker(WorkerPlugin):
    """Records the tasks of each worker, of those that join later too."""

    name = NAME

    def __init__(self, scheduler_id: str, place: str, told: dict[str, str]) -> None:
        self._scheduler_id = scheduler_id
        self._place = place
        self._told = told

    def setup(self, worker: Any) -> None:
        """Called by the worker."""
        try:
            if joining.join(self._told):
                running.watch(worker, self._scheduler_id, self._place)
                places.begin(worker.scheduler.address, self._place)
            worker.plugins[NAME] = _Ending()
        except Exception as error:
            running.complain(error)


class _Ending:
    """Stands among the worker's plugins from then on: what has no `transition` is not called for
    each of six changes of every task."""

    def teardown(self, worker: Any) -> None:
        """Called by the worker as it ends or is no longer watched."""
        try:
            if running.unwatch(worker):
                places.end(worker.scheduler.address)
            flush()
        except Exception as error:
            running.complain(error)
