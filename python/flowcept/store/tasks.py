"""Task documents of Headrace's tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowcept.store import asking, moments, narrowing, telemetry
from flowcept.store.asking import seconds
from flowcept.store.matching import Document
from flowcept.store.narrowing import Narrowed, Places
from flowcept.store.values import labels, plain
from flowcept.store.words import SAID_AS, STATUSES

# What Headrace says of a task beside the document's own fields.
HIDDEN = frozenset(("foreign_id", "host", "agent", "cpu_s", "sampled_out", "too_short", "device"))

# Under which attribute a field stands that the program itself gave.
ID_ATTRIBUTES = ("foreign_id", "task_id")


BROUGHT_TIMES = ("started_at", "ended_at")


def _campaign(path: str, condition: Mapping[str, Any]) -> Narrowed:
    """A campaign's name is its id here; a document may bring another one of its own."""
    own = narrowing.column("campaign")(path, condition)
    (op, operand), *_ = condition.items()
    if op in ("$eq", "$in") and operand is not None and own.document:
        brought = {"attributes.campaign_id": dict(condition)}
        return Narrowed({"$or": [own.document, brought]}, False)
    return narrowing.UNKNOWN


def _workflow(path: str, condition: Mapping[str, Any]) -> Narrowed:
    from flowcept.store import workflows

    (op, operand), *_ = condition.items()
    ids = {"$eq": [operand], "$in": operand}.get(op)
    if "." in path or ids is None or any(not isinstance(one, str) for one in ids):
        return narrowing.UNKNOWN
    rows = workflows.rows_of(list(ids))
    brought = {"attributes.workflow_id": {"$in": list(ids)}}
    if not rows:
        return Narrowed(brought, True)
    return Narrowed({"$or": [{"workflow": {"$in": rows}}, brought]}, False)


def _agent(path: str, condition: Mapping[str, Any]) -> Narrowed:
    own = narrowing.values("attributes.")(path, condition)
    (op, operand), *_ = condition.items()
    if not own.is_exact or op not in ("$eq", "$in") or operand is None:
        return narrowing.UNKNOWN
    return Narrowed({"$or": [own.document, {"attributes.agent": dict(condition)}]}, False)


def _host(path: str, condition: Mapping[str, Any]) -> Narrowed:
    own = narrowing.column("hostname")(path, condition)
    (op, operand), *_ = condition.items()
    if op not in ("$eq", "$in") or operand is None or not own.document:
        return narrowing.UNKNOWN
    told = [own.document, {"attributes.host": dict(condition)},
            {"attributes.hostname": dict(condition)}]  # fmt: skip
    return Narrowed({"$or": told}, False)


def _time(name: str, field: str) -> narrowing.Translation:
    """When the row says, unless the program brought a time of its own."""
    native = narrowing.time(name)

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        own = native(path, condition)
        (op, operand), *_ = condition.items()
        at = moments.seconds(operand)
        if not own.document or at is None:
            return own if "." in path else narrowing.UNKNOWN
        brought = f"attributes.{field}"
        recorded = {"$and": [own.document, {brought: {"$exists": False}}]}
        return Narrowed({"$or": [recorded, {brought: {op: at}}]}, True)

    return translate


def brings_times(narrowed: Narrowed) -> bool:
    """Whether any of these tasks has a time that the program brought."""
    there = {"$or": [{f"attributes.{name}": {"$exists": True}} for name in BROUGHT_TIMES]}
    return asking.count("tasks", narrowing.both(narrowed, Narrowed(there, True)).document) > 0


def _unknown(path: str, condition: Mapping[str, Any]) -> Narrowed:
    return narrowing.UNKNOWN


_FIELDS: dict[str, narrowing.Translation] = {
    "type": narrowing.constant("task"),
    "task_id": narrowing.identity("id", ID_ATTRIBUTES),
    "activity_id": narrowing.column("activity"),
    "workflow_id": _workflow,
    "campaign_id": _campaign,
    "agent_id": _agent,
    "hostname": _host,
    "parent_task_id": _unknown,
    "started_at": _time("started", "started_at"),
    "ended_at": _time("ended", "ended_at"),
    "status": narrowing.chosen("status", STATUSES),
    "tags": narrowing.labels("tag"),
    "used": narrowing.values("used"),
    "generated": narrowing.values("generated"),
    "stderr": _unknown,
    "telemetry_at_start": _unknown,
    "telemetry_at_end": _unknown,
    **{said.lower(): narrowing.flag("status", words) for said, words in STATUSES.items()},
}
PLACES = Places(_FIELDS, narrowing.values("attributes."))

COLUMNS = (
    "id", "activity", "status", "campaign", "workflow_id", "parent", "started_at", "ended_at",
    "used", "generated", "hostname", "tags", "error", "attributes",
)  # fmt: skip

# By which fields of a document rows can be sorted, and by what.
_SORTS = {"activity_id": "activity", "started_at": "started", "ended_at": "ended"}


def sort_by(fields: Sequence[tuple[str, int]]) -> list[str] | None:
    """The store's own order for [(field, 1 or -1)]; None where it has none."""
    out = []
    for name, direction in fields:
        top, _, rest = name.partition(".")
        told = _SORTS.get(name)
        if told is None and top in ("used", "generated") and rest and _is_path(rest):
            told = top + "." + ".".join(f'"{part}"' for part in rest.split("."))
        if told is None and name not in _FIELDS and top not in _FIELDS and _is_path(name):
            told = "attributes." + ".".join(f'"{part}"' for part in name.split("."))
        if told is None:
            return None
        out.append(("-" if direction < 0 else "") + told)
    return out


def _is_path(text: str) -> bool:
    parts = text.split(".")
    return all(part and not part.isdigit() and '"' not in part and "\\" not in part
               for part in parts)  # fmt: skip


def columns_for(fields: Sequence[str]) -> tuple[str, ...]:
    """The columns that these fields of a document are made of; all where there are none."""
    if not fields:
        return COLUMNS
    wanted = {"id", "status", "attributes"}
    made_of = {
        "activity_id": ("activity",),
        "campaign_id": ("campaign", "workflow_id"),
        "workflow_id": ("workflow_id",),
        "workflow_name": ("workflow_id",),
        "parent_task_id": ("parent",),
        "stderr": ("error",),
        "tags": ("tags",),
        "telemetry_at_start": ("started_at", "hostname"),
        "telemetry_at_end": ("ended_at", "hostname"),
    }
    for name in fields:
        top = name.partition(".")[0]
        wanted.update(made_of.get(top, (top,) if top in COLUMNS else ()))
    return tuple(column for column in COLUMNS if column in wanted)


def documents(rows: list[dict[str, Any]], fields: Sequence[str] = ()) -> list[Document]:
    """Each row as Flowcept's users see a task; of the `fields` asked for at least those."""
    from flowcept.store import workflows

    known = workflows.ids({row["workflow_id"] for row in rows if row.get("workflow_id")})
    parents = _foreign_ids({row["parent"] for row in rows if row.get("parent")})
    tops = {name.partition(".")[0] for name in fields}
    out = [_document(row, known, parents) for row in rows]
    if not fields or tops & {"telemetry_at_start", "telemetry_at_end"}:
        telemetry.add(out, rows)
    return out


def _foreign_ids(parents: set[str]) -> dict[str, str]:
    """What the parents are called that have an id of their own."""
    if not parents:
        return {}
    document = {"id": {"$in": sorted(parents)}}
    named = {"$or": [{f"attributes.{name}": {"$exists": True}} for name in ID_ATTRIBUTES]}
    found = asking.select("tasks", documents=[document, named], columns=["id", "attributes"])
    return {row["id"]: _task_id(row["id"], row["attributes"] or {}) for row in found}


def _task_id(own: str, attributes: Mapping[str, Any]) -> str:
    return next((str(attributes[name]) for name in ID_ATTRIBUTES if name in attributes), own)


def _document(
    row: Mapping[str, Any],
    known: Mapping[str, Mapping[str, Any]],
    parents: Mapping[str, str],
) -> Document:
    attributes = dict(row.get("attributes") or {})
    workflow = known.get(row.get("workflow_id") or "", {})
    status = SAID_AS.get(row["status"], "UNKNOWN")
    error = row.get("error") or {}
    document: Document = {
        "type": "task",
        "task_id": _task_id(row["id"], attributes),
        "workflow_id": workflow.get("workflow_id", row.get("workflow_id")),
        "campaign_id": row.get("campaign") or workflow.get("campaign_id"),
        "activity_id": row.get("activity"),
        "parent_task_id": parents.get(row.get("parent") or "", row.get("parent")),
        "agent_id": attributes.get("agent"),
        "used": plain(row.get("used") or {}),
        "generated": plain(row.get("generated") or {}),
        "started_at": seconds(row.get("started_at")),
        "ended_at": seconds(row.get("ended_at")),
        "status": status,
        status.lower(): True,
        "hostname": attributes.get("host", row.get("hostname")),
        "tags": labels(row.get("tags")),
        "stderr": error.get("message") or error.get("type"),
    }
    for name, value in attributes.items():
        if name not in HIDDEN:
            document[name] = plain(value)
    return {name: value for name, value in document.items() if value not in (None, "", {}, [])}
