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

from headrace.adapters import Object, OpenTask
from headrace.dask import calls
from headrace.dask.functions import ADAPTER
from headrace.dask.places import ANNOTATION
from headrace.dask.storage import Storage, result_object, text_of
from headrace.dask.versions import HAS_NODES, RUNNER

iscoroutinefunction: Any = importlib.import_module("distributed.utils").iscoroutinefunction

logger = logging.getLogger("headrace.dask")

_watched: dict[int, Running] = {}  # by the worker's identity
_original: Callable[..., Any] | None = None
_complaints = 0
_MOST_COMPLAINTS = 3
# States of a worker's task that has not begun; of what is to run here, not of what is fetched.
_NOT_BEGUN = frozenset(("waiting", "ready", "constrained"))


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
        self._freed = worker.stream_handlers["free-keys"]
        worker.stream_handlers["free-keys"] = self._free
        self._storage = Storage(worker, scheduler_id, place)

    def remove(self) -> None:
        """The worker is as it was."""
        self._worker.__dict__.pop("execute", None)
        if self._worker.stream_handlers["free-keys"] == self._free:
            self._worker.stream_handlers["free-keys"] = self._freed
        self._storage.remove()

    def result_of(self, key: Any) -> Object:
        """The object that is a key's result, whoever computed it; not recorded by this."""
        return result_object(key, self._scheduler_id)

    def _told_of(self, task: Any) -> Any:
        told = task.annotations.get(ANNOTATION) if task.annotations else None
        return told or self._told

    def begin(self, key: Any, data: Any) -> OpenTask:
        """The record of a task that this worker runs now."""
        task = self._worker.state.tasks[key]
        annotations = task.annotations
        told = annotations.get(ANNOTATION) if annotations else None
        place, submitted_ns, attempt = told or self._told
        attributes: dict[str, Any] = {"key": text_of(key), **self._facts}
        if submitted_ns:
            attributes["waited_s"] = max(0, time.time_ns() - submitted_ns) / 1e9
        if self._storage.fetched:
            attributes.update(self._storage.fetched.pop(key, ()))
        function, used, more = calls.call_of(task, data, key, self.result_of)
        open_task = ADAPTER.begin(
            function.activity,
            parent=place,
            attempt=attempt,
            used=used,
            attributes=attributes,
            current=True,
        )
        if more:
            open_task.use_objects("dask_keys", more)
        return open_task

    def finished(self, open_task: OpenTask, key: Any, result: Any, size_bytes: Any) -> None:
        """It gave `result`."""
        kind = type(result)
        stored = ADAPTER.content(
            "result",
            text_of(key),
            None,
            size_bytes,
            version=self._scheduler_id,
            type=f"{kind.__module__}.{kind.__qualname__}",
        )
        open_task.end(self._status_of(key), generated={"dask_key": stored}, result=result)

    def failed(self, open_task: OpenTask, key: Any, error: BaseException | None) -> None:
        """It raised, or was given back to the scheduler (distributed.Reschedule)."""
        if error is None or type(error).__name__ == "Reschedule":
            open_task.end("cancelled", attributes={"rescheduled": True})
        else:
            open_task.end(self._status_of(key), error=error, traceback=_user_frames(error))

    def _status_of(self, key: Any) -> str | None:
        """Cancelled while it ran, or as it ended."""
        task = self._worker.state.tasks.get(key)
        return "cancelled" if task is None or task.state == "cancelled" else None

    def _free(self, **keywords: Any) -> Any:
        """The scheduler takes back tasks, or forgets results."""
        try:
            tasks = self._worker.state.tasks
            for key in keywords["keys"]:
                task = tasks.get(key)
                if task is not None and task.state in _NOT_BEGUN and task.run_spec is not None:
                    self._never_began(task)
        except Exception as error:
            complain(error)
        return self._freed(**keywords)

    def _never_began(self, task: Any) -> None:
        place, _, attempt = self._told_of(task)
        about = {"key": text_of(task.key), **self._facts}
        name = key_split(task.key)
        ADAPTER.begin(name, parent=place, attempt=attempt, attributes=about).end("cancelled")

    def ended(self, open_task: OpenTask, key: Any, message: Any) -> None:
        """What `distributed.worker` says of a task that ran in a thread."""
        if message["op"] == "task-finished":
            self.finished(open_task, key, message["result"], message["nbytes"])
        else:
            error = message.get("actual_exception") or message.get("actual-exception")
            self.failed(open_task, key, error)

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
        open_task = None
        try:
            open_task = self.begin(key, None)
        except Exception as error:
            complain(error)
        try:
            event = await self._execute(key, stimulus_id=stimulus_id)
        except BaseException as error:
            self._note(self.failed, open_task, key, error)
            raise
        kind = type(event).__name__
        if kind == "ExecuteSuccessEvent":
            self._note(self.finished, open_task, key, event.value, event.nbytes)
        else:
            raised = getattr(getattr(event, "exception", None), "data", None)
            self._note(self.failed, open_task, key, raised)
        return event

    @staticmethod
    def _note(write: Callable[..., None], open_task: OpenTask | None, *facts: Any) -> None:
        if open_task is None:
            return
        try:
            write(open_task, *facts)
        except Exception as error:
            complain(error)


def _run_recorded(original: Callable[..., Any]) -> Callable[..., Any]:
    # (task, data, state, key, ...) or (function, args, keywords, state, key, ...)
    first = 2 if HAS_NODES else 3

    @functools.wraps(original)
    def run(*args: Any, **keywords: Any) -> Any:
        open_task = running = key = None
        try:
            running = _watched.get(id(args[first]["worker"]))
            if running is not None:
                key = args[first + 1]
                open_task = running.begin(key, args[1] if HAS_NODES else (args[1], args[2]))
        except Exception as error:
            complain(error)
        if open_task is None or running is None:
            return original(*args, **keywords)
        try:
            message = original(*args, **keywords)
        except BaseException as error:
            running._note(running.failed, open_task, key, error)
            raise
        try:
            running.ended(open_task, key, message)
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
