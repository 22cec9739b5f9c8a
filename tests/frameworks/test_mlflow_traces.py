"""`headrace import mlflow` of the traces of the real MLflow: spans as files and in the database."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, ROOT, environment_of, outside, query
from environments import python_of
from test_mlflow import following, uri_of

TRACING = ROOT / "tests/frameworks/mlflow_tracing.py"
STORES = [("mlflow-2.22", "sqlite"), ("mlflow-2.22", "files"), ("mlflow", "sqlite")]
Spans = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _only_when_all(run_all: bool) -> None:
    if not run_all:
        pytest.skip("installs MLflow; runs with --all")


def asking(version: str, store: str, folder: Path, pause_s: float) -> subprocess.Popen[str]:
    shutil.copy(TRACING, folder)
    return subprocess.Popen(
        [str(python_of(version)), TRACING.name, uri_of(store, folder), str(pause_s)],
        cwd=folder,
        env=outside() | {"GIT_PYTHON_REFRESH": "quiet"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def under(name: str, value: Any) -> Any:
    """A map's values stand under their names, anything else under one."""
    if value is None:
        return {}
    return value if isinstance(value, dict) else {name: value}


def as_mlflow_has_them(read_back: dict[str, list[dict[str, Any]]]) -> Spans:
    out: Spans = {}
    for trace, spans in read_back.items():
        for span in spans:
            generated = under("outputs", span["outputs"])
            if span["type"] == "LLM" and not span["is_failed"]:
                generated |= {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}
            out[f"{trace}/{span['id']}"] = {
                "parent": f"{trace}/{span['parent']}".removesuffix("/"),
                "activity": span["name"],
                "begin_ns": span["begin_ns"],
                "end_ns": span["end_ns"],
                "status": "failed" if span["is_failed"] else "finished",
                "type": span["type"],
                "used": under("inputs", span["inputs"]),
                "generated": generated,
            }
    return out


def as_the_store_has_them(folder: Path) -> Spans:
    rows = query(
        "SELECT t.attributes->>'foreign_id' AS id, p.attributes->>'foreign_id' AS parent, "
        "t.activity, epoch_ns(t.started_at) AS begin_ns, epoch_ns(t.ended_at) AS end_ns, t.status, "
        "t.attributes->>'mlflow.spanType' AS type, t.used, t.generated FROM task t "
        "LEFT JOIN task p ON t.parent_task_id = p.task_id "
        "WHERE contains(t.attributes->>'foreign_id', '/')",
        environment_of(folder),
    )
    return {row.pop("id"): row for row in rows}


def check_traces(folder: Path, traces: set[str]) -> None:
    rows = query(
        "SELECT t.attributes->>'foreign_id' AS id, t.status, t.error->>'type' AS error, "
        "w.name AS workflow, w.status AS whole, w.campaign, p.activity AS parent, t.used "
        "FROM task t "
        "JOIN workflow w ON t.workflow_id = w.workflow_id "
        "LEFT JOIN task p ON t.parent_task_id = p.task_id "
        "WHERE t.activity = 'answer' AND NOT contains(t.attributes->>'foreign_id', '/') "
        "ORDER BY t.started_at",
        environment_of(folder),
    )
    assert {row["id"] for row in rows} == traces
    assert [row["status"] for row in rows] == ["finished", "failed", "finished"]
    assert [row["error"] for row in rows] == [None, "IndexError", None]
    # The last one was asked outside the run.
    assert [row["workflow"] for row in rows] == ["asking", "asking", "answer"]
    assert [row["parent"] for row in rows] == ["mlflow_tracing", "mlflow_tracing", None]
    assert {row["whole"] for row in rows} == {"finished"}
    assert {row["campaign"] for row in rows} == {"questions"}
    assert rows[0]["used"] == {"word": "import"}


@pytest.mark.parametrize(("version", "store"), STORES)
def test_all_spans_are_imported(version: str, store: str, tmp_path: Path) -> None:
    asked = asking(version, store, tmp_path, 0)
    out, said = asked.communicate(timeout=600)
    assert asked.returncode == 0, said
    read_back = json.loads(out.splitlines()[-1])
    wanted = as_mlflow_has_them(read_back)
    # Four of each question; of the one that fails the last, too, for it fails in it.
    assert len(wanted) == 12
    folder = tmp_path / ".headrace"
    for told in ("tasks", "nothing new"):
        done = subprocess.run(
            [str(HEADRACE), "import", "mlflow", str(tmp_path)],
            env=environment_of(folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert told in done.stdout
        assert as_the_store_has_them(folder) == wanted
    check_traces(folder, set(read_back))
    assert query("SELECT reason FROM quarantine", environment_of(folder)) == []


@pytest.mark.parametrize(("version", "store"), STORES)
def test_it_follows_questions(version: str, store: str, tmp_path: Path) -> None:
    asked = asking(version, store, tmp_path, 2.0)
    place = tmp_path / ("mlflow.db" if store == "sqlite" else "mlruns")
    folder = tmp_path / ".headrace"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and asked.poll() is None:
        if list((tmp_path / "mlruns").glob("*/*")) or place.with_name("mlflow.db").exists():
            done = subprocess.run(
                [str(HEADRACE), "import", "mlflow", str(place)],
                env=environment_of(folder),
                capture_output=True,
                check=False,
                timeout=120,
            )
            if done.returncode == 0:
                break
        time.sleep(0.1)
    follower = following(place, folder)
    try:
        out, said = asked.communicate(timeout=600)
        assert asked.returncode == 0, said
        read_back = json.loads(out.splitlines()[-1])
        wanted = as_mlflow_has_them(read_back)
        deadline = time.monotonic() + 60
        while as_the_store_has_them(folder) != wanted and time.monotonic() < deadline:
            time.sleep(0.5)
        assert as_the_store_has_them(folder) == wanted
    finally:
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=60)
    assert follower.returncode in (0, 130), said
    check_traces(folder, set(read_back))
