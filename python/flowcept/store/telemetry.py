"""What was measured when a task began and ended.

Readings stand in the log, one row each time, as the metric `flowcept_telemetry` of a workflow. A
document has the last one at or before its begin and its end.
"""

from __future__ import annotations

import bisect
from typing import Any

from flowcept.store import asking
from flowcept.store.matching import Document
from flowcept.store.values import plain

METRIC = "flowcept_telemetry"


def add(documents: list[Document], rows: list[dict[str, Any]]) -> None:
    """Gives `documents` their telemetry, each made of the row at the same place."""
    wanted = {
        row["workflow_id"]
        for document, row in zip(documents, rows, strict=True)
        if row.get("workflow_id") and document.get("capture_telemetry") is not False
    }
    readings = _readings(wanted)
    for document, row in zip(documents, rows, strict=True):
        if document.get("capture_telemetry") is False:
            continue
        own = readings.get(row.get("workflow_id") or "")
        if own is None:
            continue
        for name, at in (("telemetry_at_start", row.get("started_at")),
                         ("telemetry_at_end", row.get("ended_at"))):  # fmt: skip
            reading = own.at(at)
            if reading is not None and name not in document:
                document[name] = reading


class _Readings:
    """Of one workflow, by time."""

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: list[Any] = []

    def at(self, ns: int | None) -> Any:
        """The last at or before `ns`, or the first of all where none is."""
        if ns is None or not self.times:
            return None
        place = bisect.bisect_right(self.times, ns) - 1
        return plain(self.values[max(0, place)])


def _readings(workflows: set[str]) -> dict[str, _Readings]:
    if not workflows:
        return {}
    ids = ", ".join(asking.sql_text(one) for one in sorted(workflows))
    found = asking.sql(
        "SELECT workflow_id::VARCHAR AS workflow, time, metrics FROM log "  # noqa: S608 - own ids
        f"WHERE stream = 'metric' AND workflow_id IN ({ids}) "
        f"AND json_exists(metrics, '$.{METRIC}') ORDER BY time"
    )
    out: dict[str, _Readings] = {}
    for row in found:
        one = out.setdefault(row["workflow"], _Readings())
        one.times.append(row["time"])
        one.values.append(row["metrics"][METRIC])
    return out
