"""The document of an object: a model, a dataset or any other artefact, without its content."""

from __future__ import annotations

from typing import Any


class BlobObject:
    object_id: str | None = None
    task_id: str | None = None
    workflow_id: str | None = None
    object_type: str | None = None
    custom_metadata: dict[str, Any] | None = None
    tags: list[str] | None = None
    version: int = 0
    created_at: float | None = None
    updated_at: float | None = None

    def __init__(
        self,
        object_id: str | None = None,
        task_id: str | None = None,
        workflow_id: str | None = None,
        object_type: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
        tags: list[str] | None = None,
        version: int | None = 0,
        created_at: float | None = None,
        updated_at: float | None = None,
    ) -> None:
        self.object_id = object_id
        self.task_id = task_id
        self.workflow_id = workflow_id
        self.object_type = object_type
        self.custom_metadata = custom_metadata
        self.tags = tags
        self.version = 0 if version is None else int(version)
        self.created_at = created_at
        self.updated_at = updated_at

    @staticmethod
    def object_id_field() -> str:
        return "object_id"

    @staticmethod
    def from_dict(dict_obj: dict[str, Any]) -> BlobObject:
        """An object with every key of a document as an attribute."""
        made = BlobObject()
        for name, value in dict_obj.items():
            setattr(made, name, value)
        if made.version is None:
            made.version = 0
        return made

    def to_dict(self) -> dict[str, Any]:
        out = {name: value for name, value in vars(self).items() if value is not None}
        out.setdefault("version", 0)
        return out

    def __repr__(self) -> str:
        names = (
            "object_id", "task_id", "workflow_id", "object_type", "custom_metadata", "tags",
            "version", "created_at", "updated_at",
        )  # fmt: skip
        return f"BlobObject({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    __str__ = __repr__
