"""Flowcept's Dask adapter with a real cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from asked import outside

pytest.importorskip("distributed")

PROGRAM = """
import json
from dask.distributed import Client, LocalCluster
from flowcept import Flowcept, FlowceptDaskWorkerAdapter


def double(x, y=1):
    from flowcept.flowceptor.adapters.dask.dask_plugins import get_flowcept_task

    return {"z": 2 * x + y, "key": get_flowcept_task().task_id}


def total(parts):
    return sum(part["z"] for part in parts)


def bad(x):
    raise ValueError(f"no {x}")


if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.wait_for_workers(2)
            client.register_plugin(FlowceptDaskWorkerAdapter())
            with Flowcept("dask", dask_client=client, workflow_name="graph") as flow:
                parts = [client.submit(double, i, y=2) for i in range(4)]
                said = {"total": client.submit(total, parts).result()}
                try:
                    client.submit(bad, 1).result()
                except ValueError as error:
                    said["raised"] = str(error)
                said["keys"] = [part.result()["key"] for part in parts]
                said["expected"] = [part.key for part in parts]
    said["workflow"] = Flowcept.db.workflow_query({"name": "graph"})
    said["tasks"] = Flowcept.db.get_tasks_from_current_workflow()
    print(json.dumps(said, default=str))
"""


def test_tasks_of_a_cluster(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    environment = outside() | {"HEADRACE_DIR": str(tmp_path / ".headrace"),
                               "HEADRACE_TELEMETRY": "0", "FLOWCEPT_USE_DEFAULT": "1"}  # fmt: skip
    done = subprocess.run([sys.executable, str(script)], env=environment, cwd=tmp_path,
                          timeout=300, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["total"] == 20 and said["raised"] == "no 1"
    assert said["keys"] == said["expected"]
    (workflow,) = said["workflow"]
    assert workflow["adapter_id"] == "dask" and workflow["custom_metadata"]["n_workers"] == 2
    tasks = {task["task_id"]: task for task in said["tasks"]}
    assert len(tasks) == 6
    for i, key in enumerate(said["expected"]):
        task = tasks[key]
        assert task["activity_id"] == "double" and task["used"] == {"x": i, "y": 2}
        assert task["generated"] == {"z": 2 * i + 2, "key": key} and task["finished"] is True
        assert task["address"].startswith("tcp://") and task["adapter_id"] == "dask"
        assert task["ended_at"] >= task["started_at"]
        assert task["workflow_id"] == workflow["workflow_id"]
    (added,) = [task for task in tasks.values() if task["activity_id"] == "total"]
    assert added["generated"] == {"arg0": 20} and added["used"]["parts"] == said["expected"]
    (failed,) = [task for task in tasks.values() if task["activity_id"] == "bad"]
    assert failed["status"] == "ERROR" and "no 1" in failed["stderr"]["exception"]
    assert "raise ValueError" in failed["stderr"]["traceback"]
