"""What can be measured on this machine, and what its power sensors are like."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from headrace.rerunning import program
from headrace.store import StoreError


def sensors(seconds: float = 1) -> list[dict[str, Any]]:
    """Every sensor that can be read here, now, with its value and how often it was seen to refresh
    within `seconds`; and every source that cannot, with `why_not` and the command that would
    `enable` it. The rows of `headrace sensors`."""
    return _rows(["sensors", "--seconds", str(seconds)])


def sensor_check(seconds: float = 20) -> list[dict[str, Any]]:
    """Puts a load on and off for `seconds`, on all CPUs but one, and finds out what the sensors of
    energy and power are like: period, jitter, quantum, latency, the share of time that they look
    at, and a `verdict` in words. The rows of `headrace sensor-check`."""
    return _rows(["sensor-check", "--seconds", str(seconds)])


def _rows(words: list[str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [program(), "--quiet", *words, "--json"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StoreError(done.stderr.strip() or f"headrace {words[0]} ended with {done.returncode}")
    answer = json.loads(done.stdout)
    rows: list[dict[str, Any]] = answer["rows"] if isinstance(answer, dict) else answer
    return rows
