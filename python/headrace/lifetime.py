"""The beginning and the end of capture in a Python process."""

from __future__ import annotations

import atexit
import os
import sys

from headrace import _capture
from headrace.describe import describe, summary
from headrace.failures import is_from_signal, traceback_text

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from typing import Any

SWITCH_INTERVAL_S = 20e-6

_ended = False


def _uncaught() -> BaseException | None:
    """The exception that ends the program, if that is what ends it."""
    if hasattr(sys, "ps1") or sys.flags.interactive:
        return None
    error = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    return error if isinstance(error, BaseException) else None


def _describe() -> None:
    # Every file that is read here lets another thread run, one that is busy for the whole of the
    # interval: hundreds of files would keep the program from ending for a second or two.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        _describe_quickly()
    finally:
        sys.setswitchinterval(interval)


def _describe_quickly() -> None:
    if left_out := _capture.left_out():
        _capture.describe("left_out", left_out)
    try:
        from headrace import environment

        for key, value in environment.facts().items():
            _capture.describe(key, value)
    except Exception:
        _capture.describe("environment", "unreadable")


def _end() -> None:
    global _ended
    if _ended or _capture.directory() is None:
        return
    _ended = True
    _describe()
    error = _uncaught()
    if error is None:
        # The exit code comes later than this, and tells success from sys.exit(1).
        _capture.flush()
        _capture.stop_at_exit()
    elif isinstance(error, KeyboardInterrupt):
        # The process is about to end by SIGINT, past every exit handler.
        _capture.stop("cancelled", error)
        _interrupt_again()
    else:
        _capture.stop("failed", error)


def _interrupt_again() -> None:
    """The interpreter ends by SIGINT if the last text it evaluated raised KeyboardInterrupt.

    What was imported for the facts evaluates text (namedtuple does), which made it forget.
    """
    import contextlib

    with contextlib.suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102 - the text stands here


class _Keeper:
    """multiprocessing registers what to run after a fork by an object that it can refer to."""


_keeper = _Keeper()


def _after_fork_in_child() -> None:
    """multiprocessing's children end with os._exit, past atexit, but run its finalizers."""
    global _ended
    _ended = False
    _end_with_multiprocessing()


def _end_with_multiprocessing() -> None:
    util: Any = sys.modules.get("multiprocessing.util")
    if util is not None:
        util.register_after_fork(_keeper, _begin_child)


def _begin_child(_: _Keeper) -> None:
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(None, _end_child, exitpriority=-100)


def _end_child() -> None:
    if _capture.directory() is not None:
        _describe()
        _capture.stop("finished", None)


def begin() -> None:
    _capture.set_describe(describe)
    _capture.set_traceback_text(traceback_text)
    _capture.set_is_from_signal(is_from_signal)
    if os.environ.get("HEADRACE_HASH", "") not in ("", "0"):
        summary(hash=True)
    atexit.register(_end)
    os.register_at_fork(after_in_child=_after_fork_in_child)
    # This may be a child of a fork server, which imports the program after the fork.
    _end_with_multiprocessing()
