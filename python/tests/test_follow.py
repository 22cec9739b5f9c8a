"""One program watches another and steers it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import headrace as hr
import pytest

# Gradient descent on x^2: too large a step makes it grow. Stops when it is told to.
TRAINING = """
import pathlib
import sys
import time
import headrace as hr

rate, stop = float(sys.argv[1]), pathlib.Path(sys.argv[2])
x = 3.0
for step in range(400):
    with hr.task("step", used={"rate": rate, "step": step}) as t:
        x -= rate * 2 * x
        t.generated(loss=min(x * x, 1e300))
    if stop.exists():
        break
    time.sleep(0.02)
with hr.task("end") as t:
    t.generated(steps=step)
"""


def started(folder: Path, rate: float) -> subprocess.Popen[bytes]:
    script = folder / "train.py"
    script.write_text(TRAINING)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    environment |= {"HEADRACE_DIR": str(folder / ".headrace"), "HEADRACE_TELEMETRY": "0"}
    return subprocess.Popen(
        [sys.executable, str(script), str(rate), str(folder / "stop")], env=environment
    )


def test_a_training_that_diverges_is_stopped(tmp_path: Path) -> None:
    training = started(tmp_path, 1.2)
    try:
        seen = []
        for task in hr.follow("activity:step generated.loss>1e4", tmp_path, timeout=60):
            seen.append(task)
            (tmp_path / "stop").touch()
        assert training.wait(60) == 0
    finally:
        training.kill()
        training.wait()
    assert seen
    assert all(task["generated"]["loss"] > 1e4 for task in seen)
    ids = [task["task_id"] for task in seen]
    assert len(set(ids)) == len(ids)
    steps = hr.open(tmp_path).tasks.where("activity:end").first()
    assert steps is not None
    assert steps["generated"]["steps"] < 399
    # Every step that passes was seen, each once.
    assert len(hr.open(tmp_path).tasks.where("activity:step generated.loss>1e4")) == len(seen)


def test_what_is_over_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    assert started(tmp_path, 0.1).wait(60) == 0
    assert [task["activity"] for task in hr.follow("activity:step", tmp_path)] == ["step"]
    assert list(hr.follow("activity:nothing used.no:1", tmp_path)) == []


def test_follow_ends_by_its_timeout_and_tells_mistakes(tmp_path: Path) -> None:
    begin = time.monotonic()
    assert list(hr.follow("activity:step", tmp_path, timeout=0.3)) == []
    assert time.monotonic() - begin < 30
    (tmp_path / "stop").touch()
    assert started(tmp_path, 0.1).wait(60) == 0
    from headrace.store import QueryError

    with pytest.raises(QueryError, match="did you mean activity"):
        next(hr.follow("activty:step", tmp_path, timeout=5))
