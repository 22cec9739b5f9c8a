"""Samples that waited for their record when a process ended are stored, each once."""
# ruff: noqa: S311 - random moments, not secrets; their seed is printed

from __future__ import annotations

import random
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from asked import Row
from crashes import Folder, Producer, seed_of

# docs/formats/ring.md
CLOCKS_AT, CLOCK = 368, struct.Struct("<QqqQ")
NEWEST_CLOCK_AT = 464
WAITING_AT, WAITING = 10824, struct.Struct("<IIQ")
SAMPLE = struct.Struct("<IIQQ")
IS_GAP = 1
SAME_MOMENT_NS = 10_000_000  # the collector knows more readings of the clocks than the file holds


@dataclass
class Sample:
    at_ns: float
    raw: int
    is_gap: bool


def waiting_in(ring: Path) -> list[Sample]:
    """What a dead process's ring file says that waits and has no number yet."""
    header = ring.read_bytes()[: 64 * 1024]
    owner, count, record_past = WAITING.unpack_from(header, WAITING_AT)
    if owner == 0 or record_past != 0:
        return []
    (newest,) = struct.unpack_from("<I", header, NEWEST_CLOCK_AT)
    first, last = (CLOCK.unpack_from(header, CLOCKS_AT + CLOCK.size * i) for i in (0, newest))
    rate = (last[1] - first[1]) / (last[0] - first[0]) if newest else 1.0
    samples = SAMPLE.iter_unpack(header[WAITING_AT + WAITING.size :][: count * SAMPLE.size])
    return [
        Sample(last[2] + (ticks - last[0]) * rate, raw, bool(flags & IS_GAP))
        for _, flags, ticks, raw in samples
    ]


def check(folder: Folder, waiting: dict[int, list[Sample]]) -> int:
    """Each of them has a row of its own; returns how many they are."""
    rows = folder.query(
        "SELECT p.pid, epoch_ns(make_timestamp_ns(s.ts)) AS at, s.raw, s.flags % 2 AS is_gap"
        " FROM sample_row s JOIN sensor_row d USING (sensor)"
        " JOIN producer_row p USING (producer) ORDER BY s.ts"
    )
    (twice,) = folder.query(
        "SELECT count(*) - count(DISTINCT (sensor, ts, raw, flags)) AS n FROM sample_row"
    )
    assert twice["n"] == 0
    for pid, samples in waiting.items():
        of_process = [row for row in rows if row["pid"] == pid]
        for sample in samples:
            found = next((row for row in of_process if is_of(row, sample)), None)
            assert found is not None, (pid, sample)
            of_process.remove(found)
    return sum(len(samples) for samples in waiting.values())


def is_of(row: Row, sample: Sample) -> bool:
    return (
        abs(row["at"] - sample.at_ns) < SAME_MOMENT_NS
        and row["raw"] == sample.raw
        and bool(row["is_gap"]) == sample.is_gap
    )


def left_by(folder: Folder, producers: list[Producer]) -> dict[int, list[Sample]]:
    rings = {path.stem: waiting_in(path) for path in folder.rings.glob("*.ring")}
    pids = {
        path.stem: struct.unpack_from("<I", path.read_bytes()[:68], 64)[0]
        for path in folder.rings.glob("*.ring")
    }
    ours = {producer.process.pid for producer in producers}
    return {pids[name]: samples for name, samples in rings.items() if pids[name] in ours}


def test_samples_survive_a_kill(
    new_folder: Callable[..., Folder],
    request: pytest.FixtureRequest,
    assert_accounted: Callable[..., None],
) -> None:
    moments = random.Random(seed_of(request))
    waited = 0
    for rate in ("10", "50", "200"):
        folder = new_folder()
        for _ in range(4):
            producer = folder.start(
                threads=1, most=5, HEADRACE_TELEMETRY="1", HEADRACE_TELEMETRY_HZ=rate
            )
            producer.wait_for_records()
            time.sleep(moments.random() * 2.5)
            producer.process.send_signal(signal.SIGKILL)
            assert producer.end() == -9
        waiting = left_by(folder, folder.producers)
        waited += check(folder, waiting)
        assert folder.check()["lost"] == 0
        assert folder.rings_left() == []
        assert_accounted(folder.path / ".headrace")
    print(f"12 kills: {waited} samples waited")
    assert waited > 0


@pytest.mark.parametrize(
    ("language", "end", "code"),
    [
        ("c++", "_exit", 3),
        ("c++", "exec:/bin/true", 0),
        ("c++", "signal:9", -9),
        ("python", "_exit", 3),
    ],
)
def test_samples_survive_an_end_without_a_word(
    folder: Folder, language: str, end: str, code: int, assert_accounted: Callable[..., None]
) -> None:
    waited = 0
    # A process that hardly got the processor may have been sampled once, which is recorded at once.
    while not waited and len(folder.producers) < 8:
        producer = folder.start(
            end,
            threads=1,
            most=100,
            pause_ns=10_000_000,
            language=language,
            HEADRACE_TELEMETRY="1",
            HEADRACE_TELEMETRY_HZ="50",
        )
        assert producer.end() == code
        waited = check(folder, left_by(folder, [producer]))
        assert folder.rings_left() == []
    print(f"{language} {end}: {waited} samples waited")
    assert waited > 0
    assert_accounted(folder.path / ".headrace")
