"""headrace collect beside programs that are recording."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# The first process outlives the others, so that there is no moment at which all have ended.
PROGRAM = """
import subprocess, sys, time
import headrace as hr
depth = int(sys.argv[1])
with hr.workflow(f"depth {depth}"):
    for i in range(50):
        with hr.task("step", used={"i": i}):
            time.sleep(0.01)
    if depth:
        subprocess.run([sys.executable, __file__, str(depth - 1)], check=True)
"""


def command(folder: Path, *words: str) -> list[str]:
    return [str(HEADRACE), "--dir", str(folder / ".headrace"), *words]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {"HEADRACE_DIR": str(folder / ".headrace"), "HEADRACE_TELEMETRY": "0"}


def test_follows_until_all_have_ended(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    follower = subprocess.Popen(
        command(tmp_path, "collect", "--follow", "--until-done", "--every", "0.1", "--json"),
        stdout=subprocess.PIPE,
        text=True,
    )
    program = subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py"), "2"], env=environment(tmp_path)
    )
    output, _ = follower.communicate(timeout=60)
    assert program.wait(timeout=60) == 0
    assert follower.returncode == 0
    rounds = [json.loads(line) for line in output.splitlines()]
    assert sum(one["tasks"] for one in rounds) == 150
    assert rounds[-1]["running"] == 0

    again = subprocess.run(
        command(tmp_path, "collect"), capture_output=True, text=True, check=True, timeout=60
    )
    assert again.stdout == "nothing new\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), "0"],
        env=environment(tmp_path),
        check=True,
        timeout=60,
    )
    follower = subprocess.Popen(
        command(tmp_path, "collect", "--follow", "--every", "0.1"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    line = follower.stdout.readline()
    assert line.startswith("50 tasks and "), line
    time.sleep(0.2)
    follower.send_signal(number)
    assert follower.wait(timeout=30) == 0
    follower.stdout.close()


def test_a_folder_without_records_is_an_error_only_without_follow(tmp_path: Path) -> None:
    done = subprocess.run(
        command(tmp_path, "collect"), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 3
    assert "there is no folder" in done.stderr


def test_many_commands_at_once_all_answer(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, str(tmp_path / "program.py"), "1"],
        env=environment(tmp_path),
        check=True,
        timeout=60,
    )
    question = command(tmp_path, "query", "--format", "csv", "SELECT count(*) AS n FROM task")
    commands = [
        subprocess.Popen(question, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(12)
    ]
    for one in commands:
        output, errors = one.communicate(timeout=120)
        assert one.returncode == 0, errors
        assert output.split() == ["n", "100"]
