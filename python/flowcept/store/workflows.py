"""Workflow documents of Headrace's workflows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowcept.store import asking, narrowing
from flowcept.store.asking import seconds
from flowcept.store.matching import Document
from flowcept.store.narrowing import Narrowed, Places
from flowcept.store.values import labels, plain
from flowcept.store.words import SAID_AS, STATUSES

ID_ATTRIBUTES = ("workflow_id", "foreign_id")

# What Headrace records of a program beside what a workflow document has.
HIDDEN = frozenset(
    ("foreign_id", "host", "agent", "command", "exit_code", "environment", "facts", "resources",
     "usage", "code", "git", "machine", "job", "packages", "sources", "saved", "unnamed")
)  # fmt: skip


def _campaign(path: str, condition: Mapping[str, Any]) -> Narrowed:
    own = narrowing.column("campaign")(path, condition)
    (op, operand), *_ = condition.items()
    if op in ("$eq", "$in") and operand is not None and own.document:
        brought = {"attributes.campaign_id": dict(condition)}
        return Narrowed({"$or": [own.document, brought]}, False)
    return narrowing.UNKNOWN


def _unknown(path: str, condition: Mapping[str, Any]) -> Narrowed:
    return narrowing.UNKNOWN


_FIELDS: dict[str, narrowing.Translation] = {
    "type": narrowing.constant("workflow"),
    "workflow_id": narrowing.identity("id", ID_ATTRIBUTES),
    "name": narrowing.column("name"),
    "campaign_id": _campaign,
    "parent_workflow_id": _unknown,
    "started_at": narrowing.time("started"),
    "ended_at": narrowing.time("ended"),
    "status": narrowing.chosen("status", STATUSES),
    "tags": narrowing.labels("tag"),
    "used": narrowing.values("used"),
    "generated": narrowing.values("generated"),
}
PLACES = Places(_FIELDS, narrowing.values("attributes."))

# Of a program that runs without save_workflow, and of an id that only tasks name, there is a row
# for the tasks and no document.
SAVED = Narrowed(
    {
        "$and": [
            {"attributes.saved": {"$ne": False}},
            {"$or": [{"name": {"$exists": True}}, {"started": {"$exists": True}}]},
        ]
    },
    True,
)

COLUMNS = (
    "id", "name", "status", "campaign", "parent", "started_at", "ended_at", "used", "generated",
    "tags", "attributes",
)  # fmt: skip

_SORTS = {"name": "name", "started_at": "started", "ended_at": "ended"}


def sort_by(fields: Sequence[tuple[str, int]]) -> list[str] | None:
    """The store's own order for [(field, 1 or -1)]; None where it has none."""
    out = []
    for name, direction in fields:
        if name not in _SORTS:
            return None
        out.append(("-" if direction < 0 else "") + _SORTS[name])
    return out


def documents(rows: list[dict[str, Any]], fields: Sequence[str] = ()) -> list[Document]:
    """Each row as Flowcept's users see a workflow."""
    parents = ids(row["parent"] for row in rows if row.get("parent"))
    return [_document(row, parents) for row in rows]


def _document(row: Mapping[str, Any], parents: Mapping[str, Mapping[str, Any]]) -> Document:
    attributes = dict(row.get("attributes") or {})
    # A document that says nothing of a parent has none, whatever it was recorded in.
    is_brought = any(name in attributes for name in (*ID_ATTRIBUTES, "interceptor_ids"))
    parent = None if is_brought else row.get("parent")
    document: Document = {
        "type": "workflow",
        "workflow_id": _id(row["id"], attributes),
        "parent_workflow_id": parents.get(parent or "", {}).get("workflow_id", parent),
        "name": None if attributes.get("unnamed") else row.get("name"),
        "campaign_id": row.get("campaign"),
        "used": plain(row.get("used") or {}),
        "generated": plain(row.get("generated") or {}),
        "started_at": seconds(row.get("started_at")),
        "ended_at": seconds(row.get("ended_at")),
        "status": SAID_AS.get(row["status"], "UNKNOWN"),
        "tags": labels(row.get("tags")),
    }
    told = attributes.pop("told", None)
    if told is not None:
        for name in ("started_at", "ended_at", "status"):
            document[name] = plain(told.get(name)) if isinstance(told, Mapping) else None
    for name, value in attributes.items():
        if name not in HIDDEN:
            document[name] = plain(value)
    return {name: value for name, value in document.items() if value not in (None, {}, [])}


def _id(own: str, attributes: Mapping[str, Any]) -> str:
    return next((str(attributes[name]) for name in ID_ATTRIBUTES if name in attributes), own)


def ids(rows: Iterable[str]) -> dict[str, dict[str, Any]]:
    """{row's id: {"workflow_id": the document's, "campaign_id": ..., "workflow_name": ...}}"""
    wanted = sorted({row for row in rows if row})
    if not wanted:
        return {}
    found = asking.select("workflows", documents=[{"id": {"$in": wanted}}],
                          columns=["id", "name", "campaign", "attributes"])  # fmt: skip
    return {
        row["id"]: {
            "workflow_id": _id(row["id"], row["attributes"] or {}),
            "campaign_id": (row["attributes"] or {}).get("campaign_id") or row["campaign"],
            "workflow_name": row["name"],
        }
        for row in found
    }


def rows_of(workflow_ids: list[str]) -> list[str]:
    """The rows' ids of workflows that documents call so."""
    narrowed = narrowing.identity("id", ID_ATTRIBUTES)("workflow_id", {"$in": workflow_ids})
    found = asking.select("workflows", documents=[narrowed.document], columns=["id", "attributes"])
    return [row["id"] for row in found if _id(row["id"], row["attributes"] or {}) in workflow_ids]
