"""Records as Flowcept's documents.

Headrace keeps typed values; a document has what JSON can say. Numbers, texts, lists and dicts are
themselves; a date is ISO text, a path, a decimal or another typed value its text, an array, tensor
or table the summary that was recorded of it, bytes base64.
"""

from __future__ import annotations

import base64
import math
from typing import Any

from flowcept.configs import HOSTNAME

# Native statuses that have one word here.
STATUSES = {
    "pending": "SUBMITTED",
    "running": "RUNNING",
    "finished": "FINISHED",
    "failed": "ERROR",
    "cancelled": "ERROR",
    "lost": "UNKNOWN",
}

# Fields of a task that stand among a record's attributes under their own names.
TASK_ATTRIBUTES = (
    "subtype", "group_id", "agent_id", "source_agent_id", "adapter_id", "address",
    "custom_metadata", "stdout", "data", "utc_timestamp", "submitted_at", "registered_at",
    "dependencies", "dependents", "user", "environment_id", "node_name", "login_name",
    "public_ip", "private_ip", "mq_host", "workflow_name",
)  # fmt: skip

# Arguments of these names say where a task belongs; they are no used values.
PLACES = ("workflow_id", "campaign_id", "agent_id", "source_agent_id")


def plain(value: Any) -> Any:
    """A recorded value, as read from the spool, as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key[:1] == "$" and key[:2] != "$$":
            return _typed(key[1:], inner)
    # A key that begins with "$" was given another.
    return {key[1:] if key[:1] == "$" else key: plain(item) for key, item in value.items()}


def _typed(kind: str, inner: Any) -> Any:
    if kind == "int":
        return int(inner, 0)
    if kind == "float":
        return None  # NaN or infinite
    if kind == "bytes":
        return base64.b64encode(bytes.fromhex(inner)).decode("ascii")
    if kind == "map" and isinstance(inner, list):
        return {_key(key): plain(item) for key, item in inner}
    return plain(inner)


def _key(key: Any) -> str:
    key = plain(key)
    return key if isinstance(key, str) else str(key)


def plain_of_object(value: Any) -> Any:
    """A live value of any type as a document would have it, by the same rules as recording."""
    from headrace import describe

    kind, payload = describe.describe(value, True)
    if kind == 0:  # another value in its place
        return plain_live(payload)
    if kind == 1:
        return {
            "type": payload[0],
            "reason": payload[1],
            **(payload[2] if len(payload) > 2 else {}),
        }
    if kind == 3 or payload is None:
        return str(value)
    return payload[1] if isinstance(payload, tuple) else payload


def plain_live(value: Any) -> Any:
    from flowcept.commons.utils import replace_non_serializable

    return replace_non_serializable(value)


def _error(error: dict[str, Any]) -> Any:
    message = error.get("message")
    return plain(message) if message is not None else error.get("type")


def task_document(
    *,
    task_id: str,
    parent_task_id: str | None,
    workflow_id: str | None,
    campaign_id: str | None,
    activity: str,
    status: str,
    started_at: float | None,
    ended_at: float | None,
    used: dict[str, Any] | None,
    generated: dict[str, Any] | None,
    tags: dict[str, Any] | None,
    error: dict[str, Any] | None,
    attributes: dict[str, Any] | None,
    hostname: str = HOSTNAME,
    telemetry: tuple[dict[str, Any] | None, dict[str, Any] | None] = (None, None),
) -> dict[str, Any]:
    """The document of a task: what its row or record says natively, and its attributes.

    `status` is the native word, times are seconds since the epoch; `telemetry` is what was sampled
    about its begin and end, which a task of its own choice has not.
    """
    attributes = attributes or {}
    document: dict[str, Any] = {"activity_id": activity}
    document["workflow_id"] = attributes.get("workflow_id", workflow_id)
    document["campaign_id"] = attributes.get("campaign_id", campaign_id)
    document["used"] = plain(used) if used else None
    document["started_at"] = attributes.get("started_at", started_at)
    document["hostname"] = attributes.get("hostname", hostname)
    document["task_id"] = attributes.get("task_id", task_id)
    document["status"] = attributes.get("status", STATUSES.get(status, "UNKNOWN"))
    ended = attributes.get("ended_at", ended_at)
    document["ended_at"] = document["started_at"] if attributes.get("is_message") else ended
    document["generated"] = plain(generated) if generated else None
    document["parent_task_id"] = attributes.get("parent_task_id", parent_task_id)
    for name in TASK_ATTRIBUTES:
        if name in attributes:
            document[name] = plain(attributes[name])
    if tags:
        document["tags"] = [name for name, value in tags.items() if value is True]
    stderr = attributes.get("stderr")
    document["stderr"] = plain(stderr) if stderr is not None else _error(error or {})
    for name in PLACES:
        if document["used"] and name in document["used"]:
            document[name] = document["used"].pop(name) or document.get(name)
    for name, sample in zip(("telemetry_at_start", "telemetry_at_end"), telemetry, strict=True):
        if name in attributes:
            document[name] = plain(attributes[name])
        elif sample is not None and attributes.get("capture_telemetry") is not False:
            document[name] = sample
    document["type"] = "task"
    return {key: value for key, value in document.items() if value is not None and value != {}}


def workflow_document(
    *,
    workflow_id: str,
    parent_workflow_id: str | None,
    campaign_id: str | None,
    name: str | None,
    status: str,
    started_at: float | None,
    ended_at: float | None,
    used: dict[str, Any] | None,
    generated: dict[str, Any] | None,
    attributes: dict[str, Any] | None,
) -> dict[str, Any]:
    """The document of a workflow, of what its row or record says; arguments as task_document's."""
    attributes = dict(attributes or {})
    attributes.pop("saved", None)
    if attributes.pop("unnamed", False):
        name = None
    document: dict[str, Any] = {
        "workflow_id": workflow_id,
        "started_at": started_at,
        "status": STATUSES.get(status, "UNKNOWN"),
        "campaign_id": campaign_id,
        "parent_workflow_id": parent_workflow_id,
        "name": name,
        "used": plain(used) if used else None,
        "generated": plain(generated) if generated else None,
        "ended_at": ended_at,
    }
    document.update({key: plain(value) for key, value in attributes.items()})
    document["type"] = "workflow"
    return {key: value for key, value in document.items() if value is not None and value != {}}
