"""What a process has published of its record on a channel, so that another goes on where it was
killed.

A file of JSON lines, locked while its process lives, in the folder of the channel's outbox:

    {"producer": ..., "since_ns": ...}        whose record, from when on
    {"stop": [interceptor, bundle]}           consumers are to be told when it has ended
    {"keys": [[producer, ring, first, last], ...], "number": n}
                                              is about to be published; n also stands in Redis, set
                                              by the transaction that publishes
    {"done": n}                               was published
    {"kept": [[producer, ring, first, last], ...]}    waits in the outbox
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from flowcept.buffer import Key, Keys, Reading

ENDING = ".publication"


class Publication:
    """One process's; used under a lock."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.number = 0  # of the last transaction
        self.stops: list[tuple[str, str | None]] = []
        self._descriptor = descriptor

    @staticmethod
    def begin(folder: Path, producer: str, since_ns: int) -> Publication:
        folder.mkdir(parents=True, exist_ok=True)
        # Locked before it has the name by which others find it.
        partial = folder / f"{time.time_ns():020d}-{os.getpid()}.beginning"
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        path = partial.with_suffix(ENDING)
        partial.rename(path)
        publication = Publication(path, descriptor)
        publication._say({"producer": producer, "since_ns": since_ns})
        return publication

    @property
    def marker(self) -> str:
        """The key in Redis that has the number of the last transaction."""
        return f"headrace_published_{self.path.stem}"

    def will_stop(self, interceptor: str, bundle: str | None) -> None:
        self.stops.append((interceptor, bundle))
        self._say({"stop": [interceptor, bundle]})

    def sending(self, keys: Iterable[Key]) -> None:
        self.number += 1
        self._say({"keys": _ranges(keys), "number": self.number})

    def sent(self) -> None:
        self._say({"done": self.number})

    def kept(self, keys: Iterable[Key]) -> None:
        self._say({"kept": _ranges(keys)})

    def end(self) -> None:
        """Nothing is left to publish."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.leave()

    def leave(self) -> None:
        """Leaves it to the next process."""
        os.close(self._descriptor)

    def _say(self, line: dict[str, Any]) -> None:
        # Where it cannot be said, what follows is published once more if the process is killed.
        with contextlib.suppress(OSError):
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")

    # --- of a process that is no more ---

    @staticmethod
    def left(folder: Path) -> Iterator[Publication]:
        """Those of processes that ended without ending them, each locked: end() or leave() it."""
        for path in sorted(folder.glob(f"*{ENDING}")):
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_there = os.path.samestat(os.fstat(descriptor), path.stat())
            except (BlockingIOError, FileNotFoundError):
                is_there = False
            if is_there:
                yield Publication(path, descriptor)
            else:
                os.close(descriptor)

    def rest(self, directory: str, number_in_redis: Callable[[], int]) -> list[tuple[Key, bytes]]:
        """Documents that its process recorded and had not published, as JSON."""
        producer, since_ns = None, 0
        published = Keys()
        last: tuple[int, list[list[Any]]] | None = None  # not known to be done
        content = self.path.read_bytes()
        if not content.endswith(b"\n"):
            os.write(self._descriptor, b"\n")
        for line in content.splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue  # cut when it was killed
            if "producer" in told:
                producer, since_ns = told["producer"], told["since_ns"]
            elif "stop" in told:
                self.stops.append(tuple(told["stop"]))
            elif "kept" in told:
                _add(published, told["kept"])
            elif "keys" in told:
                last = self.number, _ = told["number"], told["keys"]
            elif last is not None and told.get("done") == last[0]:
                _add(published, last[1])
                last = None
        if last is not None and number_in_redis() >= last[0]:
            _add(published, last[1])
        if producer is None:
            return []
        found = Reading(directory, since_ns, producer).new_lines()
        return [(key, line) for key, line in found if key not in published]


def _ranges(keys: Iterable[Key]) -> list[list[Any]]:
    """Keys as few [producer, ring, first, last], where most follow one another."""
    ranges: list[list[Any]] = []
    for producer, ring, number in sorted(keys):
        at = ranges[-1] if ranges else None
        if at is not None and at[:2] == [producer, ring] and at[3] == number - 1:
            at[3] = number
        else:
            ranges.append([producer, ring, number, number])
    return ranges


def _add(keys: Keys, ranges: list[list[Any]]) -> None:
    for producer, ring, first, last in ranges:
        for number in range(first, last + 1):
            keys.add((producer, ring, number))
