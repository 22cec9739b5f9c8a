"""docs/adapters.md: its programs run, and print what the page says; its adapter has 50 lines."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/adapters.md").read_text(encoding="utf-8")
HEADRACE = ROOT / "build/release/bin/headrace"


def blocks() -> list[tuple[str, str]]:
    return re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)


def shown(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def test_the_page_prints_what_it_says(tmp_path: Path) -> None:
    environment = os.environ | {
        "HEADRACE_DIR": str(tmp_path / ".headrace"),
        "HEADRACE_TELEMETRY": "0",
        "PYTHONPATH": str(ROOT / "python"),
    }
    ran = 0
    for language, text in blocks():
        if language == "python":
            name = re.match(r"# (\w+\.py)\n", text)
            assert name is not None
            (tmp_path / name[1]).write_text(text)
            continue
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
            if command.startswith("cat "):
                (tmp_path / command.split()[1]).write_text(expected)
                continue
            program, *arguments = shlex.split(command)
            path = {"python": sys.executable, "headrace": str(HEADRACE)}[program]
            done = subprocess.run(
                [path, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, (command, done.stderr)
            assert shown(done.stderr + done.stdout) == shown(expected), command
            ran += 1
    assert ran >= 5


def test_the_adapter_has_fifty_lines() -> None:
    (adapter,) = [text for _, text in blocks() if text.startswith("# steps_headrace.py")]
    assert len(adapter.strip().splitlines()) <= 50


def test_the_page_names_every_public_call() -> None:
    from headrace.adapters import Adapter, OpenTask

    calls = [name for kind in (Adapter, OpenTask) for name in vars(kind) if name[0] != "_"]
    missing = [name for name in calls if not re.search(rf"\b{name}\b", PAGE)]
    # A task's id is read, not called.
    assert missing in ([], ["id"])
