"""The records that a card is made of, from a file, a list or the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def read_jsonl(path: Path) -> tuple[list[Document], int]:
    """The records of a JSON lines file, and how many lines were none."""
    records, skipped = [], 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if isinstance(record, dict):
                records.append(record)
            else:
                skipped += 1
    return records, skipped


def kind_of(record: Document) -> str:
    """What a record is; one without `type` by the fields that it has."""
    kind = record.get("type")
    if kind is not None:
        return str(kind)
    if record.get("task_id") is not None or record.get("activity_id") is not None:
        return "task"
    if record.get("object_id") is not None:
        return "object"
    return "workflow" if record.get("workflow_id") is not None else ""


def split(records: list[Document]) -> Document:
    """{workflow, tasks, objects}; of several workflows {campaign_id, workflows, tasks, objects}.

    Of a workflow that was told twice, at its begin and its end, what was told last holds.
    """
    workflows: dict[Any, Document] = {}
    objects: dict[Any, Document] = {}
    tasks = []
    for record in records:
        kind = kind_of(record)
        if kind == "workflow":
            workflow_id = record.get("workflow_id")
            workflows[workflow_id] = {**workflows.get(workflow_id, {}), **record}
        elif kind == "task":
            tasks.append(record)
        elif kind == "object" or record.get("object_id") is not None:
            objects[record.get("object_id"), record.get("version")] = _without_content(record)
    return _dataset(list(workflows.values()), tasks, list(objects.values()), None)


def load(workflow_id: str | None = None, campaign_id: str | None = None) -> Document:
    """The same of the store."""
    from flowcept.store.finding import find

    filter = {"workflow_id": workflow_id} if workflow_id else {"campaign_id": campaign_id}
    workflows = find("workflows", filter)
    tasks = find("tasks", filter)
    ids = sorted({one["workflow_id"] for one in workflows} | {workflow_id or ""})
    objects = find("objects", {"workflow_id": {"$in": ids}}) if ids else []
    if workflow_id and not workflows and not tasks:
        raise ValueError(f"there is no workflow {workflow_id} in the store")
    if campaign_id and not workflow_id and not workflows and not tasks:
        raise ValueError(f"there is no campaign {campaign_id} in the store")
    return _dataset(workflows, tasks, [_without_content(one) for one in objects], campaign_id)


def _dataset(
    workflows: list[Document],
    tasks: list[Document],
    objects: list[Document],
    campaign_id: str | None,
) -> Document:
    if len(workflows) <= 1:
        workflow = workflows[0] if workflows else {}
        own = workflow.get("workflow_id")
        if own is not None and campaign_id is None:
            # What says nothing of a workflow was written by this one.
            tasks = [task for task in tasks if task.get("workflow_id") in (own, None)]
            objects = [one for one in objects if one.get("workflow_id") in (own, None)]
        return {"workflow": workflow, "tasks": tasks, "objects": objects}
    named = (one.get("campaign_id") for one in workflows)
    begun = sorted(
        workflows, key=lambda one: one.get("started_at") or one.get("utc_timestamp") or 0
    )
    return {
        "campaign_id": campaign_id or next((name for name in named if name), None),
        "workflows": begun,
        "tasks": tasks,
        "objects": objects,
    }


def _without_content(record: Document) -> Document:
    where = "in_object" if "data" in record else record.get("storage_type")
    if where is None:
        where = "gridfs" if "grid_fs_file_id" in record else "unknown"
    return {name: value for name, value in record.items() if name != "data"} | {
        "storage_type": where
    }
