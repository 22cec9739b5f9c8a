"""Messages that could not be published yet, in files that outlive the process.

A file is a sequence of (4-byte little-endian length, message). It is claimed by a lock, so that of
two processes one publishes it, and another does when that one is killed.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

LENGTH = struct.Struct("<I")


class Outbox:
    """What waits for one channel, in a folder of its own. Errors of the file system are raised."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, messages: list[bytes]) -> Path:
        """Writes messages that a later take() gives."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{time.time_ns():020d}-{os.getpid()}"
        partial = self.folder / f"{name}.partial"
        with partial.open("wb") as out:
            for message in messages:
                out.write(LENGTH.pack(len(message)) + message)
        kept = self.folder / f"{name}.messages"
        partial.rename(kept)
        return kept

    def take(self) -> Iterator[Kept]:
        """Claims file by file, oldest first; each is to be used in a `with` block."""
        for path in sorted(self.folder.glob("*.messages")):
            kept = Kept.claimed(path)
            if kept is not None:
                yield kept


class Kept:
    """A file of the outbox that is this process's while the `with` block lasts."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.messages = self._read(path)
        self._descriptor = descriptor

    @staticmethod
    def claimed(path: Path) -> Kept | None:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return Kept(path, descriptor)
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return None

    @property
    def marker(self) -> str:
        """The key in Redis that says how many of its messages were published."""
        return f"headrace_published_{self.path.stem}"

    def done(self) -> None:
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *raised: object) -> None:
        os.close(self._descriptor)

    @staticmethod
    def _read(path: Path) -> list[bytes]:
        content = path.read_bytes()
        messages = []
        at = 0
        while at + LENGTH.size <= len(content):
            (length,) = LENGTH.unpack_from(content, at)
            at += LENGTH.size
            message = content[at : at + length]
            if len(message) < length:
                break
            messages.append(message)
            at += length
        return messages
