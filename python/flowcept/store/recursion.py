"""A workflow's tasks with what lies above each."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from typing import Any

from flowcept.store.finding import find
from flowcept.store.matching import Document, reached

# A dict of these becomes text in a table.
DICTS = ("used", "generated", "custom_metadata", "telemetry_at_start", "telemetry_at_end",
         "ancestor_ids", "custom_characterization")  # fmt: skip


def tasks_of(
    workflow_id: str, max_depth: int = 999, mapping: Mapping[str, Any] | None = None
) -> list[Document]:
    """The workflow's outermost tasks, each followed by what ran in it down to `max_depth`.

    Those below have `ancestor_ids`, [{activity: task_id}, ...] from the outermost on, and `depth`,
    which the outermost have too. `mapping` adds `custom_characterization`: {"activity_id" or
    "subtype": {name: {key: what}}}, where a text like `task.used.lr`, `parent.generated.loss`,
    `grandparent...` or `primogenitor...` stands for that value, and anything else for itself.
    """
    out: list[Document] = []
    known = find("tasks", {"workflow_id": workflow_id})
    inside = {document["task_id"] for document in known}
    children: dict[str, list[Document]] = {}
    for document in known:
        if document.get("parent_task_id") in inside:
            children.setdefault(document["parent_task_id"], []).append(document)
    roots = [document for document in known if document.get("parent_task_id") not in inside]
    for level in _beyond(inside, max_depth):
        for document in level:
            children.setdefault(document["parent_task_id"], []).append(document)
    for root in roots:
        _below(root, [], children, max_depth, mapping, out)
    return out


def _beyond(inside: set[str], max_depth: int) -> list[list[Document]]:
    """Tasks of other workflows that ran within these, level by level."""
    levels = []
    reached_ids = set(inside)
    last = set(inside)
    for _ in range(max_depth):
        found = find("tasks", {"parent_task_id": {"$in": sorted(last)}}) if last else []
        found = [document for document in found if document["task_id"] not in reached_ids]
        if not found:
            break
        levels.append(found)
        last = {document["task_id"] for document in found}
        reached_ids |= last
    return levels


def _below(
    document: Document,
    above: list[Document],
    children: Mapping[str, list[Document]],
    max_depth: int,
    mapping: Mapping[str, Any] | None,
    out: list[Document],
) -> None:
    stack = [(document, above)]
    while stack:
        one, over = stack.pop()
        one["ancestor_ids"] = [{a.get("activity_id"): a["task_id"]} for a in over]
        one["depth"] = len(over)
        if mapping is not None and over:
            characterization = _characterized(one, over, mapping)
            if characterization is not None:
                one["custom_characterization"] = characterization
        out.append(one)
        if len(over) < max_depth:
            inner = children.get(one["task_id"], [])
            stack += [(child, [*over, one]) for child in reversed(inner)]


def _characterized(
    task: Document, above: list[Document], mapping: Mapping[str, Any]
) -> Document | None:
    """Values that the rules name; nothing of them is run as a program."""
    out: Document = {}
    for field in ("activity_id", "subtype"):
        rules = (mapping.get(field) or {}).get(task.get(field))
        if rules is None:
            continue
        if not isinstance(rules, Mapping):
            raise ValueError(
                f"the rules of {field} {task.get(field)!r} are {{key: what}}; a text that is a "
                "program is not run here: write paths, such as 'parent.used.lr'"
            )
        for name, told in rules.items():
            value = _named(told, task, above)
            if name == "extend":
                for part in value if isinstance(value, list) else [value]:
                    out.update(part if isinstance(part, Mapping) else {})
            elif name == "query":
                out.update(_queried(told, task, above))
            else:
                out[name] = value
    return out or None


def _named(told: Any, task: Document, above: list[Document]) -> Any:
    if isinstance(told, list):
        return [_named(one, task, above) for one in told]
    if not isinstance(told, str):
        return told
    name, _, path = told.partition(".")
    whose = {"task": task, "parent": above[-1], "primogenitor": above[0]}
    if len(above) > 1:
        whose["grandparent"] = above[-2]
    if not path or name not in whose:
        return told
    found = reached(whose[name], path.split("."))
    return found[0] if len(found) == 1 else found or None


def _queried(told: Any, task: Document, above: list[Document]) -> Document:
    filter = {name: _named(value, task, above) for name, value in told["filter"].items()}
    found = find(told.get("collection") or "tasks", filter, told.get("projection"))
    if len(found) != 1:
        return {"query_result": found} if found else {}
    (one,) = found
    out: Document = {}
    for name in ("used", "generated", "custom_metadata"):
        out.update(one.pop(name, {}))
    return out | one


def write_parquet(documents: list[Document], path: str) -> None:
    """The documents as a Parquet table, dicts as JSON text (needs pyarrow)."""
    from headrace.needed import needed

    pyarrow = needed("pyarrow", "dump_tasks_to_file_recursive()")
    parquet = needed("pyarrow.parquet", "dump_tasks_to_file_recursive()")
    names = list(dict.fromkeys(name for document in documents for name in document))
    columns = {name: [_cell(name, document.get(name)) for document in documents] for name in names}
    for name, cells in columns.items():
        kinds = {type(cell) for cell in cells if cell is not None} - {int, float, bool}
        if kinds - {str} or (kinds and len({type(c) for c in cells if c is not None}) > 1):
            columns[name] = [
                cell if cell is None or isinstance(cell, str) else json.dumps(cell, default=str)
                for cell in cells
            ]
    parquet.write_table(pyarrow.table(columns), path)


def write_csv(documents: list[Document], path: str) -> None:
    """The documents as CSV, dicts and lists as JSON text."""
    names = list(dict.fromkeys(name for document in documents for name in document))
    with open(path, "w", newline="", encoding="utf-8") as file:  # noqa: PTH123 - as given
        rows = csv.writer(file)
        rows.writerow(names)
        for document in documents:
            cells = (document.get(name) for name in names)
            rows.writerow(
                [
                    json.dumps(one, default=str) if isinstance(one, dict | list) else one
                    for one in cells
                ]
            )


def _cell(name: str, value: Any) -> Any:
    return json.dumps(value, default=str) if name in DICTS and value is not None else value
