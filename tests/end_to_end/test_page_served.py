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

# A regression that is really fitted, slow enough that it is watched while it is.
TRAINING = """
import time
import numpy as np
import headrace as hr

rng = np.random.default_rng(7)
x = rng.normal(size=(4000, 40))
y = x @ rng.normal(size=40) + rng.normal(scale=0.1, size=4000)
with hr.campaign("live"), hr.workflow("watched"):
    weights = np.zeros(40)
    for epoch in range(40):
        with hr.task("epoch", used={"epoch": epoch, "rate": 0.05}) as task:
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                off = x @ weights - y
                weights -= 0.05 * (x.T @ off) / len(y)
            task.generated({"loss": float((off**2).mean())})
"""


def test_a_reader_walks_through_and_watches_a_training(tmp_path: Path) -> None:
    capture(tmp_path)
    with serving(tmp_path, "--allow-write") as served:
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
                capture(tmp_path, TRAINING)
            said, complaints = reader.communicate(timeout=120)
            assert reader.returncode == 0, complaints + said
            print(said.strip())
        finally:
            reader.kill()
            reader.wait()


def test_links_lead_within_their_source_in_a_new_tab_too(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        capture(folder)
    with serving(one, str(one), str(two)) as served:
        for path in ("/api/v1/campaigns", "/s/two/api/v1/campaigns"):
            until(lambda p=path: served.on_socket(p).json().get("total"))
        done = subprocess.run(
            [NODE if NODE.exists() else "node", "script/page_sources.mjs", served.url, "two"],
            cwd=ROOT / "web",
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr + done.stdout
