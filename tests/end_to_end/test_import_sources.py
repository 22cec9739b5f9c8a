"""headrace import KIND SOURCE: what it says it stored, and following a source that grows."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from asked import HEADRACE, ROOT, environment_of, stored
from served import serving

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

BEGIN_S = 1_700_000_000


def task(number: int, status: str = "FINISHED", **more: Any) -> str:
    document = {
        "type": "task",
        "task_id": f"t{number}",
        "activity_id": "solve",
        "workflow_id": "run",
        "campaign_id": "study",
        "started_at": BEGIN_S + number,
        "status": status,
        "used": {"n": number},
        **more,
    }
    if status != "RUNNING":
        document |= {"ended_at": BEGIN_S + number + 0.5, "generated": {"y": number / 2}}
    return json.dumps(document) + "\n"


def append(file: Path, *lines: str) -> None:
    with file.open("a") as out:
        out.write("".join(lines))


def follower(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(str(HEADRACE), "import", "flowcept", str(folder / "buffer.jsonl"), "--follow"),
            *("--every", "0.05", "--json", *words),
        ],
        env=environment_of(folder / ".headrace"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def following(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = follower(folder, *words)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=60)


def tasks_told(process: subprocess.Popen[str], wanted: int) -> None:
    """Reads its reports until they tell of so many tasks."""
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told += json.loads(line)["tasks"]
        if told >= wanted:
            break
    assert told == wanted


def import_once(folder: Path) -> dict[str, int]:
    done = subprocess.run(
        [str(HEADRACE), "import", "flowcept", str(folder / "buffer.jsonl"), "--json"],
        env=environment_of(folder / ".headrace"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def tasks_in(folder: Path) -> list[str]:
    rows = stored(folder / ".headrace", "SELECT used->>'$.n' AS n FROM task ORDER BY started_at")
    return [row["n"] for row in rows]


def test_what_it_says_it_stored_is_there_for_everybody(tmp_path: Path) -> None:
    append(
        tmp_path / "buffer.jsonl",
        json.dumps({"type": "workflow", "workflow_id": "run", "name": "night"}) + "\n",
        task(1, config={"api_key": "hunter2"}, used={"n": 1, "deep": [{"password": "hunter2"}]}),
        task(2, "ERROR", stderr="it broke"),
        task(3, "RUNNING"),
        "{no JSON\n",
    )
    counts = import_once(tmp_path)
    assert set(counts) == {
        *("tasks", "workflow_records", "objects", "rows_of_metrics", "lines", "edges"),
        *("quarantined_pieces", "shortened_records", "secrets_taken_out", "running_tasks", "known"),
    }
    assert counts["tasks"] == 2
    assert counts["running_tasks"] == 1
    assert counts["quarantined_pieces"] == 1
    assert counts["secrets_taken_out"] == 2
    statuses = {"finished": 1, "failed": 1, "running": 1}
    folder = tmp_path / ".headrace"
    by_status = "SELECT status, count(*) AS n FROM task GROUP BY status"
    assert {row["status"]: row["n"] for row in stored(folder, by_status)} == statuses
    assert stored(folder, "SELECT count(*) AS n FROM quarantine") == [{"n": 1}]
    store = hr.open(folder)
    assert dict(store.sql(by_status).rows()) == statuses
    with serving(tmp_path) as served:
        for status, count in statuses.items():
            assert len(served.ask(f"/api/v1/tasks?filter=status:{status}").rows()) == count
    again = import_once(tmp_path)
    assert {name for name, count in again.items() if count} <= {"running_tasks", "known"}
    everything = subprocess.run(
        ["grep", "-rl", "hunter2", str(folder)], capture_output=True, text=True, check=False
    )
    assert everything.stdout == ""


def test_a_follower_takes_what_comes_and_ends_when_nothing_does(tmp_path: Path) -> None:
    append(tmp_path / "buffer.jsonl", task(1))
    with following(tmp_path, "--idle", "1.5") as process:
        tasks_told(process, 1)
        append(tmp_path / "buffer.jsonl", task(2), task(3)[:40])
        tasks_told(process, 1)
        append(tmp_path / "buffer.jsonl", task(3)[40:])
        tasks_told(process, 1)
        assert process.wait(timeout=60) == 0
    assert tasks_in(tmp_path) == ["1", "2", "3"]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_follower_cleanly(tmp_path: Path, by: signal.Signals) -> None:
    append(tmp_path / "buffer.jsonl", task(1), task(2, "RUNNING"))
    with following(tmp_path) as process:
        tasks_told(process, 1)
        process.send_signal(by)
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0
        assert "stopped; what was read of" in said
    assert tasks_in(tmp_path) == ["1", "2"]
    append(tmp_path / "buffer.jsonl", task(2))
    assert import_once(tmp_path)["tasks"] == 1
    assert tasks_in(tmp_path) == ["1", "2"]


def test_a_killed_follower_leaves_nothing_twice(tmp_path: Path) -> None:
    for begun in range(3):
        with following(tmp_path) as process:
            append(tmp_path / "buffer.jsonl", *(task(begun * 50 + i) for i in range(50)))
            tasks_told(process, 50)
            # And while it reads.
            append(tmp_path / "buffer.jsonl", *(task(1000 + begun * 50 + i) for i in range(50)))
            process.kill()
            process.wait(timeout=60)
        import_once(tmp_path)
    numbers = tasks_in(tmp_path)
    assert len(numbers) == len(set(numbers)) == 300


def test_a_second_follower_is_told_who_has_the_source(tmp_path: Path) -> None:
    append(tmp_path / "buffer.jsonl", task(1))
    with following(tmp_path) as first:
        tasks_told(first, 1)
        with following(tmp_path) as second:
            _, said = second.communicate(timeout=60)
            assert second.returncode != 0
            assert f"another process ({first.pid} on " in said
            assert "wait for it, or end it" in said
        # The first one goes on.
        append(tmp_path / "buffer.jsonl", task(2))
        tasks_told(first, 1)
    assert tasks_in(tmp_path) == ["1", "2"]


def test_why_tells_the_versions_of_a_registered_model_apart(tmp_path: Path) -> None:
    database = ROOT / "tests/frameworks/data/mlflow-3.17.2.db"
    shutil.copy(database, tmp_path / "mlflow.db")
    environment = environment_of(tmp_path / ".headrace")

    def headrace(*words: str) -> str:
        done = subprocess.run(
            [str(HEADRACE), *words], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    headrace("import", "mlflow", str(tmp_path / "mlflow.db"))
    models = stored(
        tmp_path / ".headrace",
        "SELECT object_id, attributes->>'$.version' AS told FROM object WHERE name = 'wines'",
    )
    assert sorted(model["told"] for model in models) == ["1", "2"]
    for model in models:
        first = headrace("why", model["object_id"]).splitlines()[0]
        assert ("version 2" in first) == (model["told"] == "2"), first


def test_without_words_it_says_what_can_be_taken_in(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(HEADRACE), "import"],
        env=environment_of(tmp_path / ".headrace"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    for words in ("a folder", "headrace import mlflow mlflow.db", "flowcept (", "tensorboard ("):
        assert words in done.stderr
    assert not (tmp_path / ".headrace").exists()


def test_two_folders_that_read_one_source_are_one_without_its_tasks_twice(tmp_path: Path) -> None:
    append(tmp_path / "buffer.jsonl", task(1), task(2))
    for folder in ("one", "two"):
        done = subprocess.run(
            [str(HEADRACE), "import", "flowcept", str(tmp_path / "buffer.jsonl")],
            env=environment_of(tmp_path / folder / ".headrace"),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        append(tmp_path / "buffer.jsonl", task(3))
    done = subprocess.run(
        [str(HEADRACE), "import", str(tmp_path / "two")],
        env=environment_of(tmp_path / "one" / ".headrace"),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "2 tasks of flowcept" in done.stderr
    assert "1 task went further there: run headrace import flowcept" in done.stderr
    assert tasks_in(tmp_path / "one") == ["1", "2"]
