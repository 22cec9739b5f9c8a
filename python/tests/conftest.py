"""What the tests of capture share: a folder of their own, and what was recorded read back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

# A process records into one folder. It is chosen before headrace is imported by any test.
_folder = Path(tempfile.mkdtemp(prefix="headrace-test-"))
for _name in [name for name in os.environ if name.startswith("HEADRACE_")]:
    del os.environ[_name]
os.environ["HEADRACE_DIR"] = str(_folder / ".headrace")
os.environ["HEADRACE_TELEMETRY"] = "0"

import headrace as hr  # noqa: E402
from headrace import _capture  # noqa: E402

Record = dict[str, Any]


def pytest_unconfigure() -> None:
    shutil.rmtree(_folder, ignore_errors=True)


def read(folder: Path | str) -> list[Record]:
    return [json.loads(line) for line in _capture.read_segments(folder).splitlines()]


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


@pytest.fixture
def capture() -> Iterator[Capture]:
    capture = Capture()
    with capture.workflow:
        yield capture


Run = Callable[..., Recorded]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a Python program in a process of its own and reads what it recorded."""

    def run(source: str, *args: str, **environment: str) -> Recorded:
        script = tmp_path / "program.py"
        script.write_text(source)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        folder = tmp_path / ".headrace"
        done = subprocess.run(
            [sys.executable, str(script), *args],
            env=inherited
            | {"HEADRACE_DIR": str(folder), "HEADRACE_TELEMETRY": "0"}
            | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        records = read(folder) if (folder / "spool").is_dir() else []
        return Recorded(records, done.returncode, done.stdout, done.stderr)

    return run
