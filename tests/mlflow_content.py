"""What MLflow's own client reads of a store, and what Headrace's store has of the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asked import environment_of, query

STATUS = {
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "cancelled",
    "RUNNING": "running",
}
# MLflow's SQL stores keep an infinity as the greatest double, and give that back.
INFINITE = {"1.7976931348623157e+308": "inf", "-1.7976931348623157e+308": "-inf"}

Runs = dict[str, dict[str, Any]]


def as_mlflow_has_it(read_back: dict[str, Any]) -> Runs:
    out: Runs = {}
    for run_id, run in read_back["runs"].items():
        history = [
            [key, at_ms, step, INFINITE.get(value, value)]
            for key, points in run["metrics"].items()
            for at_ms, step, value in points
        ]
        out[run_id] = {
            "name": run["name"],
            "campaign": run["experiment"],
            "parent": run["parent"],
            "status": STATUS[run["status"]],
            "lifecycle_stage": run["lifecycle_stage"],
            "params": run["params"],
            "tags": run["tags"],
            "begin_ms": run["begin_ms"],
            "end_ms": run["end_ms"],
            "metrics": sorted(history),
        }
    return out


def as_python_writes(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else (value or {})


def as_the_store_has_it(folder: Path) -> Runs:
    environment = environment_of(folder)
    out: Runs = {}
    for row in query(
        "SELECT w.attributes->>'foreign_id' AS id, w.name, w.campaign, w.status, w.used, w.tags, "
        "w.attributes, p.attributes->>'foreign_id' AS parent, epoch_ms(w.started_at) AS begin_ms, "
        "epoch_ms(w.ended_at) AS end_ms FROM workflow w LEFT JOIN workflow p "
        "ON w.parent_workflow_id = p.workflow_id",
        environment,
    ):
        attributes = loaded(row["attributes"])
        of_mlflow = {k: v for k, v in attributes.items() if k.startswith("mlflow.")}
        used = loaded(row["used"])
        out[row["id"]] = {
            "name": row["name"],
            "campaign": row["campaign"],
            "parent": row["parent"],
            "status": row["status"],
            "lifecycle_stage": attributes["lifecycle_stage"],
            "params": {key: as_python_writes(value) for key, value in used.items()},
            "tags": loaded(row["tags"]) | of_mlflow,
            "begin_ms": row["begin_ms"],
            "end_ms": row["end_ms"],
            "metrics": [],
        }
    for row in query(
        "SELECT w.attributes->>'foreign_id' AS id, l.metrics, epoch_ms(l.time) AS at_ms "
        "FROM log l JOIN workflow w USING (workflow_id)",
        environment,
    ):
        if row["id"] not in out:
            continue  # its run came between the two questions
        values = loaded(row["metrics"])
        step = values.pop("step")
        ((key, value),) = values.items()
        number = float(value["$float"]) if isinstance(value, dict) else float(value)
        out[row["id"]]["metrics"].append([key, row["at_ms"], step, str(number)])
    for run in out.values():
        run["metrics"].sort()
    return out
