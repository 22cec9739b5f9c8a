"""Queries on the collections tasks, workflows, objects, object_history and agents.

What the store can decide it decides: the filter as far as store/narrowing.py can say it, order and
limit where the whole filter could be said. The documents that are left are tested here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flowcept.store import agents, asking, marks, objects, tasks, workflows
from flowcept.store.matching import (
    Document,
    FilterError,
    matcher,
    ordered,
    projected,
    wanted,
    without,
)
from flowcept.store.narrowing import NOTHING, Narrowed, both, narrow

COLLECTIONS = ("tasks", "workflows", "objects", "object_history", "agents")
Sort = Sequence[tuple[str, int]]

_LEAST_ROWS = 1_000  # read at once where the store cannot count the documents itself


def find(
    collection: str,
    filter: Mapping[str, Any] | None = None,
    projection: Any = None,
    sort: Any = None,
    limit: int = 0,
    skip: int = 0,
) -> list[Document]:
    """Documents that pass. Raises FilterError for what means nothing, StoreError of Headrace."""
    if limit < 0 or skip < 0:
        raise FilterError("a limit is a count of 0 or more")
    keep, drop = wanted(projection)
    order = sort_of(sort)
    found = _found(collection, filter or {}, _fields(keep, order), order, limit, skip)
    if keep:
        return [projected(document, keep) for document in found]
    return [without(document, drop) for document in found] if drop else found


def sort_of(sort: Any) -> list[tuple[str, int]]:
    """[(field, 1 or -1), ...] of that, or of {field: 1 or -1}."""
    pairs = list(sort.items()) if isinstance(sort, Mapping) else list(sort or [])
    out = []
    for pair in pairs:
        if isinstance(pair, str) or len(pair) != 2 or pair[1] not in (1, -1):
            raise FilterError("sort is [(field, 1 or -1), ...]")
        out.append((str(pair[0]), int(pair[1])))
    return out


def _fields(keep: list[str], order: Sort) -> list[str]:
    return [*keep, *(name for name, _ in order)] if keep else []


def _found(
    collection: str,
    filter: Mapping[str, Any],
    fields: list[str],
    order: list[tuple[str, int]],
    limit: int,
    skip: int,
) -> list[Document]:
    if collection in ("tasks", "workflows"):
        return _of_rows(collection, filter, fields, order, limit, skip)
    if collection not in COLLECTIONS:
        raise FilterError(
            f"there is no collection {collection}; there are {', '.join(COLLECTIONS)}"
        )
    passes = matcher(filter)
    found = [document for document in _whole(collection, filter) if passes(document)]
    found = ordered(found, order) if order else found
    return found[skip : skip + limit] if limit else found[skip:]


def _whole(collection: str, filter: Mapping[str, Any]) -> list[Document]:
    if collection == "agents":
        return agents.all_documents()
    object_id = filter.get("object_id")
    read = objects.latest if collection == "objects" else objects.history
    return read(True, object_id if isinstance(object_id, str) else None)


def _of_rows(
    collection: str,
    filter: Mapping[str, Any],
    fields: list[str],
    order: list[tuple[str, int]],
    limit: int,
    skip: int,
) -> list[Document]:
    kind: Any = tasks if collection == "tasks" else workflows
    passes = matcher(filter)  # first, for what it says of mistakes
    narrowed = of_rows(collection, filter)
    told_order = kind.sort_by(order) if order else ["started"]  # as they were inserted
    by_time = any(name in tasks.BROUGHT_TIMES for name, _ in order)
    if kind is tasks and told_order is not None and by_time and tasks.brings_times(narrowed):
        told_order = None
    if fields and not narrowed.is_exact:
        fields = [*fields, *fields_of(filter)]
    if narrowed.is_exact and told_order is not None:
        rows = _rows(kind, collection, narrowed, fields, told_order, limit, skip)
        return list(kind.documents(rows, fields))
    if told_order is not None and limit:
        return _until_enough(kind, collection, narrowed, fields, told_order, passes, limit, skip)
    rows = _rows(kind, collection, narrowed, fields, told_order or ["started"], 0, 0)
    found = [document for document in kind.documents(rows, fields) if passes(document)]
    found = ordered(found, order) if told_order is None else found
    return found[skip : skip + limit] if limit else found[skip:]


def of_rows(collection: str, filter: Mapping[str, Any] | None) -> Narrowed:
    """The filter on the rows of tasks or workflows, those that no longer answer left out."""
    if collection == "tasks":
        return both(marks.answering(collection), narrow(filter, tasks.PLACES))
    answering = both(marks.answering(collection), workflows.SAVED)
    return both(answering, narrow(filter, workflows.PLACES))


def _rows(
    kind: Any,
    collection: str,
    narrowed: Narrowed,
    fields: list[str],
    order: list[str],
    limit: int,
    offset: int,
) -> list[dict[str, Any]]:
    if narrowed == NOTHING:
        return []
    columns = kind.columns_for(fields) if kind is tasks else kind.COLUMNS
    return asking.select(
        collection,
        documents=[narrowed.document],
        columns=columns,
        sort=order,
        limit=limit,
        offset=offset,
    )


def _until_enough(
    kind: Any,
    collection: str,
    narrowed: Narrowed,
    fields: list[str],
    order: list[str],
    passes: Callable[[Document], bool],
    limit: int,
    skip: int,
) -> list[Document]:
    """The first `limit` documents that pass, reading no more rows than about that takes."""
    found: list[Document] = []
    offset, size = 0, max(_LEAST_ROWS, 2 * (limit + skip))
    while True:
        rows = _rows(kind, collection, narrowed, fields, order, size, offset)
        found += [document for document in kind.documents(rows, fields) if passes(document)]
        if len(found) >= limit + skip or len(rows) < size:
            return found[skip : skip + limit]
        offset, size = offset + size, 4 * size


def fields_of(filter: Mapping[str, Any]) -> Iterator[str]:
    """The fields that a filter speaks of."""
    for name, value in filter.items():
        if not name.startswith("$"):
            yield name
        elif isinstance(value, list | tuple):
            for part in value:
                yield from fields_of(part)


def count(collection: str, filter: Mapping[str, Any] | None = None) -> int:
    if collection in ("tasks", "workflows"):
        narrowed = of_rows(collection, filter)
        if narrowed == NOTHING:
            return 0
        if narrowed.is_exact:
            return asking.count(collection, narrowed.document)
    return len(find(collection, filter, _identifier(collection)))


def _identifier(collection: str) -> list[str]:
    names = {"tasks": "task_id", "workflows": "workflow_id", "agents": "agent_id"}
    return [names.get(collection, "object_id")]


__all__ = ["COLLECTIONS", "count", "fields_of", "find", "of_rows", "sort_of"]
