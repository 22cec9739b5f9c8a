"""headrace top, as a person in a terminal meets it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import HEADRACE, environment_of, outside
from served import capture, serving
from terminals import PROMPT, Terminal, terminal

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# Tells when it has ended tasks, and leaves one open until it is told to go on.
WRITER = """
import sys
import headrace as hr

with hr.campaign("live"):
    with hr.workflow("writer"):
        for i in range(30):
            with hr.task("brief"):
                pass
        with hr.task("endless"):
            print("open", flush=True)
            sys.stdin.readline()
            with hr.task("the last one"):
                pass
"""

BOTTOM = "? help"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    capture(folder)
    return folder


@pytest.fixture(scope="module")
def shell(study: Path) -> Iterator[Terminal]:
    with terminal(study) as window:
        yield window


@pytest.fixture
def top(shell: Terminal) -> Iterator[Terminal]:
    """`headrace top` over the study, from the shell that it is left to."""
    shell.resize(80, 24)
    shell.run("clear; headrace top")
    shell.until(BOTTOM, "Workflows 2")
    yield shell
    if shell.is_alternate():
        shell.press("Escape")
        shell.type("q")
    shell.until(PROMPT, without=BOTTOM)


def once(folder: Path, *words: str, code: int = 0, **more: str) -> str:
    done = subprocess.run(
        [str(HEADRACE), "--dir", str(folder / ".headrace"), "top", *words],
        env=outside() | {"LC_ALL": "C.UTF-8"} | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_shows_a_study_at_every_size_and_follows_the_window(top: Terminal) -> None:
    for columns, rows in ((80, 24), (120, 40), (200, 60)):
        top.resize(columns, rows)
        screen = top.until_last_line(f"{BOTTOM}  / filter", rows)
        lines = screen.splitlines()
        assert lines[0].startswith(" Headrace  everything  ✓ finished")
        for part in ("22 tasks done", "✕ 1 failed", "lost 0", "prepare", "tune", "train", "step"):
            assert part in screen, screen
        assert "no task is running" in screen
        assert re.search(r"✕ failed    plot [0-9a-f]{8}\.\.", screen), screen
        assert ("Running tasks" in lines[4]) == (columns == 200)  # two columns
    top.resize(60, 15)
    top.until("headrace top needs 80 x 24, this is 60 x 15")
    top.resize(80, 24)
    top.until(BOTTOM, "Workflows 2")


def test_keys_lead_down_up_and_to_answers(top: Terminal) -> None:
    top.type("?")
    assert "Backspace  up" in top.until("Keys", "Esc back")
    top.press("Escape")
    top.until("Workflows 2")
    top.press("Down", "Up", "Enter")  # the newest workflow
    top.until("sweep \u203a tune", "Workflows 1")
    top.press("BSpace")
    top.until("Headrace  sweep ", "Workflows 2")
    top.press("Tab", "Tab", "Enter")  # the failure
    assert "no display" in top.until("headrace show")
    top.press("Escape")
    top.type("w")
    top.until("headrace why")
    top.press("Escape")
    top.press("BTab", "BTab")
    top.type("d")
    top.until("marked")
    top.type("jd")
    top.until("headrace diff")


def test_filters_by_the_same_grammar_and_tells_mistakes(top: Terminal) -> None:
    top.type("/activity:step duration>=0")
    top.press("Enter")
    top.until("16 tasks done", "/activity:step", "Activities 1")
    top.type("/")
    top.press(*["BSpace"] * 30)
    top.type("activity:stepp")
    top.press("Enter")
    top.until("step", "22 tasks done", "did you mean")
    top.press("Escape")
    top.until("22 tasks done", without="did you mean")


def test_pause_holds_the_picture(top: Terminal) -> None:
    top.type(" ")
    top.until("paused")
    top.type(" ")
    top.until("UTC", without="paused")


def settings(shell: Terminal) -> str:
    shell.run("clear; stty -g")
    return shell.until(":").splitlines()[1]


def top_process(shell: Terminal) -> int:
    parent = shell.tmux("display-message", "-p", "#{pane_pid}").strip()
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


@pytest.mark.parametrize(
    ("how", "code"),
    [("q", 0), ("C-c", 130), ("TERM", 143), ("HUP", 129), ("SEGV", 139), ("C-\\", 131)],
)
def test_every_end_gives_the_terminal_back(shell: Terminal, how: str, code: int) -> None:
    before = settings(shell)
    shell.run("clear; ulimit -c 0; headrace top; echo ended with $?")
    shell.until(BOTTOM)
    assert shell.is_alternate()
    assert not shell.has_cursor()
    if how == "q" or how.startswith("C-"):
        shell.press(how)
    else:
        os.kill(top_process(shell), signal.Signals["SIG" + how])
    shell.until(f"ended with {code}")
    assert not shell.is_alternate()
    assert shell.has_cursor()
    assert settings(shell) == before


def test_stops_for_a_while_and_goes_on(top: Terminal) -> None:
    top.press("C-z")
    top.until("Stopped")
    assert not top.is_alternate()
    assert top.has_cursor()
    top.resize(100, 30)
    top.run("fg")
    top.until(BOTTOM, "Workflows 2")
    assert top.is_alternate()
    assert len(top.screen().splitlines()) == 30


def test_a_program_that_writes_is_seen(tmp_path: Path) -> None:
    with terminal(tmp_path) as window:
        window.run("unset HEADRACE_DIR; headrace --dir . top live")
        window.until("Nothing to show yet", "headrace run -- COMMAND")
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER],
            env=environment_of(tmp_path / ".headrace", HEADRACE_TELEMETRY="0"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None and writer.stdin is not None
        assert writer.stdout.readline() == "open\n"
        screen = window.until("Headrace  live", "● running", "● 1 running", "30 tasks done")
        assert re.search(r"● endless +writer", screen), screen
        writer.stdin.write("\n")
        writer.stdin.close()
        assert writer.wait(timeout=20) == 0
        writer.stdout.close()
        window.until("✓ finished", "32 tasks done", "the last one", "no task is running")


def test_colour_can_be_left_out(study: Path) -> None:
    def colours(**more: str) -> str:
        with terminal(study, **more) as window:
            window.run("headrace top")
            window.until(BOTTOM, "✕ 1 failed")
            return window.colours()

    assert re.search(r"\x1b\[[0-9;]*31m", colours())
    plain = colours(NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert "✕ failed" in re.sub(r"\x1b\[[0-9;]*m", "", plain)


def test_prints_one_frame_for_scripts(study: Path) -> None:
    lines = once(study, "--once").splitlines()
    assert len(lines) == 24
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith(" Headrace  everything  ✓ finished")
    wide = once(study, "sweep", "--once", "--size", "200x60").splitlines()
    assert len(wide) == 60
    assert "Workflows 2" in wide[4] and "Running tasks" in wide[4]
    assert once(study, "--once", LC_ALL="C").isascii()
    assert "\x1b[" in once(study, "--once", "--color", "always")


def test_says_what_it_cannot_do(study: Path, tmp_path: Path) -> None:
    assert "headrace watch" in once(study, code=2)
    assert "columns x rows" in once(study, "--once", "--size", "wide", code=2)
    assert "did you mean sweep" in once(study, "sweeep", "--once", code=3)
    assert "there is no folder" in once(tmp_path / "none", "--once", code=3)
    with terminal(study, TERM="dumb") as window:
        window.run("TERM=dumb headrace top; echo ended with $?")
        window.until("ended with 2", "TERM is dumb")


def test_shares_the_store_with_a_server(study: Path) -> None:
    with serving(study):
        capture(study, 'import headrace as hr\nwith hr.workflow("late"):\n    pass\n')
        assert "late" in once(study, "--once")
