"""Flowcept's documents as records: the way of adapters, of workflows and of agents.

Decorators, tasks and loops do not come this way; they record natively.
"""

from __future__ import annotations

from typing import Any

from headrace import _capture

from flowcept.commons.vocabulary import Status

# What FlowceptTask takes by name; the rest of a task's document are attributes.
_ARGUMENTS = frozenset(
    (
        "task_id", "workflow_id", "campaign_id", "activity_id", "agent_id", "source_agent_id",
        "parent_task_id", "used", "data", "subtype", "hostname", "tags", "adapter_id",
        "custom_metadata", "started_at",
    )
)  # fmt: skip
_ENDING = ("generated", "ended_at", "stdout", "stderr", "status")
_OPEN = frozenset(("SUBMITTED", "WAITING", "RUNNING"))

# Tasks that a document said are running, by their ids; the oldest is let go when there are many.
_MAX_RUNNING = 10_000
_running: dict[str, _capture.FlowceptTask] = {}
_workflows: dict[str, OpenWorkflow] = {}


class OpenWorkflow:
    """A workflow that has begun and not ended."""

    def __init__(self, document: dict[str, Any], is_told: bool) -> None:
        """Begins it. `is_told` False: it is there for its tasks, and has no document itself."""
        self.id = str(document["workflow_id"])
        campaign = document.get("campaign_id")
        self._previous = None if campaign is None else _capture.enter_campaign(campaign, {}, None)
        self._more: dict[str, Any] = {}
        attributes = _workflow_attributes(document)
        if not is_told:
            attributes["saved"] = False
        name = document.get("name")
        if name is None:
            attributes["unnamed"] = True
        self._handle = _capture.begin_workflow(
            name or "flowcept", dict(document.get("used") or {}), None, self.id, attributes
        )
        self._generated: dict[str, Any] = {}
        _workflows[self.id] = self

    def tell(self, document: dict[str, Any]) -> None:
        """Adds what a later document of the workflow says."""
        self._more.update(_workflow_attributes(document))
        self._generated.update(document.get("generated") or {})

    def close(self, error: BaseException | None) -> None:
        """Ends it: failed with an error, else finished."""
        _workflows.pop(self.id, None)
        handle, self._handle = self._handle, None
        if handle is not None:
            _capture.end_workflow(handle, error, {}, self._generated, None, self._more)
        if self._previous is not None:
            _capture.leave_campaign(self._previous)
            self._previous = None


def open_workflow(document: dict[str, Any], is_told: bool = True) -> OpenWorkflow:
    return OpenWorkflow(document, is_told)


def _workflow_attributes(document: dict[str, Any]) -> dict[str, Any]:
    native = {"type", "name", "used", "generated", "status", "started_at", "ended_at"}
    kept = {
        key: value
        for key, value in document.items()
        if key not in native and key != "campaign_id" and value is not None
    }
    if kept.get("workflow_id") == _capture.workflow_uuid(str(kept.get("workflow_id", ""))):
        del kept["workflow_id"]
    return kept


def record(document: dict[str, Any]) -> None:
    """Records a document of any kind. What has no `type` is told by the fields that it has."""
    kind = document.get("type") or _kind_of(document)
    if kind == "workflow":
        _record_workflow(document)
    elif kind == "agent":
        _record_object("agent", str(document.get("agent_id")), None, document)
    elif kind == "object":
        _record_object(
            str(document.get("object_type") or "object"),
            str(document.get("object_id")),
            str(document.get("version", 0)),
            document,
        )
    else:
        _record_task(document)


def _kind_of(document: dict[str, Any]) -> str:
    if "task_id" in document or "activity_id" in document:
        return "task"
    if "object_id" in document:
        return "object"
    if "agent_id" in document:
        return "agent"
    if "name" in document or "environment_id" in document:
        return "workflow"
    return "task"


def _record_workflow(document: dict[str, Any]) -> None:
    workflow = _workflows.get(str(document.get("workflow_id")))
    if workflow is not None:
        return workflow.tell(document)
    open_workflow(document).close(None)
    return None


def _record_object(kind: str, name: str, version: str | None, document: dict[str, Any]) -> None:
    attributes = {key: value for key, value in document.items() if key != "type"}
    _capture.record_object(kind, name, None, None, None, version, attributes)


def _text(status: Any) -> str | None:
    return status.value if isinstance(status, Status) else status


def _record_task(document: dict[str, Any]) -> None:
    task_id = document.get("task_id")
    task = _running.pop(task_id, None) if task_id is not None else None
    if task is None:
        task = _capture.FlowceptTask(
            **{key: value for key, value in document.items() if key in _ARGUMENTS}
        )
    more = {
        key: value
        for key, value in document.items()
        if key not in _ARGUMENTS and key not in _ENDING and key != "type" and value is not None
    }
    if more:
        task._add_attributes(more)  # type: ignore[attr-defined]
    status = _text(document.get("status"))
    if status in _OPEN and task_id is not None:
        if len(_running) >= _MAX_RUNNING:
            _running.pop(next(iter(_running))).end(status="UNKNOWN")
        _running[task_id] = task
        return
    task.end(
        generated=document.get("generated"),
        ended_at=document.get("ended_at"),
        stdout=document.get("stdout"),
        stderr=document.get("stderr"),
        status=status,
    )
