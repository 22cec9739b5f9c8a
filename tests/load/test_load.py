"""A server under load: 50 readers of events and 200 requests a second while 20,000 tasks a second
come in. Nothing fails, nothing is lost; how long the answers took is printed and recorded.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from asked import HEADRACE, environment_of
from clients import load
from served import capture, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

PROGRAM = Path(__file__).with_name("load_program.py")
TASKS_A_SECOND = 20_000
REQUESTS_A_SECOND = 200
READERS = 50
# What the pages of a workflow that runs ask, the lists more often than what is drawn.
PATHS = [
    "/api/v1/tasks?workflow=steady&limit=50",
    "/api/v1/workflows?limit=50",
    "/api/v1/tasks?workflow=steady&limit=50&sort=-started",
    "/api/v1/campaigns?limit=20",
    "/api/v1/tasks?filter=status:failed&limit=20",
] * 20 + ["/api/v1/timeline?workflow=steady&width=1200"]


def test_nothing_fails_and_nothing_is_lost(
    tmp_path: Path,
    run_all: bool,
    assert_accounted: Callable[..., None],
    record_property: Callable[[str, object], None],
) -> None:
    seconds = 60 if run_all else 3
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        program = subprocess.Popen(
            [sys.executable, PROGRAM, str(seconds + 1), str(TASKS_A_SECOND)],
            env=environment_of(tmp_path / ".headrace", HEADRACE_TELEMETRY="0"),
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            until(lambda: served.ask("/api/v1/workflows/steady").status == 200)
            seen = asyncio.run(
                load(served.port, served.cookie, PATHS, REQUESTS_A_SECOND, seconds, READERS)
            )
            made, took = program.communicate(timeout=60)[0].split()
        finally:
            program.kill()
            program.wait()
        until(
            lambda: (
                served.ask("/api/v1/tasks?filter=activity:step&limit=1").json()["total"]
                >= int(made)
            ),
            seconds=60,
        )
        health = served.ask("/api/v1/health").json()
    figures = {
        "requests": len(seen.seconds),
        "requests_a_second": round(len(seen.seconds) / seconds),
        "tasks_a_second": round(int(made) / float(took)),
        "p50_ms": round(1e3 * seen.percentile(0.5), 1),
        "p99_ms": round(1e3 * seen.percentile(0.99), 1),
        "longest_ms": round(1e3 * max(seen.seconds), 1),
        "events_a_reader": min(seen.events),
        "server_cpu_s": round(health["server"]["cpu_s"], 1),
        "load_average": round(os.getloadavg()[0], 1),
    }
    for name, value in figures.items():
        record_property(name, value)
    print(", ".join(f"{name} {value}" for name, value in figures.items()))
    assert not seen.wrong
    assert len(seen.seconds) == REQUESTS_A_SECOND * seconds
    assert min(seen.events) > 0
    totals = health["totals"]
    assert totals["dropped"] == totals["missing"] == totals["quarantined"] == 0
    assert_accounted(tmp_path / ".headrace")
