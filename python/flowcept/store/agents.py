"""Agent documents: objects of kind `agent`, their attributes the document."""

from __future__ import annotations

from typing import Any

from flowcept.store import asking, marks, objects
from flowcept.store.matching import Document
from flowcept.store.values import plain

_INTERNAL = frozenset(("foreign_id",))


def rows() -> list[dict[str, Any]]:
    found = asking.select("objects", documents=[{"kind": objects.AGENT}],
                          columns=["id", "kind", "name", "sha256", "size_bytes", "created_at",
                                   "attributes"])  # fmt: skip
    gone = marks.hidden("agents")
    return [row for row in found if row["id"] not in gone]


def document_of(row: dict[str, Any]) -> Document:
    attributes = row["attributes"] or {}
    document: Document = {"agent_id": attributes.get("foreign_id", row["name"])}
    document |= {name: plain(value) for name, value in attributes.items() if name not in _INTERNAL}
    document.setdefault("type", "agent")
    return document


def all_documents() -> list[Document]:
    return [document_of(row) for row in rows()]
