"""headrace watch: a line for each change, for logs and CI."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from asked import HEADRACE, environment_of, outside
from served import capture

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# Goes on only when it is told to, so that the watcher has looked meanwhile.
STEPS = """
import sys
import headrace as hr

with hr.campaign("sweep"):
    with hr.workflow("tune"):
        with hr.task("train"):
            hr.log(loss=0.5)
        sys.stdin.readline()
        try:
            with hr.task("plot"):
                raise ValueError("no display")
        except ValueError:
            pass
"""
FAILS = """
import headrace as hr

with hr.workflow("broken"):
    raise RuntimeError("no luck")
"""


def watch(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(HEADRACE), "--dir", str(folder / ".headrace"), "watch", *words],
        env=outside(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def line_with(process: subprocess.Popen[str], part: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if part in line:
            return line
    raise AssertionError(f"it ended without {part}")


def test_tells_what_happens_while_it_happens(tmp_path: Path) -> None:
    watcher = watch(tmp_path, "sweep", "--until-finished", "--every", "1s")
    program = subprocess.Popen(
        [sys.executable, "-c", STEPS],
        env=environment_of(tmp_path / ".headrace", HEADRACE_TELEMETRY="0"),
        stdin=subprocess.PIPE,
        text=True,
    )
    assert program.stdin is not None
    started = line_with(watcher, "workflow tune started")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  workflow tune started$", started)
    line_with(watcher, "metric loss 0.5 in tune")
    program.stdin.write("\n")
    program.stdin.close()
    assert "in tune on" in line_with(watcher, "task plot failed after")
    assert "2 tasks done, 1 failed" in line_with(watcher, "workflow tune finished: ")
    assert "1 workflow, 2 tasks done" in line_with(watcher, "sweep finished: ")
    _, said = watcher.communicate(timeout=20)
    assert watcher.returncode == 0
    assert "waiting" in said
    assert program.wait(timeout=20) == 0


def test_a_failed_workflow_is_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        capture(tmp_path, FAILS)
    watcher = watch(tmp_path, "--until-finished", "--json")
    output, _ = watcher.communicate(timeout=20)
    assert watcher.returncode == 1
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["event"] for line in lines] == ["workflow", "summary"]
    assert lines[-1]["status"] == "failed"
    assert re.match(r"\d{4}-\d\d-\d\dT.*Z$", lines[-1]["time"])


@pytest.mark.parametrize(
    ("options", "number", "code"),
    [
        ([], signal.SIGINT, 0),
        ([], signal.SIGTERM, 0),
        (["nothing yet", "--until-finished"], signal.SIGTERM, 130),
    ],
)
def test_stops_cleanly(tmp_path: Path, options: list[str], number: int, code: int) -> None:
    watcher = watch(tmp_path, *options)
    assert watcher.stderr is not None
    assert "waiting" in watcher.stderr.readline()
    watcher.send_signal(number)
    watcher.communicate(timeout=20)
    assert watcher.returncode == code


def test_ends_when_nobody_reads(tmp_path: Path) -> None:
    capture(tmp_path)
    watcher = watch(tmp_path)
    assert watcher.stdout is not None
    assert "2 workflows ended before" in watcher.stdout.readline()
    watcher.stdout.close()
    capture(tmp_path)
    assert watcher.wait(timeout=20) == 0
    assert watcher.stderr is not None
    watcher.stderr.close()


def test_says_what_it_cannot_do(tmp_path: Path) -> None:
    watcher = watch(tmp_path, "--every", "often")
    _, said = watcher.communicate(timeout=20)
    assert watcher.returncode == 2
    assert "say 10s or 2min" in said
