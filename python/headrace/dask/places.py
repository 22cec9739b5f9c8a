"""Tasks carry where they were submitted: in the annotations that Dask hands on to the worker.

The annotation `headrace` is [place, submitted_ns, attempt]: the workflow and task that were current
as the client submitted the graph, as HEADRACE_PARENT has them; when that was, in Unix ns; and how
often the scheduler has had the task begun before, which the scheduler's plugin counts. Most tasks
are submitted where the watch began, and for them it is one number, which costs Dask less to carry:
the time, with the last 16 bits a mark of that place.
"""

from __future__ import annotations

import functools
import time
import zlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import distributed
from dask.base import annotate

from headrace.adapters import place

ANNOTATION = "headrace"

_Client: Any = distributed.Client
_watched: Counter[str] = Counter()  # addresses of schedulers
_begun_at: dict[str, str] = {}  # by them: the place of the watch
MARKED: dict[int, str] = {}  # places of watches, also of earlier ones, by their marks
MARK = 0xFFFF
_original: Callable[..., Any] | None = None


def _graph_to_futures(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Any, *args: Any, **keywords: Any) -> Any:
        told: int | list[Any] | None = None
        try:
            if _watched and (address := self.scheduler.address) in _watched:
                here, now_ns = place(), time.time_ns()
                is_there = here == _begun_at[address]
                told = now_ns & ~MARK | _mark_of(here) if is_there else [here, now_ns, 0]
        except Exception:
            told = None
        if told is None:
            return original(self, *args, **keywords)
        with annotate(**{ANNOTATION: told}):
            return original(self, *args, **keywords)

    return submit


def _mark_of(place: str) -> int:
    return zlib.crc32(place.encode()) & MARK


def mark(begun_at: str) -> None:
    """From now on told_of() knows the place of a watch by its mark."""
    MARKED[_mark_of(begun_at)] = begun_at


def told_of(task: Any, begun_at: str) -> tuple[str, int, int]:
    """Place, time of submission (0: not known) and attempt of a task of the scheduler or a worker.
    `begun_at`: the place of the watch, for what says nothing."""
    told = task.annotations.get(ANNOTATION) if task.annotations else None
    if type(told) is int:
        return MARKED.get(told & MARK, ""), told & ~MARK, 0
    return tuple(told) if told else (begun_at, 0, 0)


def begin(scheduler_address: str, begun_at: str) -> None:
    """Graphs that clients in this process send to the scheduler say from where, until end().
    `begun_at`: the place of the watch."""
    global _original
    _begun_at[scheduler_address] = begun_at
    mark(begun_at)
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
        _begun_at.pop(scheduler_address, None)
    # Where others have wrapped it since, ours stays below theirs and does nothing.
    ours = getattr(_Client._graph_to_futures, "__wrapped__", None)
    if not _watched and _original is not None and ours is _original:
        _Client._graph_to_futures = _original
        _original = None
