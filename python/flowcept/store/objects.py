"""Objects, models and datasets in versions: documents of Headrace's objects, and new versions.

A version is one object of Headrace: kind = the document's object_type, name = its object_id,
attributes = the document. Its payload lies in `.headrace/blobs` under its SHA-256, once however
many versions have it. Nothing of a payload is ever unpickled.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pickle  # written with where the program asks for it, never read with
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flowcept.store import asking, marks
from flowcept.store.matching import Document
from flowcept.store.values import plain

# A value of more goes into a blob of its own: a record holds 12 KiB of one container.
MAX_INLINE_BYTES = 8_000
LOCK_SECONDS = 60.0

# Beside the store, what the last version of each id is: the store itself learns it later.
NOTES = "flowcept_versions"

AGENT = "agent"
KEEPS_PREVIOUS = "keeps_previous"  # the version before stays in the history
_INTERNAL = frozenset(
    ("blob", "payload", "in_object", "large", "foreign_id", KEEPS_PREVIOUS, "name", "path",
     "sha256", "size_bytes", "storage_type", "grid_fs_file_id")
)  # fmt: skip


class ObjectError(ValueError):
    """An object that is not there or cannot be kept; the message says why and what to do."""


# --- reading -------------------------------------------------------------------------------------


def rows(object_id: Any = None, kind: str | None = None) -> list[dict[str, Any]]:
    """The objects that are versions of a document, the latest of each id first."""
    document: dict[str, Any] = {"attributes.object_id": {"$exists": True}}
    if isinstance(object_id, str):
        document = {"attributes.object_id": object_id}
    if kind is not None:
        document = {"$and": [document, {"kind": kind}]}
    # Marks come along: each question to the store takes a while.
    marked = {"$and": [{"kind": marks.KIND}, {"attributes.collection": "objects"}]}
    found = asking.select(
        "objects",
        documents=[{"$or": [document, marked]}],
        columns=["id", "kind", "name", "sha256", "size_bytes", "attributes"],
    )
    gone = marks.of_rows([row for row in found if row["kind"] == marks.KIND])
    found = [row for row in found if row["kind"] != marks.KIND and row["id"] not in gone]
    return sorted(found, key=lambda row: -int(row["attributes"].get("version", 0)))


def latest(with_data: bool = True, object_id: Any = None) -> list[Document]:
    """The collection `objects`: the last version of each id."""
    return [document_of(row, with_data) for row, place in _placed(rows(object_id)) if place == 0]


def history(with_data: bool = True, object_id: Any = None) -> list[Document]:
    """The collection `object_history`: what versions were before the last, where they are kept."""
    return [
        document_of(row, with_data) | {"source": "objects_snapshot"}
        for row, place in _placed(rows(object_id))
        if place > 0
    ]


def _placed(found: list[dict[str, Any]]) -> list[tuple[dict[str, Any], int]]:
    """Rows with their places in the history of their id, 0 the last; without those that are in
    none. The oldest first."""
    after: dict[str, dict[str, Any]] = {}
    places: dict[str, int] = {}
    out = []
    for row in found:
        attributes = row["attributes"]
        name = attributes["object_id"]
        newer = after.get(name)
        after[name] = attributes
        if newer is None:
            places[name] = 0
        elif newer.get(KEEPS_PREVIOUS) and newer["version"] == attributes["version"] + 1:
            places[name] += 1
        else:
            continue
        out.append((row, places[name]))
    return out[::-1]


def document_of(row: Mapping[str, Any], with_data: bool = True) -> Document:
    attributes = dict(row["attributes"] or {})
    document: Document = {"object_id": attributes.get("object_id"), "object_type": row["kind"]}
    for name, value in attributes.items():
        if name not in _INTERNAL:
            document[name] = plain(value)
    for name, digest in (attributes.get("large") or {}).items():
        document[name] = json.loads(_blob(digest))
    if attributes.get("blob"):
        digest = str(attributes["blob"]).rpartition("/")[2]
        document["data_sha256"] = digest
        document["data_hash_algo"] = "sha256"
        if not attributes.get("in_object"):
            document["grid_fs_file_id"] = digest
        elif with_data:
            document["data"] = payload(digest, attributes.get("payload"))
    if document["object_type"] == "object":
        del document["object_type"]
    return {name: value for name, value in document.items() if value is not None}


def version_row(object_id: str, version: int | None) -> dict[str, Any]:
    """The object that is this version, else the last. Raises ObjectError."""
    kept = _placed(rows(object_id))
    if not kept:
        raise ObjectError(f"Object not found for object_id={object_id}.")
    for row, place in kept:
        if place == 0 if version is None else row["attributes"]["version"] == int(version):
            return row
    there = [row["attributes"]["version"] for row, _ in kept]
    raise ObjectError(
        f"Object not found for object_id={object_id}, version={version}; there are {there}. "
        "A version before the last is kept where the next one was saved with control_version=True."
    )


def versions(object_id: str) -> list[Document]:
    """What get_object_history gives: every version that is kept, the last first."""
    return [_history_row(row) for row, _ in _placed(rows(object_id))[::-1]]


def with_payload(row: Mapping[str, Any]) -> Document:
    """The document with its content under `data`."""
    document = document_of(row)
    attributes = row["attributes"]
    if "data" not in document and attributes.get("blob"):
        document["data"] = payload(document["data_sha256"], attributes.get("payload"))
    return document


def payload(sha256: str, kind: str | None = None) -> Any:
    """The content kept under a hash: bytes, or what it was made of where that was text or JSON."""
    content = _blob(sha256)
    if kind == "text":
        return content.decode("utf-8", "surrogatepass")
    return json.loads(content) if kind == "json" else content


def _blob(sha256: str) -> bytes:
    from headrace import blobs

    path = Path(asking.root()) / blobs.relative_path(sha256)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ObjectError(f"the content {sha256} cannot be read: {error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ObjectError(f"{path} is damaged: its content does not have the hash of its name")
    return content


def _history_row(row: Mapping[str, Any]) -> Document:
    document = document_of(row, with_data=False)
    named = ("object_id", "version", "created_at", "created_by", "updated_at", "updated_by",
             "prev_version", "task_id", "workflow_id", "object_type", "custom_metadata", "tags",
             "object_size_bytes", "data_sha256", "data_hash_algo")  # fmt: skip
    out = {name: document.get(name) for name in named}
    out["version"] = int(out["version"] or 0)
    out["storage_type"] = "in_object" if row["attributes"].get("in_object") else "gridfs"
    out["pickle"] = bool(document.get("pickle", False))
    return out


# --- writing -------------------------------------------------------------------------------------


def save(
    fields: Mapping[str, Any],
    content: Any,
    *,
    in_object: bool,
    pickled: bool,
    control_version: bool,
    user: str,
) -> Document:
    """Keeps `content` as the next version of fields["object_id"] and gives its document.

    Of processes that save the same id at once each gets a version of its own, one after the other.
    """
    from headrace import blobs

    data, kind = _bytes_of(content, pickled)
    folder = Path(asking.root())
    digest, size_bytes = blobs.write(folder, [data])
    now = time.time()
    object_id = str(fields.get("object_id") or uuid.uuid4())
    with _alone(folder):
        before = None if fields.get("object_id") is None else _last(folder, object_id)
        old = dict(before["attributes"]) if before else {}
        attributes: dict[str, Any] = {
            name: old[name] for name in ("task_id", "workflow_id", "tags") if name in old
        }
        if before is not None:
            known = document_of(before, with_data=False)
            if "custom_metadata" in known:
                attributes["custom_metadata"] = known["custom_metadata"]
        attributes |= {name: value for name, value in fields.items() if value is not None}
        attributes |= {
            "object_id": object_id,
            "version": int(old["version"]) + 1 if before else 0,
            "created_at": old.get("created_at", fields.get("created_at") or now),
            "updated_at": now,
            "object_size_bytes": size_bytes,
            "blob": blobs.relative_path(digest),
        }
        if kind:
            attributes["payload"] = kind
        if in_object:
            attributes["in_object"] = True
        if pickled:
            attributes["pickle"] = True
        if control_version:
            attributes |= _signed(old, before is not None, user)
        object_type = attributes.pop("object_type", None) or (before or {}).get("kind")
        row = _record(object_type, attributes, digest, size_bytes)
        if before is None and fields.get("object_id") is not None:
            marks.restore("objects", [row["id"]])  # one of this name was deleted
    return document_of(row, with_data=False)


def update(
    object_id: str, fields: Mapping[str, Any], *, control_version: bool, user: str
) -> Document:
    """A next version of the same content with other `fields`. Raises ObjectError."""
    folder = Path(asking.root())
    with _alone(folder):
        before = _last(folder, object_id) or version_row(object_id, None)
        attributes = dict(before["attributes"])
        known = document_of(before, with_data=False)
        attributes.pop("large", None)
        if "custom_metadata" in known:
            attributes["custom_metadata"] = known["custom_metadata"]
        attributes |= {name: value for name, value in fields.items() if value is not None}
        attributes["version"] = int(before["attributes"]["version"]) + 1
        attributes["updated_at"] = time.time()
        attributes["updated_by"] = user
        attributes.pop(KEEPS_PREVIOUS, None)
        if control_version:
            attributes |= _signed(before["attributes"], True, user)
        object_type = attributes.pop("object_type", None) or before["kind"]
        row = _record(object_type, attributes, before["sha256"], before["size_bytes"])
    return document_of(row, with_data=False)


def _last(folder: Path, object_id: str) -> dict[str, Any] | None:
    """The last version, by the note of whoever made it, else by the store."""
    try:
        row: dict[str, Any] = json.loads(_note(folder, object_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return next(iter(rows(object_id)), None)
    return row


def _note(folder: Path, object_id: str) -> Path:
    name = hashlib.sha256(object_id.encode("utf-8", "surrogatepass")).hexdigest()
    return folder / NOTES / f"{name[:40]}.json"


def forget(object_ids: Iterable[str]) -> None:
    """A next version of these begins anew."""
    folder = Path(asking.root())
    for object_id in object_ids:
        _note(folder, object_id).unlink(missing_ok=True)


def _signed(old: Mapping[str, Any], is_next: bool, user: str) -> dict[str, Any]:
    told: dict[str, Any] = {"created_by": old.get("created_by", user), "updated_by": user}
    if is_next:
        told["prev_version"] = int(old["version"])
        told[KEEPS_PREVIOUS] = True
    return told


def _record(
    kind: str | None, attributes: dict[str, Any], digest: str | None, size_bytes: int | None
) -> dict[str, Any]:
    from headrace import _capture

    told = _fitting(attributes)
    handle = _capture.record_object(
        kind or "object", str(attributes["object_id"]), None, digest, size_bytes,
        str(attributes["version"]), told,
    )  # fmt: skip
    _made_here(handle, attributes)
    _capture.flush()
    row = {"id": handle.id, "kind": kind or "object", "attributes": told, "sha256": digest,
           "name": attributes["object_id"], "size_bytes": size_bytes}  # fmt: skip
    note = _note(Path(asking.root()), str(attributes["object_id"]))
    part = note.with_name(f"{note.name}.{os.getpid()}.part")
    part.write_text(json.dumps(plain(row)), encoding="utf-8")
    part.replace(note)
    return row


def _made_here(handle: Any, attributes: Mapping[str, Any]) -> None:
    """The task that runs here generated it: an edge of lineage."""
    from headrace import _capture

    task = _capture.current_task()
    if task is not None:
        task.generated({f"object:{attributes['object_id']}": handle})


def _fitting(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes, with what is too large for a record in blobs."""
    from headrace import blobs

    out, large = {}, {}
    for name, value in attributes.items():
        if isinstance(value, dict | list):
            text = json.dumps(plain(value)).encode()
            if len(text) > MAX_INLINE_BYTES:
                large[name], _ = blobs.write(Path(asking.root()), [text])
                continue
        out[name] = value
    if large:
        out["large"] = large
    return out


def _bytes_of(content: Any, pickled: bool) -> tuple[bytes, str | None]:
    if pickled:
        return pickle.dumps(content), None
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content), None
    if isinstance(content, str):
        return content.encode("utf-8", "surrogatepass"), "text"
    try:
        return json.dumps(content, allow_nan=True).encode(), "json"
    except (TypeError, ValueError):
        raise ObjectError(
            f"a {type(content).__name__} cannot be kept as it is; give bytes, text or JSON values, "
            "or pickle=True"
        ) from None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process and thread at a time makes versions in a folder."""
    (folder / NOTES).mkdir(parents=True, exist_ok=True)
    with (folder / NOTES / "lock").open("a") as file:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise ObjectError(
                        f"another process has held {file.name} for {LOCK_SECONDS:.0f} s; "
                        "no version was made"
                    ) from None
                time.sleep(0.005)
        yield
