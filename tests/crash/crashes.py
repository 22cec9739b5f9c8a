"""Producers that are killed, and what of their records must be found afterwards."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asked import HEADRACE, Row, environment_of, query

ROOT = Path(__file__).parents[2]
PRODUCER = ROOT / "build/release/bin/crash_producer"
PYTHON_PRODUCER = Path(__file__).with_name("crash_producer.py")


def is_ready(ring: Path) -> bool:
    with ring.open("rb") as file:
        state = file.read(36)[32:]
    return state not in (b"", bytes(4))


@dataclass
class Promised:
    """What one thread of a producer was told: these calls returned."""

    begun: bool
    steps: int
    rows: int
    valued: bool


@dataclass
class Producer:
    process: subprocess.Popen[bytes]
    progress: Path
    run: int
    threads: int

    def promised(self) -> list[Promised]:
        data = self.progress.read_bytes() if self.progress.exists() else b""
        data = data.ljust(32 * self.threads, b"\0")
        return [
            Promised(bool(begun), steps, rows, bool(valued))
            for begun, steps, rows, valued in struct.iter_unpack("=4Q", data)
        ]

    def wait_for_records(self) -> None:
        """Until each thread has recorded something, or the process has ended."""
        while self.process.poll() is None and not all(p.steps for p in self.promised()):
            time.sleep(0.0005)

    def end(self) -> int:
        return self.process.wait()


@dataclass
class Folder:
    """A `.headrace` folder with a ring folder beside it, both of their own."""

    path: Path
    rings: Path
    producers: list[Producer] = field(default_factory=list)

    def environment(self, **more: str) -> dict[str, str]:
        environment = environment_of(
            self.path / ".headrace",
            HEADRACE_RING_DIR=str(self.rings),
            HEADRACE_TELEMETRY="0",
            PYTHONPATH=str(ROOT / "python"),
        )
        return environment | more

    def start(
        self,
        end: str = "wait",
        *,
        threads: int = 2,
        pause_ns: int = 0,
        most: int = 1_000_000,
        language: str = "c++",
        under: tuple[str, ...] = (),
        **environment: str,
    ) -> Producer:
        run = len(self.producers)
        progress = self.path / f"progress-{run}"
        program = [str(PRODUCER)]
        if language == "python":
            program = [sys.executable, str(PYTHON_PRODUCER)]
        words = map(str, (progress, run, threads, pause_ns, most, end))
        process = subprocess.Popen(
            [*under, *program, *words],
            cwd=self.path,
            env=self.environment(**environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        producer = Producer(process, progress, run, threads)
        self.producers.append(producer)
        return producer

    def headrace(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HEADRACE, *words],
            cwd=self.path,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            **more,
        )

    def query(self, sql: str) -> list[Row]:
        return query(sql, self.environment())

    def check(self) -> dict[str, int]:
        """Folds, compares every promise with the store, and counts. Ended producers only."""
        totals = dict.fromkeys(("promised", "stored", "lost", "duplicates", "open", "broken"), 0)

        def compare(promised: int, row: Row | None, most: int) -> None:
            found = row or {"n": 0, "many": 0, "last": 0}
            totals["promised"] += promised
            totals["stored"] += found["many"]
            totals["lost"] += max(0, max(promised, found["last"] or 0) - found["many"])
            totals["duplicates"] += found["n"] - found["many"]
            # At most the one call that had not returned.
            totals["broken"] += max(0, found["many"] - promised - most)

        def by_thread(rows: list[Row]) -> dict[tuple[int, int], Row]:
            return {(int(row["run"]), int(row["thread"])): row for row in rows}

        if not self.has_steps():
            for producer in self.producers:
                for promised in producer.promised():
                    totals["lost"] += promised.steps + promised.rows + promised.valued
            return totals
        steps = by_thread(
            self.query(
                "SELECT used.run AS run, used.thread AS thread, count(*) AS n,"
                " count(DISTINCT used.n) AS many, max(used.n) AS last FROM task"
                " WHERE activity = 'step' AND status = 'finished' GROUP BY ALL"
            )
        )
        rows = by_thread(
            self.query(
                "SELECT metrics->>'run' AS run, metrics->>'thread' AS thread, count(*) AS n,"
                " count(DISTINCT metrics->>'row') AS many,"
                " max((metrics->>'row')::BIGINT) AS last FROM log GROUP BY ALL"
            )
        )
        outer = self.query(
            "SELECT used->>'$.run' AS run, used->>'$.thread' AS thread, count(*) AS n FROM task"
            " WHERE activity = 'outer' AND (used->>'$.note') = 'still running' GROUP BY ALL"
        )
        valued = by_thread(outer)
        (begun,) = self.query("SELECT count(*) AS n FROM task WHERE activity = 'outer'")
        (left,) = self.query("SELECT count(*) AS n FROM task WHERE status = 'lost'")
        (twice,) = self.query("SELECT count(*) - count(DISTINCT task_id) AS n FROM task")
        totals["open"] = left["n"]
        totals["duplicates"] += twice["n"] + sum(row["n"] - 1 for row in outer)
        said = 0
        for producer in self.producers:
            for thread, promised in enumerate(producer.promised()):
                place = (producer.run, thread)
                said += promised.begun
                compare(promised.steps, steps.get(place), 1)
                compare(promised.rows, rows.get(place), 1)
                totals["lost"] += promised.valued and place not in valued
        totals["lost"] += max(0, said - begun["n"])
        return totals

    def has_steps(self) -> bool:
        """Without one its values are no names that a query may say."""
        sql = "SELECT true AS found FROM task WHERE activity = 'step' LIMIT 1"
        done = self.headrace("query", "--format", "jsonl", sql)
        # Killed before their first record, they have left no folder.
        assert done.returncode == 0 or "there is no folder" in done.stderr, done.stderr
        return "found" in done.stdout

    def rings_left(self) -> list[str]:
        """Ring files; without those whose process was killed while it made them."""
        spool = self.path / ".headrace/spool"
        files = [path for folder in (self.rings, spool) for path in folder.glob("*.ring")]
        return [str(path) for path in files if is_ready(path)]


def kill_later(producer: Producer, moment: random.Random, longest_s: float) -> None:
    """At a random moment: of its start in one case of four, else of its recording."""
    if moment.random() < 0.25:
        time.sleep(moment.random() * 0.04)
    else:
        producer.wait_for_records()
        time.sleep(moment.random() * longest_s)
    producer.process.send_signal(signal.SIGKILL)


def seed_of(request: Any) -> int:
    """HEADRACE_SEED, else another one each time; printed, so that a failure can be repeated."""
    seed = int(os.environ.get("HEADRACE_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed {seed} (HEADRACE_SEED)")
    return seed
