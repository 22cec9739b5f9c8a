"""What the program `headrace` finds out about this machine's sensors."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from headrace.rerunning import program
from headrace.store import StoreError


def rows(words: list[str]) -> list[dict[str, Any]]:
    """See headrace.sensors and headrace.sensor_check."""
    done = subprocess.run(
        [program(), "--quiet", *words, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StoreError(done.stderr.strip() or f"headrace {words[0]} ended with {done.returncode}")
    answer = json.loads(done.stdout)
    found: list[dict[str, Any]] = answer["rows"] if isinstance(answer, dict) else answer
    return found
