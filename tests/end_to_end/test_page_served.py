"""The page of a real `headrace serve`, over what a program really records, in headless Chromium."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asked import HEADRACE
from served import capture, serving, until

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# Slow enough that its workflow is seen before it ends.
WATCHED = """
import time
import headrace as hr

with hr.campaign("live"), hr.workflow("watched"):
    for step in range(3):
        with hr.task("step", used={"step": step}):
            time.sleep(0.3)
"""


def test_a_reader_walks_through_and_watches_a_program(tmp_path: Path) -> None:
    capture(tmp_path)
    with serving(tmp_path) as served:
        until(lambda: served.on_socket("/api/v1/campaigns").json().get("total"))
        program = NODE if NODE.exists() else Path("node")
        reader = subprocess.Popen(
            [program, "script/page_served.mjs", served.url],
            cwd=ROOT / "web",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert reader.stdout is not None
            if reader.stdout.readline().strip() == "watching":
                capture(tmp_path, WATCHED)
            said, complaints = reader.communicate(timeout=120)
            assert reader.returncode == 0, complaints + said
        finally:
            reader.kill()
            reader.wait()
