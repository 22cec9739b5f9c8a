"""What begins and ends a watch of Dask, and where it may not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded import Recorded

pytest.importorskip("distributed")

HEAD = """
import asyncio
import json
import logging
import sys

import dask
import distributed
import headrace as hr
import numpy as np
from distributed import Client, LocalCluster

logging.getLogger("distributed").setLevel(logging.CRITICAL)


def one_more(x):
    return x + 1


def filled(n, value):
    return np.full(n, value)


def total(*arrays):
    return float(sum(a.sum() for a in arrays))


QUIET = dict(dashboard_address=":0", host="127.0.0.1", protocol="tcp://")
"""


def guarded(body: str) -> str:
    """A program that workers in processes of their own may import."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return f'{HEAD}\n\nif __name__ == "__main__":\n{lines}'


def numbers(recorded: Recorded) -> list[int]:
    return sorted(task["used"]["x"] for task in recorded.named("one_more"))


def test_threads_and_a_cluster(run: Callable[..., Recorded]) -> None:
    """Workers in the client's own process; a cluster instead of a client; a block."""
    recorded = run(
        guarded("""
def traces(cluster):
    runner = getattr(distributed.worker, "_run_task", None) or distributed.worker.apply_function
    found = {"table": "_TRANSITIONS_TABLE" in vars(cluster.scheduler)}
    found["runner"] = type(runner).__name__ == "TaskRunner"
    for worker in cluster.workers.values():
        found |= {"plugin": "headrace" in worker.plugins, "execute": "execute" in vars(worker)}
        found["state"] = any(name.startswith("headrace") for name in worker.execution_state)
    return found

with LocalCluster(n_workers=2, threads_per_worker=2, processes=False, **QUIET) as cluster:
    with Client(cluster) as client:
        before = traces(cluster)
        with hr.dask.watch(cluster) as watch:
            assert all(traces(cluster).values()), traces(cluster)
            for worker in cluster.workers.values():
                assert not hasattr(worker.plugins["headrace"], "transition")
            assert client.gather(client.map(one_more, range(20))) == list(range(1, 21))
            assert hr.dask.watch(client) is not watch  # anew
            assert client.submit(one_more, 20).result() == 21
            assert not watch.is_watching
            hr.dask.unwatch(client)
        assert traces(cluster) == before == dict.fromkeys(before, False)
        assert client.submit(one_more, 21).result() == 22
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert numbers(recorded) == list(range(21))
    workers = {task["attribute"]["worker_name"] for task in recorded.named("one_more")}
    assert workers <= {"0", "1"}


def test_tasks_that_never_run(run: Callable[..., Recorded]) -> None:
    """Their executor is unknown: what was made ready for them does not pile up."""
    recorded = run(
        guarded("""
with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, **QUIET) as cluster:
    with Client(cluster) as client, hr.dask.watch(client):
        with dask.annotate(executor="nowhere"):
            lost = client.map(one_more, range(1000, 1200))
        distributed.wait(lost)
        assert {future.status for future in lost} == {"error"}
        (worker,) = cluster.workers.values()
        assert len(worker.execution_state["headrace-ready"]) <= 64
        assert client.gather(client.map(one_more, range(70))) == list(range(1, 71))
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert numbers(recorded) == list(range(70))


def test_an_asynchronous_client(run: Callable[..., Recorded]) -> None:
    recorded = run(
        guarded("""
async def main():
    async with LocalCluster(n_workers=1, processes=False, asynchronous=True, **QUIET) as cluster:
        async with Client(cluster, asynchronous=True) as client:
            watch = await hr.dask.watch(client)
            with hr.task("asking"):
                assert await client.submit(one_more, 1) == 2
            await watch.unwatch()
            assert await client.submit(one_more, 2) == 3

asyncio.run(main())
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert numbers(recorded) == [1]
    assert recorded.parent("one_more") == "asking"


def test_a_worker_that_comes_later(run: Callable[..., Recorded]) -> None:
    recorded = run(
        guarded("""
with LocalCluster(n_workers=1, threads_per_worker=1, **QUIET) as cluster:
    with Client(cluster) as client:
        hr.dask.watch(client)
        cluster.scale(2)
        client.wait_for_workers(2)
        workers = list(client.scheduler_info()["workers"])
        for number, worker in enumerate(workers):
            client.submit(one_more, number, workers=[worker]).result()
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert numbers(recorded) == [0, 1]
    tasks = recorded.named("one_more")
    assert len({task["attribute"]["worker"] for task in tasks}) == 2


def test_tasks_belong_where_they_were_submitted(run: Callable[..., Recorded]) -> None:
    """Where the watch began, elsewhere, and where an earlier watch began that has ended."""
    recorded = run(
        guarded("""
import time

with LocalCluster(n_workers=1, threads_per_worker=1, **QUIET) as cluster, Client(cluster) as client:
    with hr.workflow("first"):
        hr.dask.watch(client)
        sleeping = client.submit(time.sleep, 1.0)
        later = client.submit(one_more, 1)
        with hr.task("inside"):
            inside = client.submit(one_more, 2)
    with hr.workflow("second"):
        hr.dask.watch(client)
        client.submit(one_more, 3).result()
        with hr.task("deeper"):
            client.submit(one_more, 4).result()
    client.gather([sleeping, later, inside])
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    workflows = {each["workflow_id"]: each["name"] for each in recorded.of("workflow")}
    activities = {each["task_id"]: each["activity"]["name"] for each in recorded.of("task")}
    found = {
        task["used"]["x"]: (
            workflows[task["workflow_id"]],
            activities.get(task["parent_task_id"]),
        )
        for task in recorded.named("one_more")
    }
    assert found[1][0] == found[2][0] == "first"
    assert found[3][0] == found[4][0] == "second"
    assert found[2][1] == "inside"
    assert found[4][1] == "deeper"
    assert found[1][1] == found[3][1] not in ("inside", "deeper")
    assert all(0 <= task["attribute"]["waited_s"] < 60 for task in recorded.named("one_more"))


def test_cancelled_before_it_began(run: Callable[..., Recorded]) -> None:
    """Whether a task waits on the scheduler, for another task or on a worker."""
    recorded = run(
        guarded("""
import time

import dask

with LocalCluster(n_workers=1, threads_per_worker=1, **QUIET) as cluster, Client(cluster) as client:
    hr.dask.watch(client)
    running = client.submit(time.sleep, 1.5)
    on_the_worker = [client.submit(one_more, i) for i in range(3)]
    waiting = client.submit(one_more, running)
    queued = client.map(one_more, range(10, 40))
    time.sleep(0.5)
    client.cancel([*queued, waiting, *on_the_worker])
    running.result()
    assert client.submit(one_more, 99).result() == 100
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    tasks = recorded.named("one_more")
    cancelled = [task for task in tasks if task["status"] == "cancelled"]
    assert len({task["attribute"]["key"] for task in cancelled}) == len(cancelled) == 34
    assert [task["status"] for task in tasks if task not in cancelled] == ["finished"]


def test_spilled_results(run: Callable[..., Recorded]) -> None:
    """40 MB of results with room for 24: what went to disk and came back, and how much."""
    recorded = run(
        guarded("""
import dask

for limit in ("spill", "pause", "terminate"):  # those that look at the whole process
    dask.config.set({f"distributed.worker.memory.{limit}": False})
with LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, memory_limit="40MB", **QUIET
) as cluster, Client(cluster) as client:
    hr.dask.watch(client)
    parts = [client.submit(filled, 500_000, i) for i in range(10)]
    distributed.wait(parts)
    print(client.submit(total, *parts).result())
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert float(recorded.stdout) == 500_000 * 45
    spilled = recorded.named("spill to disk")
    assert spilled
    assert recorded.named("read from disk")
    filled = {task["generated"]["dask_key"]["$object"] for task in recorded.named("filled")}
    for task in spilled:
        assert task["used"]["dask_key"]["$object"] in filled
        assert task["generated"]["memory_bytes"] >= 4_000_000
        assert task["generated"]["disk_bytes"] > 0


def test_capture_is_off(run: Callable[..., Recorded]) -> None:
    recorded = run(
        guarded("""
with LocalCluster(n_workers=1, processes=False, **QUIET) as cluster, Client(cluster) as client:
    with hr.dask.watch(client) as watch:
        assert client.submit(one_more, 1).result() == 2
        assert "headrace" not in cluster.workers[0].plugins
        print(json.dumps(watch.notes))
"""),
        HEADRACE_DISABLED="1",
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert json.loads(recorded.stdout) == ["capture is off (HEADRACE_DISABLED)"]
    assert recorded.records == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("distributed.__version__ = '2023.1.0'", "this is 2023.1.0: pip install"),
        ("del distributed.worker._run_task", "runs tasks in another way"),
    ],
)
def test_a_version_that_is_unknown(run: Callable[..., Recorded], change: str, message: str) -> None:
    recorded = run(
        HEAD
        + f"""
import distributed.worker
{change}
try:
    hr.dask.watch(None)
except RuntimeError as error:
    print(error)
"""
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert "works with distributed 2024.10.0 to 2026.8.0" in recorded.stdout
    assert message in recorded.stdout


def test_no_cluster(run: Callable[..., Recorded]) -> None:
    recorded = run(HEAD + "hr.dask.watch(3)")
    assert "hr.dask.watch takes a distributed.Client or a cluster, not int" in recorded.stderr


def test_a_worker_without_headrace(run: Callable[..., Recorded], tmp_path: Path) -> None:
    """Nothing is changed, and it says where headrace is missing."""
    recorded = run(
        guarded("""
import subprocess

hidden = (
    "import sys; sys.modules['headrace'] = None; "
    "from distributed.cli.dask_worker import main; main()"
)
with LocalCluster(n_workers=0, **QUIET) as cluster, Client(cluster) as client:
    words = [sys.executable, "-c", hidden, cluster.scheduler_address, "--no-nanny"]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as worker:
        client.wait_for_workers(1)
        try:
            hr.dask.watch(client)
        except RuntimeError as error:
            print(error)
        assert "_TRANSITIONS_TABLE" not in vars(cluster.scheduler)
        assert client.submit(sum, [1, 2]).result() == 3
        worker.terminate()
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert "needs headrace on every machine, and worker tcp://" in recorded.stdout
    assert "pip install headrace there" in recorded.stdout


def test_dask_is_loaded_when_asked_for(tmp_path: Path) -> None:
    source = (
        "import sys, headrace as hr; a = 'distributed' in sys.modules; hr.dask; "
        "print(a, 'distributed' in sys.modules, 'dask' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False"] * 3


def test_it_says_what_is_missing(tmp_path: Path) -> None:
    source = (
        "import sys, headrace as hr; sys.modules['distributed'] = None\n"
        "try: hr.dask.watch(None)\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    assert "hr.dask.watch needs distributed" in done.stdout


def test_failures_of_ours_stay_ours(run: Callable[..., Recorded]) -> None:
    """A capture that fails at every step changes no result and no error of the program's."""
    recorded = run(
        guarded("""
from headrace.dask import calls, running

def broken(*args, **keywords):
    raise RuntimeError("broken")

with LocalCluster(n_workers=1, processes=False, **QUIET) as cluster, Client(cluster) as client:
    hr.dask.watch(client)
    calls.call_of = broken
    assert client.submit(one_more, 1).result() == 2
    running.calls = None
    assert client.submit(one_more, 2).result() == 3
    try:
        client.submit(one_more, "x").result()
    except TypeError as error:
        print(error)
""")
    )
    assert recorded.exit_code == 0, recorded.stderr
    assert "can only concatenate" in recorded.stdout
