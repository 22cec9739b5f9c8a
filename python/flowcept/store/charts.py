"""The rows that a chart of a dashboard shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowcept.store import summaries
from flowcept.store.finding import find
from flowcept.store.matching import Document, FilterError, reached

_FUNCTIONS = ("avg", "sum", "min", "max", "count")


def rows_of(data: Mapping[str, Any], context: Mapping[str, Any] | None = None) -> Document:
    """{"rows": [...], "count": n} of {source, filter, group_by, metrics, x, y, sort, limit}."""
    own = dict(data.get("filter") or {})
    filter = {"$and": [dict(context), own]} if context and own else dict(context or own)
    limit = int(data.get("limit") or 1000)
    source = data.get("source") or "tasks"
    if source == "collection_sizes":
        rows = [
            {"collection": name, "sum_bytes": sum(len(str(one)) for one in find(name, filter))}
            for name in ("tasks", "objects", "workflows")
        ]
    elif data.get("group_by") or data.get("metrics"):
        rows = _grouped(source, filter, data)
    elif data.get("x") and data.get("y"):
        rows = summaries.series(filter, list(data["y"]), data["x"], limit)
    else:
        order = [(one["field"], one["order"]) for one in data.get("sort") or []]
        rows = find(source, filter, sort=order, limit=limit)
    return {"rows": rows[:limit], "count": len(rows[:limit])}


def _grouped(source: str, filter: Mapping[str, Any], data: Mapping[str, Any]) -> list[Document]:
    by = data.get("group_by")
    metrics = data.get("metrics") or [{"field": "", "agg": "count"}]
    groups: dict[str, tuple[Any, list[Document]]] = {}
    for document in find(source, filter):
        begin, end = document.get("started_at"), document.get("ended_at")
        if begin is not None and end is not None:
            document["elapsed"] = end - begin
        key = _one(document, by) if by else None
        groups.setdefault(str(key), (key, []))[1].append(document)
    out = []
    for key, members in groups.values():
        row: Document = {by or "group": key}
        for metric in metrics:
            function, field = metric.get("agg") or "count", metric.get("field") or ""
            if function not in _FUNCTIONS:
                known = ", ".join(_FUNCTIONS)
                raise FilterError(f"there is no aggregate {function}; there are {known}")
            row[f"{function}_{field}" if field else function] = _added(function, field, members)
        out.append(row)
    return sorted(out, key=lambda row: str(row.get(by or "group")))


def _added(function: str, field: str, members: list[Document]) -> Any:
    if function == "count":
        return len(members)
    numbers = [
        value
        for member in members
        for value in [_one(member, field)]
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if function == "sum":
        return sum(numbers)
    if not numbers:
        return None
    return sum(numbers) / len(numbers) if function == "avg" else {"min": min, "max": max}[function](
        numbers)  # fmt: skip


def _one(document: Document, field: str) -> Any:
    found = reached(document, field.split("."))
    return found[0] if len(found) == 1 else None
