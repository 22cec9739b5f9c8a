"""Tasks carry where they were submitted: in the annotations that Dask hands on to the worker.

The annotation `headrace` is [place, submitted_ns, attempt]: the workflow and task that were current
as the client submitted the graph, as HEADRACE_PARENT has them; when that was; and how often the
scheduler has had the task begun before, which the scheduler's plugin counts.
"""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import distributed
from dask.base import annotate

from headrace.adapters import place

ANNOTATION = "headrace"

_Client: Any = distributed.Client
_watched: Counter[str] = Counter()  # addresses of schedulers
_original: Callable[..., Any] | None = None


def _graph_to_futures(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Any, *args: Any, **keywords: Any) -> Any:
        told = None
        try:
            if _watched and self.scheduler.address in _watched:
                told = [place(), time.time_ns(), 0]
        except Exception:
            told = None
        if told is None:
            return original(self, *args, **keywords)
        with annotate(**{ANNOTATION: told}):
            return original(self, *args, **keywords)

    return submit


def begin(scheduler_address: str) -> None:
    """Graphs that clients in this process send to the scheduler say from where, until end()."""
    global _original
    _watched[scheduler_address] += 1
    if _original is None:
        _original = _Client._graph_to_futures
        _Client._graph_to_futures = _graph_to_futures(_original)


def end(scheduler_address: str) -> None:
    """As often as begin(); with the last one Dask's client is as it was."""
    global _original
    _watched[scheduler_address] -= 1
    if _watched[scheduler_address] <= 0:
        del _watched[scheduler_address]
    # Where others have wrapped it since, ours stays below theirs and does nothing.
    ours = getattr(_Client._graph_to_futures, "__wrapped__", None)
    if not _watched and _original is not None and ours is _original:
        _Client._graph_to_futures = _original
        _original = None
