"""Flowcept's documents in one form, so that two ways to the same can be compared.

`normal()` says what the wire does not keep, and only that: docs/flowcept_wire.md lists it.
"""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

# Status that documents carry besides as a field of its own.
SHADOWS = {"finished": "FINISHED", "error": "ERROR", "running": "RUNNING", "submitted": "SUBMITTED"}


def kind_of(document: Document) -> str:
    """The type, inferred as the peer's consumer does where there is none."""
    if document.get("type"):
        return str(document["type"])
    if "task_id" in document or "activity_id" in document:
        return "task"
    if "agent_id" in document:
        return "agent"
    return "workflow"


def _values(value: Any) -> Any:
    """Used and generated as the peer's consumer keeps them: a map by name."""
    if isinstance(value, list | tuple):
        return {f"arg{i}": item for i, item in enumerate(value)}
    return value if isinstance(value, dict) else {"arg0": value}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def normal(document: Document) -> Document:
    out = {key: _plain(value) for key, value in document.items() if value is not None}
    out["type"] = kind_of(document)
    out.pop("data", None)
    for name in ("used", "generated"):
        if name in out:
            out[name] = _values(out[name])
    for name in ("used", "generated", "custom_metadata"):
        if out.get(name) in ({}, []):
            del out[name]
    if out["type"] == "task":
        for shadow, status in SHADOWS.items():
            if out.pop(shadow, None):
                out.setdefault("status", status)
        if "group_id" in out:
            out.setdefault("subtype", "iteration")
        if out.get("tags"):
            out["tags"] = sorted(out["tags"])
    return out


def merged(documents: list[Document]) -> dict[tuple[str, str], Document]:
    """One document for each task, workflow, agent and object version; of parts the later holds,
    values by name. Tasks without an id get one from their place."""
    out: dict[tuple[str, str], Document] = {}
    for number, raw in enumerate(documents):
        document = normal(raw)
        kind = document["type"]
        if kind not in ("task", "workflow", "agent", "object"):
            continue
        key = str(document.get(f"{kind}_id") or f"{number:06d}")
        if kind == "object" and "version" in document:
            key += f"@{document['version']}"
        known = out.setdefault((kind, key), {})
        for name, value in document.items():
            if isinstance(value, dict) and isinstance(known.get(name), dict):
                known[name] = {**known[name], **value}
            else:
                known[name] = value
    return out


def without_made_ids(documents: list[Document], given: list[Document]) -> list[Document]:
    """`documents` but for ids that the collector made for tasks which came without."""
    ids = {str(document["task_id"]) for document in given if document.get("task_id")}
    return [
        {
            k: v
            for k, v in document.items()
            if k != "task_id" or v in ids or kind_of(document) != "task"
        }
        for document in documents
    ]
