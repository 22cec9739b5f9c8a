"""Adapter.form(): tasks that an adapter begins by the thousand, each with one call."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace import adapters
from recorded import Capture


@pytest.fixture
def adapter() -> adapters.Adapter:
    return adapters.Adapter("mesh")


def test_values_stand_under_the_names_of_the_form(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    form = adapter.form(
        adapter.activity("solve", "mesh.py", 12),
        used=("steps", "rate", "solver"),
        defaults={"solver": "cg", "rate": 0.5, "depth": 3},
        attributes=("queue", "waited_s"),
        constants={"worker": "tcp://127.0.0.1:40001", "slot": 4},
    )
    for used in ((100, 0.1), [100, 0.1], {"steps": 100, "rate": 0.1, "grid": [1, 2]}, None):
        task = form.begin(None, 2, used, ("short", None))
        assert task is not None
        task.end(generated={"loss": 0.25})
    by_position, again, mapping, nothing = capture.recorded().named("solve")
    assert by_position["used"] == {"steps": 100, "rate": 0.1, "solver": "cg", "depth": 3}
    assert again["used"] == by_position["used"]
    assert mapping["used"] == {"steps": 100, "rate": 0.1, "grid": [1, 2]}
    assert "used" not in nothing
    for task in (by_position, again, mapping, nothing):
        assert task["activity"] == {"name": "solve", "file": "mesh.py", "line": 12}
        assert task["attempt"] == 2
        assert task["generated"] == {"loss": 0.25}
        assert task["attribute"] == {
            "queue": "short",
            "worker": "tcp://127.0.0.1:40001",
            "slot": 4,
        }


def test_the_result_is_an_object_that_the_task_generated(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    form = adapter.form("solve", attributes=("key",), result=("result", "scheduler-1", "mesh_key"))
    for key, value in (("solve-a", {"loss": 0.5}), ("solve-b", [1.5]), ("solve-c", None)):
        task = form.begin(None, 0, (), (key,))
        assert task is not None
        task.end(result=value, stored=(key, None if value is None else 64))
    failed = form.begin(None, 0, (), ("solve-d",))
    assert failed is not None
    failed.end(error=ValueError("no"))
    recorded = capture.recorded()
    tasks = {task["attribute"]["key"]: task for task in recorded.named("solve")}
    objects = {each["object_id"]: each for each in recorded.of("object")}
    expected = {
        "solve-a": {"size_bytes": 64, "type": "builtins.dict"},
        "solve-b": {"size_bytes": 64, "type": "builtins.list"},
        "solve-c": {"type": "builtins.NoneType"},
    }
    assert len(objects) == len(expected)
    for key, facts in expected.items():
        name = adapter.named("result", key, "scheduler-1")
        assert tasks[key]["generated"]["mesh_key"] == {"$object": name.id}
        assert objects[name.id]["object_kind"] == "result"
        assert objects[name.id]["attribute"] == {"name": key, "version": "scheduler-1", **facts}
    assert tasks["solve-a"]["generated"]["loss"] == 0.5
    assert tasks["solve-d"]["status"] == "failed"
    assert "generated" not in tasks["solve-d"]


def test_a_plain_form_begins_nothing_that_is_not(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    form = adapter.form("solve", used=("a", "b"), plain=True)
    for used in ([1, [2]], [1, b"2"], [1, 2, 3], [object()]):
        assert form.begin(None, 0, used, ()) is None
    mapping = form.begin(None, 0, {"a": [1]}, ())
    plain = form.begin(None, 0, (None, "text"), ())
    assert mapping is not None
    assert plain is not None
    mapping.end()
    plain.end()
    found = [task["used"] for task in capture.recorded().named("solve")]
    assert found == [{"a": [1]}, {"a": None, "b": "text"}]


def test_what_a_form_cannot_take_is_said(adapter: adapters.Adapter) -> None:
    form = adapter.form("solve", used=("a",))
    arguments: list[Any]
    for arguments in (
        [None, 0, (1, 2), ()],
        [None, 0, (1,), (2,)],
        [3, 0, (1,), ()],
        [None, 0, (1,), None],
        [None, 0, (1,)],
        [None, 0, 3, ()],
        [None, 0, "1", ()],
    ):
        with pytest.raises(TypeError, match=r"begin\(\) takes"):
            form.begin(*arguments)
    with pytest.raises(TypeError):
        form.begin(None, "first", (1,), ())  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="an activity is its name"):
        adapter.form(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="names are texts"):
        adapter.form("solve", used=(1,))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a result is"):
        adapter.form("solve", result="result")  # type: ignore[arg-type]


def test_it_is_current_where_the_form_says_so(capture: Capture, adapter: adapters.Adapter) -> None:
    @hr.task
    def inner() -> None: ...

    outer = adapter.begin("outer")
    form = adapter.form("solve", current="thread")

    def run() -> None:
        task = form.begin(outer.place, 0, (), ())
        assert task is not None
        assert adapters.current_task() == task.id
        inner()
        task.end()
        assert adapters.current_task() is None

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    outer.end()
    other = adapter.form("other").begin(None, 0, (), ())
    assert other is not None
    assert adapters.current_task() is None
    other.end()
    recorded = capture.recorded()
    assert recorded.parent("inner") == "solve"
    assert recorded.parent("solve") == "outer"


def test_secrets_are_taken_out(capture: Capture, adapter: adapters.Adapter) -> None:
    form = adapter.form(
        "solve",
        used=("url", "password"),
        attributes=("key",),
        constants={"broker": "redis://me:hunter2@example.org", "api_token": "hunter2"},
        result=("result", "1", "mesh_key"),
    )
    token = "gh" + "p_" + 24 * "x"
    task = form.begin(None, 0, ("http://me:hunter2@example.org", "hunter2"), (token,))
    assert task is not None
    task.end(stored=(token, 1))
    recorded = capture.recorded()
    written = str(recorded.named("solve") + recorded.of("object"))
    assert "hunter2" not in written
    assert token not in written
    assert recorded.one("solve")["attribute"]["broker"] == "redis://me:[redacted]@example.org"


def test_nothing_is_recorded_while_capture_is_off(tmp_path: Path) -> None:
    program = """
from headrace import adapters
form = adapters.Adapter("mesh").form("solve", used=("a",), result=("result", "1", "r"))
task = form.begin(None, 0, (1,), ())
assert task.id is None
task.end(result=1, stored=("k", 1))
assert adapters.directory() is None
"""
    environment = os.environ | {"HEADRACE_DISABLED": "1", "HEADRACE_DIR": str(tmp_path / "h")}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert not (tmp_path / "h").exists()


def test_a_fork_child_has_names_and_places_of_its_own(tmp_path: Path) -> None:
    program = f"""
import os, headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
form = adapters.Adapter("mesh").form(
    "solve", used=("a",), attributes=("key",), constants={{"worker": "w"}},
    result=("result", "1", "mesh_key"),
)
outer = adapters.Adapter("mesh").begin("outer")
def run(key):
    task = form.begin(outer_place, 0, (1,), (key,))
    task.end(result={{"loss": 0.5}}, stored=(key, 8))
outer_place = outer.place
run("parent")
pid = os.fork()
if pid == 0:
    for name in ("x", "y", "z"):
        hr.adapters.Adapter(name).begin(name, used={{name: 1}}).end()  # other ids than its parent's
    run("child")
    hr.flush(); os._exit(0)
os.waitpid(pid, 0)
outer.end()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = hr.open(tmp_path / ".headrace")
    rows = run.sql(
        "SELECT t.attributes->>'$.key', t.used->>'$.a', t.attributes->>'$.worker', o.name,"
        " p.activity FROM task t JOIN edge e ON e.to_id = t.task_id OR e.from_id = t.task_id"
        " JOIN object o ON o.object_id IN (e.from_id, e.to_id)"
        " JOIN task p ON p.task_id = t.parent_task_id WHERE t.activity = 'solve' ORDER BY 1"
    ).rows()
    assert rows == [("child", "1", "w", "child", "outer"), ("parent", "1", "w", "parent", "outer")]
