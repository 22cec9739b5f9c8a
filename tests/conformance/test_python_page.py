"""docs/python.md: its programs run, and it names every public name of the package and no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/python.md").read_text(encoding="utf-8")


def test_the_programs_run(tmp_path: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert programs
    script = tmp_path / "page.py"
    script.write_text("\n".join(programs))
    environment = os.environ | {
        "HEADRACE_DIR": str(tmp_path / ".headrace"),
        "PYTHONPATH": str(ROOT / "python"),
    }
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / ".headrace/spool").iterdir())


def test_public_names() -> None:
    listed = re.search(
        r"__all__ = \[(.*?)\]", (ROOT / "python/headrace/__init__.py").read_text(), re.DOTALL
    )
    assert listed
    public = set(re.findall(r'"(\w+)"', listed[1]))
    assert {"task", "workflow", "campaign", "object", "log", "loop"} <= public
    named = set(re.findall(r"\bhr\.(\w+)", PAGE))
    # `from headrace import *` leaves the name torch to PyTorch.
    assert named - {"torch"} <= public
    # The types are met as what functions give; their names are for annotations.
    assert {name for name in public if name[0].islower()} - named == set()
