"""Tasks as a worker runs them: one record each, current while the function runs.

In a worker's thread a task is run by one function of `distributed.worker`; it is wrapped for as
long as any worker of the process is watched. Coroutines, and what runs in pools of processes, are
seen around `Worker.execute` instead, and are current in its context.
"""

from __future__ import annotations

import functools
import importlib
import logging
import time
from collections.abc import Callable
from typing import Any

import distributed.worker as worker_module
from dask.utils import key_split

from headrace import _capture
from headrace.dask import calls
from headrace.dask.places import ANNOTATION
from headrace.dask.storage import Storage, result_object, text_of
from headrace.dask.versions import HAS_NODES, RUNNER

iscoroutinefunction: Any = importlib.import_module("distributed.utils").iscoroutinefunction

logger = logging.getLogger("headrace.dask")

_watched: dict[int, Running] = {}  # by the worker's identity
_original: Callable[..., Any] | None = None
_complaints = 0
_MOST_COMPLAINTS = 3


def complain(error: BaseException) -> None:
    """Capture failed where nothing may fail: the task goes on, and the log says so, a few times."""
    global _complaints
    _complaints += 1
    if _complaints <= _MOST_COMPLAINTS:
        logger.warning("headrace: a Dask task is recorded in part: %r", error, exc_info=error)


def _user_frames(error: BaseException) -> Any:
    """The traceback from where Dask called the task's function."""
    traceback = error.__traceback__
    at = traceback
    while at is not None:
        module = at.tb_frame.f_globals.get("__name__", "")
        if str(module).partition(".")[0] not in ("dask", "distributed"):
            return at
        at = at.tb_next
    return traceback


class Running:
    """What runs on one worker."""

    def __init__(self, worker: Any, scheduler_id: str, place: str) -> None:
        self._worker = worker
        self._scheduler_id = scheduler_id
        self._told = (place, 0, 0)  # of tasks that say nothing
        self._facts = {"worker": str(worker.address), "worker_name": str(worker.name)}
        self._execute = worker.execute
        worker.execute = self._around(worker.execute)
        self._storage = Storage(worker, scheduler_id, place)

    def remove(self) -> None:
        """The worker is as it was."""
        self._worker.__dict__.pop("execute", None)
        self._storage.remove()

    def result_of(self, key: Any) -> _capture.Object:
        """The object that is a key's result, whoever computed it; not recorded by this."""
        return result_object(key, self._scheduler_id)

    def begin(self, key: Any, data: Any) -> object | None:
        """The record of a task that this worker runs now."""
        task = self._worker.state.tasks[key]
        told = task.annotations.get(ANNOTATION) if task.annotations else None
        place, submitted_ns, attempt = told or self._told
        attributes: dict[str, Any] = {"key": text_of(key), **self._facts}
        if submitted_ns:
            attributes["waited_s"] = max(0, time.time_ns() - submitted_ns) / 1e9
        if self._storage.fetched:
            attributes.update(self._storage.fetched.pop(key, ()))
        call = calls.call_of(task, data, key_split(key), self.result_of)
        handle = _capture.begin_guest(call.function.activity, place, attempt, call.used, attributes)
        if call.more and handle is not None:
            _capture.use_more(handle, "dask_keys", call.more)
        return handle

    def finished(self, handle: object, key: Any, result: Any, size_bytes: Any) -> None:
        """It gave `result`."""
        kind = type(result)
        stored = _capture.record_object(
            "result",
            text_of(key),
            None,
            None,
            size_bytes,
            self._scheduler_id,
            {"type": f"{kind.__module__}.{kind.__qualname__}"},
        )
        cancelled = self._is_cancelled(key)
        _capture.end_guest(handle, None, None, result, {"dask_key": stored}, None, cancelled)

    def failed(self, handle: object, key: Any, error: BaseException | None) -> None:
        """It raised, or was given back to the scheduler (distributed.Reschedule)."""
        if error is None or type(error).__name__ == "Reschedule":
            _capture.end_guest(handle, None, None, None, None, {"rescheduled": True}, True)
            return
        cancelled = self._is_cancelled(key)
        _capture.end_guest(handle, error, _user_frames(error), None, None, None, cancelled)

    def _is_cancelled(self, key: Any) -> bool:
        task = self._worker.state.tasks.get(key)
        return task is None or task.state == "cancelled"

    def ended(self, handle: object, key: Any, message: Any) -> None:
        """What `distributed.worker` says of a task that ran in a thread."""
        if message["op"] == "task-finished":
            self.finished(handle, key, message["result"], message["nbytes"])
        else:
            error = message.get("actual_exception") or message.get("actual-exception")
            self.failed(handle, key, error)

    def _runs_in_no_thread(self, key: Any) -> bool:
        task = self._worker.state.tasks[key]
        name = (task.annotations or {}).get("executor", "default")
        executor = self._worker.executors.get(name)
        if "ThreadPoolExecutor" not in type(executor).__name__:
            return executor is not None
        if HAS_NODES:
            return bool(task.run_spec.is_coro)
        return bool(iscoroutinefunction(task.run_spec[0]))

    def _around(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(execute)
        def around(key: Any, *, stimulus_id: str) -> Any:
            try:
                if self._runs_in_no_thread(key):
                    return self._seen(key, stimulus_id)
            except Exception as error:
                complain(error)
            return execute(key, stimulus_id=stimulus_id)

        return around

    async def _seen(self, key: Any, stimulus_id: str) -> Any:
        handle = None
        try:
            handle = self.begin(key, None)
        except Exception as error:
            complain(error)
        try:
            event = await self._execute(key, stimulus_id=stimulus_id)
        except BaseException as error:
            self._note(self.failed, handle, key, error)
            raise
        kind = type(event).__name__
        if kind == "ExecuteSuccessEvent":
            self._note(self.finished, handle, key, event.value, event.nbytes)
        else:
            raised = getattr(getattr(event, "exception", None), "data", None)
            self._note(self.failed, handle, key, raised)
        return event

    @staticmethod
    def _note(write: Callable[..., None], handle: object | None, *facts: Any) -> None:
        if handle is None:
            return
        try:
            write(handle, *facts)
        except Exception as error:
            complain(error)


def _run_recorded(original: Callable[..., Any]) -> Callable[..., Any]:
    # (task, data, state, key, ...) or (function, args, keywords, state, key, ...)
    first = 2 if HAS_NODES else 3

    @functools.wraps(original)
    def run(*args: Any, **keywords: Any) -> Any:
        handle = running = key = None
        try:
            running = _watched.get(id(args[first]["worker"]))
            if running is not None:
                key = args[first + 1]
                handle = running.begin(key, args[1] if HAS_NODES else (args[1], args[2]))
        except Exception as error:
            complain(error)
        if handle is None or running is None:
            return original(*args, **keywords)
        try:
            message = original(*args, **keywords)
        except BaseException as error:
            running._note(running.failed, handle, key, error)
            raise
        try:
            running.ended(handle, key, message)
        except Exception as error:
            complain(error)
        return message

    return run


def watch(worker: Any, scheduler_id: str, place: str) -> None:
    """Records the tasks of a worker of this process until unwatch()."""
    global _original
    unwatch(worker)
    _watched[id(worker)] = Running(worker, scheduler_id, place)
    if _original is None:
        _original = getattr(worker_module, RUNNER)
        setattr(worker_module, RUNNER, _run_recorded(_original))


def unwatch(worker: Any) -> bool:
    """The worker is as it was; with the last one of the process, `distributed` is too. False when
    it was not watched."""
    global _original
    if (running := _watched.pop(id(worker), None)) is None:
        return False
    running.remove()
    now = getattr(worker_module, RUNNER)
    # Where others have wrapped it since, ours stays below theirs and finds nobody watched.
    if not _watched and getattr(now, "__wrapped__", None) is _original and _original is not None:
        setattr(worker_module, RUNNER, _original)
        _original = None
    return True
