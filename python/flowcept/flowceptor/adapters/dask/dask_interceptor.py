"""A worker's tasks: recorded running when they begin, and ended when they do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from time import time
from typing import Any

from flowcept.commons.flowcept_dataclasses.task_object import TaskObject
from flowcept.commons.vocabulary import Status
from flowcept.flowceptor.adapters.base_interceptor import BaseInterceptor
from flowcept.flowceptor.adapters.instrumentation_interceptor import InstrumentationInterceptor

_TAKEN_OUT = ("workflow_id", "campaign_id")


class DaskWorkerInterceptor(BaseInterceptor):
    """Of one worker. It is made on the client and begins to work in setup_worker."""

    def __init__(self, plugin_key: str = "dask", kind: str = "dask") -> None:
        self._plugin_key = plugin_key
        self._worker: Any = None
        self.kind = kind

    def setup_worker(self, worker: Any) -> None:
        super().__init__(plugin_key=self._plugin_key, kind=self.kind)
        self._worker = worker
        worker.flowcept_tasks = {}
        worker._interceptor = self
        super().start(bundle_exec_id=worker.scheduler.address)
        InstrumentationInterceptor.get_instance().start(
            bundle_exec_id=f"instrumentation_worker{worker.scheduler.address}"
        )

    def callback(self, task_id: Any, start: str, finish: str, *args: Any, **kwargs: Any) -> None:
        """A task goes from one state to another. What goes wrong here does not reach the worker."""
        if finish not in ("executing", "memory", "error"):
            return
        try:
            state = self._worker.state.tasks.get(task_id)
            if state is not None:
                self._tell(str(task_id), state, finish)
        except Exception as error:
            self.logger.error(f"Error with dask worker: {self._worker.address}")
            self.logger.exception(error)

    def _tell(self, task_id: str, state: Any, finish: str) -> None:
        known = self._worker.flowcept_tasks
        if finish == "executing":
            task = self._begun(task_id, state)
            known[task_id] = task
            self.intercept(task.to_dict())
            return
        task = known.pop(task_id, None)
        if task is None:
            return  # it was fetched from another worker, which tells of it
        # The start was told at the transition, which may come after a short task's end.
        task.ended_at = max(self._stop_of(state) or time(), task.started_at or 0)
        if finish == "error":
            task.status = Status.ERROR
            task.stderr = {"exception": state.exception_text, "traceback": state.traceback_text}
        else:
            task.status = Status.FINISHED
            data = self._worker.data
            if self.settings.worker_should_get_output and state.key in data:
                task.generated = _named(data[state.key])
        self.intercept(task.to_dict())

    def _begun(self, task_id: str, state: Any) -> TaskObject:
        task = TaskObject()
        task.task_id = task_id
        task.adapter_id = self._plugin_key
        task.address = self._worker.address
        task.status = Status.RUNNING
        task.started_at = time()
        task.workflow_id = getattr(self._worker, "current_workflow_id", None)
        task.campaign_id = getattr(self._worker, "current_campaign_id", None)
        function, args, keywords = _call_of(state.run_spec)
        task.activity_id = getattr(function, "__name__", None) or _name_in(task_id)
        if self.settings.worker_should_get_input:
            used = _used(function, args, keywords)
            task.workflow_id = task.workflow_id or used.get("workflow_id")
            task.used = {k: v for k, v in used.items() if k not in _TAKEN_OUT}
        return task

    @staticmethod
    def _stop_of(state: Any) -> float | None:
        """When Dask says that the task was computed."""
        for one in state.startstops or ():
            get = one.get if isinstance(one, dict) else lambda name, of=one: getattr(of, name, None)
            if get("action") == "compute":
                stop: float | None = get("stop")
                return stop
        return None


def _call_of(spec: Any) -> tuple[Callable[..., Any] | None, list[Any], dict[str, Any]]:
    """Function, arguments and keywords of what a worker is to run, of old and new versions."""
    if isinstance(spec, tuple) and spec and callable(spec[0]):
        args = spec[1] if len(spec) > 1 else ()
        keywords = spec[2] if len(spec) > 2 else {}
        return spec[0], list(args or ()), dict(keywords or {})
    function = getattr(spec, "func", None)
    if function is None:
        return None, [], {}
    args = [_shown(one) for one in getattr(spec, "args", ()) or ()]
    keywords = {k: _shown(v) for k, v in (getattr(spec, "kwargs", None) or {}).items()}
    return function, args, keywords


def _shown(value: Any) -> Any:
    """An argument; of one that is another task's result, that task's key."""
    kind = type(value).__name__
    if kind in ("TaskRef", "Alias"):
        return str(getattr(value, "key", getattr(value, "target", value)))
    if kind == "DataNode":
        return getattr(value, "value", None)
    if kind in ("List", "Tuple", "Set"):
        return [_shown(one) for one in getattr(value, "args", ())]
    return value


def _used(
    function: Callable[..., Any] | None, args: list[Any], keywords: dict[str, Any]
) -> dict[str, Any]:
    """Arguments by the names of their parameters, else as arg_0, arg_1, ..."""
    try:
        names = list(inspect.signature(function).parameters) if function is not None else []
    except (TypeError, ValueError):
        names = []
    used = {(names[i] if i < len(names) else f"arg_{i}"): value for i, value in enumerate(args)}
    return used | keywords


def _named(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return value
    if isinstance(value, list | tuple):
        return {f"arg{i}": one for i, one in enumerate(value)}
    return {"arg0": value}


def _name_in(task_id: str) -> str:
    name, _, rest = task_id.rpartition("-")
    return name if name and len(rest) >= 8 else task_id
