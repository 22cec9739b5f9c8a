"""Campaigns, workflows and objects."""

from __future__ import annotations

import asyncio
import hashlib
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from recorded import Capture, read


def records() -> list[dict[str, Any]]:
    hr.flush()
    return read(os.environ["HEADRACE_DIR"])


def workflow_records(workflow_id: str | None) -> list[dict[str, Any]]:
    return [r for r in records() if r["kind"] == "workflow" and r["workflow_id"] == workflow_id]


@hr.task
def step() -> None: ...


def test_workflow() -> None:
    with hr.workflow("train", used={"lr": 0.1}, tags=["t"]) as workflow:
        assert workflow.id is not None
        workflow.generated(loss=0.5).tag("good", level=1).used(late=2)
        step()
    begin, end = workflow_records(workflow.id)
    assert (begin["name"], begin["status"], begin["is_open"]) == ("train", "running", True)
    assert (begin["used"], begin["tag"]) == ({"lr": 0.1}, {"t": True})
    assert (end["status"], end["is_open"]) == ("finished", False)
    assert (end["generated"], end["used"]) == ({"loss": 0.5}, {"late": 2})
    assert end["tag"] == {"good": True, "level": 1}
    (task,) = [r for r in records() if r["kind"] == "task" and r["workflow_id"] == workflow.id]
    assert task["activity"]["name"] == "step"


def test_sub_workflow() -> None:
    with hr.workflow("outer") as outer, hr.workflow("inner") as inner:
        step()
    assert workflow_records(inner.id)[0]["parent_workflow_id"] == outer.id
    with hr.workflow("after") as after:
        pass
    assert workflow_records(after.id)[0]["parent_workflow_id"] != outer.id


def test_workflow_that_fails() -> None:
    error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError) as caught, hr.workflow("fails") as workflow:
        raise error
    assert caught.value is error
    end = workflow_records(workflow.id)[-1]
    assert end["status"] == "failed"
    assert end["error"]["message"] == "out of memory"
    with pytest.raises(KeyboardInterrupt), hr.workflow("stopped") as stopped:
        raise KeyboardInterrupt
    assert workflow_records(stopped.id)[-1]["status"] == "cancelled"


def test_workflow_is_open_once() -> None:
    with hr.workflow("once") as workflow, pytest.raises(RuntimeError, match="open already"):
        workflow.__enter__()


def test_decorators() -> None:
    seen = []

    @hr.campaign("decorated")
    @hr.workflow("of a function", used={"a": 1})
    def run(x: int) -> int:
        """Runs."""
        step()
        seen.append(hr.workflow)
        return x

    @hr.workflow("of a coroutine")
    async def run_async(x: int) -> int:
        step()
        return x

    assert run(1) == 1 and run(x=2) == 2
    assert run.__name__ == "run" and run.__doc__ == "Runs."
    assert asyncio.run(run_async(3)) == 3
    begun = [r for r in records() if r["kind"] == "workflow" and r["is_open"]]
    of_function = [r for r in begun if r["name"] == "of a function"]
    assert len(of_function) == 2
    assert {r["campaign"] for r in of_function} == {"decorated"}
    assert len([r for r in begun if r["name"] == "of a coroutine"]) == 1


def test_campaign() -> None:
    with hr.campaign("which width", tags=["study"], question="does width pay?") as campaign:
        with hr.workflow("inside") as inside:
            pass
        with hr.campaign("another"), hr.workflow("deeper") as deeper:
            pass
        with hr.workflow("back") as back:
            pass
    with hr.workflow("outside") as outside:
        pass
    names = [workflow_records(w.id)[0].get("campaign") for w in (inside, deeper, back, outside)]
    assert names == ["which width", "another", "which width", None]
    assert workflow_records(inside.id)[0]["campaign_id"] == campaign.id
    assert campaign.id == hr.campaign("which width").id != hr.campaign("another").id
    (record,) = [r for r in records() if r["kind"] == "campaign" and r["name"] == "which width"]
    assert record["attribute"] == {"question": "does width pay?"}
    assert record["tag"] == {"study": True}


def test_file_objects(capture: Capture, tmp_path: Path) -> None:
    file = tmp_path / "data.bin"
    file.write_bytes(b"content")
    data = hr.object(file, kind="dataset", rows=3)
    assert data.sha256 == hashlib.sha256(b"content").hexdigest()
    assert data.size_bytes == 7
    assert data.path == str(file.resolve())
    assert (data.kind, data.name) == ("dataset", "data.bin")
    assert os.fspath(data) == data.path and Path(data).read_bytes() == b"content"
    link = tmp_path / "link"
    link.symlink_to(file)
    assert hr.object(link) == data == hr.object(str(file))
    assert len({hr.object(link), data}) == 1
    file.write_bytes(b"changed")
    changed = hr.object(file)
    assert changed != data and changed.sha256 != data.sha256
    (record, *_) = capture.recorded().of("object")
    assert record["object_id"] == data.id
    assert record["object_kind"] == "dataset"
    attributes = record["attribute"]
    assert attributes["sha256"] == {"$bytes": data.sha256}
    assert (attributes["size_bytes"], attributes["rows"]) == (7, 3)
    assert (attributes["name"], attributes["path"]) == ("data.bin", data.path)


def test_objects_as_values_make_edges(capture: Capture, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"in")

    @hr.task
    def train(data: Any, base: Any) -> dict[str, Any]:
        (tmp_path / "out").write_bytes(b"out")
        return {"model": hr.object(tmp_path / "out", kind="model")}

    data = hr.object(tmp_path / "in")
    model = train(data, [data])["model"]
    task = capture.recorded().one("train")
    assert task["used"] == {"data": {"$object": data.id}, "base": [{"$object": data.id}]}
    assert task["generated"] == {"model": {"$object": model.id}}


def test_folder_objects(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "sub" / "b").write_text("b")
    first = hr.object(folder)
    assert (first.kind, first.name, first.size_bytes) == ("directory", "model", 2)
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    assert hr.object(moved).sha256 == first.sha256
    assert hr.object(moved) != first
    (folder / "sub" / "b").rename(folder / "sub" / "c")
    assert hr.object(folder).sha256 != first.sha256


def test_named_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    base = hr.object("gpt-2", kind="model", version="1.0")
    assert base == hr.object("gpt-2", kind="model", version="1.0")
    assert base != hr.object("gpt-2", kind="model", version="1.1")
    assert base != hr.object("gpt-2", kind="dataset", version="1.0")
    assert (base.path, base.sha256, base.size_bytes) == (None, None, None)
    with pytest.raises(TypeError, match="not a file"):
        os.fspath(base)
    with pytest.warns(RuntimeWarning, match="does not exist"):
        hr.object(Path("missing"))


def test_objects_travel(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"x")
    data = hr.object(tmp_path / "data")
    again = pickle.loads(pickle.dumps(data))  # noqa: S301 - made on this line
    assert again == data and again.sha256 == data.sha256 and again.path == data.path
    assert "data" in repr(data) and data.id in repr(data)
