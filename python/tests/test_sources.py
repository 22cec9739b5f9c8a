"""adapters.Source: following what another program recorded, from Python."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace.adapters import Source
from headrace.store import BusyError

BEGIN_NS = 1_700_000_000_123_456_789


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / ".headrace"


def tell(source: Source) -> None:
    source.workflow("run", "night", campaign="meshes", begin_ns=BEGIN_NS, used={"seed": 7})
    mesh = source.object("mesh-1", "dataset", name="wing", sha256="ab" * 32, size_bytes=12)
    source.task(
        "a",
        "solve",
        workflow="run",
        begin_ns=BEGIN_NS,
        end_ns=BEGIN_NS + 1000,
        used={"mesh": mesh, "lr": 0.1, "big": 10**30, "nan": float("nan"), "none": None},
    )
    source.task(
        "b",
        "check",
        workflow="run",
        parent="a",
        depends_on=["a"],
        begin_ns=BEGIN_NS + 2000,
        end_ns=BEGIN_NS + 3000,
        status="failed",
        attempt=1,
        error=("ValueError", "diverged", "in line 3"),
        generated={
            "raw": b"\x00\xff",
            "list": [1, {"x": (2, None)}, {3}],
            "when": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
            "odd": object(),
        },
        tags={"best": True},
        host="node7",
        agent="optimizer",
    )
    for step in range(3):
        source.row({"loss": 1 / (step + 1)}, at_ns=BEGIN_NS + step, task="a", step=step)
    source.line("iterating", at_ns=BEGIN_NS, workflow="run", is_error=True)
    source.edge("a", "mesh-2", generated=True, name="refined", inferred=True)
    source.quarantine(b"{", "its JSON ends early")
    source.workflow("run", end_ns=BEGIN_NS + 5000, begin_ns=BEGIN_NS, status="finished")


def seen(folder: Path) -> list[Any]:
    store = hr.open(folder)
    return [
        sorted(map(repr, store.sql(f"FROM {view}").rows()))
        for view in ("task", "workflow", "object", "edge", "log")
    ]


def test_stores_what_it_is_told_once(folder: Path) -> None:
    with Source("mesh", "/data/mesh.log", folder) as source:
        assert source.position is None
        tell(source)
        source.commit("17")
        report = source.report()
    assert (report["tasks"], report["rows"], report["lines"], report["known"]) == (2, 3, 1, 0)
    store = hr.open(folder)
    (failed,) = store.tasks.where("status:failed")
    assert failed["activity"] == "check"
    assert failed["attempt"] == 1
    ((error, attributes),) = store.sql(
        "SELECT error, attributes FROM task WHERE status = 'failed'"
    ).rows()
    assert error["message"] == "diverged"
    assert attributes == {"foreign_id": "b", "host": "node7", "agent": "optimizer"}
    assert failed["generated"]["raw"] == b"\x00\xff"
    assert failed["generated"]["list"] == [1, {"x": [2, None]}, {3}]
    assert failed["generated"]["when"] == datetime(2026, 1, 2, 3, 4, 5, 678901, timezone.utc)
    (finished,) = store.tasks.where("activity:solve")
    assert finished["used"]["big"] == 10**30
    assert finished["used"]["nan"] != finished["used"]["nan"]
    assert store.sql("SELECT name, status, campaign FROM workflow").rows() == [
        ("night", "finished", "meshes")
    ]
    assert store.sql("SELECT reason FROM quarantine").rows() == [("its JSON ends early",)]
    assert "odd" in failed["generated"]
    before = seen(folder)
    with Source("mesh", "/data/mesh.log", folder) as source:
        assert source.position == "17"
        tell(source)
        source.commit("17")
        assert source.report()["tasks"] == 0
    assert [len(view) for view in seen(folder)][:4] == [len(view) for view in before][:4]


def test_stores_nothing_twice_when_its_notes_are_gone(folder: Path) -> None:
    import shutil

    with Source("mesh", "/data/mesh.log", folder) as source:
        tell(source)
        source.commit("17")
    before = seen(folder)
    shutil.rmtree(folder / "imports")
    with Source("mesh", "/data/mesh.log", folder) as source:
        assert source.position is None
        tell(source)
        source.commit("17")
    assert seen(folder) == before


def test_what_goes_on_is_running_and_then_ends(folder: Path) -> None:
    with Source("mesh", "x", folder) as source:
        source.task("a", "solve", begin_ns=BEGIN_NS, status="running", used={"n": 1})
        source.commit()
    (task,) = hr.open(folder).tasks
    assert (task["status"], task["used"]) == ("running", {"n": 1})
    with Source("mesh", "x", folder) as source:
        source.task("a", end_ns=BEGIN_NS + 5, generated={"m": 2})
        source.commit()
    (task,) = hr.open(folder).tasks
    assert (task["status"], task["used"], task["generated"]) == ("finished", {"n": 1}, {"m": 2})


def test_says_what_is_wrong(folder: Path) -> None:
    with Source("mesh", "x", folder) as source:
        with pytest.raises(ValueError, match="without an id"):
            source.task("", "solve")
        with pytest.raises(ValueError, match="a status is"):
            source.task("a", "solve", status="over")
        with pytest.raises(ValueError, match="no SHA-256"):
            source.object("o", sha256="12")
        with pytest.raises(TypeError):
            source.task(1, "solve")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="closed"):
        source.commit()
    with pytest.raises(ValueError, match="no kind"):
        Source("a/b", "x", folder)


def test_another_process_has_it_open(folder: Path) -> None:
    program = f"""
import sys
from headrace.adapters import Source
from headrace.store import BusyError
with Source("mesh", "x", {str(folder)!r}):
    print("open", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(BusyError, match=str(other.pid)):
            Source("mesh", "x", folder)
        other.communicate("")
    with Source("mesh", "x", folder):
        pass


def test_follows_a_file_from_where_it_was(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "mesh.jsonl"

    def follow() -> dict[str, int]:
        with Source("mesh", str(log), folder) as source:
            offset = int(source.position or 0)
            with log.open("rb") as lines:
                lines.seek(offset)
                for line in lines:
                    if not line.endswith(b"\n"):
                        break
                    offset += len(line)
                    try:
                        job = json.loads(line)
                    except ValueError as error:
                        source.quarantine(line, str(error))
                        continue
                    source.task(job["id"], "solve", begin_ns=job["at"], end_ns=job["at"] + 1)
            source.commit(str(offset))
            return source.report()

    log.write_bytes(b'{"id": "a", "at": 1}\n{"id": \n{"id": "b", "at": 2}\n{"id": "c"')
    assert follow()["tasks"] == 2
    assert follow()["tasks"] == 0
    with log.open("ab") as more:
        more.write(b', "at": 3}\n')
    assert follow()["tasks"] == 1
    assert len(hr.open(folder).tasks) == 3


def assert_without(folder: Path, secret: bytes) -> None:
    for file in folder.rglob("*"):
        assert not file.is_file() or secret not in file.read_bytes(), file


def test_secrets_are_taken_out_however_deep(folder: Path) -> None:
    with Source("mesh", "/data/mesh.log", folder) as source:
        source.task(
            "t",
            "solve",
            begin_ns=BEGIN_NS,
            used={
                "config": {"api_key": "hunter2", "lr": 0.1},
                "hosts": [{"name": "a", "auth": "hunter2"}, ["password", "hunter2"]],
                "password": "hunter2",
                "max_tokens": 5,
            },
            status="running",
        )
        source.commit("1")
        assert source.report()["redacted"] == 4
        assert_without(folder, b"hunter2")  # also where a task waits for its end
        source.task("t", end_ns=BEGIN_NS + 1)
        source.commit("2")
    assert_without(folder, b"hunter2")
    ((used,),) = hr.open(folder).sql("SELECT used FROM task").rows()
    assert (used["config"]["lr"], used["hosts"][0]["name"], used["max_tokens"]) == (0.1, "a", 5)
    assert_without(folder, b"hunter2")
