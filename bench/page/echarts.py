"""The same bars in an ECharts page, as the peer's timeline is made."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from asked import environment_of, query

HERE = Path(__file__).resolve().parent
COLOURS = ["#2a6fdb", "#6b2a2a", "#7a5a10", "#2a9d68", "#b463a8", "#a38a18", "#2a2abf", "#4a5058"]


def script_of(folder: Path, workflow: str) -> str:
    """The tasks of a workflow as a script that a page loads: lanes, and bars in milliseconds."""
    rows = query(
        "SELECT workflow_id, concat(pid, '/', thread) AS lane, activity, "
        "epoch_ns(started_at) AS begin_ns, epoch_ns(ended_at) AS end_ns FROM task",
        environment_of(folder / ".headrace"),
    )
    rows = [row for row in rows if row["workflow_id"] == workflow]
    lanes = sorted({str(row["lane"]) for row in rows})
    activities = sorted({str(row["activity"]) for row in rows})
    lane_of = {lane: i for i, lane in enumerate(lanes)}
    colour_of = {activity: i for i, activity in enumerate(activities)}
    least = min(row["begin_ns"] for row in rows)
    bars = [
        [
            lane_of[row["lane"]],
            (row["begin_ns"] - least) / 1e6,
            (row["end_ns"] - least) / 1e6,
            colour_of[row["activity"]],
        ]
        for row in rows
    ]
    return f"const made = {json.dumps({'lanes': lanes, 'colours': COLOURS, 'bars': bars})};\n"


def echarts_row(
    folder: Path, workflow: str, seen: Callable[[str, str], dict[str, float]]
) -> dict[str, Any]:
    """One opening: a second one takes as long again. Installs ECharts where it is not there."""
    library = HERE / "node_modules/echarts/dist/echarts.min.js"
    if not library.exists():
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as place:
        for file in (library, HERE / "echarts.html"):
            shutil.copy(file, place)
        (Path(place) / "bars.js").write_text(script_of(folder, workflow))
        return {"row": "ECharts, the same tasks", **seen(f"file://{place}/echarts.html", "#chart")}
