"""What the scheduler is asked: how often it has had a task begun, and what was cancelled before any
worker had it.

Both show in few of its transitions. A plugin would be called for every one, five for each task;
the functions of those few are wrapped instead, in a table of this scheduler's own, which end()
takes away again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from headrace.dask import joining, places, running
from headrace.dask.functions import ADAPTER
from headrace.dask.places import ANNOTATION
from headrace.dask.storage import text_of

_TABLE = "_TRANSITIONS_TABLE"
_AFTER_BEGUN = (("processing", "released"), ("memory", "released"), ("erred", "released"))
_BEFORE_BEGUN = (
    ("waiting", "released"),
    ("queued", "released"),
    ("queued", "erred"),
    ("no-worker", "released"),
    ("no-worker", "erred"),
)
_MOST_ATTEMPTS = 255

Transition = Callable[..., Any]


def begin(place: str, told: dict[str, str], dask_scheduler: Any = None) -> None:
    """Runs on the scheduler. `place`: of the watch; a scheduler that is watched is watched anew."""
    try:
        end(dask_scheduler)
        joining.join(told)
        places.mark(place)
        table = dict(getattr(dask_scheduler, _TABLE))
        for change in _AFTER_BEGUN:
            table[change] = _then(table[change], _count_attempt, place)
        for change in _BEFORE_BEGUN:
            table[change] = _then(table[change], _note_cancelled, place)
        setattr(dask_scheduler, _TABLE, table)
    except Exception as error:
        running.complain(error)


def end(dask_scheduler: Any = None) -> None:
    """Runs on the scheduler, which is then as it was."""
    dask_scheduler.__dict__.pop(_TABLE, None)


def _then(original: Transition, note: Callable[[Any, str], None], place: str) -> Transition:
    @functools.wraps(original)
    def transition(scheduler: Any, key: Any, *args: Any, **keywords: Any) -> Any:
        done = original(scheduler, key, *args, **keywords)
        try:
            if (task := scheduler.tasks.get(key)) is not None:
                note(task, place)
        except Exception as error:
            running.complain(error)
        return done

    return transition


def _count_attempt(task: Any, watch_place: str) -> None:
    # What nobody wants or has used is forgotten next, as most tasks are at their end.
    if not (task.who_wants or task.waiters or task.dependents):
        return
    place, submitted_ns, attempt = places.told_of(task, watch_place)
    told = [place, submitted_ns, min(attempt + 1, _MOST_ATTEMPTS)]
    task.annotations = {**(task.annotations or {}), ANNOTATION: told}


def _note_cancelled(task: Any, watch_place: str) -> None:
    if task.who_wants or task.waiters or not task.run_spec:
        return
    place, _, attempt = places.told_of(task, watch_place)
    name, about = str(task.prefix.name), {"key": text_of(task.key)}
    ADAPTER.begin(name, parent=place, attempt=attempt, attributes=about).end("cancelled")
