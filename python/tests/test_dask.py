"""Dask's tasks on a real cluster of worker processes, with digits and wine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from asked import environment_of

pytest.importorskip("distributed")
datasets = pytest.importorskip("sklearn.datasets")
np = pytest.importorskip("numpy")

STUDY = Path(__file__).with_name("dask_study.py")
Rows = list[dict[str, Any]]


def write_data(folder: Path) -> None:
    for name in ("digits", "wine"):
        data = getattr(datasets, f"load_{name}")()
        np.savez(folder / f"{name}.npz", x=data.data, y=data.target)


def run_study(how: str, folder: Path, python: Path | str = sys.executable) -> dict[str, Any]:
    markers = folder / how
    markers.mkdir()
    off = {"HEADRACE_DISABLED": "1"} if how == "plain" else {"HEADRACE_TELEMETRY": "0"}
    done = subprocess.run(
        [python, STUDY, how, folder, markers],
        env=environment_of(markers / ".headrace") | off,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class Study:
    """What a watched study gave and what was recorded of it."""

    def __init__(self, folder: Path, python: Path | str = sys.executable) -> None:
        write_data(folder)
        self.found = run_study("watched", folder, python)
        self.plain = run_study("plain", folder, python)
        self.store = hr.open(folder / "watched/.headrace")

    def rows(self, sql: str) -> Rows:
        return self.store.sql(sql).dicts()

    def tasks(self, activity: str) -> Rows:
        rows = self.rows(
            "SELECT t.*, p.activity AS parent, w.name AS workflow FROM task t "
            "LEFT JOIN task p ON p.task_id = t.parent_task_id "
            "LEFT JOIN workflow w ON w.workflow_id = t.workflow_id ORDER BY t.started_at"
        )
        return [row for row in rows if row["activity"] == activity]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study(tmp_path_factory.mktemp("dask"))


def of(row: dict[str, Any], column: str) -> dict[str, Any]:
    value = row[column]
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else (value or {})
    return found


def check_results(study: Study) -> None:
    """Watching changes no result, and is undone without a trace."""
    found = dict(study.found)
    assert found.pop("restored") is True
    assert "headrace" not in found.pop("left")
    graph = found.pop("graph")
    assert len(graph) > 700
    plain = dict(study.plain)
    assert len(plain.pop("graph")) == len(graph)
    assert found == plain
    # After unwatch nothing is recorded.
    numbers = [of(row, "used").get("x") for row in study.tasks("one_more")]
    assert set(range(700)) <= set(numbers)
    assert 77_777 not in numbers


def check_edges(study: Study) -> None:
    """Of every key of the scheduler's graph: it ran once, and used exactly what the graph says."""
    edges = study.rows(
        "SELECT t.attributes->>'key' AS key, o.name AS used FROM task t "
        "LEFT JOIN edge e ON e.to_id = t.task_id AND e.relation = 'used' AND e.exact "
        "LEFT JOIN object o ON o.object_id = e.from_id WHERE (t.attributes->>'key') IS NOT NULL"
    )
    recorded: dict[str, set[str]] = {}
    for row in edges:
        uses = recorded.setdefault(row["key"], set())
        if row["used"] is not None:
            uses.add(row["used"])
    graph = study.found["graph"]
    assert {key: sorted(recorded[key]) for key in graph} == graph
    (twice,) = study.rows(
        "SELECT count(*) - count(DISTINCT attributes->>'key') AS n FROM task "
        "WHERE activity IN ('load', 'half', 'train', 'score', 'best')"
    )
    assert twice["n"] == 0
    # Each result is an object that exactly its task generated.
    generated = study.rows(
        "SELECT t.attributes->>'key' AS key, o.name, o.kind FROM edge e "
        "JOIN task t ON t.task_id = e.from_id JOIN object o ON o.object_id = e.to_id "
        "WHERE e.relation = 'generated' AND (t.attributes->>'key') IS NOT NULL"
    )
    assert {(row["name"], row["kind"]) for row in generated} == {
        (row["key"], "result") for row in generated
    }
    assert set(graph) <= {row["key"] for row in generated}


def check_values(study: Study) -> None:
    scores = study.tasks("score")
    assert [set(of(row, "used")) for row in scores] == [{"weights", "data"}] * 4
    accuracies = [of(row, "generated")["accuracy"] for row in scores]
    assert max(accuracies) == study.found["digits"]
    trained = study.tasks("train")
    assert sorted(of(row, "used")["ridge"] for row in trained) == [0.1, 1.0, 10.0, 1e6]
    assert {of(row, "used")["name"] for row in trained} == {"ridge"}  # a default
    assert of(trained[0], "generated")["result"]["shape"] == [64, 10]
    assert {row["workflow"] for row in trained} == {"study"}
    about = of(trained[0], "attributes")
    assert about["worker"].startswith("tcp://127.0.0.1:")
    assert about["worker_name"] in ("0", "1")
    assert 0 <= about["waited_s"] < 240
    (cluster,) = study.rows("SELECT attributes FROM object WHERE kind = 'dask cluster'")
    assert of(cluster, "attributes")["workers"] == 2
    # Whatever a worker fetched came from the other one.
    fetches = study.rows(
        "SELECT attributes FROM task WHERE (attributes->>'fetched_bytes') IS NOT NULL"
    )
    assert fetches
    for row in fetches:
        about = of(row, "attributes")
        assert about["fetched_bytes"] > 0
        assert about["fetched"] >= 1
        assert about["worker"] not in about["fetched_from"]


def check_parents(study: Study) -> None:
    """Functions that are captured by themselves are children of the Dask task that called them."""
    solved = study.tasks("solve")
    assert [row["parent"] for row in solved] == ["train"] * 4
    assert {row["workflow"] for row in solved} == {"study"}
    noted = {of(row, "used")["value"]: row for row in study.tasks("noted")}
    assert noted[3.5]["parent"] == "check"  # of a coroutine
    assert noted[2.5]["parent"] == "in_a_process"  # of a process of a pool
    (in_process,) = study.tasks("in_a_process")
    assert noted[2.5]["pid"] != in_process["pid"]
    (checked,) = study.tasks("check")
    assert checked["parent"] == "asking"  # where the client submitted it
    (outer,) = study.tasks("submits")
    inner = [row for row in study.tasks("one_more") if row["parent"] == "submits"]
    assert sorted(of(row, "used")["x"] for row in inner) == [0, 1, 2]
    assert {row["parent_task_id"] for row in inner} == {outer["task_id"]}


def check_failures(study: Study) -> None:
    first, second = study.tasks("fails_once")
    assert [row["status"] for row in (first, second)] == ["failed", "finished"]
    assert [row["attempt"] for row in (first, second)] == [0, 1]
    assert of(first, "error")["type"] == "OSError"
    (failed,) = study.tasks("fails")
    assert failed["status"] == "failed"
    error = of(failed, "error")
    assert error["message"] == "no such thing"
    lines = error["traceback"].splitlines()
    assert "dask_tasks.py" in lines[0]  # the program's frames, not Dask's
    assert lines[1].strip() == "raise ValueError(reason)"
    lost, again = study.tasks("dies_once")
    assert [row["status"] for row in (lost, again)] == ["lost", "finished"]
    assert [row["attempt"] for row in (lost, again)] == [0, 1]
    assert lost["pid"] != again["pid"]
    assert of(lost, "attributes")["key"] == of(again, "attributes")["key"]
    # Nothing else was tried twice.
    again_at_all = study.rows("SELECT DISTINCT activity FROM task WHERE attempt > 0")
    assert {row["activity"] for row in again_at_all} == {"fails_once", "dies_once"}
    running = study.tasks("waits")
    assert [row["status"] for row in running] == ["cancelled"] * 2
    never = [row for row in study.tasks("one_more") if row["status"] == "cancelled"]
    assert len(never) == 20  # also those that were on a worker and had not begun
    assert all(row["ended_at"] == row["started_at"] or row["duration_s"] < 1 for row in never)


def check_scattered(study: Study) -> None:
    rows = study.rows(
        "SELECT o.attributes FROM edge e JOIN object o ON o.object_id = e.from_id "
        "JOIN task t ON t.task_id = e.to_id WHERE t.activity = 'sum' AND e.relation = 'used' "
        "AND (o.attributes->>'scattered') IS NOT NULL"
    )
    assert [of(row, "attributes")["type"] for row in rows] == ["numpy.ndarray"]


def test_results_are_the_same(study: Study) -> None:
    check_results(study)


def test_edges_are_those_of_the_graph(study: Study) -> None:
    check_edges(study)


def test_values(study: Study) -> None:
    check_values(study)


def test_parents(study: Study) -> None:
    check_parents(study)


def test_retries_errors_lost_and_cancelled(study: Study) -> None:
    check_failures(study)


def test_scattered_data_is_an_object(study: Study) -> None:
    check_scattered(study)


def test_accounting(study: Study, assert_accounted: Callable[..., None]) -> None:
    assert_accounted(study.store.directory)
