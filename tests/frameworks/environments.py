"""Real packages of other projects, each in an environment of its own, made when a test asks."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def python_of(name: str) -> Path:
    """The Python with what `tests/frameworks/<name>.txt` lists; skips where it cannot be had."""
    done = subprocess.run(
        [ROOT / "script/frameworks", name], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"{name} cannot be installed here: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.strip())
