"""Small documents of pages: dashboards, where boxes of a graph stand. Each is an object of Headrace
whose content is its JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowcept.store import asking, marks, objects
from flowcept.store.matching import Document


def keep(kind: str, name: str, document: Any) -> None:
    from headrace import _capture, blobs

    text = json.dumps(document).encode()
    digest, size_bytes = blobs.write(Path(asking.root()), [text])
    facts = {"blob": blobs.relative_path(digest)}
    handle = _capture.record_object(kind, name, None, digest, size_bytes, None, facts)
    _capture.flush()
    marks.restore(kind, [handle.id])


def rows(kind: str) -> list[dict[str, Any]]:
    gone = marks.hidden(kind)
    found = asking.select("objects", documents=[{"kind": kind}],
                          columns=["id", "name", "attributes"])  # fmt: skip
    return [row for row in found if row["id"] not in gone]


def read(kind: str, name: str | None = None) -> list[Document]:
    return [
        objects.payload(str(row["attributes"]["blob"]).rpartition("/")[2], "json")
        for row in rows(kind)
        if name is None or row["name"] == name
    ]


def forget(kind: str, name: str) -> int:
    return marks.delete(kind, [row["id"] for row in rows(kind) if row["name"] == name])
