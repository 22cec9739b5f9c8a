"""What there is to say of many documents at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowcept.store import agents, asking, tasks
from flowcept.store.finding import find, of_rows
from flowcept.store.matching import Document, reached
from flowcept.store.words import SAID_AS


def of_tasks(filter: Mapping[str, Any] | None) -> Document:
    """{count, status_counts, activity_stats, time_range} of the tasks that pass; seconds."""
    rows = _by_the_store(filter)
    if rows is None:
        rows = list(_by_hand(find("tasks", filter, _FIELDS)))
    status_counts: dict[str, int] = {}
    activities: dict[str, Document] = {}
    for row in rows:
        status, count = row["status"] or "UNKNOWN", row["count"]
        status_counts[status] = status_counts.get(status, 0) + count
        one = activities.setdefault(
            str(row["activity_id"]),
            {"activity_id": row["activity_id"], "count": 0, "status_counts": {},
             "avg_duration": None, "min_duration": None, "max_duration": None,
             "sum_duration": None, "timed": 0},
        )  # fmt: skip
        one["count"] += count
        one["status_counts"][status] = one["status_counts"].get(status, 0) + count
        one["timed"] += row["timed"]
        one["min_duration"] = _least(one["min_duration"], row["min_duration"])
        one["max_duration"] = _most(one["max_duration"], row["max_duration"])
        if row["sum_duration"] is not None:
            one["sum_duration"] = (one["sum_duration"] or 0) + row["sum_duration"]
    for one in activities.values():
        timed = one.pop("timed")
        if timed and one["sum_duration"] is not None:
            one["avg_duration"] = one["sum_duration"] / timed
    return {
        "count": sum(row["count"] for row in rows),
        "status_counts": status_counts,
        "activity_stats": sorted(activities.values(), key=lambda one: str(one["activity_id"])),
        "time_range": {
            "min_started_at": _least(*(row["min_started_at"] for row in rows)),
            "max_ended_at": _most(*(row["max_ended_at"] for row in rows)),
        },
    }


_FIELDS = ["task_id", "activity_id", "status", "started_at", "ended_at"]


def _least(*values: Any) -> Any:
    there = [value for value in values if value is not None]
    return min(there) if there else None


def _most(*values: Any) -> Any:
    there = [value for value in values if value is not None]
    return max(there) if there else None


def _by_the_store(filter: Mapping[str, Any] | None) -> list[Document] | None:
    narrowed = of_rows("tasks", filter)
    if not narrowed.is_exact or tasks.brings_times(narrowed):
        return None
    rows = asking.select(
        "tasks",
        documents=[narrowed.document],
        group_by=["activity", "status"],
        aggregates=[
            ("count", "", "count"),
            ("count", "duration", "timed"),
            ("min", "duration", "min_duration"),
            ("max", "duration", "max_duration"),
            ("sum", "duration", "sum_duration"),
            ("min", "started", "min_started_at"),
            ("max", "ended", "max_ended_at"),
        ],
    )
    return [
        row
        | {
            "activity_id": row["activity"],
            "status": SAID_AS.get(row["status"], "UNKNOWN"),
            "min_started_at": asking.seconds(row["min_started_at"]),
            "max_ended_at": asking.seconds(row["max_ended_at"]),
        }
        for row in rows
    ]


def _by_hand(documents: list[Document]) -> Iterable[Document]:
    for document in documents:
        begin, end = document.get("started_at"), document.get("ended_at")
        took = None if begin is None or end is None else end - begin
        yield {
            "activity_id": document.get("activity_id"),
            "status": document.get("status"),
            "count": 1,
            "timed": 0 if took is None else 1,
            "min_duration": took,
            "max_duration": took,
            "sum_duration": took,
            "min_started_at": begin,
            "max_ended_at": end,
        }


def campaigns(campaign_id: str | None = None) -> list[Document]:
    """Campaigns as they appear in workflows and tasks, the latest first."""
    filter = {"campaign_id": campaign_id if campaign_id else {"$exists": True}}
    out: dict[str, Document] = {}

    def campaign(name: str) -> Document:
        return out.setdefault(
            name,
            {"campaign_id": name, "workflow_count": 0, "task_count": 0, "users": set(),
             "workflow_names": set(), "first_ts": None, "last_ts": None},
        )  # fmt: skip

    for document in find("workflows", filter):
        one = campaign(document["campaign_id"])
        one["workflow_count"] += 1
        one["users"].update(filter_none(document.get("user")))
        one["workflow_names"].update(filter_none(document.get("name")))
        at = [document.get(name) for name in ("utc_timestamp", "started_at", "ended_at")]
        one["first_ts"] = _least(one["first_ts"], *at)
        one["last_ts"] = _most(one["last_ts"], *at)
    for document in find("tasks", filter, ["campaign_id", "started_at", "ended_at"]):
        one = campaign(document["campaign_id"])
        one["task_count"] += 1
        at = [document.get("started_at"), document.get("ended_at")]
        one["first_ts"] = _least(one["first_ts"], *at)
        one["last_ts"] = _most(one["last_ts"], *at)
    for one in out.values():
        one["users"] = sorted(one["users"])
        one["workflow_names"] = sorted(one["workflow_names"])
    return sorted(out.values(), key=lambda one: -(one["last_ts"] or float("-inf")))


def filter_none(value: Any) -> list[Any]:
    return [] if value is None else [value]


def acting(filter: Mapping[str, Any] | None = None) -> list[Document]:
    """Agents that tasks name, with what those did; the one registered last first."""
    known = {document["agent_id"]: document for document in find("agents", filter)}
    if not known:
        return []
    named = ["agent_id", "source_agent_id", "activity_id", "campaign_id", "workflow_id",
             "registered_at", "started_at", "ended_at"]  # fmt: skip
    done: dict[str, list[Document]] = {}
    for document in find("tasks", {"agent_id": {"$in": list(known)}}, named):
        done.setdefault(document["agent_id"], []).append(document)
    out = []
    for agent_id, members in done.items():
        agent = known[agent_id]
        out.append(
            {
                "agent_id": agent_id,
                "task_count": len(members),
                "activities": _all_of(members, "activity_id"),
                "source_agent_ids": _all_of(members, "source_agent_id"),
                "campaign_ids": _all_of(members, "campaign_id"),
                "workflow_ids": _all_of(members, "workflow_id"),
                "last_active": _most(
                    *(m.get("registered_at") or m.get("ended_at") or m.get("started_at")
                      for m in members)
                ),
                "name": agent.get("name"),
                "workflow_id": agent.get("workflow_id"),
                "registered_at": agent.get("registered_at"),
            }
        )  # fmt: skip
    return sorted(out, key=lambda one: -(one["registered_at"] or float("-inf")))


def _all_of(members: list[Document], field: str) -> list[Any]:
    return sorted({member[field] for member in members if member.get(field)})


def series(
    filter: Mapping[str, Any] | None, fields: list[str], x_field: str, limit: int
) -> list[Document]:
    """A row a task: x_field, task_id, activity_id and each of the dotted `fields`, by x_field."""
    asked = ["task_id", "activity_id", x_field, *fields]
    rows = []
    for document in find("tasks", filter, asked, limit=limit):
        row = {name: _one(document, name) for name in (x_field, "task_id", "activity_id")}
        rows.append(row | {name: _one(document, name) for name in fields})
    return sorted(rows, key=lambda row: (row[x_field] is None, row[x_field]))


def _one(document: Document, name: str) -> Any:
    found = reached(document, name.split("."))
    return found[0] if len(found) == 1 else found or None


def agents_without_tasks() -> list[dict[str, Any]]:
    """Rows of agents that no task names."""
    busy = {one["agent_id"] for one in acting()}
    return [row for row in agents.rows() if agents.document_of(row)["agent_id"] not in busy]
