"""Content kept beside the spool under its own hash: `.headrace/blobs/ab/<sha256>`, once.

The same place and names as the C++ side's (src/run/blob.h), so that `headrace prune`, `backup` and
`import` treat both alike.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PIECE_BYTES = 1 << 20


def relative_path(sha256: str) -> str:
    """Where the content lies, from the folder `.headrace`."""
    return f"blobs/{sha256[:2]}/{sha256}"


def pieces_of(path: Path) -> Iterable[bytes]:
    """The content of a file, a megabyte at a time."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def write(directory: Path, pieces: Iterable[Any]) -> tuple[str, int]:
    """Keeps what the pieces (bytes or buffers) are together; gives SHA-256 in hex and bytes.

    Hashes while it writes, never holds more than a piece. When it returns the content is on the
    disk under its name; a reader never sees a part of it. Raises OSError.
    """
    blobs = directory / "blobs"
    blobs.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(suffix=".part", dir=blobs)
    try:
        digest, size_bytes = hashlib.sha256(), 0
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                digest.update(piece)
                size_bytes += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        sha256 = digest.hexdigest()
        path = directory / relative_path(sha256)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            Path(part).chmod(0o444)
            Path(part).rename(path)
        return sha256, size_bytes
    finally:
        with contextlib.suppress(OSError):
            Path(part).unlink()
