"""What stays behind, and what there is no room for, is bounded, counted and told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from asked import HEADRACE, environment_of, query


def doctor(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        [HEADRACE, "doctor", "--json"],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    return {row["check"]: row for row in json.loads(done.stdout)}


def test_rings_of_deleted_folders_go_and_others_are_told(tmp_path: Path) -> None:
    rings = tmp_path / "rings"
    rings.mkdir(mode=0o700)

    def environment(folder: str) -> dict[str, str]:
        return environment_of(
            tmp_path / folder / ".headrace", HEADRACE_RING_DIR=str(rings), HEADRACE_TELEMETRY="0"
        )

    def record(folder: str, end: str) -> set[Path]:
        (tmp_path / folder).mkdir(exist_ok=True)
        before = set(rings.iterdir())
        program = (
            f"import os, time, headrace as hr\nwith hr.task('a'): pass\ntime.sleep(0.5)\n{end}"
        )
        subprocess.run([sys.executable, "-c", program], env=environment(folder), check=False)
        return set(rings.iterdir()) - before

    kill = "os.kill(os.getpid(), 9)"
    (kept,) = record("kept", kill)
    (deleted,) = record("deleted", kill)
    (moved,) = record("moved", kill)
    shutil.rmtree(tmp_path / "deleted")
    (tmp_path / "moved").rename(tmp_path / "elsewhere")
    told = doctor(environment("other"))["rings"]
    assert told["state"] == "note"
    assert told["detail"].startswith("3 ring files of ")
    assert f"1 for {tmp_path}/kept/.headrace; 2 for folders that are gone" in told["detail"]
    assert f"headrace ls --dir {tmp_path}/kept/.headrace" in told["next"]

    record("other", "")
    assert {kept, deleted, moved} <= set(rings.iterdir())  # it may have been moved just now
    for ring in (kept, deleted):
        os.utime(ring, (0, 0))
    record("other", "")
    assert set(rings.iterdir()) == {kept, moved}


def test_a_hundred_thousand_names(tmp_path: Path) -> None:
    environment = environment_of(tmp_path / ".headrace", HEADRACE_TELEMETRY="0")
    program = (
        "import headrace as hr\n"
        "for n in range(100_000):\n"
        "    exec(f'@hr.task\\ndef activity_{n}(n): return n')\n"
        "    globals()[f'activity_{n}'](n)\n"
    )
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    (row,) = query(
        "SELECT count(*) AS tasks, count(DISTINCT activity) AS names, "
        "count(DISTINCT used.n) AS numbers, "
        "count(*) FILTER (activity = '(name not kept: too many)') AS without FROM task",
        environment,
    )
    assert (row["tasks"], row["numbers"]) == (100_000, 100_000)
    assert row["without"] == 100_000 - (row["names"] - 1)
    assert row["names"] > 40_000
    (views,) = query(
        "SELECT count(*) AS n FROM duckdb_views() WHERE schema_name = 'activity'", environment
    )
    assert views["n"] == 4096
    (fact,) = query("SELECT facts->>'$.names_refused' AS refused FROM producer", environment)
    assert int(fact["refused"]) == row["without"]
    gaps = doctor(environment)["gaps"]["detail"]
    assert gaps == f"{row['without']} records of 1 processes: names not kept"
