"""Activities, values and objects, added up for a card."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Any

from flowcept.store.moments import seconds

Document = dict[str, Any]


def elapsed_of(record: Document) -> float | None:
    begin, end = seconds(record.get("started_at")), seconds(record.get("ended_at"))
    return None if begin is None or end is None else end - begin


def span_of(records: list[Document]) -> tuple[float | None, float | None]:
    """When the first began and the last ended."""
    begun = [at for one in records if (at := seconds(one.get("started_at"))) is not None]
    ended = [at for one in records if (at := seconds(one.get("ended_at"))) is not None]
    return (min(begun) if begun else None, max(ended) if ended else None)


def activities_of(tasks: list[Document]) -> list[Document]:
    """A row for each activity, in the order in which they first began."""
    members: dict[str, list[Document]] = {}
    for task in tasks:
        members.setdefault(str(task.get("activity_id", "unknown")), []).append(task)
    rows = []
    for name, own in members.items():
        took = [one for task in own if (one := elapsed_of(task)) is not None]
        begin, end = span_of(own)
        rows.append(
            {
                "activity_id": name,
                "n_tasks": len(own),
                "status_counts": dict(Counter(str(task.get("status", "UNKNOWN")) for task in own)),
                "started_at": begin,
                "ended_at": end,
                "elapsed_median": statistics.median(took) if took else None,
                "elapsed_sum": sum(took) if took else None,
                "subtypes": sorted({str(task["subtype"]) for task in own if task.get("subtype")}),
                "hosts": dict(Counter(str(task["hostname"]) for task in own
                                      if task.get("hostname"))),
                "used": fields_of(own, "used"),
                "generated": fields_of(own, "generated"),
                "tasks": own,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (row["started_at"] is None, row["started_at"] or 0))


def fields_of(tasks: list[Document], role: str) -> list[Document]:
    """What is to say of each value that tasks used or generated."""
    values: dict[str, list[Any]] = {}
    for task in tasks:
        own = task.get(role)
        for name, value in own.items() if isinstance(own, dict) else []:
            values.setdefault(name, []).append(value)
    return [_field(name, found, len(tasks)) for name, found in sorted(values.items())]


def _field(name: str, values: list[Any], tasks: int) -> Document:
    row: Document = {"name": name, "presence": len(values) / tasks}
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        row |= {
            "kind": "numeric",
            "min": min(numbers),
            "p50": _quantile(numbers, 0.5),
            "p95": _quantile(numbers, 0.95),
            "max": max(numbers),
        }
    elif all(isinstance(v, str | bool | None) or v in numbers for v in values):
        row |= {"kind": "scalar/categorical", "top": Counter(map(str, values)).most_common(3)}
    elif any(isinstance(v, dict) for v in values):
        keys = Counter(key for v in values if isinstance(v, dict) for key in v)
        row |= {"kind": "dict", "keys": [key for key, _ in keys.most_common(5)]}
    else:
        lengths = [len(v) for v in values if isinstance(v, list)]
        row |= {"kind": "list", "least": min(lengths, default=0), "most": max(lengths, default=0)}
    return row


def _quantile(numbers: list[Any], share: float) -> float:
    ordered = sorted(numbers)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def links_of(tasks: list[Document]) -> list[tuple[str, str]]:
    """Pairs of activities: the second used a value that the first generated, or ran in it."""
    made: dict[tuple[str, str], str] = {}
    by_id = {task.get("task_id"): str(task.get("activity_id")) for task in tasks}
    found: dict[tuple[str, str], None] = {}
    inside: set[tuple[str, str]] = set()  # an activity's own parts feed it in any case
    ordered = sorted(tasks, key=lambda task: seconds(task.get("started_at")) or 0)
    for task in ordered:
        name = str(task.get("activity_id"))
        above = by_id.get(task.get("parent_task_id")) if task.get("parent_task_id") else None
        if above is not None and above != name:
            found[above, name] = None
            inside.add((above, name))
        for value in _values(task, "used"):
            maker = made.get(value)
            if maker is not None and maker != name and (name, maker) not in inside:
                found[maker, name] = None
        for value in _values(task, "generated"):
            made[value] = name
    return list(found)


def _values(task: Document, role: str) -> list[tuple[str, str]]:
    own = task.get(role)
    pairs = own.items() if isinstance(own, dict) else []
    return [(type(v).__name__, str(v)) for _, v in pairs if v not in (None, "", True, False)]


def objects_summary(objects: list[Document]) -> Document:
    sizes = [one["object_size_bytes"] for one in objects
             if isinstance(one.get("object_size_bytes"), int)]  # fmt: skip
    return {
        "total_objects": len(objects),
        "by_type": dict(Counter(str(one.get("object_type", "unknown")) for one in objects)),
        "by_storage": dict(Counter(str(one.get("storage_type", "unknown")) for one in objects)),
        "task_linked": sum(1 for one in objects if one.get("task_id")),
        "workflow_linked": sum(1 for one in objects if one.get("workflow_id")),
        "max_version": max((int(one.get("version") or 0) for one in objects), default=0),
        "total_size_bytes": sum(sizes),
        "avg_size_bytes": sum(sizes) / len(sizes) if sizes else None,
        "max_size_bytes": max(sizes, default=None),
    }


# --- telemetry -----------------------------------------------------------------------------------

# (section, title, path in the telemetry of a task, unit, how tasks add up). A difference of end and
# begin is summed over tasks; a level is averaged, or its largest taken.
METERS: list[tuple[str, str, str, str, str]] = [
    ("CPU", "CPU user time", "cpu.times_avg.user", "s", "difference"),
    ("CPU", "CPU system time", "cpu.times_avg.system", "s", "difference"),
    ("CPU", "Average CPU", "cpu.percent_all", "%", "average"),
    ("CPU", "Average CPU frequency", "cpu.frequency", "MHz", "average"),
    ("Memory", "Memory used, change", "memory.virtual.used", "B", "difference"),
    ("Memory", "Average memory", "memory.virtual.percent", "%", "average"),
    ("Memory", "Swap used, change", "memory.swap.used", "B", "difference"),
    ("Process", "Process CPU user time", "process.cpu_times.user", "s", "difference"),
    ("Process", "Process CPU system time", "process.cpu_times.system", "s", "difference"),
    ("Process", "Largest process RSS", "process.memory.rss", "B", "largest"),
    ("Process", "Process read", "process.io_counters.read_bytes", "B", "difference"),
    ("Process", "Process written", "process.io_counters.write_bytes", "B", "difference"),
    ("Process", "Most threads", "process.num_threads", "", "largest"),
    ("Disk", "Read", "disk.io_sum.read_bytes", "B", "difference"),
    ("Disk", "Written", "disk.io_sum.write_bytes", "B", "difference"),
    ("Network", "Sent", "network.netio_sum.bytes_sent", "B", "difference"),
    ("Network", "Received", "network.netio_sum.bytes_recv", "B", "difference"),
]


def resources_of(tasks: list[Document]) -> tuple[int, dict[str, list[tuple[str, float, str]]]]:
    """How many tasks have telemetry, and {section: [(title, value, unit), ...]}."""
    measured = [t for t in tasks if t.get("telemetry_at_start") and t.get("telemetry_at_end")]
    out: dict[str, list[tuple[str, float, str]]] = {}
    for section, title, path, unit, how in METERS:
        value = _metered(measured, path, how)
        if value is not None:
            out.setdefault(section, []).append((title, value, unit))
    for row in _gpus(measured):
        out.setdefault("GPU", []).append(row)
    return len(measured), out


def _metered(tasks: list[Document], path: str, how: str) -> float | None:
    pairs = [(_at(t["telemetry_at_start"], path), _at(t["telemetry_at_end"], path)) for t in tasks]
    there = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not there:
        return None
    if how == "difference":
        return sum(b - a for a, b in there)
    levels = [b for _, b in there]
    return max(levels) if how == "largest" else sum(levels) / len(levels)


def _at(telemetry: Any, path: str) -> float | None:
    value = telemetry
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _gpus(tasks: list[Document]) -> list[tuple[str, float, str]]:
    names = sorted({name for t in tasks for name in (t["telemetry_at_end"].get("gpu") or {})})
    rows = []
    for name in names:
        for title, key, unit, how in (("memory used, change", "used", "B", "difference"),
                                      ("hottest", "temperature", "°C", "largest"),
                                      ("average power", "power", "mW", "average")):  # fmt: skip
            value = _metered(tasks, f"gpu.{name}.{key}", how)
            if value is not None:
                rows.append((f"{name} {title}", value, unit))
    return rows
