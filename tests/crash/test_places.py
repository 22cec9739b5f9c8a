"""Recovery wherever the ring could be made, and by whoever comes first."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from crashes import HEADRACE, PRODUCER, Folder, Producer

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and other users need root")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A memory file system of a few MiB."""
    place = tmp_path / "small"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode != 0:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@needs_root
@pytest.mark.parametrize("free_bytes", [0, 300_000, 2_000_000])
def test_shared_memory_that_is_full(folder: Folder, small_disk: Path, free_bytes: int) -> None:
    folder.rings = small_disk
    taken = small_disk / "taken"
    taken.write_bytes(bytes((4 << 20) - 8192 - free_bytes))
    producer = folder.start(threads=4, pause_ns=20_000)
    producer.wait_for_records()
    producer.process.kill()
    producer.end()
    totals = folder.check()
    print(f"{free_bytes} bytes free:", totals)
    assert (totals["lost"], totals["duplicates"]) == (0, 0)
    assert folder.rings_left() == []


def test_shared_memory_that_is_absent(folder: Folder) -> None:
    folder.rings = Path("/proc/no-folder-here")
    producer = folder.start(threads=2, pause_ns=20_000)
    producer.wait_for_records()
    assert len(folder.rings_left()) == 1
    producer.process.kill()
    producer.end()
    totals = folder.check()
    assert (totals["lost"], totals["duplicates"], totals["open"] > 0) == (0, 0, True)
    assert folder.rings_left() == []


def test_a_living_producers_ring_is_left_alone(folder: Folder) -> None:
    producer = folder.start(threads=2, pause_ns=20_000)
    producer.wait_for_records()
    (ring,) = folder.rings_left()
    before = Path(ring).stat()
    while not list((folder.path / ".headrace").glob("spool/*")):  # made by the first drain
        assert producer.process.poll() is None
    for _ in range(3):
        folder.query("SELECT count(*) AS n FROM task")
    after = Path(ring).stat()
    assert (before.st_ino, before.st_nlink) == (after.st_ino, after.st_nlink)
    producer.process.kill()
    producer.end()
    totals = folder.check()
    assert (totals["lost"], totals["duplicates"]) == (0, 0)


@pytest.mark.parametrize("end", ["signal:9", "_exit", "abort"])
def test_headrace_run_takes_in_what_its_program_left(folder: Folder, end: str) -> None:
    """As on a compute node whose memory is wiped after the job."""
    command = (str(HEADRACE), "run", "--", "/bin/sh", "-c", 'exec "$@"', "sh")
    producer = folder.start(end, threads=2, most=2000, pause_ns=1000, under=command)
    assert producer.end() == {"signal:9": 137, "_exit": 3, "abort": 134}[end]
    assert folder.rings_left() == []
    shutil.rmtree(folder.rings)
    totals = folder.check()
    assert (totals["lost"], totals["duplicates"]) == (0, 0)
    assert totals["promised"] >= 4000
    (row,) = folder.query(
        "SELECT facts->>'$.ended_by' AS how FROM producer WHERE facts->>'$.ended' = 'abruptly'"
    )
    assert row["how"] == {"signal:9": "signal 9", "_exit": "exit code 3", "abort": "signal 6"}[end]


def test_headrace_run_takes_in_what_orphans_left(folder: Folder) -> None:
    """A background process of the program, killed before the program ends, its parent long gone."""
    progress = folder.path / "progress-0"
    script = (
        f'("{PRODUCER}" "{progress}" 0 2 1000 500 signal:9 &) ;'
        f' while [ "$(find "{folder.rings}" -name "*.ring" 2>/dev/null | wc -l)" -lt 2 ];'
        " do sleep 0.01; done;"
        f' while [ "$(find "{folder.rings}" -name "*.ring" | wc -l)" -gt 1 ]; do sleep 0.01; done;'
        " exit 9"
    )
    words = [str(HEADRACE), "run", "--", "/bin/sh", "-c", script]
    done = subprocess.run(
        words, env=folder.environment(), cwd=folder.path, capture_output=True, check=False
    )
    # The script saw the orphan's ring come, and go while it still ran.
    assert done.returncode == 9, done.stderr
    orphan = subprocess.Popen(["true"])
    folder.producers.append(Producer(orphan, progress, 0, 2))
    totals = folder.check()
    assert totals["promised"] >= 1000
    assert (totals["lost"], totals["duplicates"]) == (0, 0)
    (row,) = folder.query(
        "SELECT facts->>'$.ended_by' AS how FROM producer WHERE facts->>'$.ended' = 'abruptly'"
    )
    assert row["how"] == "signal 9"


@needs_root
def test_a_reader_who_may_not_write_still_gets_an_answer(folder: Folder) -> None:
    folder.start("stop", threads=2, most=10).end()
    assert folder.query("SELECT count(*) AS n FROM task") == [{"n": 22}]
    killed = folder.start("signal:9", threads=2, most=10)
    killed.end()
    for path in (folder.path, *folder.path.parents):
        if path.stat().st_uid == 0 and "pytest-of-" in str(path):
            path.chmod(path.stat().st_mode | 0o055)
    for path in (folder.path / ".headrace").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (folder.path / ".headrace").chmod(0o755)
    done = folder.headrace("ls", user=65534, group=65534, extra_groups=[])
    assert done.returncode == 0, done.stderr
    totals = folder.check()
    assert (totals["lost"], totals["duplicates"]) == (0, 0)


@needs_root
def test_an_oom_kill_loses_nothing(folder: Folder) -> None:
    groups = Path("/sys/fs/cgroup/memory")
    own = groups / f"headrace-test-{os.getpid()}"
    try:
        own.mkdir()
        (own / "memory.limit_in_bytes").write_text(str(96 << 20))
    except OSError as error:
        pytest.skip(f"no memory cgroup can be made here: {error}")
    try:
        join = f'echo $$ > "{own}/cgroup.procs" && exec "$@"'
        producer = folder.start(
            "eat", threads=2, most=2000, pause_ns=1000, under=("/bin/sh", "-c", join, "sh")
        )
        assert producer.end() == -signal.SIGKILL
        totals = folder.check()
        print("out of memory:", totals)
        assert totals["promised"] >= 4000
        assert (totals["lost"], totals["duplicates"]) == (0, 0)
    finally:
        own.rmdir()
