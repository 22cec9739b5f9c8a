"""Objects: datasets, models and files with an identity that lineage follows."""

# pathlib takes 10 ms to import, and every captured program imports this module.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118, PTH119

from __future__ import annotations

import os
import stat

from headrace import _capture
from headrace._capture import Object

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from typing import Any

# Content by path, while the file stays as it was: (device, inode, size, modified) -> digest.
_digests: dict[str, tuple[tuple[int, ...], str, int]] = {}
MAX_DIGESTS = 10_000


def _file_digest(path: str) -> tuple[str, int]:
    facts = os.stat(path)
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
    import hashlib

    manifest = hashlib.sha256()
    total_bytes = files = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            if not stat.S_ISREG(os.stat(file).st_mode):
                continue
            sha256, size_bytes = _file_digest(file)
            relative = os.fsencode(os.path.relpath(file, path))
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
        return _by_name(text, kind, name, version, attributes)
    try:
        path = os.path.realpath(text)
        shown = name or os.path.basename(path)
        if os.path.isfile(path):
            sha256, size_bytes = _file_digest(path)
            return _capture.record_object(
                kind or "file", shown, path, sha256, size_bytes, version, attributes
            )
        if os.path.isdir(path):
            sha256, size_bytes, files = _directory_digest(path)
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
            _warn(f"{text} does not exist; it is recorded by name")
    # ValueError: text that no path can be, with a NUL or lone surrogates.
    except (OSError, ValueError) as error:
        if not isinstance(error, ValueError) or not isinstance(path_or_name, str):
            _warn(f"{text} is recorded by name: {error}")
    return _by_name(text, kind, name, version, attributes)


def _warn(message: str) -> None:
    import warnings

    message = _capture.redact_text(message)
    warnings.warn(f"headrace: {message}", RuntimeWarning, stacklevel=3)


def _by_name(
    text: str, kind: str | None, name: str | None, version: str | None, attributes: dict[str, Any]
) -> Object:
    """The object without its content; recorded unless capture is off."""
    return _capture.record_object(
        kind or "object", name or text, None, None, None, version, attributes
    )
