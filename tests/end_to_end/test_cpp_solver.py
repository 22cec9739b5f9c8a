"""The C++ example records what its solver did; lineage leads from its field to its parameters."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asked
import pytest

ROOT = Path(__file__).parents[2]
BIN = ROOT / "build/release/bin"

Query = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return asked.environment_of(tmp_path / ".headrace")


@pytest.fixture
def query(environment: dict[str, str]) -> Query:
    return lambda sql: asked.query(sql, environment)


def solve(
    folder: Path, environment: dict[str, str], parameters: str
) -> subprocess.CompletedProcess[str]:
    (folder / "parameters.txt").write_text(parameters)
    return subprocess.run(
        [BIN / "heat", "parameters.txt", "field.bin"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_step_is_a_task(tmp_path: Path, environment: dict[str, str], query: Query) -> None:
    done = solve(tmp_path, environment, "cells 16\nsteps 7\ndt 1e-3\ntolerance 1e-9\n")
    said = re.fullmatch(r"(\d+) steps, (\d+) iterations, .*\n", done.stdout)
    assert said, done.stderr
    assert (tmp_path / "field.bin").stat().st_size == 16 * 16 * 8

    (workflow,) = query("SELECT * FROM workflow")
    assert (workflow["name"], workflow["status"]) == ("heat", "finished")
    (steps,) = query(
        "SELECT count(*) AS n, sum(generated.iterations) AS iterations,"
        " max(generated.residual) AS residual, max(used.number) AS last"
        " FROM task WHERE activity = 'step' AND status = 'finished'"
    )
    assert (steps["n"], steps["last"]) == (int(said[1]), 6)
    assert steps["iterations"] == int(said[2])
    assert 0 < steps["residual"] < 1e-6
    (tasks,) = query("SELECT count(*) AS n FROM task")
    assert tasks["n"] == steps["n"] + 1

    edges = query("SELECT relation, name FROM edge WHERE relation IN ('used', 'generated')")
    assert {(edge["relation"], edge["name"]) for edge in edges} == {
        ("used", "parameters"),
        ("generated", "field"),
    }


def test_a_failing_solver_fails_its_workflow(
    tmp_path: Path, environment: dict[str, str], query: Query
) -> None:
    done = solve(tmp_path, environment, "cells 16\nsteps 7\ndt 1e308\n")
    assert (done.returncode, done.stderr) == (1, "heat: diverged\n")
    (workflow,) = query("SELECT status FROM workflow")
    assert workflow["status"] == "failed"
    tasks = query("SELECT status FROM task ORDER BY started_at")
    assert tasks[-1]["status"] == "failed"


def test_disabled_capture_records_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    done = solve(tmp_path, environment | {"HEADRACE_DISABLED": "1"}, "cells 8\nsteps 2\n")
    assert done.returncode == 0
    assert not (tmp_path / ".headrace").exists()
