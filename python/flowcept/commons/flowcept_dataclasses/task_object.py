"""The document of a task."""

from __future__ import annotations

from typing import Any

from flowcept.commons.flowcept_dataclasses.telemetry import Telemetry
from flowcept.commons.vocabulary import Status
from flowcept.configs import HOSTNAME, LOGIN_NAME, NODE_NAME, PRIVATE_IP, PUBLIC_IP

_NODE = {
    "node_name": NODE_NAME,
    "login_name": LOGIN_NAME,
    "public_ip": PUBLIC_IP,
    "private_ip": PRIVATE_IP,
    "hostname": HOSTNAME,
}


class TaskObject:
    """One run of an activity. Fields that nobody set are None and are left out of to_dict()."""

    type = "task"
    subtype: str | None = None
    task_id: str | None = None
    utc_timestamp: float | None = None
    adapter_id: str | None = None
    user: str | None = None
    data: Any = None
    used: dict[str, Any] | None = None
    campaign_id: str | None = None
    generated: dict[str, Any] | None = None
    submitted_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    registered_at: float | None = None
    telemetry_at_start: Telemetry | None = None
    telemetry_at_end: Telemetry | None = None
    workflow_name: str | None = None
    workflow_id: str | None = None
    parent_task_id: str | None = None
    activity_id: str | None = None
    group_id: str | None = None
    status: Status | None = None
    stdout: str | dict[str, Any] | None = None
    stderr: str | dict[str, Any] | None = None
    custom_metadata: dict[str, Any] | None = None
    mq_host: str | None = None
    environment_id: str | None = None
    node_name: str | None = None
    login_name: str | None = None
    public_ip: str | None = None
    private_ip: str | None = None
    hostname: str | None = None
    address: str | None = None
    dependencies: list[str] | None = None
    dependents: list[str] | None = None
    tags: list[str] | None = None
    agent_id: str | None = None
    source_agent_id: str | None = None

    _DEFAULT_ENRICH_VALUES = _NODE

    @staticmethod
    def get_time_field_names() -> list[str]:
        return ["started_at", "ended_at", "submitted_at", "registered_at", "utc_timestamp"]

    @staticmethod
    def get_dict_field_names() -> list[str]:
        return ["used", "generated", "custom_metadata", "telemetry_at_start", "telemetry_at_end"]

    @staticmethod
    def task_id_field() -> str:
        return "task_id"

    @staticmethod
    def workflow_id_field() -> str:
        return "workflow_id"

    def enrich(self, adapter_key: str | None = None) -> None:
        """Fills in the adapter, the moment and the node, where they are not said yet."""
        from flowcept.commons.utils import get_utc_now

        if adapter_key is not None:
            self.adapter_id = adapter_key
        if self.utc_timestamp is None:
            self.utc_timestamp = get_utc_now()
        for name, value in _NODE.items():
            if getattr(self, name) is None and value is not None:
                setattr(self, name, value)

    @staticmethod
    def enrich_task_dict(task_dict: dict[str, Any]) -> None:
        """The node, for a task that is a dict already."""
        for name, value in _NODE.items():
            if task_dict.get(name) is None and value is not None:
                task_dict[name] = value

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in vars(self).items():
            if value is None:
                continue
            if name == "status":
                out[name] = value.value if isinstance(value, Status) else value
            elif isinstance(value, Telemetry):
                out[name] = value.to_dict()
            else:
                out[name] = value
        out["type"] = "task"
        return out

    def serialize(self) -> bytes:
        """The document as MessagePack."""
        import msgpack

        return msgpack.dumps(self.to_dict())

    @staticmethod
    def from_dict(task_obj_dict: dict[str, Any]) -> TaskObject:
        """A task with the fields of a document; keys that are no fields are passed over."""
        task = TaskObject()
        for name, value in task_obj_dict.items():
            if name == "type" or not hasattr(TaskObject, name):
                continue
            if name == "status" and isinstance(value, str):
                value = Status(value)
            setattr(task, name, value)
        return task

    def __repr__(self) -> str:
        shown = ["task_id", "workflow_id", "campaign_id", "activity_id", "started_at", "ended_at"]
        shown += [
            name
            for name in ("subtype", "parent_task_id", "agent_id")
            if getattr(self, name) is not None
        ]
        return f"TaskObject({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    __str__ = __repr__
