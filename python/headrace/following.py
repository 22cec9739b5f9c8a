"""Records as they come, so that one program can steer another."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from typing import Any

from headrace import _query
from headrace.store import BusyError, Store
from headrace.table import Table

START_UP_S = 5.0  # how long a process may take to begin, when none runs yet


def follow(
    filter: str,
    directory: str | os.PathLike[str] | None,
    timeout: float | None,
    interval: float,
) -> Iterator[dict[str, Any]]:
    """See headrace.follow."""
    looks = Looks(directory, filter)
    began = time.monotonic()
    has_begun = False
    while True:
        yield from looks.new()
        now = time.monotonic()
        has_begun = has_begun or not looks.is_over
        if looks.is_over and (has_begun or now - began > START_UP_S):
            return
        if timeout is not None and now - began > timeout:
            return
        time.sleep(interval)


class Looks:
    """One look after the other at a folder; each gives what the last one did not."""

    def __init__(self, directory: str | os.PathLike[str] | None, filter: str) -> None:
        self.is_over = True
        self._directory = directory
        self._filter = filter
        self._seen_rows = -1
        self._open: set[str] = set()
        self._own = socket.gethostname(), os.getpid()

    def new(self) -> list[dict[str, Any]]:
        store = Store(self._directory)  # anew, for the folder may be made in between
        if not (store.directory / "spool").is_dir():
            return []
        question = store.tasks.where(self._filter)._question(must_be_known=False)
        try:
            rows, seen, over = _query.follow(store._root(), question, self._seen_rows, *self._own)
        except BusyError:  # someone folds or asks just now
            return []
        self._seen_rows = seen
        self.is_over = over
        tasks = Table(rows).dicts()
        fresh = [task for task in tasks if task["task_id"] not in self._open]
        self._open = {t["task_id"] for t in tasks if t["status"] in ("pending", "running")}
        return fresh
