"""Adapter.runner(): what stands for the function by which a framework runs its tasks."""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass
from typing import Any

import headrace as hr
import pytest
from headrace import adapters
from recorded import Capture


@dataclass
class Job:
    state: str = "running"


class Mesh:
    """A framework in small: `run(job, place)` runs a job by key and says how it went."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.ended: list[tuple[Any, Any]] = []
        self.ready: dict[Any, Any] = {}
        self.state: dict[str, Any] = {"ready": self.ready}
        self.adapter = adapters.Adapter("mesh")
        self.form = self.adapter.form(
            "solve",
            used=("a",),
            attributes=("key",),
            result=("result", "mesh-1", "mesh_key"),
            current="thread",
            plain=True,
        )
        self.work: Any = lambda: {"loss": 0.5}
        self.runner = self.runner_of(self.run)

    def runner_of(self, function: Any, **other: Any) -> Any:
        """With what this framework's functions take and give, but for `other`."""
        terms: dict[str, Any] = {
            "ready": (1, "ready"),
            "key": 0,
            "otherwise": self.otherwise,
            "ended": self.end,
            "answer": ("op", "done", "result", "bytes"),
            "state": "state",
            "over": frozenset(("dropped",)),
        }
        return self.adapter.runner(function, **{**terms, **other})

    def run(self, key: Any, state: Any, *, slowly: bool = False) -> Any:
        """Runs a job."""
        self.calls.append(f"run {key} {slowly}")
        return {"op": "done", "result": self.work(), "bytes": 64}

    def otherwise(self, key: Any, state: Any, *, slowly: bool = False) -> Any:
        self.calls.append(f"otherwise {key} {slowly}")
        return "otherwise"

    def end(self, task: adapters.OpenTask, about: Any, outcome: Any) -> None:
        self.ended.append((about, outcome))
        task.end(error=outcome if isinstance(outcome, BaseException) else "it went wrong")

    def make_ready(self, key: Any, used: Any = (1,), job: Any = None) -> None:
        facts = (used, (str(key),), str(key), job or Job())
        self.ready[key] = (self.form, None, 0, *facts)


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


def test_a_task_that_goes_well(capture: Capture, mesh: Mesh) -> None:
    @hr.task
    def inner() -> None: ...

    def work() -> dict[str, float]:
        inner()
        return {"loss": 0.5}

    mesh.work = work
    mesh.make_ready("solve-a")
    answer = mesh.runner("solve-a", mesh.state, slowly=True)
    assert answer == {"op": "done", "result": {"loss": 0.5}, "bytes": 64}
    assert mesh.calls == ["run solve-a True"]
    assert mesh.ready == {}
    assert mesh.ended == []
    recorded = capture.recorded()
    task = recorded.one("solve")
    (stored,) = recorded.of("object")
    assert task["status"] == "finished"
    assert task["used"] == {"a": 1}
    assert task["attribute"]["key"] == "solve-a"
    assert task["generated"]["loss"] == 0.5
    assert task["generated"]["mesh_key"] == {"$object": stored["object_id"]}
    assert stored["attribute"]["size_bytes"] == 64
    assert stored["attribute"]["type"] == "builtins.dict"
    assert recorded.parent("inner") == "solve"


def test_nothing_is_ready(capture: Capture, mesh: Mesh) -> None:
    """Whatever the arguments are, one function is called, once, with just these."""
    mesh.make_ready("other")
    mesh.make_ready("odd", used=([1],))  # a plain form does not begin it
    mesh.ready["short"] = (mesh.form, None)
    mesh.ready["no form"] = (3, None, 0, (1,), (), "", None)
    mesh.ready["wrong"] = (mesh.form, 3, 0, (1,), (), "", None)
    for key in ("none", "odd", "short", "no form", "wrong"):
        assert mesh.runner(key, mesh.state, slowly=True) == "otherwise"
    for state in ({}, {"ready": None}, None):
        assert mesh.runner("other", state) == "otherwise"
    assert mesh.runner(key="other", state=mesh.state) == "otherwise"  # by position only
    expected = [f"otherwise {key} True" for key in ("none", "odd", "short", "no form", "wrong")]
    assert mesh.calls == expected + ["otherwise other False"] * 4
    assert list(mesh.ready) == ["other"]
    with pytest.raises(TypeError, match="missing"):
        mesh.runner("other")
    with pytest.raises(TypeError, match="unhashable"):
        mesh.runner_of(mesh.run, otherwise=lambda key, state: {}[key])([], mesh.state)
    assert capture.recorded().tasks == []


def test_what_the_function_raises_goes_on(capture: Capture, mesh: Mesh) -> None:
    def fail() -> None:
        raise ValueError("no")

    def stop() -> None:
        raise KeyboardInterrupt

    for work, kind in ((fail, ValueError), (stop, KeyboardInterrupt)):
        mesh.work = work
        job = Job()
        mesh.make_ready("solve-a", job=job)
        with pytest.raises(kind) as raised:
            mesh.runner("solve-a", mesh.state)
        about, outcome = mesh.ended[-1]
        assert about is job
        assert outcome is raised.value
        assert outcome.__traceback__ is not None
    failed, stopped = capture.recorded().named("solve")
    assert failed["status"] == "failed"
    assert failed["error"]["message"] == "no"
    assert stopped["status"] == "cancelled"


def test_another_answer(capture: Capture, mesh: Mesh) -> None:
    for answer in ({"op": "erred"}, {}, "text", None):
        runner = mesh.runner_of(lambda key, state, answer=answer: answer)
        mesh.make_ready("solve-a")
        assert runner("solve-a", mesh.state) is answer
        assert mesh.ended[-1][1] is answer
    assert [task["status"] for task in capture.recorded().named("solve")] == ["failed"] * 4


def test_nobody_waits_for_the_result(capture: Capture, mesh: Mesh) -> None:
    job = Job()

    def work() -> int:
        job.state = "dropped"
        return 3

    mesh.work = work
    mesh.make_ready("solve-a", job=job)
    mesh.runner("solve-a", mesh.state)
    mesh.make_ready("solve-b", job=object())  # says nothing
    mesh.runner("solve-b", mesh.state)
    statuses = {t["attribute"]["key"]: t["status"] for t in capture.recorded().named("solve")}
    assert statuses == {"solve-a": "cancelled", "solve-b": "finished"}


def test_an_adapter_that_fails_at_the_end(capture: Capture, mesh: Mesh) -> None:
    """Nothing of it reaches the framework, and the task does not stay open."""
    runner = mesh.runner_of(
        lambda key, state: 1 // state["zero"], ended=lambda task, about, outcome: 1 // 0
    )
    mesh.make_ready("solve-a")
    assert runner("solve-a", {**mesh.state, "zero": 1}) == 1
    mesh.make_ready("solve-a")
    with pytest.raises(ZeroDivisionError, match="division or modulo by zero"):
        runner("solve-a", {**mesh.state, "zero": 0})
    assert [task["status"] for task in capture.recorded().named("solve")] == ["cancelled"] * 2


def test_it_looks_like_the_function(mesh: Mesh) -> None:
    assert mesh.runner.__name__ == "run"
    assert mesh.runner.__doc__ == "Runs a job."
    assert mesh.runner.__wrapped__ == mesh.run
    runner: Any = mesh.runner
    runner.itself = runner
    gone = weakref.ref(runner)
    del runner, mesh.runner
    gc.collect()
    assert gone() is None


def test_what_a_runner_cannot_be_made_of_is_said(mesh: Mesh) -> None:
    wrong: dict[str, Any]
    for wrong in ({"otherwise": 3}, {"ready": (1,)}, {"answer": ("op",)}, {"over": []}):
        with pytest.raises(TypeError):
            mesh.runner_of(mesh.run, **wrong)
    with pytest.raises(TypeError, match="cannot be called"):
        mesh.runner_of(3)
    with pytest.raises(ValueError, match="count from 0"):
        mesh.runner_of(mesh.run, key=-1)
