"""The fixtures of the tests of capture."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from asked import outside
from headrace import _capture
from recorded import FOLDER, Capture, Recorded, read


def pytest_sessionfinish() -> None:
    _capture.stop("finished", None)
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture
def capture() -> Iterator[Capture]:
    capture = Capture()
    with capture.workflow:
        yield capture


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Recorded]:
    """Runs a Python program in a process of its own and reads what it recorded."""

    def run(source: str, *args: str, **environment: str) -> Recorded:
        script = tmp_path / "program.py"
        script.write_text(source)
        inherited = outside()
        folder = tmp_path / ".headrace"
        settings = {
            "HEADRACE_DIR": str(folder),
            # Read here as it lies, so what it leaves is never taken in.
            "HEADRACE_RING_DIR": str(tmp_path / "rings"),
            "HEADRACE_TELEMETRY": "0",
        }
        done = subprocess.run(
            [sys.executable, str(script), *args],
            env=inherited | settings | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        records = read(folder) if (folder / "spool").is_dir() else []
        return Recorded(records, done.returncode, done.stdout, done.stderr)

    return run
