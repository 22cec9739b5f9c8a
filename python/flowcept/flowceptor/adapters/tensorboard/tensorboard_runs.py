"""TensorBoard's runs as task documents, made of what `headrace import tensorboard` took in."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from time import time
from typing import Any

from flowcept.store import asking
from flowcept.store.asking import seconds, sql_text
from flowcept.store.values import plain

_EVENT_FILES = "*tfevents*"
_STATUSES = {"failed": "ERROR", "cancelled": "ERROR"}


def documents(
    folder: str, tags: Collection[str], place: dict[str, Any], *, is_last: bool
) -> list[dict[str, Any]]:
    """A document of each run in the folder or below it that has values and has ended, with
    `is_last` of those that go on too. `tags` are of scalars, hparams, tensors; `place` says where
    the tasks belong whose hyperparameters do not."""
    rows = _runs(Path(folder).resolve())
    if not is_last:
        rows = [row for row in rows if row["status"] != "running"]
    generated = _last_values([row["id"] for row in rows], tags)
    out = []
    for row in rows:
        hparams = plain(row["used"] or {})
        document = _document(row, hparams, place)
        document["used"] = hparams if "hparams" in tags else {}
        document["generated"] = generated.get(row["id"], {})
        if document["task_id"] and (document["used"] or document["generated"]):
            out.append(document)
    return out


def _runs(folder: Path) -> list[dict[str, Any]]:
    found = asking.select(
        "workflows",
        documents=[{"attributes.log_folder": {"$exists": True}}],
        columns=["id", "status", "started_at", "ended_at", "used", "attributes"],
        sort=["started"],
    )
    return [
        row for row in found if Path(str(row["attributes"]["log_folder"])).is_relative_to(folder)
    ]


def _document(
    row: dict[str, Any], hparams: dict[str, Any], place: dict[str, Any]
) -> dict[str, Any]:
    """All but its values. What the hyperparameters say of the task's place is taken from them."""
    log_path = Path(str(row["attributes"]["log_folder"]))
    files = sorted(file.name for file in log_path.glob(_EVENT_FILES) if file.is_file())
    told = {name: hparams.pop(name, None) for name in ("workflow_id", "activity_id")}
    document = {
        **place,
        **{name: str(value) for name, value in told.items() if value is not None},
        "type": "task",
        "adapter_id": "tensorboard",
        "started_at": seconds(row["started_at"]),
        "ended_at": seconds(row["ended_at"]),
        "utc_timestamp": time(),
        "status": _STATUSES.get(row["status"], "FINISHED"),
        "custom_metadata": {"event_file": log_path.name, "log_path": str(log_path)},
    }
    document = {name: value for name, value in document.items() if value is not None}
    return document | {"task_id": files[0] if files else None}


def _last_values(rows: list[str], tags: Collection[str]) -> dict[str, dict[str, Any]]:
    """{row: {tag: its last scalar or tensor}}"""
    if not rows or not {"scalars", "tensors"} & set(tags):
        return {}
    # Each row of metrics has one tag beside its step.
    last = asking.sql(
        "SELECT workflow_id, arg_max(metrics, {'at': time, "  # noqa: S608 - own ids
        "'step': TRY_CAST(metrics->>'step' AS BIGINT)}) AS metrics FROM log "
        f"WHERE stream = 'metric' AND workflow_id IN ({', '.join(map(sql_text, rows))}) "
        "GROUP BY workflow_id, json_keys(metrics) ORDER BY ALL"
    )
    out: dict[str, dict[str, Any]] = {}
    for one in last:
        for tag, value in one["metrics"].items():
            if tag != "step" and _is_wanted(value, tags):
                out.setdefault(str(one["workflow_id"]), {})[tag] = plain(value)
    return out


def _is_wanted(value: Any, tags: Collection[str]) -> bool:
    # A scalar may be written as a tensor; which it was, the store does not say.
    return not isinstance(value, dict) or ("tensors" in tags and value.get("type") == "tensor")
