"""Headrace: native provenance capture.

    import headrace as hr

    @hr.task
    def train(lr, epochs): ...

    with hr.campaign("which learning rate"), hr.workflow("sweep"):
        for lr in hr.loop([0.1, 0.01], "configuration"):
            loss = train(lr, epochs=3)
            hr.log(lr=lr, loss=loss)

No set-up call is needed: records go to `.headrace` in the working directory or the nearest one
above it (HEADRACE_DIR says another). HEADRACE_DISABLED=1 turns everything off.
"""

from __future__ import annotations

import os

from headrace import _capture, lifetime, pickling, propagation
from headrace._capture import (
    Object,
    TaskScope,
    capture_stats,
    carry,
    current_task,
    durable,
    flush,
    log,
    loop,
    task,
)
from headrace.describe import register, summary, unregister
from headrace.objects import record as object
from headrace.propagation import child_environment
from headrace.scopes import Campaign, Workflow, campaign, workflow

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from headrace import dask as dask
    from headrace import lightning as lightning
    from headrace import models as models
    from headrace import sklearn as sklearn
    from headrace import torch as torch
    from headrace import transformers as transformers
    from headrace.store import Store

__all__ = [
    "Campaign",
    "Object",
    "TaskScope",
    "Workflow",
    "campaign",
    "capture_stats",
    "carry",
    "child_environment",
    "current_task",
    "disable",
    "durable",
    "enable",
    "flush",
    "follow",
    "log",
    "loop",
    "object",
    "open",
    "redact",
    "register",
    "sensor_check",
    "sensors",
    "summary",
    "task",
    "unregister",
    "use_directory",
    "workflow",
]


def open(directory: str | os.PathLike[str] | None = None) -> Store:
    """The store of a folder: the nearest `.headrace`, or the one given (or that holds one)."""
    from headrace.store import Store  # DuckDB loads here, not with headrace

    return Store(directory)


def sensors(seconds: float = 1) -> list[dict[str, Any]]:
    """Every sensor that can be read here, now, with its value and how often it was seen to refresh
    within `seconds`, and what cannot be read, why not, and the command that would enable it: the
    rows of `headrace sensors`."""
    from headrace import sensing

    return sensing.rows(["sensors", "--seconds", str(seconds)])


def sensor_check(seconds: float = 20) -> list[dict[str, Any]]:
    """Puts a load on and off for `seconds`, on all CPUs but one, and finds out what the sensors of
    energy and power are like: period, jitter, quantum, latency, the share of time that they look
    at, and a `verdict` in words. The rows of `headrace sensor-check`."""
    from headrace import sensing

    return sensing.rows(["sensor-check", "--seconds", str(seconds)])


def follow(
    filter: str = "",
    directory: str | os.PathLike[str] | None = None,
    *,
    timeout: float | None = None,
    idle: float = 5.0,
    interval: float = 0.2,
) -> Iterator[dict[str, Any]]:
    """Tasks of a folder as they come, each once, as dicts; first those that are there.

    A task comes as soon as it passes the filter (docs/filter.md): `generated.loss>5` when it has
    ended, `activity:train` while it runs. Ends when no other process has been writing to the folder
    for `idle` seconds, or after `timeout` seconds. Looks every `interval` seconds.
    """
    from headrace.following import follow

    return follow(filter, directory, timeout, idle, interval)


def load_ipython_extension(shell: Any) -> None:
    """For `%load_ext headrace`: then `%%headrace` asks SQL and `%headrace` filters tasks."""
    from headrace.notebook import register

    register(shell)


def __getattr__(name: str) -> Any:
    """`hr.torch` and the like, loaded when they are asked for."""
    if name in ("dask", "lightning", "models", "sklearn", "torch", "transformers"):
        import importlib

        return importlib.import_module(f"headrace.{name}")
    raise AttributeError(f"module 'headrace' has no attribute {name!r}")


def disable() -> None:
    """Records nothing from now on, in this process; open tasks still end."""
    _capture.set_enabled(False)


def enable() -> None:
    """Records again after disable()."""
    _capture.set_enabled(True)


def use_directory(path: str | os.PathLike[str]) -> None:
    """Writes to this folder instead of the nearest `.headrace`; only before the first task."""
    _capture.use_directory(path)


def redact(*rules: str) -> None:
    """Adds rules about what is never recorded: `"badge*"` for names, `"=ACME-*"` for text.

    In a rule, `*` is any number of letters, digits, `_` and `-`, `?` one of them, `#` one digit.
    Also HEADRACE_REDACT, a list with commas. Rules hold for this process until it ends.
    """
    for rule in rules:
        if not _capture.add_redaction_rule(rule):
            raise ValueError(
                f"{rule!r} is no redaction rule, or there are 256 already: a rule has 1 to 128 "
                "characters, and one of text (=...) begins with a character that stands for itself"
            )


lifetime.begin()
propagation.begin()
pickling.begin()
