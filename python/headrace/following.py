"""Records as they come, so that one program can steer another."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from headrace import _query
from headrace.seen_tasks import SeenTasks
from headrace.store import BusyError, QueryError, Store
from headrace.table import Table

BUSY_S = 60.0  # how long others may hold the store in a row
MOST_IDS = 500  # in one question


def follow(
    filter: str,
    directory: str | os.PathLike[str] | None,
    timeout: float | None,
    idle: float,
    interval: float,
) -> Iterator[dict[str, Any]]:
    """See headrace.follow."""
    if interval <= 0 or idle < 0 or (timeout is not None and timeout < 0):
        raise QueryError("interval is more than 0 seconds, idle and timeout 0 or more")
    return _tasks(Looks(directory, filter), timeout, idle, interval)


def _tasks(
    looks: Looks, timeout: float | None, idle: float, interval: float
) -> Iterator[dict[str, Any]]:
    end = None if timeout is None else time.monotonic() + timeout
    over_since: float | None = None
    while True:
        yield from looks.new()
        now = time.monotonic()
        if not looks.is_over:
            over_since = None
        elif over_since is None:
            over_since = now
        if over_since is not None and now - over_since >= idle:
            return
        if end is not None and now >= end:
            return
        time.sleep(interval if end is None else min(interval, end - now))


class Looks:
    """One look after the other at a folder; each gives what none before it gave."""

    def __init__(self, directory: str | os.PathLike[str] | None, filter: str) -> None:
        self.is_over = True  # nobody else writes to the folder
        self._directory = directory
        self._filter = filter
        self._mark = ""
        self._given = SeenTasks()
        self._busy_since: float | None = None
        self._own = socket.gethostname(), os.getpid()

    def new(self) -> list[dict[str, Any]]:
        store = Store(self._directory)  # anew, for the folder may be made in between
        if not (store.directory / "spool").is_dir():
            return []
        try:
            tasks = self._look(store)
        except BusyError:  # someone folds or asks just now
            now = time.monotonic()
            self._busy_since = self._busy_since or now
            self.is_over = False
            if now - self._busy_since > BUSY_S:
                raise
            return []
        self._busy_since = None
        return [task for task in tasks if self._given.add(task["task_id"])]

    def _look(self, store: Store) -> list[dict[str, Any]]:
        question = store.tasks.where(self._filter)._question(must_be_known=False)
        rows, is_all, mark, over = _query.follow(store._root(), question, self._mark, *self._own)
        table = Table(rows)
        if is_all:
            fresh = [one for one in table["task_id"] if one not in self._given]
            tasks = [
                task
                for at in range(0, len(fresh), MOST_IDS)
                for task in store.tasks.where(id=fresh[at : at + MOST_IDS])
            ]
        else:
            tasks = table.dicts()
        self._mark = mark
        self.is_over = over
        return tasks
