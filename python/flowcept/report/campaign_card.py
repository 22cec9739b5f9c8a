"""The card of several workflows: runs of one beside each other, or a pipeline of different ones."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

from flowcept.report import card, figures
from flowcept.report.writing import duration, footer, moment, short, table

Document = dict[str, Any]


def campaign_card(dataset: Document) -> Document:
    """{"markdown", "tasks", "activities", "objects", "workflows"} of {campaign_id, workflows,
    tasks, objects}."""
    workflows, tasks, objects = dataset["workflows"], dataset["tasks"], dataset["objects"]
    names = {one.get("name") for one in workflows}
    is_replicated = len(names) == 1
    title = "Replicated Runs" if is_replicated else "Pipeline"
    activities = figures.activities_of(tasks)
    lines = [f"# Campaign Workflow Card — {title}", ""]
    lines += _opening(dataset, title, activities)
    runs = [_run(workflow, tasks) for workflow in workflows]
    if is_replicated:
        lines += [f"- **Workflow name:** `{short(next(iter(names)) or '~')}`", ""]
        lines += _timing(runs) + _trend(runs)
    else:
        lines += _details(runs)
    lines += _hosts(activities, len(workflows))
    lines += ["### Workflow Structure", "", *card.structure(tasks, activities)]
    lines += ["### Resource Usage", "", *card.resources(tasks)]
    lines += card.activity_section(activities)
    lines += card.artefacts(objects)
    lines += ["---", footer(), ""]
    return {
        "markdown": "\n".join(lines),
        "tasks": len(tasks),
        "activities": len(activities),
        "objects": len(objects),
        "workflows": len(workflows),
    }


def _opening(dataset: Document, title: str, activities: list[Document]) -> list[str]:
    workflows, tasks = dataset["workflows"], dataset["tasks"]
    begin, end = figures.span_of([*workflows, *tasks])
    took = None if begin is None or end is None else end - begin
    users = sorted({str(one["user"]) for one in workflows if one.get("user")})
    statuses = dict(Counter(str(task.get("status", "UNKNOWN")) for task in tasks))
    return [
        "## 1. Workflow", "",
        f"- **name:** `{short(dataset.get('campaign_id') or '~')}`",
        f"- **description:** {len(workflows)} workflows, {len(tasks)} tasks", "",
        "## 2. Summary", "",
        f"- **campaign_id:** {short(dataset.get('campaign_id') or '~')}",
        f"- **Type:** {title}",
        f"- **workflow_runs:** {len(workflows)}",
        f"- **started_at:** `{moment(begin)} (UTC)`",
        f"- **ended_at:** `{moment(end)} (UTC)`",
        f"- **duration:** `{duration(took)}` (s)",
        f"- **user:** {', '.join(users) or '~'}", "",
        "## Campaign-level Summary", "",
        f"- **Total Workflows:** `{len(workflows)}`",
        f"- **Total Activities:** `{len(activities)}`",
        f"- **Total Tasks:** `{len(tasks)}`",
        f"- **Status Counts:** `{statuses}`",
        f"- **Total Elapsed (s):** `{duration(took)}`", "",
    ]  # fmt: skip


def _run(workflow: Document, tasks: list[Document]) -> Document:
    own = [task for task in tasks if task.get("workflow_id") == workflow.get("workflow_id")]
    begin, end = figures.span_of([workflow, *own])
    return {
        "workflow": workflow,
        "tasks": own,
        "begin": begin,
        "end": end,
        "elapsed": None if begin is None or end is None else end - begin,
        "failed": sum(1 for task in own if task.get("status") == "ERROR"),
    }


def _timing(runs: list[Document]) -> list[str]:
    rows = [
        [number, run["workflow"].get("workflow_id"), len(run["tasks"]), run["failed"],
         moment(run["begin"]), duration(run["elapsed"])]
        for number, run in enumerate(runs, 1)
    ]  # fmt: skip
    names = ["Run", "Workflow", "Tasks", "Failed", "Started", "Elapsed (s)"]
    return ["## Run Timing Report", "", *table(names, rows)]


def _trend(runs: list[Document]) -> list[str]:
    took = [run["elapsed"] for run in runs if run["elapsed"] is not None]
    if not took:
        return []
    change = took[-1] - took[0]
    how = "slower" if change > 0 else "faster"
    return [
        "## Timing Trend", "",
        f"- **Fastest run:** {duration(min(took))} s",
        f"- **Slowest run:** {duration(max(took))} s",
        f"- **Median run:** {duration(statistics.median(took))} s",
        f"- **First → last:** {duration(abs(change))} s {how}", "",
    ]  # fmt: skip


def _details(runs: list[Document]) -> list[str]:
    lines = ["## Per-workflow Details", ""]
    for run in runs:
        workflow = run["workflow"]
        lines += [
            f"### {short(workflow.get('name') or workflow.get('workflow_id'))}", "",
            f"- **Workflow ID:** `{workflow.get('workflow_id')}`",
            f"- **Tasks:** {len(run['tasks'])}, {run['failed']} failed",
            f"- **Elapsed:** {duration(run['elapsed'])} s",
            f"- **Started:** {moment(run['begin'])} UTC",
            f"- **Ended:** {moment(run['end'])} UTC", "",
        ]  # fmt: skip
    return lines


def _hosts(activities: list[Document], runs: int) -> list[str]:
    hosts: Counter[str] = Counter()
    for row in activities:
        hosts.update(row["hosts"])
    if not hosts:
        return []
    lines = ["## Execution Hosts", "", f"- **Unique hosts:** {len(hosts)}"]
    lines += [f"- **Total runs:** {runs}", ""]
    return lines + table(["Host", "Tasks"], [[host, n] for host, n in hosts.most_common()])
