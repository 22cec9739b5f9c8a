"""Tasks as a worker runs them: one record each, current while the function runs.

In a worker's thread a task is run by one function of `distributed.worker`; a runner stands for it
as long as any worker of the process is watched. What most tasks are recorded with is made ready in
the worker's event loop, around `Worker.execute`, which looks at the same things next; in the thread
they would have to come from another processor's memory. Coroutines, and what runs in pools of
processes, are seen around `Worker.execute` whole, and are current in its context.
"""

from __future__ import annotations

import functools
import importlib
import logging
import weakref
from collections.abc import Callable
from time import time_ns
from types import FunctionType
from typing import Any, Literal

import distributed.worker as worker_module
from dask.utils import key_split

from headrace.adapters import Object, OpenTask, TaskForm
from headrace.dask import calls, functions, places
from headrace.dask.calls import Task
from headrace.dask.functions import ADAPTER, Function
from headrace.dask.places import ANNOTATION, MARK, MARKED
from headrace.dask.storage import Storage, result_object, text_of
from headrace.dask.versions import HAS_NODES, RUNNER

Current = Literal[True, "thread"]
iscoroutinefunction: Any = importlib.import_module("distributed.utils").iscoroutinefunction

logger = logging.getLogger("headrace.dask")

_watched: dict[int, Running] = {}  # by the worker's identity
_original: Callable[..., Any] | None = None
_complaints = 0
_MOST_COMPLAINTS = 3
# Where a thread finds its worker's Running, and what is ready to run there: among what the worker
# tells each of its tasks.
_STATE = "headrace"
_READY = "headrace-ready"
# States of a worker's task whose result nobody waits for.
_OVER = frozenset(("cancelled", "forgotten", "released"))
# What was made ready and never ran, as where its executor is unknown, is looked for beyond so many,
# and beyond four times the worker's threads.
_MOST_READY = 64
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


def _is_of_threads(executor: Any) -> bool:
    """As distributed tells what runs in a thread; what it does not know is its to say."""
    return executor is None or "ThreadPoolExecutor" in type(executor).__name__


def _raised(message: Any) -> Any:
    """The exception in what `distributed.worker` says of a task that did not finish."""
    return message.get("actual_exception") or message.get("actual-exception")


def _failed(open_task: OpenTask, status: str | None, error: BaseException | None) -> None:
    if error is None or type(error).__name__ == "Reschedule":  # back to the scheduler
        open_task.end("cancelled", attributes={"rescheduled": True})
    else:
        open_task.end(status, error=error, traceback=_user_frames(error))


class Running:
    """What runs on one worker."""

    def __init__(self, worker: Any, scheduler_id: str, place: str) -> None:
        self._worker = worker
        self._scheduler_id = scheduler_id
        self._place = place
        self._facts = {"worker": str(worker.address), "worker_name": str(worker.name)}
        self._tasks = worker.state.tasks
        self._forms: dict[tuple[Function, Current], TaskForm] = {}
        self._latest: tuple[Callable[[], Any], TaskForm | None] = (lambda: None, None)
        self._ready: dict[Any, tuple[Any, ...]] = {}
        self._most_ready = max(_MOST_READY, 4 * worker.state.nthreads)
        self._execute = worker.execute
        worker.execute = self._around(worker.execute)
        self._freed = worker.stream_handlers["free-keys"]
        worker.stream_handlers["free-keys"] = self._free
        self._storage = Storage(worker, scheduler_id, place)
        self._fetched = self._storage.fetched
        worker.execution_state[_STATE] = self
        worker.execution_state[_READY] = self._ready

    def remove(self) -> None:
        """The worker is as it was."""
        self._worker.__dict__.pop("execute", None)
        for name in (_STATE, _READY):
            self._worker.execution_state.pop(name, None)
        if self._worker.stream_handlers["free-keys"] == self._free:
            self._worker.stream_handlers["free-keys"] = self._freed
        self._storage.remove()

    def result_of(self, key: Any) -> Object:
        """The object that is a key's result, whoever computed it; not recorded by this."""
        return result_object(key, self._scheduler_id)

    def _form_of(self, function: Function, current: Current) -> TaskForm:
        form = self._forms.get((function, current))
        if form is None:
            if len(self._forms) >= functions.MOST_KNOWN:
                self._forms.clear()
            form = self._forms[function, current] = ADAPTER.form(
                function.activity,
                used=function.names,
                defaults=function.defaults,
                attributes=("key", "waited_s"),
                constants=self._facts,
                result=("result", self._scheduler_id, "dask_key"),
                current=current,
                plain=True,
            )
        return form

    def _plain_form_of(self, function: Any, key: Any) -> TaskForm | None:
        """For tasks of this function that take numbers and texts alone, by position; None where
        their arguments are not recorded. The latest is kept, but not the function."""
        known = functions.of(function, key)
        form = self._form_of(known, "thread") if known.records_arguments else None
        if type(function) is FunctionType and known.is_of_function:
            self._latest = weakref.ref(function), form
        return form

    def _make_ready(self, key: Any, task: Any, spec: Any, annotations: Any) -> None:
        """What the runner records of a plain task: it depends on none, and takes by position."""
        told = annotations.get(ANNOTATION) if annotations else None
        # As told_of() says it: a call less for nearly every task, which in a worker is a us.
        if type(told) is int and (place := MARKED.get(told & MARK)):
            submitted_ns, attempt = told & ~MARK, 0
        else:
            place, submitted_ns, attempt = places.told_of(task, self._place)
        latest, form = self._latest
        if latest() is not spec.func:
            form = self._plain_form_of(spec.func, key)
        if form is None:
            return
        waited_s = (time_ns() - submitted_ns) / 1e9 if submitted_ns else None
        name = key if type(key) is str else text_of(key)
        self._ready[key] = form, place, attempt, spec.args, (name, waited_s), name, task
        if len(self._ready) > self._most_ready:
            self._forget_ready()

    def _forget_ready(self) -> None:
        for key in list(self._ready):
            task = self._tasks.get(key)
            if task is None or task.state not in ("executing", "long-running"):
                self._ready.pop(key, None)

    def begin(self, key: Any, data: Any, current: Current) -> OpenTask:
        """The record of a task that this thread runs now; where `current` is True it is current in
        this context."""
        task = self._tasks[key]
        place, submitted_ns, attempt = places.told_of(task, self._place)
        waited_s = (time_ns() - submitted_ns) / 1e9 if submitted_ns else None
        function, used, more = calls.call_of(task, data, key, self.result_of)
        form = self._form_of(function, current)
        open_task = form.begin(place, attempt, used, (text_of(key), waited_s))
        if more:
            open_task.use_objects("dask_keys", more)
        if facts := self._fetched.pop(key, None):
            open_task.attributes(facts)
        return open_task

    def finished(self, open_task: OpenTask, key: Any, result: Any, size_bytes: Any) -> None:
        """It gave `result`."""
        name = key if type(key) is str else text_of(key)
        open_task.end(self._status_of(key), result=result, stored=(name, size_bytes))

    def failed(self, open_task: OpenTask, key: Any, error: BaseException | None) -> None:
        """It raised, or was given back to the scheduler."""
        _failed(open_task, self._status_of(key), error)

    def _status_of(self, key: Any) -> str | None:
        task = self._tasks.get(key)
        return "cancelled" if task is None or task.state in _OVER else None

    def _free(self, **keywords: Any) -> Any:
        """The scheduler takes back tasks, or forgets results."""
        try:
            for key in keywords["keys"]:
                task = self._tasks.get(key)
                if task is not None and task.state in _NOT_BEGUN and task.run_spec is not None:
                    self._never_began(task)
        except Exception as error:
            complain(error)
        return self._freed(**keywords)

    def _never_began(self, task: Any) -> None:
        place, _, attempt = places.told_of(task, self._place)
        about = {"key": text_of(task.key), **self._facts}
        name = key_split(task.key)
        ADAPTER.begin(name, parent=place, attempt=attempt, attributes=about).end("cancelled")

    def _around(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        tasks, executors = self._tasks, self._worker.executors
        default = executors.get("default")
        # Nearly every task's.
        usual = default if _is_of_threads(default) else object()

        @functools.wraps(execute)
        def around(key: Any, *, stimulus_id: str) -> Any:
            try:
                task = tasks[key]
                annotations = task.annotations
                name = annotations.get("executor", "default") if annotations else "default"
                executor = executors.get(name)
                in_thread = executor is usual or _is_of_threads(executor)
                spec = task.run_spec
                if not in_thread or (spec.is_coro if HAS_NODES else iscoroutinefunction(spec[0])):
                    return self._seen(key, stimulus_id)
                if not task.dependencies and type(spec) is Task and not spec.kwargs:
                    self._make_ready(key, task, spec, annotations)
            except Exception as error:
                complain(error)
            return execute(key, stimulus_id=stimulus_id)

        return around

    async def _seen(self, key: Any, stimulus_id: str) -> Any:
        open_task = None
        try:
            open_task = self.begin(key, None, True)
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


def _ended(open_task: OpenTask, task: Any, outcome: Any) -> None:
    """A task that the runner began did not finish."""
    try:
        if type(outcome) is dict:
            outcome = _raised(outcome)
        _failed(open_task, "cancelled" if task.state in _OVER else None, outcome)
    except Exception as error:
        complain(error)


def _run_recorded(original: Callable[..., Any]) -> Callable[..., Any]:
    # (task, data, state, key, ...) or (function, args, keywords, state, key, ...)
    first = 2 if HAS_NODES else 3

    def run(*args: Any, **keywords: Any) -> Any:
        open_task = running = key = None
        try:
            running = args[first].get(_STATE)
            if running is not None:
                key = args[first + 1]
                data = args[1] if HAS_NODES else (args[1], args[2])
                open_task = running.begin(key, data, "thread")
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
            if message["op"] == "task-finished":
                running.finished(open_task, key, message["result"], message["nbytes"])
            else:
                running.failed(open_task, key, _raised(message))
        except Exception as error:
            complain(error)
        return message

    return ADAPTER.runner(
        original,
        ready=(first, _READY),
        key=first + 1,
        otherwise=run,
        ended=_ended,
        answer=("op", "task-finished", "result", "nbytes"),
        state="state",
        over=_OVER,
    )


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
