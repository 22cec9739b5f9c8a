"""Flowcept's interceptors of TensorBoard and MLflow, over files that the real packages write."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, ROOT, environment_of, query

pytest.importorskip("flowcept.buffer")
if not HEADRACE.exists():
    pytest.skip("the headrace program is not built", allow_module_level=True)

SETTINGS = """
project: {dump_buffer: {enabled: true}}
adapters:
  mlflow: {kind: mlflow, file_path: mlflow.db, watch_interval_sec: 0.2}
  tensorboard: {kind: tensorboard, file_path: events, watch_interval_sec: 0.2%s}
"""

# TensorBoard's own writers, without PyTorch.
WRITING = """
import time

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import summary_v2
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto
import numpy


def write(name, hparams, values, end=None):
    writer = EventFileWriter("events/" + name)
    if hparams is not None:
        told(writer, summary_v2.hparams_pb(hparams, start_time_secs=time.time()))
    for step, value in enumerate(values):
        told(writer, Summary(value=[Summary.Value(tag="loss", simple_value=value)]), step)
        tensor = make_tensor_proto(numpy.float32(1 - value))
        told(writer, Summary(value=[Summary.Value(tag="accuracy", tensor=tensor)]), step)
    if values:
        tensor = make_tensor_proto(numpy.arange(4, dtype="int32"))
        told(writer, Summary(value=[Summary.Value(tag="counts", tensor=tensor)]), len(values))
    if end is not None:
        from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

        content = plugin_data_pb2.HParamsPluginData(
            session_end_info=plugin_data_pb2.SessionEndInfo(
                status=getattr(api_pb2, end), end_time_secs=time.time()))
        tag = metadata.SESSION_END_INFO_TAG
        told(writer, Summary(value=[Summary.Value(tag=tag, tensor=metadata.NULL_TENSOR,
             metadata=metadata.create_summary_metadata(content))]))
    writer.close()


def told(writer, summary, step=0):
    writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
"""

TENSORBOARD = """
import json
from flowcept import Flowcept
from writing import write

write("", None, [])  # the folder's own file, with nothing in it
with Flowcept("tensorboard", workflow_name="around", campaign_id="digits"):
    mine = Flowcept.current_workflow_id
    write("run0", {"lr": 0.1, "optimizer": "sgd", "workflow_id": "tuning", "activity_id": "tune"},
          [0.5, 0.25, 0.0], "STATUS_SUCCESS")
    write("run1", {"lr": 0.2, "optimizer": "adam", "workflow_id": "tuning"}, [0.5],
          "STATUS_FAILURE")
    write("deep/run2", None, [0.75])  # it does not say that it has ended
print(json.dumps({
    "mine": mine,
    "tuning": Flowcept.db.query({"workflow_id": "tuning"}, sort=[("used.lr", 1)]),
    "current": Flowcept.db.get_tasks_from_current_workflow(),
    "all": Flowcept.db.query({"type": "task"}),
    "adam": Flowcept.db.query({"used.optimizer": "adam", "status": "ERROR"}),
    "file": [one for one in Flowcept.read_buffer_file() if one["type"] == "task"],
}))
"""

MLFLOW = """
import json
from flowcept import Flowcept

with Flowcept("mlflow", workflow_name="around"):
    pass
print(json.dumps(Flowcept.db.query({"type": "task"})))
"""


def said_by(folder: Path, source: str, settings: str = "") -> Any:
    (folder / "settings.yaml").write_text(SETTINGS % settings)
    (folder / "program.py").write_text(source)
    (folder / "writing.py").write_text(WRITING)
    environment = environment_of(
        folder / ".headrace",
        HEADRACE_TELEMETRY="0",
        FLOWCEPT_SETTINGS_PATH=str(folder / "settings.yaml"),
    )
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, env=environment, timeout=300,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def event_file(run: Path) -> str:
    (file,) = run.glob("*tfevents*")
    return file.name


def test_a_run_of_tensorboard_is_a_task(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    said = said_by(tmp_path, TENSORBOARD)
    events = tmp_path / "events"
    first, second = said["tuning"]
    assert first["task_id"] == event_file(events / "run0")
    assert first["activity_id"] == "tune"
    assert first["used"] == {"lr": 0.1, "optimizer": "sgd"}
    assert {tag: first["generated"][tag] for tag in ("loss", "accuracy")} == {
        "loss": 0.0,
        "accuracy": 1.0,
    }
    assert first["generated"]["counts"]["values"] == [0, 1, 2, 3]
    assert first["status"] == "FINISHED"
    assert first["finished"] is True
    assert first["campaign_id"] == "digits"
    assert first["adapter_id"] == "tensorboard"
    assert first["custom_metadata"] == {"event_file": "run0", "log_path": str(events / "run0")}
    assert first["started_at"] <= first["ended_at"] <= first["utc_timestamp"]

    assert second["used"] == {"lr": 0.2, "optimizer": "adam"}
    assert [second] == said["adam"]

    (third,) = said["current"]
    assert third["workflow_id"] == said["mine"]
    assert third["task_id"] == event_file(events / "deep/run2")
    assert "used" not in third
    assert third["generated"]["loss"] == 0.75

    # The folder's own file has no values: it is no task.
    assert sorted(task["task_id"] for task in said["all"]) == sorted(
        task["task_id"] for task in (first, second, third)
    )
    # They are in the buffer's file too, those told at the stop as well.
    assert {task["task_id"]: task["generated"] for task in said["file"]} == {
        task["task_id"]: task["generated"] for task in said["all"]
    }


def test_runs_are_told_once_and_of_the_tags_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    said_by(tmp_path, TENSORBOARD, ", log_tags: [scalars]")
    again = """
import json
from flowcept import Flowcept

with Flowcept("tensorboard"):
    pass
print(json.dumps(Flowcept.db.query({"type": "task"})))
"""
    tasks = said_by(tmp_path, again)
    assert len(tasks) == 3
    assert all("used" not in task and "counts" not in task["generated"] for task in tasks)
    # The runs themselves are workflows with their curves, as without Flowcept.
    (row,) = query(
        "SELECT count(*) AS points FROM log JOIN workflow w USING (workflow_id) "
        "WHERE w.name = 'run0' AND (metrics->>'loss') IS NOT NULL",
        environment_of(tmp_path / ".headrace"),
    )
    assert row["points"] == 3


@pytest.mark.parametrize("version", ["1.30.1", "2.9.2", "3.17.2"])
def test_a_run_of_mlflow_is_a_task(tmp_path: Path, version: str) -> None:
    written = ROOT / f"tests/frameworks/data/mlflow-{version}.db"
    shutil.copy(written, tmp_path / "mlflow.db")
    runs = json.loads(written.with_suffix(".json").read_text())["runs"]
    tasks = {task["task_id"]: task for task in said_by(tmp_path, MLFLOW)}
    assert tasks.keys() == runs.keys()
    words = {"FINISHED": "FINISHED", "FAILED": "ERROR", "KILLED": "ERROR", "RUNNING": "RUNNING"}
    for run_id, run in runs.items():
        task = tasks[run_id]
        assert task["status"] == words[run["status"]]
        assert task["campaign_id"] == run["experiment"]
        assert task.get("used", {}).keys() == run["params"].keys()
        assert task.get("generated", {}).keys() == run["metrics"].keys()
        assert task["started_at"] == run["begin_ms"] / 1000
        assert task.get("ended_at") == (run["end_ms"] and run["end_ms"] / 1000)
