"""f04: a collector may be killed at any moment; the next one comes to the same store."""
# ruff: noqa: S311 - random moments, not secrets; their seed is printed

from __future__ import annotations

import random
import subprocess
import time

import pytest
from crashes import HEADRACE, Folder, seed_of


def test_f04_killed_collectors_lose_and_double_nothing(
    folder: Folder, request: pytest.FixtureRequest, run_all: bool
) -> None:
    moments = random.Random(seed_of(request))
    rounds = 200 if run_all else 25
    killed = 0
    longest_s = 0.5
    for number in range(1, rounds + 1):
        for end in ("signal:9", moments.choice(("_exit", "stop"))):
            pause_ns = moments.choice((0, 10_000))
            folder.start(end, threads=2, most=moments.randint(1, 3000), pause_ns=pause_ns)
        if moments.random() < 0.5:  # else the collector meets them alive
            for producer in folder.producers[-2:]:
                producer.end()
        collector = subprocess.Popen(
            [HEADRACE, "ls"],
            cwd=folder.path,
            env=folder.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.random() * longest_s)
        killed += collector.poll() is None
        collector.kill()
        collector.wait()
        for producer in folder.producers:
            producer.end()
        if number % 5 == 0 or number == rounds:
            begun_s = time.monotonic()
            totals = folder.check()
            longest_s = min(0.5, (time.monotonic() - begun_s) / 4)
            assert (totals["lost"], totals["duplicates"]) == (0, 0), totals
    print(f"{rounds} rounds, {killed} collectors killed:", totals)
    assert killed >= rounds // 4
    assert folder.rings_left() == []
    (state,) = folder.query("SELECT sum(missing) AS missing FROM accounting")
    assert state["missing"] == 0
