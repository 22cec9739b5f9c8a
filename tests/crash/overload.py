"""f14: a disk that takes a tenth of what is recorded, under a memory limit; prints what came of it.

usage: overload.py FOLDER SECONDS     prints one JSON object, {"skipped": why} where it cannot run
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from crashes import Folder, Producer

THREADS = 2
RECORD_BYTES = 136  # of a step, in its frame
LIMIT_BYTES = 256 << 20
FIRST_BYTES = 2 << 20


class Skip(Exception):  # noqa: N818 - no error
    pass


def mount(place: Path, size_bytes: int, *more: str) -> None:
    options = ",".join((f"size={size_bytes}", "mode=700", *more))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(place)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")


def peak_bytes(producer: Producer) -> int:
    try:
        status = Path(f"/proc/{producer.process.pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def run(folder: Folder, disk: Path, group: Path | None, seconds: int) -> dict[str, Any]:
    # What the program itself takes.
    alone = folder.start("until:2", threads=THREADS, pause_ns=100_000, HEADRACE_DISABLED="1")
    own_bytes = 0
    while alone.process.poll() is None:
        own_bytes = max(own_bytes, peak_bytes(alone))
        time.sleep(0.02)
    folder.producers.clear()
    alone.progress.unlink()

    under: tuple[str, ...] = ()
    if group is not None:
        join = f'echo $$ > "{group}/cgroup.procs" && exec "$@"'
        under = ("/bin/sh", "-c", join, "sh")
    pause_ns = 1_000 if seconds <= 120 else 300_000
    producer = folder.start(
        f"until:{seconds}", threads=THREADS, pause_ns=pause_ns, most=1 << 40, under=under
    )
    taken = peak = offered = 0
    while producer.process.poll() is None:
        offered = RECORD_BYTES * sum(one.steps for one in producer.promised())
        taken = FIRST_BYTES + offered // 10
        mount(disk, taken, "remount")
        peak = max(peak, peak_bytes(producer))
        time.sleep(0.25)
    # Space returns once it is over: what is still in memory then was never refused.
    mount(disk, 2 * LIMIT_BYTES, "remount")
    (counts,) = folder.query(
        "SELECT accepted, stored, quarantined, dropped, missing, spooled FROM accounting"
    )
    (numbers,) = folder.query(
        "SELECT (SELECT sum(past - first) FROM watermark WHERE ring > 0)"
        " + (SELECT coalesce(sum(count), 0) FROM gap WHERE ring > 0) AS n"
    )
    (tasks,) = folder.query(
        "SELECT count(*) - count(DISTINCT task_id) AS twice,"
        " count(*) FILTER (activity = 'step') AS steps FROM task"
    )
    gaps = folder.query("SELECT reason, sum(count) AS n FROM gap GROUP BY reason")
    promised = producer.promised()
    return {
        "exit_code": producer.process.returncode,
        "seconds": seconds,
        "limit_bytes": LIMIT_BYTES if group is not None else None,
        "promised": sum(one.steps + one.rows for one in promised),
        "numbers": numbers["n"],
        # The outer tasks, and the workflow's begin and end.
        "others": THREADS + 2,
        "offered_bytes": offered,
        "disk_bytes": taken,
        "peak_bytes": peak - own_bytes,
        "own_bytes": own_bytes,
        "gaps": {row["reason"]: row["n"] for row in gaps},
        "duplicates": tasks["twice"],
        "steps_stored": tasks["steps"],
        **counts,
    }


def main() -> None:
    path, seconds = Path(sys.argv[1]), int(sys.argv[2])
    if os.geteuid() != 0:
        print(json.dumps({"skipped": "a disk of a given size needs root"}))
        return
    disk = path / ".headrace/spool"
    disk.mkdir(parents=True)
    group: Path | None = Path(f"/sys/fs/cgroup/memory/headrace-test-{os.getpid()}")
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(LIMIT_BYTES))
    except OSError:
        group = None
    try:
        mount(disk, FIRST_BYTES)
        with tempfile.TemporaryDirectory(prefix="headrace-test-", dir="/dev/shm") as rings:
            print(json.dumps(run(Folder(path, Path(rings) / "rings"), disk, group, seconds)))
    except Skip as skip:
        print(json.dumps({"skipped": str(skip)}))
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True, check=False)
        if group is not None:
            group.rmdir()


main()
