"""The magic of IPython."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("IPython")
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

STUDY = """
import headrace as hr

for lr in (0.1, 0.01):
    with hr.task("train", used={"lr": lr, "val set": "a b"}):
        pass
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HEADRACE_DIR", str(tmp_path / ".headrace"))
    subprocess.run([sys.executable, "-c", STUDY], check=True, timeout=60)
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "headrace")
    return shell


def test_a_cell_is_sql_or_a_filter(shell: Any) -> None:
    table = shell.run_cell_magic("headrace", "--to answer", "SELECT count(*) AS n FROM task")
    assert table["n"] == shell.user_ns["answer"]["n"] == [2]
    assert shell.run_cell_magic("headrace", "", "\n-- how many\nFROM task\n").columns
    assert len(shell.run_cell_magic("headrace", "", "activity:train\nused.lr<0.05\n")) == 1
    assert shell.run_cell_magic("headrace", "", "(SELECT 1 AS one)")["one"] == [1]
    assert len(shell.run_cell_magic("headrace", "", "(used.lr<0.05 OR status:failed)")) == 1


def test_a_line_is_a_filter(shell: Any, tmp_path: Path) -> None:
    assert len(shell.run_line_magic("headrace", "activity:train used.lr<0.05")) == 1
    assert len(shell.run_line_magic("headrace", "")) == 2
    rows = shell.run_line_magic("headrace", '--to rows used."val set":"a b" used.lr>0.05')
    assert [task["used"]["lr"] for task in shell.user_ns["rows"]] == [0.1]
    assert len(rows) == 1
    elsewhere = shell.run_line_magic("headrace", f'--dir="{tmp_path}" activity:train')
    assert len(elsewhere) == 2


def test_mistakes_are_sentences(shell: Any) -> None:
    with pytest.raises(UsageError, match=r"did you mean used\.lr\?\n  used\.lrr<1\n  \^"):
        shell.run_line_magic("headrace", "used.lrr<1")
    with pytest.raises(UsageError, match="did you mean"):
        shell.run_cell_magic("headrace", "", "SELECT used.lrr FROM task")
    with pytest.raises(UsageError, match="there is no option --two"):
        shell.run_line_magic("headrace", "--two x activity:train")
    with pytest.raises(UsageError, match="no name of a variable"):
        shell.run_line_magic("headrace", "--to 2x activity:train")
    with pytest.raises(UsageError, match="stands below"):
        shell.run_cell_magic("headrace", "activity:train", "SELECT 1")


def test_a_mistake_shows_no_traceback(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    done = shell.run_cell("%headrace used.lrr<1")
    assert isinstance(done.error_in_exec, UsageError)
    said = capsys.readouterr()
    assert said.err.startswith("UsageError: no task has used.lrr")
    assert "Traceback" not in said.out + said.err
