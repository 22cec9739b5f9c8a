"""Processes started inside a task: all of their tasks arrive, with the right parent."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked import outside
from recorded import Recorded

Run = Callable[..., Recorded]
QUIET = "ignore::DeprecationWarning"  # from 3.12 on, of any fork beside another thread

BEGIN = """
import headrace as hr, os, subprocess, sys, threading
import concurrent.futures, multiprocessing
@hr.task
def step(n=0):
    return n
@hr.task
def many(n):
    for i in range(n):
        step(i)
    return n
"""


def parents(recorded: Recorded, name: str = "step") -> Counter[str | None]:
    """How many tasks of `name` have a parent of which activity."""
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    return Counter(
        names.get(task["parent_task_id"], task["parent_task_id"]) for task in recorded.named(name)
    )


def check_whole(recorded: Recorded) -> None:
    """One workflow, no task twice."""
    assert (recorded.exit_code, recorded.stderr) == (0, "")
    ids = [task["task_id"] for task in recorded.tasks]
    assert len(set(ids)) == len(ids)
    assert len({task["workflow_id"] for task in recorded.tasks}) == 1


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_processes(run: Run, way: str) -> None:
    recorded = run(
        BEGIN
        + """
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with hr.workflow("w"), hr.task("outer"):
        children = [context.Process(target=many, args=(1000,)) for _ in range(4)]
        for child in children: child.start()
        for child in children: child.join()
        print([child.exitcode for child in children])
""",
        way,
        PYTHONWARNINGS=QUIET,
    )
    assert recorded.stdout == "[0, 0, 0, 0]\n"
    check_whole(recorded)
    assert parents(recorded) == {"many": 4000}
    assert parents(recorded, "many") == {"outer": 4}


@pytest.mark.parametrize("way", ["fork", "spawn", "forkserver"])
def test_pools(run: Run, way: str) -> None:
    """The workers begin in one task and serve another; each call belongs to who made it."""
    recorded = run(
        BEGIN
        + """
def call(pool):
    with hr.task("by submit"):
        assert pool.submit(many, 500).result() == 500
    with hr.task("by map"):
        assert list(pool.map(many, [100] * 5)) == [100] * 5
    pool.submit(many, 1).result()
def call_pool(pool):
    with hr.task("by apply"):
        assert pool.apply(many, (1000,)) == 1000
    with hr.task("by pool's map"):
        assert pool.map(many, [200] * 10) == [200] * 10
    pool.map(many, [1])
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with hr.workflow("w"):
        with hr.task("maker"):
            pool = concurrent.futures.ProcessPoolExecutor(2, mp_context=context)
            pool.submit(many, 0).result()
            second = context.Pool(2)
        with pool: call(pool)
        call_pool(second)
        second.close(); second.join()
""",
        way,
        PYTHONWARNINGS=QUIET,
    )
    check_whole(recorded)
    assert parents(recorded) == {"many": 4002}
    assert parents(recorded, "many") == {
        "maker": 1,
        "by submit": 1,
        "by map": 5,
        None: 2,
        "by apply": 1,
        "by pool's map": 10,
    }


def test_forks_beside_busy_threads(run: Run) -> None:
    recorded = run(
        BEGIN
        + """
import time
stop = threading.Event()
def busy():
    for _ in range(50_000):  # and not for millions of tasks
        if stop.is_set(): break
        step(-1)
        sum(range(100))
threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads: thread.start()
children = []
with hr.task("outer"):
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            many(1000)
            hr.flush()
            os._exit(0)
        children.append(pid)
codes = [os.waitpid(pid, 0)[1] for pid in children]
stop.set()
for thread in threads: thread.join()
print(codes)
""",
        PYTHONWARNINGS=QUIET,
    )
    assert recorded.stdout == "[0, 0, 0, 0]\n"
    check_whole(recorded)
    assert parents(recorded, "many") == {"outer": 4}
    busy = sum(task["used"]["n"] == -1 for task in recorded.named("step"))
    assert busy > 0
    assert parents(recorded) == {"many": 4000, None: busy}


def test_torch_data_loader(run: Run) -> None:
    pytest.importorskip("torch")
    recorded = run(
        BEGIN
        + """
import torch
class Data(torch.utils.data.Dataset):
    def __len__(self): return 4000
    def __getitem__(self, n): return step(n)
with hr.workflow("w"), hr.task("epoch"):
    loader = torch.utils.data.DataLoader(Data(), batch_size=100, num_workers=4)
    print(sum(int(batch.sum()) for batch in loader))
""",
        PYTHONWARNINGS="ignore",
    )
    assert recorded.stdout == f"{sum(range(4000))}\n"
    check_whole(recorded)
    assert parents(recorded) == {"epoch": 4000}
    assert sorted(task["used"]["n"] for task in recorded.named("step")) == list(range(4000))


def test_programs(run: Run, tmp_path: Path) -> None:
    """A chain: each program finds the task that started it, three deep and by every launcher."""
    (tmp_path / "child.py").write_text(
        BEGIN
        + """
if len(sys.argv) > 1:
    with hr.task(sys.argv[1]):
        subprocess.run([sys.executable, __file__, *sys.argv[2:]], check=True)
else:
    step(1)
"""
    )
    recorded = run(
        BEGIN
        + """
import asyncio
child = [sys.executable, "child.py"]
with hr.campaign("c"), hr.workflow("w"):
    with hr.task("chain"):
        subprocess.run([*child, "middle", "last"], check=True)
    with hr.task("own environment"):
        subprocess.run(child, check=True, env={**os.environ, "OTHER": "1"})
    with hr.task("posix_spawn"):
        os.waitpid(os.posix_spawn(sys.executable, child, hr.child_environment()), 0)
    with hr.task("popen"):
        os.popen(f"{sys.executable} child.py").close()
    async def launch():
        with hr.task("asyncio"):
            await (await asyncio.create_subprocess_exec(*child)).wait()
    asyncio.run(launch())
    with hr.task("cleared"):
        print(subprocess.run(["/usr/bin/env"], env={}, capture_output=True).stdout)
    with hr.task("elsewhere"):
        elsewhere = {**os.environ, "HEADRACE_DIR": os.path.abspath("elsewhere")}
        subprocess.run(child, check=True, env=elsewhere)
    subprocess.run(child, check=True)
"""
    )
    assert recorded.stdout == "b''\n"
    check_whole(recorded)
    assert recorded.parent("last") == "middle"
    assert recorded.parent("middle") == "chain"
    assert parents(recorded) == Counter(
        ["last", "own environment", "posix_spawn", "popen", "asyncio", None]
    )


def test_a_program_outside_every_task_is_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(BEGIN + "step(2)\n")
    recorded = run(BEGIN + "step(1)\nsubprocess.run([sys.executable, 'child.py'], check=True)\n")
    assert len({task["workflow_id"] for task in recorded.named("step")}) == 2


def test_propagation_can_be_off(run: Run) -> None:
    recorded = run(
        BEGIN
        + """
assert not hasattr(threading.Thread.start, "__wrapped__")
with hr.task("outer"):
    thread = threading.Thread(target=step)
    thread.start()
    thread.join()
    thread = threading.Thread(target=hr.carry(step), args=(1,))
    thread.start()
    thread.join()
""",
        HEADRACE_PROPAGATE="0",
    )
    assert parents(recorded) == {None: 1, "outer": 1}


def test_nothing_is_wrapped_when_capture_is_off(run: Run) -> None:
    recorded = run(
        BEGIN
        + """
assert not hasattr(threading.Thread.start, "__wrapped__")
assert hr.carry(step) is step
assert hr.child_environment({"a": "1"}) == {"a": "1"}
""",
        HEADRACE_DISABLED="1",
    )
    assert (recorded.exit_code, recorded.stderr) == (0, "")


def test_modules_loaded_later_are_wrapped_as_they_are_loaded(run: Run) -> None:
    recorded = run(
        """
import sys
import headrace as hr
names = ("threading", "subprocess", "concurrent.futures.thread", "multiprocessing.pool")
assert not any(name in sys.modules for name in names[1:])
import concurrent.futures.thread, multiprocessing.pool, subprocess, threading
for kind, name in ((threading.Thread, "start"), (subprocess.Popen, "__init__"),
                   (concurrent.futures.ThreadPoolExecutor, "submit"),
                   (multiprocessing.pool.Pool, "map")):
    assert hasattr(getattr(kind, name), "__wrapped__"), (kind, name)
assert "exec_module" not in vars(subprocess.__loader__)
import importlib
importlib.reload(subprocess)
"""
    )
    assert (recorded.exit_code, recorded.stderr) == (0, "")


def mpirun(count: int) -> list[str]:
    program = shutil.which("mpirun")
    if program is None:
        pytest.skip("mpirun is not here")
    return [program, "--oversubscribe", "--allow-run-as-root", "-n", str(count), sys.executable]


def test_ranks(run: Run, tmp_path: Path) -> None:
    """Four ranks are one workflow, and the task that launched them is their parent."""
    (tmp_path / "rank.py").write_text(BEGIN + "many(1000)\n")
    command = [*mpirun(4), str(tmp_path / "rank.py")]
    recorded = run(
        BEGIN
        + f"""
with hr.workflow("w"), hr.task("launch"):
    done = subprocess.run({command!r}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
"""
    )
    check_whole(recorded)
    assert parents(recorded) == {"many": 4000}
    assert parents(recorded, "many") == {"launch": 4}
    ranks = {facts["rank"] for facts in all_facts(recorded) if "rank" in facts}
    assert ranks == {"0", "1", "2", "3"}


def test_ranks_join_one_workflow_by_themselves(run: Run, tmp_path: Path) -> None:
    import subprocess

    from recorded import read

    script = tmp_path / "rank.py"
    script.write_text(BEGIN + "many(1000)\nwith hr.workflow('named'): many(10)\n")
    inherited = outside()
    settings = {"HEADRACE_DIR": str(tmp_path / ".headrace"), "HEADRACE_TELEMETRY": "0"}
    subprocess.run(
        [*mpirun(4), str(script)], env=inherited | settings, check=True, capture_output=True
    )
    recorded = Recorded(read(tmp_path / ".headrace"))
    workflows = Counter(task["workflow_id"] for task in recorded.named("step"))
    assert sorted(workflows.values()) == [40, 4000]
    named = {w["name"]: w["workflow_id"] for w in recorded.of("workflow")}
    assert workflows[named["rank.py"]] == 4000 and workflows[named["named"]] == 40


def all_facts(recorded: Recorded) -> list[dict[str, Any]]:
    return [record["facts"] for record in recorded.of("producer")]


def test_the_interpreter_ends_while_others_run(run: Run) -> None:
    """Daemon threads, threads that died, generators and coroutines still open at the end."""
    recorded = run(
        BEGIN
        + """
import asyncio, time
@hr.task
def numbers():
    yield 1
    yield 2
@hr.task
async def sleeps():
    await asyncio.sleep(60)
def forever():
    while True:
        step(-1)
        sum(range(1000))  # holds the interpreter, and not for millions of tasks
with hr.task("outer"):
    for n in range(50):
        thread = threading.Thread(target=step, args=(n,))
        thread.start()
        thread.join()
    open_generator = numbers()
    next(open_generator)
    loop = asyncio.new_event_loop()
    pending = loop.create_task(sleeps())
    loop.run_until_complete(asyncio.sleep(0))
    threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.05)
pending._log_destroy_pending = False
""",
    )
    assert recorded.exit_code == 0
    assert sum(task["used"]["n"] >= 0 for task in recorded.named("step")) == 50
    assert set(parents(recorded)) == {"outer"}


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 9)", "os.abort()"])
def test_children_that_end_without_a_word(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Four children of 1,000 tasks each, none of which flushes: the store has them all."""
    import headrace as hr

    recorded = run(
        BEGIN
        + f"""
with hr.workflow("w"), hr.task("outer"):
    children = []
    for _ in range(4):
        pid = os.fork()
        if pid == 0:
            many(1000)
            {ending}
        children.append(pid)
    for pid in children: os.waitpid(pid, 0)
""",
        PYTHONWARNINGS=QUIET,
    )
    assert recorded.exit_code == 0
    with_parents = """
        select child.activity as activity, parent.activity as parent, child.status as status,
               count(*) as n, count(distinct child.task_id) as ids,
               count(distinct child.workflow_id) as workflows
        from task child left join task parent on parent.task_id = child.parent_task_id
        group by all order by all
    """
    monkeypatch.setenv("HEADRACE_RING_DIR", str(tmp_path / "rings"))
    rows = hr.open(tmp_path / ".headrace").sql(with_parents).rows()
    assert [tuple(row) for row in rows] == [
        ("many", "outer", "finished", 4, 4, 1),
        ("outer", None, "finished", 1, 1, 1),
        ("step", "many", "finished", 4000, 4000, 1),
    ]
