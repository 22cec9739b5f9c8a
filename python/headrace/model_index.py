"""Which versions a name has: `.headrace/models/<name>/<version>.json`, one file each.

A version's number is taken by making its file, which the file system lets one process do. `last`
beside them has the number that was saved last. Where a folder came by backup or import, the files
are made again from the objects in the store.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from headrace import _capture, blobs

MAX_NAME = 200  # characters of a file's name


class ModelError(Exception):
    """A model that cannot be kept or given back; the message says why and what to do."""


@dataclass(frozen=True)
class Version:
    """One version of a name."""

    name: str
    version: int
    kind: str  # model, dataset, checkpoint, ...
    format: str  # state_dict, state, bytes, file, pickle or custom
    written_by: str
    sha256: str
    size_bytes: int
    metadata: dict[str, Any]
    created_ns: int  # since the epoch
    path: Path  # of the content
    facts: dict[str, Any]  # all that is known of it: class, file, task_id, ...

    @cached_property
    def object(self) -> _capture.Object:
        """What stands for it in used and generated values; asking records it."""
        attributes: dict[str, Any] = {
            "blob": blobs.relative_path(self.sha256),
            "model_version": self.version,
            "format": self.format,
        }
        for key in ("class", "written_by", "file", "metadata"):
            if self.facts.get(key):
                attributes[key] = self.facts[key]
        return _capture.record_object(
            self.kind, self.name, None, self.sha256, self.size_bytes, self.sha256, attributes
        )


def folder(directory: str | os.PathLike[str] | None) -> Path:
    """The folder `.headrace`: that one (or the one in it), else the one that is recorded into."""
    if directory is not None:
        given = Path(directory)
        return given if given.name == ".headrace" else given / ".headrace"
    found = _capture.directory() or os.environ.get("HEADRACE_DIR")
    if found:
        return Path(found).absolute()
    here = Path.cwd()
    for above in (here, *here.parents):
        if (above / ".headrace").is_dir():
            return above / ".headrace"
    return here / ".headrace"


def checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """As it is kept: JSON values, secrets replaced as in records. ModelError if it is no JSON."""
    try:
        plain = json.loads(json.dumps(dict(metadata or {})))
    except (TypeError, ValueError) as error:
        raise ModelError(f"metadata is kept as JSON: {error}") from error
    found: dict[str, Any] = _redacted("", plain)
    return found


def _redacted(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _redacted(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_redacted(name, each) for each in value]
    if not isinstance(value, str):
        return value
    as_named = f"{name}={value}"
    if value and _capture.redact_text(as_named) != as_named:
        return "[redacted]"
    return value


def add(root: Path, facts: dict[str, Any]) -> Version:
    """The version with these facts: the one that has this content already, else a new one."""
    place = _place(root, facts["name"])
    place.mkdir(parents=True, exist_ok=True)
    while True:
        known = _entries(root, facts["name"])
        for number, entry in known.items():
            if _is_same(entry, facts):
                _remember_last(place, number)
                return _version(root, number, entry)
        number = max(known, default=0) + 1
        entry = facts | {"created_ns": time.time_ns()}
        if _take(place / f"{number}.json", json.dumps(entry)):
            _remember_last(place, number)
            return _version(root, number, entry)


def _is_same(entry: dict[str, Any], facts: dict[str, Any]) -> bool:
    if entry["kind"] != facts["kind"] or entry["format"] != facts["format"]:
        return False
    state = facts.get("state_sha256")
    if state and entry.get("class") == facts["class"] and entry.get("state_sha256") == state:
        return True
    return bool(entry["sha256"] == facts["sha256"])


def find(root: Path, name: str, version: int | None) -> Version:
    """That version, else the one saved last. ModelError says which there are."""
    known = _entries(root, name)
    if version is not None and version not in known:
        known = _restored(root, name)
    if not known:
        others = names(root)
        there = f"there are: {', '.join(others[:20])}" if others else "nothing was saved there"
        raise ModelError(f"{root} has no model {name!r}; {there}")
    number = _last(root, name, known) if version is None else version
    if number not in known:
        have = ", ".join(map(str, known))
        raise ModelError(f"{name!r} has no version {version}; it has {have}")
    return _version(root, number, known[number])


def versions(root: Path, name: str) -> list[Version]:
    return [_version(root, number, entry) for number, entry in _entries(root, name).items()]


def names(root: Path) -> list[str]:
    """All names that have a version, sorted."""
    try:
        places = [each for each in (root / "models").iterdir() if each.is_dir()]
    except OSError:
        places = []
    found = {unquote(place.name) for place in places}
    for place in places:
        if place.name.endswith("~"):  # a name that was cut: it stands in the entries
            found.discard(unquote(place.name))
            found |= {entry["name"] for entry in _read(place).values()}
    return sorted(found)


def _place(root: Path, name: str) -> Path:
    if not isinstance(name, str) or not name:
        raise ModelError(f"the name of a model is text, not {name!r}")
    quoted = quote(name, safe=" ()[],=+@", errors="surrogatepass").replace(".", "%2E")
    if len(quoted) > MAX_NAME:
        import hashlib

        digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()
        quoted = f"{quoted[: MAX_NAME - 40]}~{digest[:32]}~"
    return root / "models" / quoted


def _take(path: Path, text: str) -> bool:
    """Makes the file with this text, whole; False if it is there already."""
    part = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            return False
    finally:
        part.unlink()
    return True


def _read(place: Path) -> dict[int, dict[str, Any]]:
    found = {}
    try:
        files = sorted(place.glob("*.json"))
    except OSError:
        files = []
    for file in files:
        # One that is just being written, or is damaged, hides only itself.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            entry = json.loads(file.read_text(encoding="utf-8"))
            if entry["sha256"] and entry["name"] and entry["format"]:
                found[int(file.stem)] = entry
    return dict(sorted(found.items()))


def _entries(root: Path, name: str) -> dict[int, dict[str, Any]]:
    return _read(_place(root, name)) or _restored(root, name)


def _restored(root: Path, name: str) -> dict[int, dict[str, Any]]:
    """The entries, with those that only the store knows of."""
    place = _place(root, name)
    known = _read(place)
    if not (root / "store.duckdb").exists():
        return known
    have = {entry["sha256"] for entry in known.values()}
    for entry in _stored(root, name):
        if entry["sha256"] in have:
            continue
        place.mkdir(parents=True, exist_ok=True)
        number = int(entry.pop("model_version"))
        while not _take(place / f"{number}.json", json.dumps(entry)):
            number += 1
        known[number] = entry
    return dict(sorted(known.items()))


def _stored(root: Path, name: str) -> list[dict[str, Any]]:
    from headrace.store import BusyError, CorruptError, NotFoundError, Store

    text = name.replace("'", "''")
    try:
        rows = Store(root).sql(
            "SELECT kind, sha256, size_bytes, attributes, epoch_ns(created_at) AS created_ns "  # noqa: S608
            f"FROM object WHERE name = '{text}' AND (attributes->>'$.model_version') IS NOT NULL "
            "ORDER BY created_at"
        )
    except (BusyError, CorruptError, NotFoundError):
        return []
    found = []
    for row in rows.dicts():
        attributes = row["attributes"]
        if isinstance(attributes, str):
            attributes = json.loads(attributes)
        entry = {key: row[key] for key in ("kind", "sha256", "size_bytes", "created_ns")}
        for key in ("format", "written_by", "class", "file", "metadata", "model_version"):
            if key in attributes:
                entry[key] = attributes[key]
        found.append({"name": name, "metadata": {}, "written_by": "", **entry})
    return found


def _remember_last(place: Path, number: int) -> None:
    part = place / f".last.{os.getpid()}.{time.monotonic_ns()}"
    part.write_text(str(number))
    part.replace(place / "last")


def _last(root: Path, name: str, known: dict[int, dict[str, Any]]) -> int:
    with contextlib.suppress(OSError, ValueError):
        number = int((_place(root, name) / "last").read_text())
        if number in known:
            return number
    return max(known)


def _version(root: Path, number: int, entry: dict[str, Any]) -> Version:
    return Version(
        name=entry["name"],
        version=number,
        kind=entry["kind"],
        format=entry["format"],
        written_by=entry.get("written_by", ""),
        sha256=entry["sha256"],
        size_bytes=entry["size_bytes"],
        metadata=entry.get("metadata") or {},
        created_ns=entry["created_ns"],
        path=root / blobs.relative_path(entry["sha256"]),
        facts=dict(entry),
    )
