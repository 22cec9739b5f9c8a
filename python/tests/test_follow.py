"""One program watches another and steers it."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import uuid
from itertools import islice
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from asked import outside
from headrace import _query, following
from headrace.following import Looks
from headrace.seen_tasks import SeenTasks
from headrace.store import BusyError, QueryError

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


# Tasks, one after the other.
PLAIN = """
import sys
import time
import headrace as hr

pause = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
for n in range(int(sys.argv[2])):
    with hr.task(sys.argv[1], used={"n": n}):
        time.sleep(pause)
"""

KILLED = """
import os
import signal
import headrace as hr

with hr.task("long"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


class Study:
    """A folder that programs record into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def start(self, source: str, *words: str, **more: Any) -> subprocess.Popen[bytes]:
        settings = {name: more.pop(name) for name in list(more) if name.isupper()}
        environment = outside() | {
            "HEADRACE_DIR": str(self.folder / ".headrace"),
            "HEADRACE_TELEMETRY": "0",
        }
        return subprocess.Popen(
            [sys.executable, "-c", source, *words], env=environment | settings, **more
        )

    def run(self, source: str, *words: str) -> None:
        assert self.start(source, *words).wait(60) == 0


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_a_training_that_diverges_is_stopped(study: Study, tmp_path: Path) -> None:
    training = study.start(TRAINING, "1.2", str(tmp_path / "stop"))
    try:
        seen = []
        for task in hr.follow(
            "activity:step generated.loss>1e4", tmp_path, timeout=60, idle=1, interval=0.05
        ):
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


def test_what_is_over_is_told_once(study: Study) -> None:
    study.run(PLAIN, "a", "1")
    told = hr.follow("activity:a", study.folder, idle=0)
    assert [task["activity"] for task in told] == ["a"]
    assert list(hr.follow("activity:nothing used.no:1", study.folder, idle=0)) == []


def test_follow_ends_by_its_timeout_and_tells_mistakes(study: Study) -> None:
    assert list(hr.follow("activity:step", study.folder, timeout=0.1)) == []
    assert list(hr.follow("activity:step", study.folder, timeout=0)) == []
    study.run(PLAIN, "a", "1")
    with pytest.raises(QueryError, match="did you mean activity"):
        next(hr.follow("activty:step", study.folder, timeout=5))
    with pytest.raises(QueryError, match="interval is more than 0"):
        hr.follow("activity:step", study.folder, interval=0)


def test_programs_that_run_side_by_side_are_followed_together(study: Study) -> None:
    running = [study.start(PLAIN, name, "40", "0.005") for name in ("a", "b", "c")]
    told = [
        (task["activity"], task["used"]["n"])
        for task in islice(hr.follow("used.n>=10", study.folder, timeout=60, interval=0.05), 90)
    ]
    assert [program.wait(60) for program in running] == [0, 0, 0]
    assert sorted(told) == [(name, n) for name in "abc" for n in range(10, 40)]


def test_what_comes_late_is_told(study: Study, tmp_path: Path) -> None:
    study.run(PLAIN, "here", "2")
    looks = Looks(study.folder, "used.n:*")
    assert sorted(task["activity"] for task in looks.new()) == ["here", "here"]
    elsewhere = Study(tmp_path / "elsewhere")
    elsewhere.run(PLAIN, "far", "3")
    for segment in (elsewhere.folder / ".headrace" / "spool").iterdir():
        shutil.copy(segment, study.folder / ".headrace" / "spool")
    assert [task["activity"] for task in looks.new()] == ["far"] * 3
    assert looks.new() == []


def test_a_store_that_is_built_again_tells_nothing_twice(study: Study) -> None:
    study.run(PLAIN, "a", "3")
    looks = Looks(study.folder, "used.n:*")
    assert len(looks.new()) == 3
    for name in ("store.duckdb", "store.duckdb.wal"):
        (study.folder / ".headrace" / name).unlink(missing_ok=True)
    study.run(PLAIN, "b", "2")
    assert [task["activity"] for task in looks.new()] == ["b", "b"]
    assert looks.new() == []


def test_a_task_that_was_lost_is_told_once(study: Study) -> None:
    study.run(PLAIN, "a", "1")
    killed = study.start(KILLED)
    assert killed.wait(60) == -signal.SIGKILL
    looks = Looks(study.folder, "activity:long")
    assert [task["status"] for task in looks.new()] == ["lost"]
    assert looks.new() == []


def test_ctrl_c_ends_it(study: Study) -> None:
    watcher = study.start(
        "import headrace as hr\nprint('looks', flush=True)\n"
        "for task in hr.follow('', idle=600): pass\n",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        HEADRACE_DISABLED="1",
    )
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == b"looks\n"
    watcher.send_signal(signal.SIGINT)
    _, said = watcher.communicate(timeout=60)
    assert watcher.returncode == -signal.SIGINT
    assert b"KeyboardInterrupt" in said


def test_a_store_that_others_hold_is_waited_for(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.run(PLAIN, "a", "1")
    really, asked = _query.follow, []

    def busy_at_first(*question: Any) -> Any:
        asked.append(question)
        if len(asked) < 3:
            raise BusyError("another process holds the store")
        return really(*question)

    monkeypatch.setattr(_query, "follow", busy_at_first)
    assert len(list(hr.follow("activity:a", study.folder, idle=0, interval=0.01))) == 1
    monkeypatch.setattr(following, "BUSY_S", 0.0)
    asked.clear()
    with pytest.raises(BusyError):
        list(hr.follow("activity:a", study.folder, idle=0, interval=0.01))


def test_seen_tasks_are_a_set() -> None:
    def task(producer: int, number: int) -> str:
        return str(uuid.UUID(int=producer << 64 | number))

    drawn = random.Random(7)  # noqa: S311
    seen, really = SeenTasks(), set()
    for _ in range(3000):
        one = task(drawn.randrange(3), drawn.randrange(400))
        assert (one in seen) == (one in really)
        assert seen.add(one) == (one not in really)
        really.add(one)
    whole = SeenTasks()
    for number in drawn.sample(range(5000), 5000):
        whole.add(task(9, number))
    assert whole._turns == {9: [0, 5000]}
