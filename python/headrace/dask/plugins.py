"""What goes to the workers and to the scheduler. Both pickle as a few texts."""

from __future__ import annotations

from typing import Any

from distributed.diagnostics.plugin import SchedulerPlugin, WorkerPlugin

from headrace.adapters import flush
from headrace.dask import joining, places, running
from headrace.dask.functions import ADAPTER
from headrace.dask.places import ANNOTATION
from headrace.dask.storage import text_of

NAME = "headrace"

_BEFORE_RUNNING = frozenset(("waiting", "queued", "no-worker"))
_AFTER_BEGUN = frozenset(("processing", "memory", "erred"))
_MOST_ATTEMPTS = 255


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
        except Exception as error:
            running.complain(error)

    def teardown(self, worker: Any) -> None:
        """Called by the worker as it ends or is no longer watched."""
        try:
            if running.unwatch(worker):
                places.end(worker.scheduler.address)
            flush()
        except Exception as error:
            running.complain(error)


class WatchedScheduler(SchedulerPlugin):
    """Counts attempts, and records what was cancelled before any worker had it."""

    name = NAME

    def __init__(self, scheduler_id: str, place: str, told: dict[str, str]) -> None:
        self._scheduler_id = scheduler_id
        self._place = place
        self._told = told
        self._scheduler: Any = None

    async def start(self, scheduler: Any) -> None:
        """Called by the scheduler."""
        try:
            joining.join(self._told)
            places.mark(self._place)
            self._scheduler = scheduler
        except Exception as error:
            running.complain(error)

    def transition(self, key: Any, start: Any, finish: Any, *args: Any, **keywords: Any) -> None:
        """Called by the scheduler for every change of a task's state."""
        if finish == "memory" or finish == "processing" or start == "released":
            return
        try:
            if start in _AFTER_BEGUN:
                if finish == "released" or finish == "waiting":
                    self._count_attempt(key)
            elif start in _BEFORE_RUNNING and finish != "no-worker" and finish != "queued":
                self._note_cancelled(key)
        except Exception as error:
            running.complain(error)

    def _count_attempt(self, key: Any) -> None:
        task = self._scheduler.tasks.get(key)
        # What nobody wants or has used is forgotten next, as most tasks are at their end.
        if task is None or not (task.who_wants or task.waiters or task.dependents):
            return
        place, submitted_ns, attempt = places.told_of(task, self._place)
        told = [place, submitted_ns, min(attempt + 1, _MOST_ATTEMPTS)]
        task.annotations = {**(task.annotations or {}), ANNOTATION: told}

    def _note_cancelled(self, key: Any) -> None:
        task = self._scheduler.tasks.get(key)
        if task is None or task.who_wants or task.waiters or not task.run_spec:
            return
        place, _, attempt = places.told_of(task, self._place)
        name, about = str(task.prefix.name), {"key": text_of(key)}
        ADAPTER.begin(name, parent=place, attempt=attempt, attributes=about).end("cancelled")
