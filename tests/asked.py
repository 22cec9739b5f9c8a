"""What a test asks of a store through the command line, and the environment to ask it in."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
HEADRACE = ROOT / "build/release/bin/headrace"
NODE = ROOT / ".venv/bin/node"

Row = dict[str, Any]


def outside() -> dict[str, str]:
    """Our environment with none of its settings of Headrace but where the tests' rings lie."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HEADRACE_") or name == "HEADRACE_RING_DIR"
    }


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    """Ours, with none of its settings of Headrace, for programs that record into `folder`."""
    return outside() | {"HEADRACE_DIR": str(folder)} | more


def query(sql: str, environment: dict[str, str], *options: str) -> list[Row]:
    words = [str(HEADRACE), "query", *options, "--format", "jsonl", sql]
    done = subprocess.run(
        words, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def stored(folder: Path, sql: str) -> list[Row]:
    """Of what was recorded in this folder."""
    return query(sql, outside(), "--dir", str(folder))


def node(*arguments: str | Path) -> str:
    """What a script of the page's prints."""
    program = NODE if NODE.exists() else Path("node")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, cwd=ROOT / "web", check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout
