"""f11: the folder fills up, is read-only or over its quota: the program goes on as if nothing were.

Real file systems (tmpfs, which needs root; skipped without). Every record is stored, or counted as
dropped with a reason, and when there is room again recording goes on by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import Row, environment_of, query

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MIB = 1 << 20
# More than the 16 MiB that capture keeps while nothing can be written, at about 170 bytes a task.
MORE_THAN_MEMORY = 400_000


def mount(*words: str | Path) -> bool:
    done = subprocess.run(["mount", *words], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 96 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not mount("-t", "tmpfs", "-o", "size=96m", "tmpfs", folder):
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes."""
    facts = os.statvfs(disk)
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, facts.f_bavail * facts.f_frsize - left)
    return ballast


class Program:
    """filling_program.py, phase by phase."""

    def __init__(self, folder: Path, rings: Path, **settings: str) -> None:
        rings.mkdir(mode=0o700)
        self.environment = environment_of(
            folder,
            HEADRACE_RING_DIR=str(rings),
            HEADRACE_TELEMETRY="0",
            PYTHONPATH=str(ROOT / "python"),
            **settings,
        )
        self.process = subprocess.Popen(
            [sys.executable, HERE / "filling_program.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        self.tasks = 0

    def phase(self, count: int) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        assert int(line.split()[0]) == count, "every call gave what it should"
        self.tasks += count

    def end(self) -> str:
        """Its stderr; its result and exit code are right."""
        output, errors = self.process.communicate("end\n", timeout=120)
        assert self.process.returncode == 7, errors
        assert output == f"result {self.tasks}\n"
        assert "Traceback" not in errors
        return errors

    def query(self, sql: str) -> list[Row]:
        return query(sql, self.environment)

    def accounting(self) -> dict[str, Any]:
        rows = self.query(
            "SELECT accepted, stored, newer, quarantined, dropped, missing, spooled, dropped_by, "
            "(SELECT count(*) FROM task WHERE activity LIKE '%step') AS tasks, "
            "(SELECT coalesce(sum(count), 0) FROM gap WHERE reason = 'values not kept') AS elided "
            "FROM accounting"
        )
        assert len(rows) == 1, rows
        row = rows[0]
        print(f"f11: {self.tasks} calls: {row}")
        assert row["accepted"] == row["stored"] + row["dropped"] + row["missing"], row
        assert row["spooled"] == row["quarantined"] == 0, row
        return row


def test_a_full_disk_drops_what_it_must_counts_it_and_recovers(disk: Path, tmp_path: Path) -> None:
    program = Program(disk / ".headrace", tmp_path / "rings")
    program.phase(1000)
    ballast = fill(disk, left=MIB)
    program.phase(MORE_THAN_MEMORY)
    ballast.unlink()
    program.phase(2000)
    program.phase(2000)
    errors = program.end()
    assert errors.count("No space left on device") == 1, "said once"
    row = program.accounting()
    assert row["dropped"] > 0
    assert row["missing"] == 0
    assert row["elided"] > 0, "values went before tasks did"
    assert row["tasks"] == program.tasks - row["dropped"]
    last = program.query(
        "SELECT (used->>'number')::INTEGER AS n FROM task WHERE activity LIKE '%step' "
        "ORDER BY n DESC LIMIT 2000"
    )
    assert last[-1]["n"] == program.tasks - 2000, "recording goes on by itself"


def test_a_disk_that_is_full_for_a_while_loses_nothing_that_memory_can_hold(
    disk: Path, tmp_path: Path
) -> None:
    program = Program(disk / ".headrace", tmp_path / "rings")
    program.phase(1000)
    ballast = fill(disk, left=256 * 1024)
    program.phase(20_000)
    ballast.unlink()
    program.phase(1000)
    program.end()
    row = program.accounting()
    assert row["dropped"] == 0
    assert row["tasks"] == program.tasks


def test_a_disk_that_stays_full_leaves_the_rest_to_the_next_collector(
    disk: Path, tmp_path: Path
) -> None:
    program = Program(disk / ".headrace", tmp_path / "rings")
    program.phase(1000)
    ballast = fill(disk, left=256 * 1024)
    program.phase(20_000)
    program.end()
    ballast.unlink()
    row = program.accounting()
    assert row["dropped"] == 0
    assert row["tasks"] == program.tasks


def test_a_folder_that_becomes_read_only_for_a_while(
    disk: Path, tmp_path: Path, run_all: bool
) -> None:
    if not run_all:
        pytest.skip("takes 10 s: with --all")
    program = Program(disk / ".headrace", tmp_path / "rings")
    program.phase(1000)
    # A segment that is open for writing keeps a file system from becoming read-only: wait it out.
    for _ in range(60):
        if mount("-o", "remount,ro", disk):
            break
        time.sleep(0.5)
    else:
        pytest.skip("the file system is always busy")
    program.phase(20_000)
    assert mount("-o", "remount,rw", disk)
    program.phase(1000)
    program.end()
    row = program.accounting()
    assert row["dropped"] == 0
    assert row["tasks"] == program.tasks


def test_a_second_folder_takes_over(disk: Path, tmp_path: Path) -> None:
    program = Program(
        disk / ".headrace", tmp_path / "rings", HEADRACE_SPOOL_FALLBACK=str(tmp_path / "second")
    )
    program.phase(1000)
    ballast = fill(disk, left=MIB)
    program.phase(60_000)
    errors = program.end()
    assert errors.count("going on in") == 1
    assert list((tmp_path / "second").glob("*/*.seg"))
    ballast.unlink()
    # A collector that was not told of the second folder.
    del program.environment["HEADRACE_SPOOL_FALLBACK"]
    row = program.accounting()
    assert row["dropped"] == 0
    assert row["tasks"] == program.tasks


def test_the_spools_own_quota(tmp_path: Path) -> None:
    program = Program(tmp_path / ".headrace", tmp_path / "rings", HEADRACE_SPOOL_QUOTA="2M")
    program.phase(1000)
    program.phase(MORE_THAN_MEMORY)
    errors = program.end()
    assert errors.count("HEADRACE_SPOOL_QUOTA") == 1
    held = sum(f.stat().st_size for f in (tmp_path / ".headrace" / "spool").iterdir())
    assert held <= 2 * MIB
    row = program.accounting()
    # It ended while nothing could be written, so nobody could say why the last ones are missing.
    assert row["dropped"] + row["missing"] > 0
    assert row["tasks"] >= program.tasks - row["dropped"] - row["missing"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    program = Program(tmp_path / "file" / ".headrace", tmp_path / "rings")
    program.phase(1000)
    program.phase(1000)
    assert program.end().count("headrace: cannot") == 1
