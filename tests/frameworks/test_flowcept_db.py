"""Flowcept.db beside the real package's on its embedded database: one program, answers compared
field by field."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from environments import ROOT, python_of

if not (Path(__file__).parent / "flowcept.txt").exists():
    pytest.skip("there is no list of Flowcept's packages", allow_module_level=True)

PROGRAM = """
import json
from flowcept import AgentObject, Flowcept, TaskObject, WorkflowObject

db = Flowcept.db
at = 1_700_000_000.5
for i in range(6):
    db.insert_or_update_task(TaskObject.from_dict(dict(
        task_id=f"t{i}", activity_id=["load", "train"][i % 2], workflow_id="wf-1",
        campaign_id="c-1", used={"lr": 0.1 * i, "name": "adam", "cfg": {"layers": [1, i]}},
        generated={"loss": 1 / (i + 1)}, started_at=at + i, ended_at=at + i + 0.5,
        status="FINISHED" if i < 5 else "ERROR", hostname="n1", tags=["a"],
        custom_metadata={"k": {"z": i}}, agent_id="ag" if i == 2 else None)))
flow = WorkflowObject()
flow.workflow_id, flow.name, flow.campaign_id, flow.user = "wf-1", "study", "c-1", "me"
flow.used, flow.custom_metadata = {"n": 3}, {"b": 1}
db.insert_or_update_workflow(flow)
db.insert_or_update_agent(
    AgentObject(agent_id="ag", name="planner", workflow_id="wf-1", campaign_id="c-1"))
asked = {
    "all": {},
    "one": {"task_id": "t3"},
    "train": {"activity_id": "train"},
    "either": {"$or": [{"task_id": "t0"}, {"activity_id": {"$in": ["train"]}}]},
    "both": {"$and": [{"workflow_id": "wf-1"}, {"campaign_id": "c-1"}, {"hostname": "n1"}]},
    "later": {"started_at": {"$gte": at + 2, "$lt": at + 4}},
    "ended": {"ended_at": {"$gt": at + 1.5}},
    "not": {"activity_id": {"$ne": "train"}, "status": {"$nin": ["ERROR"]}},
    "agent": {"agent_id": "ag"},
    "none": {"activity_id": "none"},
}
said = {name: db.task_query(filter) for name, filter in asked.items()}
said["workflows"] = db.workflow_query({"workflow_id": "wf-1"})
said["object"] = db.get_workflow_object("wf-1").to_dict()
said["agents"] = db.agent_query({"agent_id": "ag"})
said["summary"] = db.task_summary({"workflow_id": "wf-1"})
said["whole summary"] = db.task_summary({})
said["acting"] = db.derive_agents({})
said["series"] = db.telemetry_timeseries({"activity_id": "train"}, ["generated.loss", "used.lr"])
said["chart"] = db.resolve_chart_data({
    "source": "tasks", "group_by": "activity_id",
    "metrics": [{"field": "generated.loss", "agg": "max"}, {"field": "", "agg": "count"}]})
said["frame"] = sorted(db.to_df("tasks", {"activity_id": "train"})["task_id"])
said["fields"] = db.task_query({"used.lr": {"$gt": 0.25}}, ["task_id"], sort=[("used.lr", -1)],
                               limit=2)
said["grouped"] = db.query({}, ["activity_id"], aggregation=[("max", "generated.loss")])
print(json.dumps(said, default=str))
"""

SETTINGS = """
project: {db_flush_mode: online, enrich_messages: false}
databases: {lmdb: {enabled: true, path: lmdb}, mongodb: {enabled: false}}
mq: {enabled: false}
kv_db: {enabled: false}
instrumentation: {enabled: true}
log: {log_path: default, log_file_level: disable, log_stream_level: disable}
experiment: {user: root}
telemetry_capture: {}
sys_metadata: {}
extra_metadata: {}
web_server: {}
agent: {}
adapters: {}
db_buffer: {}
"""

# Ours has them beside `status`, as the real package has with MongoDB.
FLAGS = ("finished", "error")
# When the program ran, in either package.
MOMENTS = ("registered_at",)
# Theirs is when the task was put into MongoDB, and without it nothing; ours when it ended.
LAST_ACTIVE = "last_active"
# The embedded database knows no dotted paths, limits, sorts and groups: answers of ours alone.
OURS_ALONE = ("fields", "grouped")


def normal(value: Any) -> Any:
    if isinstance(value, list):
        return [normal(one) for one in value]
    if isinstance(value, dict):
        odd = (*FLAGS, *MOMENTS, LAST_ACTIVE)
        return {name: normal(one) for name, one in value.items() if name not in odd}
    return round(value, 9) if isinstance(value, float) else value


def answers(python: Path, folder: Path, **environment: str) -> dict[str, Any]:
    folder.mkdir()
    (folder / "settings.yaml").write_text(SETTINGS)
    (folder / "program.py").write_text(PROGRAM)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HEADRACE", "FLOWCEPT"))}
    settings = {"FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml")}
    done = subprocess.run(
        [str(python), "program.py"],
        env=inherited | settings | environment,
        cwd=folder,
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_answers_are_equal(tmp_path: Path, run_all: bool) -> None:
    if not run_all:
        pytest.skip("the real package is asked with --all")
    pytest.importorskip("pandas")
    theirs = answers(python_of("flowcept"), tmp_path / "theirs")
    ours = answers(
        Path(sys.executable),
        tmp_path / "ours",
        HEADRACE_DIR=str(tmp_path / "ours/.headrace"),
        HEADRACE_TELEMETRY="0",
        PYTHONPATH=str(ROOT / "python"),
    )
    assert theirs.keys() == ours.keys()
    for name in theirs.keys() - set(OURS_ALONE):
        assert normal(ours[name]) == normal(theirs[name]), name
    assert all(task["finished"] is True for task in ours["all"][:5])
    assert ours["all"][5]["error"] is True
    assert theirs["fields"] == [] and len(theirs["grouped"]) != 2
    assert ours["fields"] == [{"task_id": "t5"}, {"task_id": "t4"}]
    assert {row["activity_id"]: row["max_generated_loss"] for row in ours["grouped"]} == {
        "load": 1.0, "train": 0.5
    }  # fmt: skip
