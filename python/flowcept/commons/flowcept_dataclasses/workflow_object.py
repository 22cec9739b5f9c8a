"""The document of a workflow."""

from __future__ import annotations

from typing import Any

from flowcept import configs
from flowcept.commons.utils import get_git_info, get_utc_now, sanitize_json_like
from flowcept.commons.vocabulary import Status
from flowcept.version import __version__


class WorkflowObject:
    """One execution of a pipeline. Fields that nobody set are left out of to_dict()."""

    workflow_id: str | None = None
    parent_workflow_id: str | None = None
    machine_info: dict[str, Any] | None = None
    conf: dict[str, Any] | None = None
    flowcept_settings: dict[str, Any] | None = None
    flowcept_version: str | None = None
    utc_timestamp: float | None = None
    user: str | None = None
    campaign_id: str | None = None
    adapter_id: str | None = None
    interceptor_ids: list[str] | None = None
    name: str | None = None
    workflow_description: str | None = None
    custom_metadata: dict[str, Any] | None = None
    workflow_domain_data_schema: dict[str, Any] | None = None
    environment_id: str | None = None
    sys_name: str | None = None
    extra_metadata: dict[str, Any] | None = None
    agent_id: str | None = None
    used: dict[str, Any] | None = None
    code_repository: dict[str, Any] | None = None
    generated: dict[str, Any] | None = None
    subtype: str | None = None
    started_at: float | None = None
    ended_at: float | None = None
    status: Status | None = None

    def __init__(
        self,
        workflow_id: str | None = None,
        name: str | None = None,
        used: dict[str, Any] | None = None,
        generated: dict[str, Any] | None = None,
    ) -> None:
        self.workflow_id = workflow_id
        self.name = name
        self.used = used
        self.generated = generated

    @staticmethod
    def workflow_id_field() -> str:
        return "workflow_id"

    @staticmethod
    def from_dict(dict_obj: dict[str, Any]) -> WorkflowObject:
        """A workflow with every key of a document as an attribute."""
        made = WorkflowObject()
        for name, value in dict_obj.items():
            if name == "status" and isinstance(value, str):
                value = Status(value)
            setattr(made, name, value)
        return made

    def workflow_is_finished(self) -> bool:
        return self.status in (Status.FINISHED, Status.ERROR)

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in vars(self).items():
            if value is None:
                continue
            if name == "flowcept_settings":
                value = sanitize_json_like(value)
            out[name] = value.value if isinstance(value, Status) else value
        out["type"] = "workflow"
        return out

    def enrich(self, adapter_key: str | None = None) -> None:
        """Fills in who, with which settings, where and with which code, where not said yet."""
        self.utc_timestamp = get_utc_now()
        self.flowcept_settings = sanitize_json_like(configs.settings)
        self.conf = {"settings_path": configs.SETTINGS_PATH}
        if adapter_key is not None:
            self.adapter_id = adapter_key
        defaults = {
            "user": configs.LOGIN_NAME or configs.FLOWCEPT_USER,
            "environment_id": configs.ENVIRONMENT_ID,
            "sys_name": configs.SYS_NAME,
            "extra_metadata": configs.EXTRA_METADATA,
            "code_repository": get_git_info() if configs.ENRICH_MESSAGES else None,
            "flowcept_version": __version__,
        }
        for name, value in defaults.items():
            if getattr(self, name) is None and value is not None:
                setattr(self, name, value)

    def serialize(self) -> bytes:
        """The document as MessagePack."""
        import msgpack

        return msgpack.dumps(self.to_dict())

    @staticmethod
    def deserialize(serialized_data: bytes) -> WorkflowObject:
        import msgpack

        return WorkflowObject.from_dict(msgpack.loads(serialized_data, strict_map_key=False))

    def __repr__(self) -> str:
        shown = {
            name: value
            for name, value in vars(self).items()
            if value is not None and name not in ("flowcept_settings", "machine_info")
        }
        return f"WorkflowObject({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    __str__ = __repr__
