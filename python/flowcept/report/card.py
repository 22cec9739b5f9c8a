"""The card of one workflow: the same sections as Flowcept's own."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flowcept.report import figures
from flowcept.report.writing import duration, footer, moment, quantity, short, size, table

Document = dict[str, Any]

MOST_OBJECTS = 5  # of a type
MOST_LINKS = 40


def workflow_card(dataset: Document) -> Document:
    """{"markdown", "tasks", "activities", "objects"} of {workflow, tasks, objects}."""
    workflow, tasks, objects = dataset["workflow"], dataset["tasks"], dataset["objects"]
    activities = figures.activities_of(tasks)
    lines = _opening(workflow, tasks, activities)
    lines += _infrastructure(workflow, activities)
    lines += _overview(workflow, tasks, activities)
    lines += activity_section(activities)
    lines += artefacts(objects)
    if any(row["n_tasks"] > 1 for row in activities):
        lines += [
            "## Aggregation Method", "",
            "- One row per `activity_id`; a row may stand for several tasks (`n_tasks`).",
            "- Times: median over tasks. Values: quantiles for numbers, the commonest for others.",
            "",
        ]  # fmt: skip
    lines += ["---", footer(), ""]
    return {
        "markdown": "\n".join(lines),
        "tasks": len(tasks),
        "activities": len(activities),
        "objects": len(objects),
    }


def _said(name: str, value: Any) -> list[str]:
    return [] if value in (None, "", {}, []) else [f"- **{name}:** `{short(value)}`"]


def _opening(workflow: Document, tasks: list[Document], activities: list[Document]) -> list[str]:
    name = workflow.get("name")
    begin, end = figures.span_of([workflow, *tasks])
    count = len(activities)
    told = f"{len(tasks)} tasks of {count} activities"
    lines = [
        f"# Workflow Card: {short(name)}" if name else "# Workflow Card",
        "",
        "## 1. Workflow",
        "",
    ]
    lines += _said("name", name or workflow.get("workflow_id"))
    lines += _said("description", workflow.get("workflow_description") or told)
    lines += _said("type", workflow.get("subtype"))
    lines += ["", "## 2. Summary", ""]
    lines += _said("execution_id", workflow.get("workflow_id"))
    lines += _said("campaign_id", workflow.get("campaign_id"))
    lines += _said("parent_workflow_id", workflow.get("parent_workflow_id"))
    lines += _said("version", workflow.get("flowcept_version"))
    lines += _said("started_at (UTC)", moment(begin))
    lines += _said("ended_at (UTC)", moment(end))
    took = None if begin is None or end is None else end - begin
    lines += _said("duration", duration(took))
    lines += _said("status", workflow.get("status"))
    lines += _said("user", workflow.get("user"))
    code = workflow.get("code_repository") or {}
    for key in ("remote", "branch", "short_sha", "dirty"):
        lines += _said(f"entrypoint.{key}", code.get(key))
    return [*lines, ""]


def _infrastructure(workflow: Document, activities: list[Document]) -> list[str]:
    lines = ["## 3. Infrastructure", ""]
    hosts: Counter[str] = Counter()
    for row in activities:
        hosts.update(row["hosts"])
    machines = workflow.get("machine_info") or {}
    machine = next((one for one in machines.values() if isinstance(one, dict)), {})
    platform = machine.get("platform") or {}
    lines += _said("hosts", ", ".join(f"{host} ({n} tasks)" for host, n in hosts.most_common(10)))
    lines += _said("system", workflow.get("sys_name") or platform.get("system"))
    lines += _said("environment_id", workflow.get("environment_id"))
    lines += _said("cpu", (machine.get("cpu") or {}).get("brand_raw"))
    lines += _said("release", platform.get("release"))
    total = ((machine.get("memory") or {}).get("virtual") or {}).get("total")
    lines += _said("memory", None if total is None else size(total))
    version = workflow.get("flowcept_version")
    lines += _said("primary_software", f"Flowcept {version}" if version else None)
    return [*lines, ""]


def _overview(workflow: Document, tasks: list[Document], activities: list[Document]) -> list[str]:
    begin, end = figures.span_of(tasks)
    statuses = dict(Counter(str(task.get("status", "UNKNOWN")) for task in tasks))
    lines = ["## 4. Workflow Overview", "", "### 4.1 Run Summary", ""]
    lines += [f"- **total_activities:** `{len(activities)}`", f"- **status_counts:** `{statuses}`"]
    lines += [f"- **Total Activities:** `{len(activities)}`", f"- **Status Counts:** `{statuses}`"]
    took = None if begin is None or end is None else end - begin
    lines += [f"- **Total Elapsed Workflow Time (s):** `{duration(took)}`"]
    for title, role in (("significant inputs", "used"), ("significant outputs", "generated")):
        own = workflow.get(role)
        if isinstance(own, dict) and own:
            lines.append(f"- **{title}:**")
            lines += [f"  - `{short(name)}`: `{short(value)}`" for name, value in own.items()]
    lines += ["", "### 4.2 Workflow Structure", ""]
    lines += structure(tasks, activities)
    lines += ["### 4.3 Resource Usage", ""]
    lines += resources(tasks)
    lines += ["### 4.4 Observations", "", *observations(tasks, activities), ""]
    return lines


def structure(tasks: list[Document], activities: list[Document]) -> list[str]:
    """What feeds what, by equal values and by which task ran in which."""
    if not activities:
        return ["*No tasks were recorded.*", ""]
    links = figures.links_of(tasks)
    lines = ["```text"]
    for row in activities:
        name = row["activity_id"]
        into = [target for source, target in links if source == name][:MOST_LINKS]
        count = f" \u00d7{row['n_tasks']}" if row["n_tasks"] > 1 else ""
        lines.append(f"{short(name, 60)}{count}" + (" ──► " + ", ".join(into) if into else ""))
    return [*lines, "```", ""]


def resources(tasks: list[Document]) -> list[str]:
    measured, sections = figures.resources_of(tasks)
    if not measured:
        return ["*Resource telemetry was not captured.*", ""]
    lines = ["#### Overview", ""]
    lines += table(["Metric", "Value"], [["Tasks with telemetry at begin and end", measured]])
    for name in ("CPU", "Memory", "Process", "GPU", "Disk", "Network"):
        rows = [[title, quantity(value, unit)] for title, value, unit in sections.get(name, [])]
        if rows:
            lines += [f"#### {name}", "", *table(["Metric", "Value"], rows)]
    return lines


def observations(tasks: list[Document], activities: list[Document]) -> list[str]:
    lines = []
    timed = [row for row in activities if row["elapsed_median"] is not None]
    if timed:
        slowest = max(timed, key=lambda row: row["elapsed_median"])
        took = duration(slowest["elapsed_median"])
        lines.append(f"- Slowest activity: `{slowest['activity_id']}`, {took} s at the median.")
        most = max(timed, key=lambda row: row["elapsed_sum"])
        whole = sum(row["elapsed_sum"] for row in timed)
        if whole > 0:
            share = 100 * most["elapsed_sum"] / whole
            lines.append(f"- Most time: `{most['activity_id']}`, {share:.0f} % of all task time.")
    failed = [task for task in tasks if task.get("status") == "ERROR"]
    if failed:
        said = Counter(short(task.get("stderr") or "no message", 120) for task in failed)
        why = "; ".join(f"{text} (\u00d7{n})" for text, n in said.most_common(3))
        lines.append(f"- {len(failed)} of {len(tasks)} tasks failed: {why}")
    return lines or ["- Nothing stands out."]


def activity_section(activities: list[Document]) -> list[str]:
    lines = ["## 5. Activities", "", "### Timing Report", ""]
    if not activities:
        return [*lines, "*No tasks were recorded.*", ""]
    rows = [
        [row["activity_id"], row["n_tasks"], row["status_counts"], moment(row["started_at"]),
         moment(row["ended_at"]), duration(row["elapsed_median"])]
        for row in activities
    ]  # fmt: skip
    lines += ["By when each first began.", ""]
    lines += table(["Activity", "Tasks", "Status Counts", "First Started At", "Last Ended At",
                    "Median Elapsed (s)"], rows)  # fmt: skip
    timed = sorted((row for row in activities if row["elapsed_median"] is not None),
                   key=lambda row: -row["elapsed_median"])  # fmt: skip
    if timed:
        lines += ["### Interpretation & Insights", ""]
        for title, some in (("Slowest", timed[:3]), ("Fastest", timed[::-1][:3])):
            told = ", ".join(f"`{row['activity_id']}` ({duration(row['elapsed_median'])} s)"
                             for row in some)  # fmt: skip
            lines.append(f"- {title} activities: {told}")
        lines.append("")
    lines += ["### Per Activity Details", ""]
    for row in activities:
        lines += _activity(row)
    lines += _activity_resources(activities)
    return lines


def _activity(row: Document) -> list[str]:
    lines = [f"### Activity: `{short(row['activity_id'])}`", ""]
    lines += _said("name", row["activity_id"])
    lines += _said("subtype", ", ".join(row["subtypes"]))
    lines += _said("task_count", row["n_tasks"])
    lines += _said("started_at (UTC)", moment(row["started_at"]))
    lines += _said("ended_at (UTC)", moment(row["ended_at"]))
    lines += _said("duration", duration(row["elapsed_median"]))
    lines += _said("status", row["status_counts"])
    if row["hosts"]:
        lines.append("- **hosts:**")
        lines += [f"  - `{host}`: {n} task(s)" for host, n in row["hosts"].items()]
    for title, role in (("inputs", "used"), ("outputs", "generated")):
        if row[role]:
            lines.append(f"- **{title}:**")
            lines += [f"  - {_field(field)}" for field in row[role]]
    return [*lines, ""]


def _field(field: Document) -> str:
    told = [f"presence={100 * field['presence']:.1f}%", f"type={field['kind']}"]
    if field["kind"] == "numeric":
        told += [f"{name}={field[name]:.6g}" for name in ("min", "p50", "p95", "max")]
    elif field["kind"] == "scalar/categorical":
        told.append(
            "top_values=" + ", ".join(f"{short(v, 60)} (\u00d7{n})" for v, n in field["top"])
        )
    elif field["kind"] == "dict":
        told.append("keys=" + ", ".join(short(key, 40) for key in field["keys"]))
    else:
        told.append(f"length={field['least']}..{field['most']}")
    return f"`{short(field['name'])}`: " + "; ".join(told)


def _activity_resources(activities: list[Document]) -> list[str]:
    rows = []
    for row in activities:
        measured, sections = figures.resources_of(row["tasks"])
        if not measured:
            continue
        found = {title: quantity(value, unit) for section in sections.values()
                 for title, value, unit in section}  # fmt: skip
        rows.append([row["activity_id"], measured,
                     *(found.get(title, "~") for title in _RESOURCES)])  # fmt: skip
    if not rows:
        return []
    names = ["Activity", "Tasks", *_RESOURCES]
    return ["### Per-activity Resource Usage", "", *table(names, rows)]


_RESOURCES = ("CPU user time", "Average CPU", "Memory used, change", "Read", "Written", "Sent")


def artefacts(objects: list[Document]) -> list[str]:
    lines = ["## 6. Significant Workflow Artifacts", ""]
    if not objects:
        return [*lines, "*No object artifacts were recorded for this run.*", ""]
    summary = figures.objects_summary(objects)
    lines += ["### Object Artifacts Summary", ""]
    lines += table(
        ["Metric", "Value"],
        [
            ["Total Objects", summary["total_objects"]],
            ["By Type", summary["by_type"]],
            ["By Storage", summary["by_storage"]],
            ["Task-linked Objects", summary["task_linked"]],
            ["Workflow-linked Objects", summary["workflow_linked"]],
            ["Max Version", summary["max_version"]],
            ["Total Size", size(summary["total_size_bytes"])],
            ["Average Size", size(summary["avg_size_bytes"])],
            ["Max Size", size(summary["max_size_bytes"])],
        ],
    )
    lines += ["### Object Details by Type", ""]
    for kind in sorted(summary["by_type"]):
        own = [one for one in objects if str(one.get("object_type", "unknown")) == kind]
        own.sort(key=lambda one: -(one.get("updated_at") or one.get("created_at") or 0))
        lines += [f"#### {short(kind)} ({len(own)})", ""]
        lines += table(
            ["Object", "Version", "Size", "SHA-256", "Tags"],
            [[one.get("object_id"), one.get("version", 0), size(one.get("object_size_bytes")),
              str(one.get("data_sha256") or "~")[:12], ", ".join(one.get("tags") or []) or "~"]
             for one in own[:MOST_OBJECTS]],
        )  # fmt: skip
    return lines
