"""Flowcept's MLflow and TensorBoard interceptors, with the real packages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from environments import ROOT, python_of

SETTINGS = """
project: {dump_buffer: {enabled: false}}
adapters:
  mlflow: {kind: mlflow, file_path: mlflow.db, watch_interval_sec: 0.5}
  tensorboard: {kind: tensorboard, file_path: events, watch_interval_sec: 0.5}
"""

MLFLOW = """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
for lr in (0.1, 0.2):
    with mlflow.start_run(run_name=f"rate {lr}"):
        mlflow.log_param("lr", lr)
        mlflow.log_metric("loss", 1.0)
        mlflow.log_metric("loss", 0.0)
"""

PROGRAM = """
import json
import subprocess
import sys
from flowcept import Flowcept

with Flowcept("mlflow", workflow_name="around"):
    subprocess.run([sys.argv[1], "mlflow_program.py"], check=True, capture_output=True)
print(json.dumps(Flowcept.db.task_query({}, sort=[("used.lr", 1)])))
"""

EVENTS = """
import json
from flowcept import Flowcept
from torch.utils.tensorboard import SummaryWriter

with Flowcept("tensorboard", workflow_name="around"):
    writer = SummaryWriter("events/run1")
    for step in range(3):
        writer.add_scalar("loss", 1 / (step + 1), step)
    writer.close()
print(json.dumps({
    "workflows": sorted(str(one.get("name")) for one in Flowcept.db.workflow_query({})),
    "tasks": Flowcept.db.get_tasks_from_current_workflow(),
}))
"""


def said_by(folder: Path, source: str, *arguments: str) -> Any:
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "program.py").write_text(source)
    (folder / "mlflow_program.py").write_text(MLFLOW)
    environment = os.environ | {
        "HEADRACE_DIR": str(folder / ".headrace"),
        "HEADRACE_TELEMETRY": "0",
        "FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml"),
        "PYTHONPATH": str(ROOT / "python"),
    }
    done = subprocess.run([sys.executable, "program.py", *arguments], cwd=folder, env=environment,
                          timeout=300, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_runs_of_mlflow(tmp_path: Path, run_all: bool) -> None:
    if not run_all:
        pytest.skip("MLflow runs with --all")
    if not (Path(__file__).parent / "mlflow.txt").exists():
        pytest.skip("there is no list of MLflow's packages")
    tasks = said_by(tmp_path, PROGRAM, str(python_of("mlflow")))
    assert [task["used"] for task in tasks] == [{"lr": 0.1}, {"lr": 0.2}]
    # A metric of 0.0 is one.
    assert [task["generated"] for task in tasks] == [{"loss": 0.0}] * 2
    assert all(task["finished"] is True and len(task["task_id"]) == 32 for task in tasks)


def test_runs_of_tensorboard(tmp_path: Path, run_all: bool) -> None:
    if not run_all:
        pytest.skip("TensorBoard runs with --all")
    pytest.importorskip("torch")
    pytest.importorskip("tensorboard")
    said = said_by(tmp_path, EVENTS)
    assert said["workflows"] == ["around", "run1"]
    (task,) = said["tasks"]
    assert task["generated"] == {"loss": pytest.approx(1 / 3)}
    assert (tmp_path / "events/run1" / task["task_id"]).is_file()
