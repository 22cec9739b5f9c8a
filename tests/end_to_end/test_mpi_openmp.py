"""The MPI and OpenMP example: ranks join one workflow, threads name their parent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from asked import environment_of, query

BIN = Path(__file__).parents[2] / "build/release/bin"
RANKS, THREADS, SWEEPS = 2, 2, 6

pytestmark = pytest.mark.skipif(
    shutil.which("mpirun") is None or not (BIN / "plate").exists(),
    reason="there is no MPI here (Debian: openmpi-bin libopenmpi-dev)",
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return environment_of(
        tmp_path / ".headrace",
        OMP_NUM_THREADS=str(THREADS),
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    )


def run_plate(folder: Path, environment: dict[str, str]) -> str:
    command = ["mpirun", "--oversubscribe", "-n", str(RANKS), str(BIN / "plate"), "32", str(SWEEPS)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ranks_and_threads_join_one_workflow(tmp_path: Path, environment: dict[str, str]) -> None:
    assert f"{SWEEPS} sweeps" in run_plate(tmp_path, environment)

    (workflow,) = query("SELECT name, status, used.ranks, used.threads FROM workflow", environment)
    assert workflow == {"name": "plate", "status": "finished", "ranks": RANKS, "threads": THREADS}

    counts = query(
        "SELECT rank, activity, count(*) AS tasks, count(DISTINCT thread) AS threads,"
        " count(DISTINCT pid) AS processes FROM task GROUP BY ALL ORDER BY rank, activity",
        environment,
    )
    assert [tuple(row.values()) for row in counts] == [
        row
        for rank in range(RANKS)
        for row in (
            (rank, "halo", SWEEPS, 1, 1),
            (rank, "relax", SWEEPS * THREADS, THREADS, 1),
            (rank, "sweep", SWEEPS, 1, 1),
        )
    ]
    # Each under a sweep of its own rank.
    parents = query(
        "SELECT child.activity, parent.activity AS parent, count(*) AS n"
        " FROM task child LEFT JOIN task parent"
        " ON parent.task_id = child.parent_task_id AND parent.rank = child.rank"
        " GROUP BY ALL ORDER BY ALL",
        environment,
    )
    assert [tuple(row.values()) for row in parents] == [
        ("halo", "sweep", RANKS * SWEEPS),
        ("relax", "sweep", RANKS * SWEEPS * THREADS),
        ("sweep", None, RANKS * SWEEPS),
    ]
    # Every row of the plate is relaxed once in each sweep.
    (rows,) = query("SELECT sum(used.rows) AS rows FROM task WHERE activity = 'relax'", environment)
    assert rows["rows"] == 32 * SWEEPS


def test_two_runs_are_two_workflows(tmp_path: Path, environment: dict[str, str]) -> None:
    for _ in range(2):
        run_plate(tmp_path, environment)
    (found,) = query("SELECT count(*) AS n FROM workflow", environment)
    assert found["n"] == 2
