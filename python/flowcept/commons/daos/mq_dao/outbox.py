"""Messages that could not be published yet, in files that outlive the process.

A file is a sequence of (4-byte little-endian length, message). It is claimed by renaming, so that
of two processes one publishes it.
"""

from __future__ import annotations

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

    def take(self) -> Iterator[tuple[Path, list[bytes]]]:
        """Claims file by file, oldest first. done(path) when it is published, else give_back()."""
        if not self.folder.is_dir():
            return
        for path in sorted(self.folder.glob("*.messages")):
            claimed = path.with_suffix(f".taken-{os.getpid()}")
            try:
                path.rename(claimed)
            except FileNotFoundError:
                continue
            yield claimed, self._read(claimed)

    def done(self, claimed: Path) -> None:
        claimed.unlink(missing_ok=True)

    def give_back(self, claimed: Path) -> None:
        claimed.rename(claimed.with_suffix(".messages"))

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
