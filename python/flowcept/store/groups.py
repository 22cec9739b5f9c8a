"""Groups of documents: Flowcept's aggregations, and the stages of MongoDB's pipelines.

Where the store can say the filter, the group and the values, it adds up by itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flowcept.store import asking
from flowcept.store.finding import COLLECTIONS, Sort, find, of_rows
from flowcept.store.matching import (
    Document,
    FilterError,
    bracket,
    matcher,
    ordered,
    projected,
    reached,
    wanted,
    without,
)
from flowcept.store.narrowing import Narrowed, both
from flowcept.store.values import plain

FUNCTIONS = ("avg", "sum", "min", "max")


def aggregate(
    filter: Mapping[str, Any] | None,
    projection: Sequence[str] | None,
    sort: Sort,
    limit: int,
    aggregation: Sequence[tuple[str, str]],
) -> list[Document]:
    """Rows of [(function, field), ...] over groups of the one field in `projection`, or all tasks.

    A result is named function_field with `_` for dots, the group by its field likewise.
    """
    if projection is not None and len(projection) > 1:
        raise FilterError("with an aggregation the projection is one field, by which it groups")
    by = projection[0] if projection else None
    asked = [(str(function), str(field)) for function, field in aggregation]
    for function, _ in asked:
        if function not in (*FUNCTIONS, "count"):
            known = ", ".join((*FUNCTIONS, "count"))
            raise FilterError(f"there is no aggregate {function}; there are {known}")
    found = _by_the_store(filter, by, asked)
    if found is None:
        found = _by_hand(filter, by, asked)
    if by is None and not sort:
        return found
    named = [(name.replace(".", "_"), direction) for name, direction in sort]
    found = ordered(found, named) if sort else found
    return found[:limit] if limit else found


def _named(function: str, field: str) -> str:
    return f"{function}_{field}".replace(".", "_")


def _by_the_store(
    filter: Mapping[str, Any] | None, by: str | None, asked: list[tuple[str, str]]
) -> list[Document] | None:
    narrowed = of_rows("tasks", filter)
    fields = [path_of(field) for _, field in asked]
    group = None if by is None else "activity" if by == "activity_id" else path_of(by)
    if not narrowed.is_exact or None in fields or (by is not None and group is None):
        return None
    if any(_has_other_than_numbers(narrowed, field) for field in set(fields) if field):
        return None  # what a sum of these means is said below
    from headrace.store import StoreError

    functions = [
        [function, field or "", f"value {i}"]
        for i, ((function, _), field) in enumerate(zip(asked, fields, strict=True))
    ]
    try:
        rows = asking.select("tasks", documents=[narrowed.document],
                             group_by=[group] if group else [],
                             aggregates=[*functions, ["count", "", "rows"]])  # fmt: skip
    except StoreError:  # lists and dicts among the values
        return None
    out = []
    for row in rows:
        if not row.pop("rows"):
            continue
        one = {_named(*asked[i]): plain(row[f"value {i}"]) for i in range(len(asked))}
        if by is not None and group is not None:
            one[by.replace(".", "_")] = plain(row[group.replace('"', "")])
        out.append(one)
    return out


def _has_other_than_numbers(narrowed: Narrowed, field: str) -> bool:
    plain_name = field.replace('"', "")
    others = {"$or": [{plain_name: {"$gte": ""}}, {plain_name: {"$in": [True, False]}}]}
    found = both(narrowed, Narrowed(others, True))
    return asking.count("tasks", found.document) > 0


def path_of(field: str) -> str | None:
    """used.lr as the store has it; None where it has no such column."""
    top, _, rest = field.partition(".")
    parts = rest.split(".")
    if top not in ("used", "generated") or not all(
        re.fullmatch(r"[^\"\\.0-9][^\"\\.]*", part) for part in parts
    ):
        return None
    return top + "." + ".".join(f'"{part}"' for part in parts)


def _by_hand(
    filter: Mapping[str, Any] | None, by: str | None, asked: list[tuple[str, str]]
) -> list[Document]:
    fields = [field for _, field in asked] + ([by] if by else [])
    documents = find("tasks", filter, [*fields, "task_id"])
    stage: dict[str, Any] = {"_id": f"${by}" if by else None}
    for function, field in asked:
        stage[_named(function, field)] = (
            {"$sum": {"$present": f"${field}"}}
            if function == "count"
            else {f"${function}": f"${field}"}
        )
    out = []
    for row in _group(documents, stage):
        group = row.pop("_id")
        out.append(row | ({by.replace(".", "_"): group} if by else {}))
    return out


# --- pipelines -----------------------------------------------------------------------------------


def pipeline(stages: Sequence[Mapping[str, Any]], collection: str = "tasks") -> list[Document]:
    """A pipeline of $match, $group, $sort, $limit, $skip, $project, $count and $unwind."""
    if collection not in COLLECTIONS:
        raise FilterError(
            f"there is no collection {collection}; there are {', '.join(COLLECTIONS)}"
        )
    rest = list(stages)
    filter = rest.pop(0)["$match"] if rest and "$match" in rest[0] else {}
    documents = find(collection, filter)
    for stage in rest:
        if len(stage) != 1:
            raise FilterError("a stage of a pipeline is one {$name: ...}")
        ((name, told),) = stage.items()
        step = _STAGES.get(name)
        if step is None:
            known = ", ".join(_STAGES)
            raise FilterError(f"{name} is no stage here; there are {known}")
        documents = step(documents, told)
    return documents


def _match(documents: list[Document], told: Any) -> list[Document]:
    passes = matcher(told)
    return [document for document in documents if passes(document)]


def _value(document: Document, told: Any) -> Any:
    """What an expression is of a document."""
    if isinstance(told, str) and told.startswith("$"):
        found = reached(document, told[1:].split("."))
        return found[0] if len(found) == 1 else found or None
    if isinstance(told, Mapping):
        if len(told) == 1 and next(iter(told)).startswith("$"):
            ((name, operand),) = told.items()
            return _expression(document, name, operand)
        out = {name: _value(document, inner) for name, inner in told.items()}
        return {name: value for name, value in out.items() if value is not None}
    return told


def _expression(document: Document, name: str, operand: Any) -> Any:
    values = [_value(document, one) for one in operand] if isinstance(operand, list) else []
    numbers = bool(values) and all(bracket(value) == "number" for value in values)
    if name == "$present":
        return 0 if _value(document, operand) is None else 1
    if name == "$literal":
        return operand
    if name == "$ifNull" and values:
        return next((value for value in values if value is not None), None)
    if name == "$subtract" and len(values) == 2:
        return values[0] - values[1] if numbers else None
    if name == "$divide" and len(values) == 2:
        return values[0] / values[1] if numbers and values[1] else None
    if name == "$add" and values:
        return sum(values) if numbers else None
    if name == "$multiply" and len(values) == 2:
        return values[0] * values[1] if numbers else None
    raise FilterError(
        f"{name} is no expression here; there are $ifNull, $literal, $add, $subtract, $multiply "
        "and $divide"
    )


def _numbers(values: list[Any]) -> list[Any]:
    return [value for value in values if bracket(value) == "number"]


def _distinct(values: list[Any]) -> list[Any]:
    out: dict[str, Any] = {}
    for value in values:
        if value is not None:
            out.setdefault(json.dumps(value, sort_keys=True, default=str), value)
    return list(out.values())


def _least(values: list[Any], last: bool) -> Any:
    there = [{"v": value} for value in values if value is not None]
    if not there:
        return None
    return ordered(there, [("v", -1 if last else 1)])[0]["v"]


def _average(values: list[Any]) -> float | None:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


_ACCUMULATORS: dict[str, Callable[[list[Any]], Any]] = {
    "$sum": lambda values: sum(_numbers(values)),
    "$avg": _average,
    "$min": lambda values: _least(values, False),
    "$max": lambda values: _least(values, True),
    "$first": lambda values: values[0],
    "$last": lambda values: values[-1],
    "$push": lambda values: [value for value in values if value is not None],
    "$addToSet": _distinct,
    "$count": len,
}


def _group(documents: list[Document], told: Any) -> list[Document]:
    if not isinstance(told, Mapping) or "_id" not in told:
        raise FilterError("$group takes {_id: what to group by, name: {$function: what}, ...}")
    groups: dict[str, tuple[Any, list[Document]]] = {}
    for document in documents:
        key = _value(document, told["_id"])
        text = json.dumps(key, sort_keys=True, default=str)
        groups.setdefault(text, (key, []))[1].append(document)
    out = []
    for key, members in groups.values():
        row: Document = {"_id": key}
        for name, one in told.items():
            if name == "_id":
                continue
            if (
                not isinstance(one, Mapping)
                or len(one) != 1
                or next(iter(one)) not in _ACCUMULATORS
            ):
                known = ", ".join(_ACCUMULATORS)
                raise FilterError(f"{name} takes one of {known}")
            ((function, operand),) = one.items()
            values = [_value(member, operand) for member in members]
            row[name] = _ACCUMULATORS[function](values)
        out.append(row)
    return out


def _sort(documents: list[Document], told: Any) -> list[Document]:
    return ordered(documents, list(told.items()))


def _project(documents: list[Document], told: Any) -> list[Document]:
    made = {name: what for name, what in told.items() if isinstance(what, str | Mapping)}
    keep, drop = wanted({name: on for name, on in told.items() if name not in made})
    out = []
    for document in documents:
        if not keep and not made:
            out.append(without(document, drop))
            continue
        one = projected(document, keep)
        if "_id" in document and "_id" not in drop:
            one["_id"] = document["_id"]
        for name, what in made.items():
            one[name] = _value(document, what)
        out.append(one)
    return out


def _unwind(documents: list[Document], told: Any) -> list[Document]:
    name = str(told["path"] if isinstance(told, Mapping) else told).lstrip("$")
    out = []
    for document in documents:
        value = document.get(name)
        elements = value if isinstance(value, list) else [] if value is None else [value]
        out += [document | {name: element} for element in elements]
    return out


_STAGES: dict[str, Callable[[list[Document], Any], list[Document]]] = {
    "$match": _match,
    "$group": _group,
    "$sort": _sort,
    "$limit": lambda documents, told: documents[: int(told)],
    "$skip": lambda documents, told: documents[int(told) :],
    "$project": _project,
    "$count": lambda documents, told: [{str(told): len(documents)}] if documents else [],
    "$unwind": _unwind,
}
