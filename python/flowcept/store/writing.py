"""Documents that programs bring themselves: tasks, workflows and agents.

They become records like any other, by way of flowcept.recording; what was said of the same id
before is added to what is said now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flowcept.store import agents, asking, marks, objects, tasks, workflows
from flowcept.store.finding import find, of_rows
from flowcept.store.matching import Document

# Made of other fields when a document is read.
_DERIVED = frozenset(("finished", "error", "running", "waiting", "unknown", "submitted"))


def merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> Document:
    """What both say; of two values the later, dicts key by key."""
    out = dict(before)
    for name, value in now.items():
        old = out.get(name)
        if isinstance(old, dict) and isinstance(value, Mapping):
            out[name] = {**old, **value}
        elif value is not None:
            out[name] = value
    return out


def insert_tasks(documents: Sequence[Mapping[str, Any]], key: str = "task_id") -> None:
    """Inserts tasks; of those that have the same `key`, among them and in the store, one remains
    that says what all of them said. Raises ValueError for one without activity."""
    folded: dict[Any, Document] = {}
    for document in documents:
        name = document.get(key)
        if name is None:
            raise ValueError(f"a task needs its {key}: {dict(document)}")
        folded[name] = merged(folded.get(name, {}), document)
    known = rows_with("tasks", key, list(folded))
    from flowcept import recording

    replaced = []
    for name, document in folded.items():
        whole: Document = {}
        for row, before in known.get(name, []):
            replaced.append(row)
            whole = merged(whole, before)
        whole = merged(whole, document)
        recording.record(
            {field: value for field, value in whole.items() if field not in _DERIVED}
            | {"type": "task"}
        )
    marks.delete("tasks", replaced)


def rows_with(
    collection: str, key: str, values: list[Any]
) -> dict[Any, list[tuple[str, Document]]]:
    """{value of `key`: [(row's id, document), ...]} of tasks or workflows."""
    kind: Any = tasks if collection == "tasks" else workflows
    narrowed = of_rows(collection, {key: {"$in": values}})
    rows = asking.select(collection, documents=[narrowed.document], columns=kind.COLUMNS)
    out: dict[Any, list[tuple[str, Document]]] = {}
    for row, document in zip(rows, kind.documents(rows), strict=True):
        if document.get(key) in values:
            out.setdefault(document[key], []).append((row["id"], document))
    return out


TOLD = ("started_at", "ended_at", "status")


def insert_workflow(document: Mapping[str, Any]) -> None:
    """Records a workflow; what is said later of the same id is added."""
    from flowcept import recording

    before = find("workflows", {"workflow_id": document["workflow_id"]})
    whole: Document = dict(document)
    whole["status"] = getattr(whole.get("status"), "value", whole.get("status"))
    if before:
        for name in TOLD:
            whole[name] = whole.get(name) or before[0].get(name)
        for name in ("machine_info", "custom_metadata"):
            if isinstance(before[0].get(name), dict) and isinstance(whole.get(name), Mapping):
                whole[name] = {**before[0][name], **whole[name]}
        known = before[0].get("interceptor_ids") or []
        if whole.get("interceptor_ids"):
            whole["interceptor_ids"] = [*known, *whole["interceptor_ids"]]
    else:
        gone = workflows.rows_of([document["workflow_id"]])
        marks.restore("workflows", gone)
    # What the document says of its times and status is its own, not when it was recorded.
    whole["told"] = {name: whole[name] for name in TOLD if whole.get(name) is not None}
    recording.record(whole | {"type": "workflow"})
    from headrace import _capture

    _capture.flush()


def insert_agent(document: Mapping[str, Any]) -> None:
    from flowcept import recording

    recording.record(dict(document) | {"type": "agent"})
    from headrace import _capture

    _capture.flush()
    named = [row["id"] for row in _agent_rows() if row["name"] == document["agent_id"]]
    marks.restore("agents", named)


def _agent_rows() -> list[dict[str, Any]]:
    return asking.select("objects", documents=[{"kind": objects.AGENT}], columns=["id", "name"])


# --- deleting ------------------------------------------------------------------------------------


def delete(collection: str, filter: Mapping[str, Any]) -> int:
    """The documents that pass answer no more; how many they were."""
    from flowcept.store.matching import matcher

    passes = matcher(filter)
    if collection == "agents":
        gone = [row["id"] for row in agents.rows() if passes(agents.document_of(row))]
        return marks.delete("agents", gone)
    if collection == "objects":
        latest = [document for document in objects.latest() if passes(document)]
        ids = {document["object_id"] for document in latest}
        gone = [row["id"] for row in objects.rows() if row["attributes"]["object_id"] in ids]
        marks.delete("objects", gone)
        objects.forget(ids)
        return len(ids)
    kind: Any = tasks if collection == "tasks" else workflows
    narrowed = of_rows(collection, filter)
    rows = asking.select(collection, documents=[narrowed.document], columns=kind.COLUMNS)
    documents = kind.documents(rows)
    return marks.delete(collection, _passing(rows, documents, passes))


def _passing(rows: list[dict[str, Any]], documents: list[Document], passes: Any) -> Iterable[str]:
    return [row["id"] for row, one in zip(rows, documents, strict=True) if passes(one)]


def delete_of_workflows(workflow_ids: list[str]) -> Document:
    """Workflows with their tasks and objects, and agents of which no task is left."""
    filter = {"workflow_id": {"$in": workflow_ids}}
    acting = {task["agent_id"] for task in find("tasks", filter, ["agent_id"]) if task}
    counts = {name: delete(name, filter) for name in ("tasks", "objects", "workflows")}
    left = find("tasks", {"agent_id": {"$in": sorted(acting)}}, ["agent_id"]) if acting else []
    orphans = acting - {task["agent_id"] for task in left}
    counts["agents"] = delete("agents", {"agent_id": {"$in": sorted(orphans)}}) if orphans else 0
    return {name: counts[name] for name in ("workflows", "tasks", "objects", "agents")}
