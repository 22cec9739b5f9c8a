"""A folder for the tests of capture, and what was recorded in it, read back.

Imported before headrace is: a process records into one folder.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asked import outside

FOLDER = Path(tempfile.mkdtemp(prefix="headrace-test-"))
for _name in os.environ.keys() - outside().keys():
    del os.environ[_name]
os.environ["HEADRACE_DIR"] = str(FOLDER / ".headrace")
os.environ["HEADRACE_TELEMETRY"] = "0"

import headrace as hr  # noqa: E402
from headrace import _capture  # noqa: E402

Record = dict[str, Any]


def read(folder: Path | str) -> list[Record]:
    return [json.loads(line) for line in _capture.read_segments(folder).split("\n") if line]


@dataclass
class Recorded:
    """The records of a workflow or a program."""

    records: list[Record]
    exit_code: int = 0
    stdout: str = ""
    stderr: str = ""

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record["kind"] == kind]

    @property
    def tasks(self) -> list[Record]:
        return [task for task in self.of("task") if not task["is_open"]]

    def named(self, activity: str) -> list[Record]:
        return [task for task in self.tasks if task["activity"]["name"] == activity]

    def one(self, activity: str) -> Record:
        (task,) = self.named(activity)
        return task

    def parent(self, activity: str) -> str | None:
        """The activity of the parent of the one task of `activity`."""
        parent = self.one(activity)["parent_task_id"]
        for task in self.of("task"):
            if task["task_id"] == parent:
                name: str = task["activity"]["name"]
                return name
        return parent


@dataclass
class Capture:
    """What happens inside is recorded under a workflow of its own."""

    workflow: hr.Workflow = field(default_factory=lambda: hr.workflow("test"))

    def recorded(self) -> Recorded:
        hr.flush()
        records = read(os.environ["HEADRACE_DIR"])
        return Recorded([r for r in records if r.get("workflow_id") == self.workflow.id])


def kept(capture: Capture, value: Any) -> Any:
    """What is recorded of a value, as an argument and, the same, inside a list."""

    @hr.task
    def f(x: Any, inside: Any) -> None: ...

    f(value, [value])
    used = capture.recorded().named("f")[-1]["used"]
    assert used["inside"] == [used["x"]]
    return used["x"]
