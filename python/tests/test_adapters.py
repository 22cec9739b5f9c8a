"""headrace.adapters: what an adapter records, and that nothing of it reaches the user's program."""

from __future__ import annotations

import ast
import signal
import threading
import time
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace import adapters
from recorded import Capture


@pytest.fixture
def adapter() -> adapters.Adapter:
    return adapters.Adapter("mesh", "run 1")


def edges(task: dict[str, Any], role: str) -> list[str]:
    """Ids of the objects among a task's values."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$object" in value:
                found.append(value["$object"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(task[role])
    return found


def test_begins_in_one_callback_and_ends_in_another(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    opened = {}

    def on_start(key: str) -> None:
        opened[key] = adapter.begin("solve", key=key, used={"n": 3}, tags=["fast"])

    def on_end(key: str) -> None:
        opened.pop(key).end(generated={"loss": 0.5})

    for callback, key in ((on_start, "a"), (on_start, "b"), (on_end, "a"), (on_end, "b")):
        thread = threading.Thread(target=callback, args=(key,))
        thread.start()
        thread.join()
    tasks = capture.recorded().named("solve")
    assert sorted(t["attribute"]["foreign_id"] for t in tasks) == ["a", "b"]
    for task in tasks:
        assert task["status"] == "finished"
        assert task["used"] == {"n": 3}
        assert task["generated"]["loss"] == 0.5
        assert task["tag"] == {"fast": True}


def test_what_depends_on_a_key_uses_its_result(capture: Capture, adapter: adapters.Adapter) -> None:
    adapter.begin("read", key="x").end()
    adapter.begin("solve", key="y", depends_on=["x", "later"]).end()
    adapter.begin("write", key="later").end()
    adapters.Adapter("mesh", "run 2").begin("other", key="x").end()
    recorded = capture.recorded()
    (x,) = edges(recorded.one("read"), "generated")
    (later,) = edges(recorded.one("write"), "generated")
    (other,) = edges(recorded.one("other"), "generated")
    assert edges(recorded.one("solve"), "used") == [x, later]
    assert other not in (x, later)
    assert adapter.result("x").id == x


def test_records_what_is_over_with_its_own_times(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    end_ns = time.time_ns() - 1_000_000_000
    begin_ns = end_ns - 250_000_000
    task_id = adapter.record(
        "solve",
        begin_ns=begin_ns,
        end_ns=end_ns,
        key="a",
        status="cancelled",
        attempt=2,
        used={"lr": 0.1},
        generated={"loss": 0.5},
        attributes={"worker": "w1"},
    )
    task = capture.recorded().one("solve")
    assert task["task_id"] == task_id
    assert task["status"] == "cancelled"
    assert task["attempt"] == 2
    assert task["attribute"] == {"foreign_id": "a", "worker": "w1"}
    assert task["used"] == {"lr": 0.1}


def test_given_times_come_back_from_the_store(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import time, headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
adapter = adapters.Adapter("mesh")
time.sleep(0.2)
end = time.time_ns() - 50_000_000
adapter.record("solve", begin_ns=end - 250_000_000, end_ns=end)
t = adapter.begin("log", begin_ns=end)
t.log(loss=1.5, at_ns=end + 1_000_000)
t.end()
print(end)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    end_ns = int(done.stdout)
    run = hr.open(tmp_path / ".headrace")
    ((took, ended),) = run.sql(
        "SELECT duration_s, epoch_ns(ended_at) FROM task WHERE activity = 'solve'"
    ).rows()
    assert took == pytest.approx(0.25, abs=0.005)
    assert abs(ended - end_ns) < 5_000_000
    ((logged,),) = run.sql("SELECT epoch_ns(time) FROM log WHERE stream = 'metric'").rows()
    assert abs(logged - end_ns - 1_000_000) < 5_000_000


def test_what_runs_inside_is_its_child(capture: Capture, adapter: adapters.Adapter) -> None:
    @hr.task
    def inner() -> int:
        return 1

    @hr.task
    def elsewhere() -> None: ...

    with adapter.begin("outer") as task:
        inner()
        adapter.begin("nested").end()
    remote = adapter.begin("remote")
    assert remote.call(inner) == 1
    thread = threading.Thread(target=lambda: adapter.begin("far", parent=remote.place).end())
    thread.start()
    thread.join()
    remote.end()
    elsewhere()
    recorded = capture.recorded()
    assert recorded.parent("nested") == "outer"
    assert recorded.parent("far") == "remote"
    assert recorded.parent("elsewhere") is None
    ids = {t["activity"]["name"]: t["task_id"] for t in recorded.tasks}
    inners = [t for t in recorded.tasks if t["activity"]["name"].endswith("inner")]
    assert [t["parent_task_id"] for t in inners] == [ids["outer"], ids["remote"]]
    assert task.id is None


def test_an_exception_fails_the_task_and_goes_on(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    with pytest.raises(ValueError, match="diverged"), adapter.begin("inside"):
        raise ValueError("diverged")
    adapter.begin("told").end(error=ValueError("told"))
    adapter.begin("text").end(error="out of memory")
    adapter.begin("gone").end(error=KeyboardInterrupt())
    adapter.begin("chosen").end("cancelled", error=ValueError("x"))
    recorded = capture.recorded()
    assert recorded.one("inside")["error"]["message"] == "diverged"
    assert recorded.one("told")["error"]["type"] == "ValueError"
    assert recorded.one("text")["error"] == {"message": "out of memory"}
    status = {t["activity"]["name"]: t["status"] for t in recorded.tasks}
    assert status == {
        "inside": "failed",
        "told": "failed",
        "text": "failed",
        "gone": "cancelled",
        "chosen": "cancelled",
    }


def test_rows_of_metrics(capture: Capture, adapter: adapters.Adapter) -> None:
    task = adapter.begin("fit")
    task.log(step=1, loss=0.5)
    task.log({"step": 2}, loss=0.25, at_ns=time.time_ns())
    task.end()
    task.log(step=3).used(a=1).generated(b=2).tag("late")  # it has ended: nothing happens
    task.end()
    rows = [r for r in capture.recorded().of("log") if r["stream"] == 0]
    assert [r["generated"] for r in rows] == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.25}]


def test_what_is_forgotten_is_cancelled(capture: Capture, adapter: adapters.Adapter) -> None:
    adapter.begin("forgotten")
    assert capture.recorded().one("forgotten")["status"] == "cancelled"


def test_nothing_is_recorded_while_capture_is_off(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    hr.disable()
    try:
        task = adapter.begin("off", key="a", depends_on=["b"], used={"n": 1})
        assert task.id is None
        assert task.place == ""
        with task:
            pass
        assert task.call(lambda n: n + 1, 1) == 2
        assert adapter.record("off", begin_ns=1, end_ns=2) is None
        assert adapters.place() == ""
        adapter.quarantine(b"x", "off")
    finally:
        hr.enable()
    adapter.begin("on").end()
    assert [t["activity"]["name"] for t in capture.recorded().tasks] == ["on"]


def test_a_fault_of_an_adapter_is_said_once(
    adapter: adapters.Adapter, capfd: pytest.CaptureFixture[str]
) -> None:
    @adapter.guarded
    def callback(n: int) -> int:
        if n < 0:
            raise RuntimeError("our fault")
        return n

    assert callback(1) == 1
    assert callback(-1) is None
    assert callback(-1) is None
    assert callback.__name__ == "callback"
    adapter.left_out("the second worker")
    assert capfd.readouterr().err.splitlines() == [
        "headrace: mesh: not recorded: callback: RuntimeError('our fault')",
        "headrace: mesh: not recorded: the second worker",
    ]


def test_what_the_program_raises_by_a_signal_goes_on(adapter: adapters.Adapter) -> None:
    class TimedOutError(Exception):
        pass

    def handler(number: int, frame: object) -> None:
        raise TimedOutError

    @adapter.guarded
    def callback() -> None:
        signal.raise_signal(signal.SIGUSR1)

    @adapter.guarded
    def interrupted() -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        with pytest.raises(TimedOutError):
            callback()
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_says_which_package_or_version_is_wanted() -> None:
    assert adapters.requires("pytest") == pytest.__version__
    assert adapters.requires("pytest", ">=1,<1000,!=0.1") == pytest.__version__
    with pytest.raises(ImportError, match=r"pip install 'headrace\[mesh\]'"):
        adapters.requires("no-such-package-of-anyone", ">=1", extra="mesh", module="no_such_module")
    with pytest.raises(ImportError, match="pip install 'no-such-package-of-anyone>=1'"):
        adapters.requires("no-such-package-of-anyone", ">=1", module="no_such_module")
    with pytest.raises(adapters.UnsupportedVersionError, match=r"this adapter knows <1: pip"):
        adapters.requires("pytest", "<1")
    with pytest.raises(ValueError, match="no condition"):
        adapters.requires("pytest", "~1")


@pytest.mark.parametrize(
    ("version", "condition", "fits"),
    [
        ("2024.1.0", ">=2024.1", True),
        ("2023.12.1", ">=2024.1", False),
        ("2.0rc1", "<2", False),
        ("1.13.1+cpu", "==1.13.1", True),
        ("1.9", "<1.10", True),
        ("3.0.dev1", ">=3", True),
    ],
)
def test_compares_versions_by_their_numbers(version: str, condition: str, fits: bool) -> None:
    assert adapters._fits(version, condition) is fits


def test_pieces_that_make_no_sense_are_listed(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
adapter = adapters.Adapter("mesh/../../x")
for _ in range(2):
    adapter.quarantine(b"\\x00{{", "its JSON ends early")
adapter.begin("good").end()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = hr.open(tmp_path / ".headrace")
    assert run.sql("SELECT reason, length_bytes FROM quarantine").rows() == [
        ("its JSON ends early", 2)
    ]
    assert run.sql("SELECT activity, status FROM task").rows() == [("good", "finished")]


def test_a_killed_program_leaves_its_open_tasks_as_lost(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import os, headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
t = adapters.Adapter("mesh").begin("solve", key="a", used={{"n": 1}})
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program], check=False)
    run = hr.open(tmp_path / ".headrace")
    assert run.sql("SELECT status, used->>'$.n' FROM task").rows() == [("lost", "1")]


def test_a_fork_child_leaves_the_task_to_its_parent(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import os, headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
adapter = adapters.Adapter("mesh")
plain, retried = adapter.begin("plain"), adapter.begin("retried", attempt=1)
pid = os.fork()
if pid == 0:
    plain.end(); retried.end(); adapter.begin("of child").end()
    hr.flush(); os._exit(0)
os.waitpid(pid, 0)
plain.end(); retried.end()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = hr.open(tmp_path / ".headrace").sql("SELECT activity FROM task ORDER BY 1").rows()
    assert rows == [("of child",), ("plain",), ("retried",)]


def test_a_drawn_task_is_named_before_it_is_recorded(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    epoch = adapter.draw()
    began = adapters.now()
    step = adapter.draw()
    assert step is not None
    assert adapter.record("step", begin_ns=adapters.now(), end_ns=adapters.now(), parent=epoch)
    adapter.begin("validate", id=step, parent=epoch).end()
    assert adapter.record("epoch", begin_ns=began, end_ns=adapters.now(), id=epoch, parent="")
    recorded = capture.recorded()
    assert recorded.one("epoch")["task_id"] == epoch
    assert recorded.one("validate")["task_id"] == step
    assert recorded.parent("step") == recorded.parent("validate") == "epoch"
    times = [(t["activity"]["name"], t["begin_ns"], t["end_ns"]) for t in recorded.tasks]
    begin = {name: begin_ns for name, begin_ns, _ in times}
    end = {name: end_ns for name, _, end_ns in times}
    assert begin["epoch"] <= begin["step"] <= end["step"] <= end["epoch"]


def test_an_id_of_another_process_records_nothing(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    other = "01890000-0000-7000-8000-000000000001"
    assert adapter.begin("elsewhere", id=other).id is None
    assert adapter.record("elsewhere", begin_ns=1, end_ns=2, id=other) is None
    assert capture.recorded().named("elsewhere") == []


def test_a_current_task_is_the_parent_of_what_begins_until_it_ends(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    outer = adapter.begin("outer", current=True, attempt=3)
    assert adapters.current_task() == outer.id
    adapter.begin("inner").end()
    outer.end()
    assert adapters.current_task() is None
    adapter.begin("after").end()
    recorded = capture.recorded()
    assert recorded.one("outer")["attempt"] == 3
    assert recorded.parent("inner") == "outer"
    assert recorded.parent("after") is None


def test_an_activity_names_what_its_function_gives(
    capture: Capture, adapter: adapters.Adapter
) -> None:
    activity = adapter.activity("solve", "mesh.py", 12, outputs=("loss", "steps"))
    assert activity.name == "solve"
    adapter.begin(activity).end(result=(0.5, 10), attributes={"worker": "w1"})
    task = capture.recorded().one("solve")
    assert task["activity"] == {"name": "solve", "file": "mesh.py", "line": 12}
    assert task["generated"] == {"loss": 0.5, "steps": 10}
    assert task["attribute"] == {"worker": "w1"}
    with pytest.raises(TypeError, match="an activity is its name"):
        adapter.begin(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes no argument 'outcome'"):
        adapter.begin("solve").end(outcome=1)  # type: ignore[call-arg]


def test_a_later_value_replaces_an_earlier_one(capture: Capture, adapter: adapters.Adapter) -> None:
    task = adapter.begin("solve", used={"n": 1}).used({"n": 2}, m=3).generated(loss=0.5)
    task.end(generated={"loss": 0.25})
    recorded = capture.recorded().one("solve")
    assert recorded["used"] == {"n": 2, "m": 3}
    assert recorded["generated"] == {"loss": 0.25}


def test_uses_more_objects_than_a_record_holds(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = f"""
import headrace as hr
from headrace import adapters
hr.use_directory({str(tmp_path / ".headrace")!r})
adapter = adapters.Adapter("mesh")
parts = [adapter.named("part", str(i), "1") for i in range(1200)]
assert parts[7] == adapter.content("part", "7", None, version="1")
adapter.begin("join").use_objects("parts", parts).end()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = hr.open(tmp_path / ".headrace")
    rows = run.sql("SELECT count(DISTINCT from_id) FROM edge WHERE relation = 'used'").rows()
    assert rows == [(1200,)]


def test_facts_of_where_it_records(capture: Capture, adapter: adapters.Adapter) -> None:
    with hr.workflow("study"), adapter.begin("solve") as task:
        assert adapters.current_workflow() == adapters.place().partition(":")[0]
        assert task.id is not None
        assert adapters.place() == task.place
    assert adapters.directory() is not None
    assert adapters.current_campaign() == ""


# What adapters may import of the native module: the engine of layers, which is none of an adapter.
LAYERS = {"LayerClock", "LayerHooks", "current_task_number", "exposure"}


def test_the_adapters_here_use_only_what_is_public() -> None:
    package = Path(adapters.__file__).parent
    names = ("lightning", "open_tasks", "sources", "trained_values", "transformers")
    modules = [package / f"{name}.py" for name in names]
    for folder in ("dask", "sklearn", "torch"):
        modules += sorted((package / folder).glob("*.py"))
    assert len(modules) > 35
    private: set[tuple[str, str]] = set()
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom):
                whole = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                whole = [alias.name for alias in node.names]
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "_capture":
                whole = [f"headrace._capture.{node.attr}"]
            else:
                continue
            private |= {
                (module.parent.name, name.removeprefix("headrace._capture."))
                for name in whole
                if name.startswith("headrace._capture.")
            }
    assert private == {("torch", name) for name in LAYERS}
