"""Runs a program with real packages under capture, and gives what was recorded of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import headrace as hr
from asked import environment_of
from environments import ROOT

Task = dict[str, Any]


@dataclass
class Ran:
    """What a program printed in its last line as JSON, and the folder that it recorded into."""

    said: Any
    folder: Path
    stderr: str

    def tasks(self, activity: str) -> list[Task]:
        """Those of this activity, by their beginning."""
        return list(hr.open(self.folder).tasks.where(activity=activity).sort("started"))

    def children(self, of: Task, activity: str) -> list[Task]:
        return [t for t in self.tasks(activity) if t["parent_task_id"] == of["task_id"]]

    def metrics(self, of: Task) -> list[dict[str, Any]]:
        """The rows of metrics that were logged within a task itself."""
        text = f"SELECT metrics FROM log WHERE task_id = '{of['task_id']}' ORDER BY time"  # noqa: S608
        found = [row[0] for row in hr.open(self.folder).sql(text).rows()]
        return [json.loads(row) if isinstance(row, str) else row for row in found]

    def error(self, of: Task) -> str:
        """What a failed task failed with."""
        text = f"SELECT error FROM task WHERE task_id = '{of['task_id']}'"  # noqa: S608
        return str(hr.open(self.folder).sql(text).rows()[0][0])

    def object(self, reference: Any) -> dict[str, Any]:
        """The object that a used or generated value refers to."""
        rows = hr.open(self.folder).sql("SELECT * FROM object").dicts()
        (found,) = (row for row in rows if str(row["object_id"]) == reference["$object"])
        return found


def run(python: Path, program: str, folder: Path, *args: str, **environment: str) -> Ran:
    """Runs tests/frameworks/PROGRAM in `folder`."""
    settings = {
        "PYTHONPATH": str(ROOT / "python"),
        "OMP_NUM_THREADS": "1",
        "HEADRACE_TELEMETRY": "0",
    }
    done = subprocess.run(
        [str(python), str(ROOT / "tests/frameworks" / program), *args],
        env=environment_of(folder / ".headrace", **settings | environment),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "not recorded" not in done.stderr, done.stderr[-4000:]
    return Ran(json.loads(done.stdout.splitlines()[-1]), folder / ".headrace", done.stderr)
