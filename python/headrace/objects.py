"""Objects: datasets, models and files with an identity that lineage follows."""

from __future__ import annotations

import hashlib
import os
import warnings
from pathlib import Path
from typing import Any

from headrace import _capture
from headrace._capture import Object

# Content by path, while the file stays as it was: (device, inode, size, modified) -> digest.
_digests: dict[str, tuple[tuple[int, ...], str, int]] = {}
MAX_DIGESTS = 10_000


def _file_digest(path: str) -> tuple[str, int]:
    facts = Path(path).stat()
    stamp = (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns)
    known = _digests.get(path)
    if known is not None and known[0] == stamp:
        return known[1], known[2]
    sha256, size_bytes = _capture.digest_file(path)
    if len(_digests) >= MAX_DIGESTS:
        _digests.clear()
    _digests[path] = (stamp, sha256, size_bytes)
    return sha256, size_bytes


def _directory_digest(path: str) -> tuple[str, int, int]:
    """The hash of a manifest of names and hashes, the sum of sizes, the number of files."""
    manifest = hashlib.sha256()
    total_bytes = files = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            if not file.is_file():
                continue
            sha256, size_bytes = _file_digest(str(file))
            relative = os.fsencode(file.relative_to(path).as_posix())
            manifest.update(b"%s\0%s\0%d\n" % (relative, sha256.encode(), size_bytes))
            total_bytes += size_bytes
            files += 1
    return manifest.hexdigest(), total_bytes, files


def record(
    path_or_name: str | os.PathLike[str],
    /,
    kind: str | None = None,
    *,
    name: str | None = None,
    version: str | None = None,
    **attributes: Any,
) -> Object:
    """Records an artefact and gives what stands for it.

    A path to a file or folder is identified by its place and content (SHA-256; of a folder, of the
    manifest of its files), so that the program that wrote it and the one that reads it meet. Any
    other text names something that is no file: kind, name and version identify it.

    Passed in used or generated values, as an argument or as a result, the object makes an edge of
    lineage between the task and the artefact. `kind` says what it is: dataset, model, checkpoint,
    file, ...
    """
    text = os.fspath(path_or_name)
    if not _capture.is_capturing():
        return _unrecorded(text, kind, name, version, attributes)
    path = os.path.realpath(text)
    try:
        if Path(path).is_file():
            sha256, size_bytes = _file_digest(path)
            shown = name or Path(path).name
            return _capture.record_object(
                kind or "file", shown, path, sha256, size_bytes, version, attributes
            )
        if Path(path).is_dir():
            sha256, size_bytes, files = _directory_digest(path)
            shown = name or Path(path).name
            return _capture.record_object(
                kind or "directory",
                shown,
                path,
                sha256,
                size_bytes,
                version,
                {"files": files, **attributes},
            )
        if not isinstance(path_or_name, str):
            warnings.warn(f"headrace: {text} does not exist; recorded by name", stacklevel=2)
    except OSError as error:
        warnings.warn(f"headrace: {text} is recorded by name: {error}", stacklevel=2)
    return _unrecorded(text, kind, name, version, attributes)


def _unrecorded(
    text: str, kind: str | None, name: str | None, version: str | None, attributes: dict[str, Any]
) -> Object:
    """By name alone. When capture is off this hashes nothing and records nothing."""
    return _capture.record_object(
        kind or "object", name or text, None, None, None, version, attributes
    )
