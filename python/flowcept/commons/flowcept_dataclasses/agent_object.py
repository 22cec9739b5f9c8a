"""The document of an agent: a person, program or AI agent on whose behalf tasks ran."""

from __future__ import annotations

from typing import Any

from flowcept import configs
from flowcept.commons.utils import get_utc_now


class AgentObject:
    agent_id: str | None = None
    name: str | None = None
    user: str | None = None
    workflow_id: str | None = None
    campaign_id: str | None = None
    extra_metadata: dict[str, Any] | None = None
    registered_at: float | None = None

    def __init__(
        self,
        agent_id: str | None = None,
        name: str | None = None,
        workflow_id: str | None = None,
        campaign_id: str | None = None,
    ) -> None:
        self.agent_id = agent_id
        self.name = name
        self.workflow_id = workflow_id
        self.campaign_id = campaign_id
        self.registered_at = get_utc_now()

    @staticmethod
    def agent_id_field() -> str:
        return "agent_id"

    @staticmethod
    def from_dict(dict_obj: dict[str, Any]) -> AgentObject:
        """An agent with every key of a document as an attribute."""
        made = AgentObject()
        for name, value in dict_obj.items():
            setattr(made, name, value)
        return made

    def to_dict(self) -> dict[str, Any]:
        out = {name: value for name, value in vars(self).items() if value is not None}
        out["type"] = "agent"
        return out

    def enrich(self) -> None:
        """Fills in the user and the settings' extra metadata, where not said yet."""
        if self.user is None:
            self.user = configs.LOGIN_NAME or configs.FLOWCEPT_USER
        if self.extra_metadata is None:
            self.extra_metadata = configs.EXTRA_METADATA

    def serialize(self) -> bytes:
        """The document as MessagePack."""
        import msgpack

        return msgpack.dumps(self.to_dict())

    @staticmethod
    def deserialize(serialized_data: bytes) -> AgentObject:
        import msgpack

        return AgentObject.from_dict(msgpack.loads(serialized_data, strict_map_key=False))

    def __repr__(self) -> str:
        names = (
            "agent_id", "name", "workflow_id", "campaign_id", "registered_at", "user",
            "extra_metadata",
        )  # fmt: skip
        return f"AgentObject({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    __str__ = __repr__
