"""How soon a page that is open shows that a task has ended, of a training that really runs: from
the end of the task in its process, through its spool, the server and its stream of changes, to the
row in the browser."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from asked import NODE, ROOT, environment_of
from served import Served, serving, until

PROGRAM = Path(__file__).with_name("live_program.py")
MOST_MS = 1000.0
TASK_S = 0.23  # no multiple of any period here
STEPS = ("noticed_ms", "told_ms", "asked_ms", "answered_ms", "row_ms")


def rank(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def watched(served: Served, environment: dict[str, str], tasks: int) -> list[dict[str, float]]:
    program = subprocess.Popen(
        [sys.executable, PROGRAM, str(tasks), str(TASK_S)],
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: served.ask("/api/v1/tasks?workflow=watched").status == 200)
        workflow = served.ask("/api/v1/workflows?limit=1&columns=workflow_id").json()["rows"][0][0]
        url = f"http://127.0.0.1:{served.port}/workflow/{workflow}"
        reader = subprocess.Popen(
            [NODE if NODE.exists() else "node", "script/live_rows.mjs", url, served.cookie],
            cwd=ROOT / "web",
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert reader.stdout is not None and program.stdin is not None
            assert reader.stdout.readline().strip() == "watching"
            program.stdin.close()
            said = reader.communicate(timeout=120)[0]
            assert reader.returncode == 0
        finally:
            reader.kill()
            reader.wait()
        program.wait(timeout=60)
    finally:
        program.kill()
        program.wait()
    out: list[dict[str, float]] = json.loads(said)
    return out


def live_row(tasks: int) -> dict[str, Any]:
    """The row "live, end of task to row": how late each row was, and after which steps."""
    with tempfile.TemporaryDirectory(prefix="headrace-bench-") as place:
        environment = environment_of(Path(place) / ".headrace")
        Path(place, ".headrace").mkdir()
        with serving(Path(place)) as served:
            served.open()
            seen = watched(served, environment, tasks)
            late = [one["row_ms"] for one in seen]
    return {
        "row": "live, end of task to row",
        "tasks": len(late),
        "live_p50_ms": rank(late, 0.5),
        "live_p95_ms": rank(late, 0.95),
        "live_max_ms": max(late),
        "steps_p50_ms": {step: rank([one[step] for one in seen], 0.5) for step in STEPS},
        "steps_p95_ms": {step: rank([one[step] for one in seen], 0.95) for step in STEPS},
        "most": {"live_p95_ms": MOST_MS},
    }
