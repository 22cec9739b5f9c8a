"""Work that a task gives to other threads and processes stays that task's child.

Python tells nobody which call started a thread, filled a pool or spawned a program, and a new
thread's context is empty. So the entry points through which the standard library does these things
are wrapped once, where they are loaded: the calls, their results and their errors stay theirs.

    threading.Thread                      a thread belongs to the task that started it
    concurrent.futures pools, and         each call belongs to the task that submitted it; the
    multiprocessing.Pool, ThreadPool      workers themselves to none
    multiprocessing.Process               a child belongs to the task that started it
    subprocess.Popen                      gets HEADRACE_PARENT and the like in its environment

HEADRACE_PROPAGATE=0 leaves the standard library as it is; `hr.carry(function)` and
`hr.child_environment()` then do the same by hand, as they do for pools and launchers of others.
"""

from __future__ import annotations

import os
import sys

from headrace import _capture, imports

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType
    from typing import Any

_CONFIG = "headrace"  # in the dict that multiprocessing hands to a child and its descendants
_PLACE = "_headrace_place"  # of a thread, between start() and its first step


def _variables() -> dict[str, str]:
    """What a child must be told: HEADRACE_* variables and their values."""
    directory = _capture.directory()
    if directory is None:
        return {}
    found = {"HEADRACE_DIR": os.path.abspath(directory)}  # noqa: PTH100 - pathlib is not loaded
    if campaign := _capture.current_campaign():
        found["HEADRACE_CAMPAIGN"] = campaign
    if text := _capture.place_text():
        found["HEADRACE_PARENT"] = text
        workflow, _, task = text.partition(":")
        if workflow:
            found["HEADRACE_WORKFLOW"] = workflow
        # Under `headrace run`: the child's own process's task is what comes under this one.
        _, colon, rest = os.environ.get("HEADRACE_PROCESS_TASKS", "").partition(":")
        if task and colon:
            found["HEADRACE_PROCESS_TASKS"] = f"{task}:{rest}"
    return found


def child_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment (`env`, else this process's) for a program started from here.

    With it the program's tasks become children of the task that is current here, in its workflow
    and folder. A variable that `env` sets otherwise than this process has it stays as it is.
    """
    out = dict(os.environ if env is None else env)
    variables = _variables()
    # Told to record into a folder of its own, it has nothing to do with what is here.
    if out.get("HEADRACE_DIR", ours := os.environ.get("HEADRACE_DIR")) not in (
        ours,
        variables.get("HEADRACE_DIR"),
    ):
        return out
    for name, value in variables.items():
        if env is None or name not in env or env[name] == os.environ.get(name):
            out[name] = value
    return out


def _dressed(wrapper: Any, original: Any) -> Any:
    """functools.wraps, which need not be imported for it."""
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        setattr(wrapper, name, getattr(original, name))
    wrapper.__wrapped__ = original
    return wrapper


def _is_worker(thread: Any) -> bool:
    """A worker of a pool of the standard library, which serves whoever submits."""
    target = getattr(thread, "_target", None)
    module = str(getattr(type(thread) if target is None else target, "__module__", ""))
    return module.startswith(("concurrent.futures.", "multiprocessing."))


def _wrap_threading(module: ModuleType) -> None:
    kind = module.Thread
    original_start, original_body = kind.start, kind._bootstrap_inner

    def start(self: Any) -> None:
        if not _is_worker(self) and (place := _capture.place()) is not None:
            self.__dict__[_PLACE] = place
        original_start(self)

    def _bootstrap_inner(self: Any) -> None:
        if (place := self.__dict__.pop(_PLACE, None)) is not None:
            _capture.settle_thread(place)
        original_body(self)

    kind.start = _dressed(start, original_start)
    kind._bootstrap_inner = _dressed(_bootstrap_inner, original_body)


def _wrap_submit(executor: Any) -> None:
    original = executor.submit

    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        # A worker that this starts belongs to no task.
        function = _capture.carry(fn) if callable(fn) else fn
        return _capture.call_outside(original, self, function, *args, **kwargs)

    executor.submit = _dressed(submit, original)


def _wrap_thread_pool(module: ModuleType) -> None:
    _wrap_submit(module.ThreadPoolExecutor)


def _wrap_process_pool(module: ModuleType) -> None:
    _wrap_submit(module.ProcessPoolExecutor)


def _wrap_pool(module: ModuleType) -> None:
    kind = module.Pool
    original_init = kind.__init__

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        _capture.call_outside(original_init, self, *args, **kwargs)

    kind.__init__ = _dressed(begin, original_init)

    def carrying(original: Any) -> Any:
        def call(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
            return original(self, _capture.carry(func) if callable(func) else func, *args, **kwargs)

        return _dressed(call, original)

    # `apply` calls apply_async.
    for name in (
        "apply_async",
        "map",
        "map_async",
        "starmap",
        "starmap_async",
        "imap",
        "imap_unordered",
    ):
        setattr(kind, name, carrying(getattr(kind, name)))


def _wrap_process(module: ModuleType) -> None:
    kind = module.BaseProcess
    original = kind.start

    def start(self: Any) -> None:
        if variables := _variables():
            self._config[_CONFIG] = variables
        original(self)

    original_body = kind._bootstrap

    def _bootstrap(self: Any, *args: Any, **kwargs: Any) -> Any:
        _join(self)
        return original_body(self, *args, **kwargs)

    kind.start = _dressed(start, original)
    kind._bootstrap = _dressed(_bootstrap, original_body)


def _wrap_subprocess(module: ModuleType) -> None:
    kind = module.Popen
    original = kind.__init__
    position = original.__code__.co_varnames.index("env") - 1

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        positional = len(args) > position
        env = args[position] if positional else kwargs.get("env")
        # An environment that was cleared on purpose stays clear.
        if (env is None or len(env) > 0) and _capture.is_inside():
            env = child_environment(env)
            if positional:
                args = (*args[:position], env, *args[position + 1 :])
            else:
                kwargs["env"] = env
        original(self, *args, **kwargs)

    kind.__init__ = _dressed(begin, original)


_WRAPS: dict[str, Callable[[ModuleType], None]] = {
    "threading": _wrap_threading,
    "concurrent.futures.thread": _wrap_thread_pool,
    "concurrent.futures.process": _wrap_process_pool,
    "multiprocessing.pool": _wrap_pool,
    "multiprocessing.process": _wrap_process,
    "subprocess": _wrap_subprocess,
}


def begin() -> None:
    """Wraps them, now or as they are loaded."""
    off = os.environ.get("HEADRACE_DISABLED", "") not in ("", "0")
    if off or os.environ.get("HEADRACE_PROPAGATE") == "0":
        return
    # Imported late in a child of multiprocessing.
    if (processes := sys.modules.get("multiprocessing.process")) is not None:
        _join(processes.current_process())
    for name, wrap in _WRAPS.items():
        imports.after(name, wrap)


def _join(process: Any) -> None:
    """In a child of multiprocessing: what start() told it."""
    variables = process._config.get(_CONFIG)
    # A forked child whose parent recorded goes on in its parent's task by itself.
    if variables and _capture.directory() is None:
        os.environ.update(variables)
