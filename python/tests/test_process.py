"""Whole processes: their end, their children, capture that is off or cannot write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from recorded import Recorded, read

Run = Callable[..., Recorded]

BEGIN = """
import headrace as hr, os, sys
@hr.task
def step(n=0):
    return n
"""


def process_workflow(recorded: Recorded) -> dict[str, Any]:
    """The end record of the workflow that was made for the process."""
    (workflow,) = [w for w in recorded.of("workflow") if not w["is_open"]]
    return workflow


def facts(recorded: Recorded) -> dict[str, str]:
    """What the process that ended last said of itself at its end."""
    all_facts: list[dict[str, str]] = [record["facts"] for record in recorded.of("producer")]
    return max(all_facts, key=lambda said: int(said.get("ended_ns", "0")))


@pytest.mark.parametrize(
    ("ending", "exit_code", "status"),
    [
        ("", 0, "finished"),
        ("sys.exit(0)", 0, "finished"),
        ("sys.exit(3)", 3, "failed"),
        ("sys.exit('message')", 1, "failed"),
        ("raise ValueError('bad')", 1, "failed"),
        ("raise KeyboardInterrupt", -signal.SIGINT, "cancelled"),
    ],
)
def test_end_of_a_program(run: Run, ending: str, exit_code: int, status: str) -> None:
    recorded = run(BEGIN + "step(1)\n" + ending)
    assert recorded.exit_code == exit_code
    assert len(recorded.tasks) == 1
    workflow = process_workflow(recorded)
    assert (workflow["name"], workflow["status"]) == ("program.py", status)
    if "ValueError" in ending:
        assert workflow["error"]["message"] == "bad"
        assert "program.py" in workflow["error"]["traceback"]
    assert facts(recorded)["ended"] == "clean"


def test_facts_about_the_process(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own_module.py").write_text("x = 1\n")
    recorded = run(
        BEGIN + "import own_module, random, pytest, json\nrandom.seed(3)\nstep()\n", "argument"
    )
    said = facts(recorded)
    assert said["language"] == "python " + ".".join(map(str, sys.version_info[:3]))
    assert said["command"].endswith(" argument")
    assert "argv" not in said  # the command line says it, without its secrets
    packages = json.loads(said["packages"])
    assert packages["pytest"]["version"] == pytest.__version__
    assert len(packages["pytest"]["sha256"]) == 16
    assert "json" not in packages
    own = json.loads(said["modules"])
    assert set(own) == {str(tmp_path / "own_module.py"), str(tmp_path / "program.py")}
    seeds = json.loads(said["seeds"])
    again = run(BEGIN + "import random\nrandom.seed(3)\nstep()\n")
    assert json.loads(facts(again)["seeds"])["random"] == seeds["random"]
    other = run(BEGIN + "import random\nrandom.seed(4)\nstep()\n")
    assert json.loads(facts(other)["seeds"])["random"] != seeds["random"]


def test_a_program_without_tasks_writes_nothing(run: Run, tmp_path: Path) -> None:
    recorded = run("import headrace\n")
    assert recorded.exit_code == 0
    assert not (tmp_path / ".headrace").exists()


def test_disabled(run: Run, tmp_path: Path) -> None:
    recorded = run(
        BEGIN
        + """
assert step(1) == 1 and type(step).__name__ == "function"
with hr.campaign("c"), hr.workflow("w") as w:
    assert w.id is None
    with hr.task("t", used={"a": 1}) as t:
        t.generated(x=1).tag("x")
        hr.log(x=1)
        assert t.id is None and hr.current_task() is None
    for _ in hr.loop([1], "l"): pass
    data = hr.object(__file__)
assert hr.capture_stats()["records"] == 0
hr.flush()
""",
        HEADRACE_DISABLED="1",
    )
    assert (recorded.exit_code, recorded.stderr) == (0, "")
    assert not (tmp_path / ".headrace").exists()


def test_a_folder_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    recorded = run(
        BEGIN + "print(sum(step(n) for n in range(1000)))\nhr.flush()\nstep()\nprint('done')\n",
        HEADRACE_DIR=str(tmp_path / "file" / ".headrace"),
    )
    assert (recorded.exit_code, recorded.stdout) == (0, "499500\ndone\n")
    (line,) = recorded.stderr.splitlines()
    assert line.startswith("headrace: ") and str(tmp_path / "file") in line
    assert "Traceback" not in recorded.stderr


def test_interrupted(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        BEGIN
        + """
import time
with hr.workflow("long"):
    with hr.task("waits"):
        step()
        print("ready", flush=True)
        time.sleep(60)
"""
    )
    environment = os.environ | {"HEADRACE_DIR": str(tmp_path / ".headrace")}
    child = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == -signal.SIGINT
    assert stderr.count("Traceback") == 1 and "headrace" not in stderr.replace(str(tmp_path), "")
    recorded = Recorded(read(tmp_path / ".headrace"))
    assert recorded.one("waits")["status"] == "cancelled"
    assert recorded.one("waits")["error"]["type"] == "KeyboardInterrupt"
    (end,) = [w for w in recorded.of("workflow") if not w["is_open"] and w["name"] == "long"]
    assert end["status"] == "cancelled"
    assert recorded.one("step")["status"] == "finished"


FORKS = {
    "os.fork": """
with hr.workflow("w") as w, hr.task("parent") as t:
    step(1)
    pid = os.fork()
    step(2)
    if pid == 0:
        hr.flush()
        os._exit(0)
    os.waitpid(pid, 0)
    step(3)
""",
    "fork": """
import multiprocessing
if __name__ == "__main__":
    with hr.workflow("w") as w, hr.task("parent") as t:
        step(1)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map(step, [2] * 10))
            pool.close()
            pool.join()
        step(3)
""",
    "forkserver": """
import multiprocessing
if __name__ == "__main__":
    with hr.workflow("w") as w, hr.task("parent") as t:
        step(1)
        with multiprocessing.get_context("forkserver").Pool(2) as pool:
            print(pool.map(step, [2] * 10))
            pool.close()
            pool.join()
        step(3)
""",
    "spawn": """
import multiprocessing
if __name__ == "__main__":
    with hr.workflow("w") as w, hr.task("parent") as t:
        step(1)
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            print(pool.map(step, [2] * 10))
            pool.close()
            pool.join()
        step(3)
""",
}


@pytest.mark.parametrize("way", FORKS)
def test_children(run: Run, way: str) -> None:
    # From 3.12 on Python warns about any os.fork beside another thread, and capture drains in one.
    recorded = run(BEGIN + FORKS[way], PYTHONWARNINGS="ignore::DeprecationWarning")
    assert (recorded.exit_code, recorded.stderr) == (0, "")
    steps = recorded.named("step")
    numbers = sorted(task["generated"]["result"] for task in steps)
    expected = [1, 2, 2, 3] if way == "os.fork" else [1] + [2] * 10 + [3]
    assert numbers == expected
    ids = [task["task_id"] for task in recorded.tasks]
    assert len(set(ids)) == len(ids)
    parent = recorded.one("parent")
    if way in ("os.fork", "fork"):
        # A forked child goes on inside its parent's task and workflow.
        assert {task["parent_task_id"] for task in steps} == {parent["task_id"]}
        assert {task["workflow_id"] for task in steps} == {parent["workflow_id"]}


def test_forked_inside_a_task(run: Run) -> None:
    """The child returns through its parent's frames: the task is ended once, by the parent."""
    recorded = run(
        BEGIN
        + """
@hr.task
def forks():
    return os.fork()

@hr.task
async def later():
    return 1

coroutine = later()
pid = forks()
step(2)
if pid == 0:
    coroutine.close()
    hr.flush()
    os._exit(0)
os.waitpid(pid, 0)
coroutine.close()
"""
    )
    assert recorded.exit_code == 0
    assert len(recorded.named("forks")) == 1
    assert len(recorded.named("step")) == 2


def test_parent_from_the_environment(run: Run) -> None:
    first = run(BEGIN + "step(1)\n")
    parent = first.one("step")
    both = run(
        BEGIN + "step(2)\n",
        HEADRACE_WORKFLOW=parent["workflow_id"],
        HEADRACE_PARENT=f"{parent['workflow_id']}:{parent['task_id']}",
    )
    _, child = sorted(both.named("step"), key=lambda task: task["used"]["n"])
    assert child["parent_task_id"] == parent["task_id"]
    assert child["workflow_id"] == parent["workflow_id"]


def test_threads_alive_at_the_end(run: Run) -> None:
    recorded = run(
        BEGIN
        + """
import threading, time
def forever():
    while True:
        step(5)
        time.sleep(0.0001)
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
with hr.task("main"):
    time.sleep(0.2)
"""
    )
    assert (recorded.exit_code, recorded.stderr) == (0, "")
    assert recorded.one("main")["status"] == "finished"
    assert len(recorded.named("step")) > 10


def test_killed(tmp_path: Path) -> None:
    """What was drained before the kill is there; the file ends in whole frames."""
    script = tmp_path / "program.py"
    script.write_text(
        BEGIN + "for n in range(100): step(n)\nhr.flush()\nprint('ready', flush=True)\n"
        "import time\ntime.sleep(60)\n"
    )
    environment = os.environ | {
        "HEADRACE_DIR": str(tmp_path / ".headrace"),
        "HEADRACE_RING_DIR": str(tmp_path / "rings"),  # what it leaves is not taken in
    }
    child = subprocess.Popen(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.kill()
    child.wait(timeout=60)
    assert len(Recorded(read(tmp_path / ".headrace")).named("step")) == 100


def test_telemetry_runs_with_capture(run: Run) -> None:
    recorded = run(BEGIN + "import time\nstep()\ntime.sleep(0.5)\n", HEADRACE_TELEMETRY="1")
    assert (recorded.exit_code, recorded.stderr) == (0, "")
    assert recorded.named("step")


def test_directory_chosen_in_code(run: Run, tmp_path: Path) -> None:
    recorded = run(
        f"import headrace as hr\nhr.use_directory({str(tmp_path / 'elsewhere')!r})\n"
        "with hr.task('t'): pass\n"
        "try: hr.use_directory('late')\n"
        "except RuntimeError as error: print(error)\n"
    )
    assert "before the first task" in recorded.stdout
    assert len(Recorded(read(tmp_path / "elsewhere")).named("t")) == 1


def test_reimport_is_quick_and_silent(run: Run) -> None:
    recorded = run("import headrace, importlib\nimportlib.reload(headrace)\n")
    assert (recorded.exit_code, recorded.stderr) == (0, "")


def test_time_is_not_lost_at_exit(run: Run) -> None:
    """Many tasks right before the end are all written."""
    begin = time.monotonic()
    recorded = run(BEGIN + "for n in range(50_000): step(n)\n")
    assert len(recorded.named("step")) == 50_000
    assert time.monotonic() > begin


def test_facts_are_read_beside_a_busy_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy thread gives the interpreter away after one switch interval: not 5 ms a file read."""
    from headrace import lifetime

    intervals: list[float] = []

    def look() -> None:
        intervals.append(sys.getswitchinterval())
        raise KeyboardInterrupt

    monkeypatch.setattr(lifetime, "_describe_quickly", look)
    before = sys.getswitchinterval()
    with pytest.raises(KeyboardInterrupt):
        lifetime._describe()
    assert intervals == [pytest.approx(lifetime.SWITCH_INTERVAL_S)]
    assert intervals[0] < before / 100
    assert sys.getswitchinterval() == before
