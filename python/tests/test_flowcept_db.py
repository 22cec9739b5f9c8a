"""Flowcept.db on Headrace's store: filters against an evaluation of their own, objects and their
versions, groups, and what is inserted and deleted."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import outside
from mongo_meaning import matches

pytest.importorskip("flowcept.buffer")

STUDY = """
import headrace as hr
import math
import random

rng = random.Random(7)
VALUES = {
    "n": [1, 2, 3, -4, 2.5, "2", None, True],
    "name": ["adam", "sgd", "Adam w", ""],
    "flag": [True, False],
    "mixed": [1, "one", True, None, [1, "one", None], {"deep": 1}],
    "cfg": [{"lr": 0.1, "layers": [64, 32]}, {"lr": None}, {"layers": [], "deep": {"a": "b"}}, [3]],
    "runs": [[{"loss": 1, "ok": True}, {"loss": 5}], [{"loss": 9}], []],
}
with hr.campaign("sweep"), hr.workflow("tune", used={"budget": 3}):
    for i in range(90):
        used = {k: rng.choice(v) for k, v in VALUES.items() if rng.random() < 0.7}
        tags = rng.choice([None, ["best"], ["best", "paper"]])
        try:
            with hr.task(rng.choice(["train", "clean"]), used=used, tags=tags) as t:
                if rng.random() < 0.8:
                    t.generated(loss=rng.choice([0.25, 0.5, 1, 4]))
                if rng.random() < 0.1:
                    raise ValueError("out of memory")
        except ValueError:
            pass
with hr.workflow("another"), hr.task("outer"):
    with hr.task("middle"):
        with hr.task("inner", used={"x": 1}):
            pass
    with hr.task("middle"):
        pass
"""


def run_program(folder: Path, source: str) -> str:
    """What it printed; it recorded into `folder`."""
    script = folder / f"program{len(list(folder.iterdir()))}.py"
    script.write_text(source)
    environment = outside() | {"HEADRACE_DIR": str(folder / ".headrace"), "HEADRACE_TELEMETRY": "0",
                               "FLOWCEPT_USE_DEFAULT": "1"}  # fmt: skip
    done = subprocess.run([sys.executable, str(script)], env=environment, cwd=folder, timeout=300,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("flowcept")
    run_program(folder, STUDY)
    before = os.environ.get("HEADRACE_DIR")
    os.environ["HEADRACE_DIR"] = str(folder / ".headrace")
    yield folder
    if before is not None:
        os.environ["HEADRACE_DIR"] = before


@pytest.fixture(scope="module")
def documents(folder: Path) -> list[dict[str, Any]]:
    from flowcept.store.finding import find

    return find("tasks")


def test_documents_say_what_was_recorded(folder: Path, documents: list[dict[str, Any]]) -> None:
    from flowcept.store.finding import find

    assert len(documents) == 94
    one = next(d for d in documents if d["status"] == "FINISHED" and "loss" in d["generated"])
    assert one["type"] == "task" and one["finished"] is True
    assert one["campaign_id"] == "sweep" and one["activity_id"] in ("train", "clean")
    assert isinstance(one["started_at"], float) and one["ended_at"] >= one["started_at"]
    failed = [d for d in documents if d["status"] == "ERROR"]
    assert failed and all(d["error"] is True and d["stderr"] == "out of memory" for d in failed)
    assert "finished" not in failed[0]
    (tune,) = find("workflows", {"name": "tune"})
    assert tune["used"] == {"budget": 3} and tune["campaign_id"] == "sweep"
    assert one["workflow_id"] == tune["workflow_id"]
    json.dumps(documents)


PATHS = ["used.n", "used.name", "used.flag", "used.mixed", "used.cfg.lr", "used.cfg.layers",
         "used.cfg.deep.a", "generated.loss", "activity_id", "status", "campaign_id", "subtype",
         "finished", "error", "hostname", "used.runs.loss", "tags"]  # fmt: skip
OPERANDS = [1, 2, 2.5, "one", "adam", "train", "FINISHED", "sweep", "best", True, False, None]


def check(documents: list[dict[str, Any]], filter: dict[str, Any], counted: bool = False) -> int:
    from flowcept.store.finding import count, find

    found = {d["task_id"] for d in find("tasks", filter, ["task_id"])}
    meant = {d["task_id"] for d in documents if matches(d, filter)}
    assert found == meant, filter
    assert not counted or count("tasks", filter) == len(meant), filter
    return len(found)


def test_operators_mean_what_mongo_documents(
    documents: list[dict[str, Any]], run_all: bool
) -> None:
    hits = 0
    for row, path in enumerate(PATHS):
        for op in ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte"):
            # Of the operands some unless all are wanted, so that each path meets most.
            first = 0 if run_all else (row + 5 * "$eq$ne$gt$gte$lt$lte".index(op)) % 12
            for operand in OPERANDS[first :: 1 if run_all else 12]:
                hits += check(documents, {path: {op: operand}}, run_all)
        conditions = [{"$exists": True}, {"$exists": False}, {"$in": [1, "train", None]},
                      {"$nin": ["FINISHED", 1, True]}, {"$in": []}, {"$regex": "^t|n"},
                      {"$not": {"$gt": 1}}, {"$gte": 1, "$lt": 3}, None]  # fmt: skip
        for condition in conditions[0 if run_all else row % 3 :: 1 if run_all else 3]:  # fmt: skip
            hits += check(documents, {path: condition})
    assert hits > 500


def test_random_combinations(documents: list[dict[str, Any]]) -> None:
    rng = random.Random(3)  # noqa: S311

    def one(depth: int) -> dict[str, Any]:
        if depth > 0 and rng.random() < 0.5:
            parts = [one(depth - 1) for _ in range(rng.randint(1, 3))]
            return {rng.choice(["$and", "$or", "$nor"]): parts}
        op = rng.choice(["$eq", "$ne", "$gt", "$lte", "$in", "$nin", "$exists"])
        operand: Any = rng.choice(OPERANDS)
        operand = rng.sample(OPERANDS, 3) if op in ("$in", "$nin") else operand
        operand = rng.random() < 0.5 if op == "$exists" else operand
        condition: Any = {op: operand}
        return {rng.choice(PATHS): {"$not": condition} if rng.random() < 0.2 else condition}

    for _ in range(25):
        check(documents, one(3), True)


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        ({"$size": 2}, lambda v: isinstance(v, list) and len(v) == 2),
        ({"$size": 0}, lambda v: v == []),
        ({"$elemMatch": {"loss": {"$gt": 4}, "ok": {"$exists": False}}},
         lambda v: any(e["loss"] > 4 and "ok" not in e for e in v or [])),
        ({"$type": "array"}, lambda v: bool(v)),
        ({"$not": {"$size": 2}}, lambda v: not isinstance(v, list) or len(v) != 2),
        ({"$all": [{"$elemMatch": {"loss": 1}}, {"$elemMatch": {"loss": 5}}]}, None),
    ],
)  # fmt: skip
def test_lists(documents: list[dict[str, Any]], condition: Any, test: Any) -> None:
    from flowcept.store.finding import find

    if condition == {"$type": "array"}:
        # An array's elements are what $type looks at, and the array itself.
        meant = [
            d for d in documents if isinstance(d["used"].get("runs") if "used" in d else None, list)
        ]
    elif test is None:
        return
    else:
        meant = [d for d in documents if test(d.get("used", {}).get("runs"))]
    found = find("tasks", {"used.runs": condition})
    assert [d["task_id"] for d in found] == [d["task_id"] for d in meant]
    assert 0 < len(found) < len(documents)


def test_all_mod_numbers_and_patterns(documents: list[dict[str, Any]]) -> None:
    from flowcept.store.finding import find

    def used(d: dict[str, Any], name: str) -> Any:
        return d.get("used", {}).get(name)

    def ids(found: list[dict[str, Any]]) -> list[str]:
        return [d["task_id"] for d in found]

    both = find("tasks", {"tags": {"$all": ["best", "paper"]}})
    assert both and ids(both) == ids([d for d in documents if d.get("tags") == ["best", "paper"]])
    even = find("tasks", {"used.n": {"$mod": [2, 0]}})
    meant = [d for d in documents if used(d, "n") in (2, -4, 2.5) and used(d, "n") is not True]
    assert even and ids(even) == ids(meant)
    second = find("tasks", {"used.cfg.layers.1": 32})
    assert second and all(d["used"]["cfg"]["layers"][1] == 32 for d in second)
    whole = find("tasks", {"used.cfg": {"lr": None}})
    assert whole and all(d["used"]["cfg"] == {"lr": None} for d in whole)
    plain = find("tasks", {"used.name": re.compile("^ADAM", re.I)})
    assert plain and all(d["used"]["name"].lower().startswith("adam") for d in plain)
    words = find("tasks", {"used.name": {"$regex": r"\bw$"}})
    assert words and all(d["used"]["name"] == "Adam w" for d in words)


def test_times_compare_exactly(documents: list[dict[str, Any]]) -> None:
    import datetime

    from flowcept.store.finding import find

    at = documents[40]["started_at"]
    for op in ("$eq", "$gt", "$gte", "$lt", "$lte"):
        found = find("tasks", {"started_at": {op: at}}, ["started_at"])
        compare = {"$eq": at.__eq__, "$gt": at.__lt__, "$gte": at.__le__, "$lt": at.__gt__,
                   "$lte": at.__ge__}[op]  # fmt: skip
        assert len(found) == sum(1 for d in documents if compare(d["started_at"]) is True)
    moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert len(find("tasks", {"ended_at": {"$gt": moment}})) == len(documents)
    assert len(find("tasks", {"ended_at": {"$gt": moment.isoformat()}})) == len(documents)
    assert find("tasks", {"ended_at": {"$lt": moment}}) == []


def test_projection_sort_and_limit(documents: list[dict[str, Any]]) -> None:
    from flowcept.store.finding import find

    found = find("tasks", {"activity_id": "train", "generated.loss": {"$gt": 0}},
                 ["generated.loss", "status"], [("generated.loss", -1)], 3)  # fmt: skip
    assert [set(d) for d in found] == [{"generated", "status"}] * 3
    assert [d["generated"] for d in found] == [{"loss": 4}] * 3
    first = find("tasks", {}, ["generated.loss"], [("generated.loss", 1)], 1)
    assert first == [{}]
    # What the store cannot tell by itself is cut all the same.
    some = find("tasks", {"used.runs": {"$size": 2}}, sort=[("started_at", -1)], limit=2)
    times = [d["started_at"] for d in documents if len(d.get("used", {}).get("runs", [])) == 2]
    assert [d["started_at"] for d in some] == sorted(times, reverse=True)[:2]
    assert "used" not in find("tasks", {}, {"used": 0}, limit=1)[0]
    by_status = find("tasks", {}, ["status"], [("status", -1), ("started_at", 1)])
    assert [d["status"] for d in by_status] == sorted(
        (d["status"] for d in documents), reverse=True
    )


def test_groups(documents: list[dict[str, Any]]) -> None:
    from flowcept.flowcept_api.db_api import DBAPI

    db = DBAPI()
    rows = db.query({"generated.loss": {"$lte": 1}}, ["activity_id"],
                    aggregation=[("avg", "generated.loss"), ("max", "generated.loss")])  # fmt: skip
    for row in rows:
        own = [d["generated"]["loss"] for d in documents if d["activity_id"] == row["activity_id"]
               and d.get("generated", {}).get("loss", 9) <= 1]  # fmt: skip
        assert row["avg_generated_loss"] == pytest.approx(sum(own) / len(own))
        assert row["max_generated_loss"] == max(own)
    assert {row["activity_id"] for row in rows} == {"train", "clean"}
    # Text is no part of a sum, whoever adds up.
    (whole,) = db.query({}, aggregation=[("sum", "used.n")])
    numbers = [
        d["used"]["n"] for d in documents if type(d.get("used", {}).get("n")) in (int, float)
    ]
    by_hand = db._dao().raw_task_pipeline([{"$group": {"_id": None, "n": {"$sum": "$used.n"}}}])
    assert by_hand == [{"_id": None, "n": sum(numbers)}]
    assert whole["sum_used_n"] == sum(numbers)
    rows = db._dao().raw_task_pipeline(
        [{"$match": {"finished": True}}, {"$group": {"_id": "$activity_id", "n": {"$sum": 1}}},
         {"$sort": {"n": -1}}, {"$limit": 1}, {"$project": {"_id": 0, "n": 1, "name": "$_id"}}]
    )  # fmt: skip
    finished = [d["activity_id"] for d in documents if d["status"] == "FINISHED"]
    most = max(set(finished), key=finished.count)
    assert rows == [{"n": finished.count(most), "name": most}]


def test_summary_of_tasks(documents: list[dict[str, Any]]) -> None:
    from flowcept.flowcept_api.db_api import DBAPI

    summary = DBAPI().task_summary({"campaign_id": "sweep"})
    own = [d for d in documents if d.get("campaign_id") == "sweep"]
    assert summary["count"] == len(own) == 90
    assert sum(summary["status_counts"].values()) == 90
    plain = DBAPI().task_summary({"activity_id": "train"})
    (train,) = plain["activity_stats"]
    took = [d["ended_at"] - d["started_at"] for d in documents if d["activity_id"] == "train"]
    assert train["count"] == len(took)
    assert train["sum_duration"] == pytest.approx(sum(took), abs=1e-5)
    assert plain["time_range"]["max_ended_at"] == max(
        d["ended_at"] for d in documents if d["activity_id"] == "train"
    )
    (campaign,) = DBAPI().derive_campaigns()
    assert (campaign["campaign_id"], campaign["task_count"]) == ("sweep", 90)
    rows = DBAPI().telemetry_timeseries({"campaign_id": "sweep"}, ["generated.loss"], limit=5)
    assert len(rows) == 5 and rows == sorted(rows, key=lambda row: row["started_at"])


def test_tasks_within_tasks(folder: Path, tmp_path: Path) -> None:
    from flowcept.flowcept_api.db_api import DBAPI

    db = DBAPI()
    (workflow,) = db.workflow_query({"name": "another"})
    found = db.get_tasks_recursive(
        workflow["workflow_id"],
        mapping={"activity_id": {"inner": {"x": "task.used.x", "above": "parent.activity_id",
                                           "top": "primogenitor.activity_id", "word": "plain"}}},
    )  # fmt: skip
    assert [(d["activity_id"], d["depth"]) for d in found] == [
        ("outer", 0), ("middle", 1), ("inner", 2), ("middle", 1)
    ]  # fmt: skip
    inner = found[2]
    assert [list(one) for one in inner["ancestor_ids"]] == [["outer"], ["middle"]]
    assert inner["custom_characterization"] == {
        "x": 1, "above": "middle", "top": "outer", "word": "plain"
    }  # fmt: skip
    assert [d["depth"] for d in db.get_tasks_recursive(workflow["workflow_id"], max_depth=1)] == [
        0, 1, 1
    ]  # fmt: skip
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "tasks.parquet"
    db.dump_tasks_to_file_recursive(workflow["workflow_id"], str(file))
    table = parquet.read_table(file).to_pylist()
    assert [row["activity_id"] for row in table] == ["outer", "middle", "inner", "middle"]
    assert json.loads(table[2]["ancestor_ids"]) == inner["ancestor_ids"]


def test_dumps_and_frames(folder: Path, tmp_path: Path) -> None:
    import zipfile

    from flowcept.flowcept_api.db_api import DBAPI

    db = DBAPI()
    assert not db.dump_to_file()
    assert db.dump_to_file("tasks", {"activity_id": "outer"}, str(tmp_path / "a.json"))
    (one,) = json.loads((tmp_path / "a.json").read_text())
    assert one["activity_id"] == "outer"
    assert db.dump_to_file(output_file=str(tmp_path / "a.zip"), should_zip=True)
    with zipfile.ZipFile(tmp_path / "a.zip") as file:
        assert len(json.loads(file.read("dump_file.json"))) == 94
    pytest.importorskip("pandas")
    assert set(db.to_df("tasks", {"activity_id": "middle"})["activity_id"]) == {"middle"}


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"used.n": {"$gtt": 5}}, r"\$gtt is no operator"),
        ({"$where": "1"}, "no operator at the level"),
        ({"used.n": {"$in": 5}}, "take a list"),
        ({"$or": []}, "one or more"),
        ({"used.name": {"$regex": "("}}, "no regular expression"),
        ({"used.n": {"$type": "numeric"}}, "knows"),
    ],
)
def test_mistakes_are_told(folder: Path, filter: dict[str, Any], message: str) -> None:
    from flowcept.flowcept_api.db_api import DBAPI
    from flowcept.store.finding import find
    from flowcept.store.matching import FilterError

    with pytest.raises(FilterError, match=message):
        find("tasks", filter)
    with pytest.warns(RuntimeWarning, match=message):
        assert DBAPI().query(filter) == []
    with pytest.raises(ValueError, match="there is no collection"):
        DBAPI().query({}, collection="nothing")


PROGRAM = """
import json
import os
import sys
import warnings
from flowcept import AgentObject, BlobObject, Flowcept, TaskObject, WorkflowObject

db = Flowcept.db
said = {}
"""


def said_by(folder: Path, source: str) -> dict[str, Any]:
    """The dict `said` of a program."""
    said: dict[str, Any] = json.loads(
        run_program(folder, PROGRAM + source + "\nprint(json.dumps(said))")
    )
    return said


OBJECTS = """
save = Flowcept.insert_or_update_object
first = save(b"one", object_type="dataset", custom_metadata={"rows": 1}, tags=["raw"])
save(b"two", object_id=first, control_version=True)
save(b"three", object_id=first, custom_metadata={"rows": 3}, control_version=True)
said["history"] = db.get_object_history(first)
said["contents"] = [db.get_blob_object(first, version=v).data.decode() for v in (0, 1, 2)]
said["last"] = db.get_blob_object(first).data.decode()
said["print"] = db.get_blob_fingerprint(first, 1)
db.update_object_metadata(first, tags=["clean"], custom_metadata={"rows": 4})
said["updated"] = db.blob_object_query({"tags": "clean"})[0]
archive = db.query({"object_id": first}, collection="object_history")
said["archive"] = [d["version"] for d in archive]
plain = save(b"a")
save(b"b", object_id=plain)
said["plain"] = [d["version"] for d in db.get_object_history(plain)]
try:
    db.get_blob_object(plain, version=0)
except ValueError as error:
    said["gone"] = str(error)
try:
    db.get_blob_object("nobody")
except ValueError as error:
    said["nobody"] = str(error)
twin = Flowcept.insert_or_update_dataset(b"b", save_data_in_collection=True)
said["equal"] = [db.blob_objects_equal(plain, twin), db.blob_objects_equal(plain, first)]
said["in_object"] = [d["data"].decode() for d in db.dataset_query({"object_id": twin})]
said["text"] = db.get_blob_object(save("text", object_id="my text")).data
said["json"] = db.get_blob_object(save({"a": [1, None]})).data
import pickle
kept = db.get_blob_object(save({1, 2}, pickle=True))
said["pickled"] = [kept.pickle, sorted(pickle.loads(kept.data))]
try:
    save(object())
except ValueError as error:
    said["unkept"] = str(error)
large = {f"layer {i}": {"width": i, "about": "x" * 40} for i in range(500)}
model = Flowcept.insert_or_update_ml_model(b"w", custom_metadata={"profile": large})
said["large"] = db.ml_model_query({"object_id": model})[0]["custom_metadata"]["profile"] == large
db.delete_object_keys("object_id", [plain])
said["left"] = len(db.blob_object_query({"object_id": plain}))
save(b"c", object_id=plain)
said["again"] = [d["version"] for d in db.get_object_history(plain)]
"""


def test_objects_have_versions(tmp_path: Path) -> None:
    said = said_by(tmp_path, OBJECTS)
    assert [row["version"] for row in said["history"]] == [2, 1, 0]
    assert [row["prev_version"] for row in said["history"]] == [1, 0, None]
    assert [row["custom_metadata"] for row in said["history"]] == [
        {"rows": 3}, {"rows": 1}, {"rows": 1}
    ]  # fmt: skip
    assert all(
        row["object_type"] == "dataset" and row["tags"] == ["raw"] for row in said["history"]
    )
    assert said["contents"] == ["one", "two", "three"] and said["last"] == "three"
    import hashlib

    assert said["print"] | {"object_id": ""} == {
        "object_id": "", "version": 1, "object_size_bytes": 3, "data_hash_algo": "sha256",
        "data_sha256": hashlib.sha256(b"two").hexdigest(), "storage_type": "gridfs",
    }  # fmt: skip
    assert said["updated"]["version"] == 3 and said["updated"]["custom_metadata"] == {"rows": 4}
    assert said["updated"]["data_sha256"] == hashlib.sha256(b"three").hexdigest()
    assert sorted(said["archive"]) == [0, 1, 2]
    assert said["plain"] == [1] and "there are [1]" in said["gone"]
    assert "Object not found" in said["nobody"]
    assert said["equal"] == [True, False] and said["in_object"] == ["b"]
    assert said["text"] == "text" and said["json"] == {"a": [1, None]}
    assert said["pickled"] == [True, [1, 2]] and "pickle=True" in said["unkept"]
    assert said["large"] and said["left"] == 0
    assert said["again"] == [0]


RACE = """
for _ in range(4):
    Flowcept.insert_or_update_object(b"x" * os.getpid().bit_length(), object_id="shared",
                                     control_version=True)
"""


def test_versions_of_processes_at_once(tmp_path: Path) -> None:
    script = tmp_path / "race.py"
    script.write_text(PROGRAM + RACE)
    environment = outside() | {"HEADRACE_DIR": str(tmp_path / ".headrace"),
                               "HEADRACE_TELEMETRY": "0"}  # fmt: skip
    running = [subprocess.Popen([sys.executable, str(script)], env=environment, cwd=tmp_path)
               for _ in range(3)]  # fmt: skip
    assert [process.wait(timeout=300) for process in running] == [0, 0, 0]
    said = said_by(tmp_path, 'said["all"] = db.get_object_history("shared")')
    assert [row["version"] for row in said["all"]] == list(range(11, -1, -1))


INSERTED = """
def told(**fields):
    return TaskObject.from_dict({"activity_id": "made", **fields})

at = 1_700_000_000.25
db.insert_or_update_task(told(task_id="a", used={"lr": 0.5, "n": 1}, started_at=at,
                              ended_at=at + 2, status="FINISHED", workflow_id="wf-1"))
db.insert_or_update_task(told(task_id="a", used={"n": 2}, generated={"loss": 0.25}))
said["a"] = db.task_query({"task_id": "a"})
db._dao().insert_and_update_many_tasks(
    [{"task_id": f"b{i}", "activity_id": "many", "used": {"i": i}} for i in range(5)]
    + [{"task_id": "b0", "activity_id": "many", "generated": {"x": 1}}], "task_id")
said["many"] = db.task_query({"activity_id": "many"}, sort=[("used.i", 1)])
flow = WorkflowObject()
flow.workflow_id, flow.name, flow.user = "wf-1", "by hand", "me"
flow.machine_info = {"i1": {"cpu": 1}}
db.insert_or_update_workflow(flow)
flow.machine_info = {"i2": {"cpu": 2}}
db.insert_or_update_workflow(flow)
said["flow"] = db.get_workflow_object("wf-1").to_dict()
db.save_workflow_domain_data_schema("wf-1", {"fields": ["lr"]})
said["schema"] = db.get_workflow_domain_data_schema("wf-1")
agent = AgentObject(agent_id="planner", name="plans", workflow_id="wf-1")
db.insert_or_update_agent(agent)
db.insert_or_update_agent(AgentObject(agent_id="idle", name="waits"))
db.insert_or_update_task(told(task_id="c", activity_id="plan", agent_id="planner",
                              source_agent_id="user", workflow_id="wf-1"))
said["agents"] = db.derive_agents()
said["agent"] = db.get_agent_object("planner").name
said["all"] = [len(db.agent_query({})), db._dao().count_tasks(), db._dao().count_workflows()]
db._dao().delete_task_keys("task_id", ["b1", "b2"])
said["kept"] = [d["task_id"] for d in db.task_query({"activity_id": "many"}, sort=[("used.i", 1)])]
db.insert_or_update_task(told(task_id="b1", activity_id="many", used={"i": 1}))
said["back"] = len(db.task_query({"activity_id": "many"}))
said["deleted"] = db.delete_workflow_data("wf-1")
said["after"] = [db.task_query({"workflow_id": "wf-1"}), db.workflow_query({"workflow_id": "wf-1"}),
                 [d["agent_id"] for d in db.agent_query({})]]
db._dao().save_dashboard({"dashboard_id": "d1", "name": "one", "charts": []})
said["dashboards"] = [db._dao().list_dashboards({"name": "one"}), db._dao().delete_dashboard("d1"),
                      db._dao().get_dashboard("d1")]
db.save_node_positions("wf-1", "task", {"n": {"x": 1}})
said["positions"] = [db.get_node_positions("wf-1", "task"), db.get_node_positions("wf-1", "none")]
said["alive"] = db.liveness_test()
said["chart"] = db.resolve_chart_data(
    {"source": "tasks", "group_by": "activity_id", "metrics": [{"field": "used.i", "agg": "max"}]})
from flowcept.commons.daos.docdb_dao.docdb_dao_base import DocumentDBDAO
said["instance"] = DocumentDBDAO.get_instance() is db._dao()
"""


def test_inserting_merging_and_deleting(tmp_path: Path) -> None:
    said = said_by(tmp_path, INSERTED)
    (a,) = said["a"]
    assert a["used"] == {"lr": 0.5, "n": 2} and a["generated"] == {"loss": 0.25}
    assert a["workflow_id"] == "wf-1" and a["started_at"] == 1_700_000_000.25
    assert a["ended_at"] == 1_700_000_002.25 and a["finished"] is True
    assert [d["used"]["i"] for d in said["many"]] == [0, 1, 2, 3, 4]
    assert said["many"][0]["generated"] == {"x": 1}
    assert said["flow"]["machine_info"] == {"i1": {"cpu": 1}, "i2": {"cpu": 2}}
    assert said["flow"]["user"] == "me" and said["flow"]["name"] == "by hand"
    assert said["schema"] == {"fields": ["lr"]}
    (planner,) = said["agents"]
    assert (planner["agent_id"], planner["activities"]) == ("planner", ["plan"])
    assert planner["source_agent_ids"] == ["user"] and said["agent"] == "plans"
    assert said["all"][:2] == [2, 7]
    assert said["kept"] == ["b0", "b3", "b4"] and said["back"] == 4
    assert said["deleted"] == {"workflows": 1, "tasks": 2, "objects": 0, "agents": 1}
    assert said["after"] == [[], [], ["idle"]]
    assert said["dashboards"] == [[{"dashboard_id": "d1", "name": "one", "charts": []}], True, None]
    assert said["positions"] == [{"n": {"x": 1}}, {}] and said["alive"] is True
    assert {"activity_id": "many", "max_used.i": 4} in said["chart"]["rows"]
    assert said["instance"] is True
