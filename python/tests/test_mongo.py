"""Mongo's filters against an evaluation of its own on the raw records."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace.rows import Rows
from headrace.store import QueryError
from mongo_meaning import matches
from recorded import Recorded, read

STUDY = """
import math
import random
import headrace as hr

rng = random.Random(5)
VALUES = {
    "n": [1, 2, 3, -4, 2.5, 10**20, "2", None, True],
    "x": [0.5, 1.5, math.nan, math.inf, 1],
    "name": ["adam", "sgd", "Adam w", "50%_x", ""],
    "flag": [True, False],
    "mixed": [1, "one", True, None, [1, "one", None], {"deep": 1}],
    "cfg": [{"lr": 0.1, "layers": [64, 32]}, {"lr": None}, {"layers": [], "deep": {"a": "b"}}, [3]],
    "d.ot": [1, 2],
}
with hr.campaign("sweep"), hr.workflow("tune"):
    for i in range(120):
        used = {k: rng.choice(v) for k, v in VALUES.items() if k != "d.ot" and rng.random() < 0.7}
        with hr.task(rng.choice(["train", "clean"]), used=used) as t:
            if rng.random() < 0.8:
                t.generated(loss=rng.choice([0.25, 0.5, 1, math.nan]))
"""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("mongo")
    import subprocess
    import sys

    script = folder / "study.py"
    script.write_text(STUDY)
    environment = {"HEADRACE_DIR": str(folder / ".headrace"), "HEADRACE_TELEMETRY": "0"}
    subprocess.run([sys.executable, str(script)], env=environment, check=True, timeout=120)
    tasks: dict[str, Any] = {}
    for record in Recorded(read(folder / ".headrace")).tasks:
        if record["activity"]["name"] in ("train", "clean"):
            document = {role: record.get(role) or {} for role in ("used", "generated")}
            document["activity"] = record["activity"]["name"]
            tasks[record["task_id"]] = restored(document)
    return {"folder": folder, "tasks": tasks}


def restored(value: Any) -> Any:
    """Numbers that JSON has no word for."""
    if isinstance(value, dict):
        if list(value) == ["$float"]:
            return float(value["$float"].partition("(")[0])
        if list(value) == ["$int"]:
            return int(value["$int"])
        return {k: restored(v) for k, v in value.items()}
    if isinstance(value, list):
        return [restored(v) for v in value]
    return value


def check(documents: dict[str, Any], filter: dict[str, Any]) -> int:
    tasks: Rows = hr.open(documents["folder"]).tasks
    found = {row[0] for row in tasks.find(filter, ["task_id"])} & set(documents["tasks"])
    meant = {name for name, task in documents["tasks"].items() if matches(task, filter)}
    if found != meant:
        odd = [documents["tasks"][name] for name in (found ^ meant)][:3]
        raise AssertionError(f"{filter}: {len(found)} found, {len(meant)} meant, e.g. {odd}")
    return len(found)


OPERANDS = [1, 2, 2.5, 0, -4, "one", "2", "adam", True, False, None, 10**20]
PATHS = [
    "used.n", "used.x", "used.name", "used.flag", "used.mixed", "generated.loss", "used.cfg.lr",
    "used.cfg.layers", "used.cfg.deep.a", "used.mixed.deep", "used.none", "activity",
]  # fmt: skip


OPERATORS = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]


@pytest.mark.parametrize("op", OPERATORS)
def test_comparisons(documents: dict[str, Any], op: str, run_all: bool) -> None:
    hits = 0
    # A third of them unless all are wanted: each path meets each operand with two operators.
    begin, step = (0, 1) if run_all else (OPERATORS.index(op) % 3, 3)
    for row, path in enumerate(PATHS):
        for operand in OPERANDS[(begin + row) % step :: step]:
            hits += check(documents, {path: {op: operand}})
    assert hits > 30


def test_other_operators(documents: dict[str, Any]) -> None:
    for path in PATHS:
        filters: list[dict[str, Any]] = [
            {path: {"$exists": True}},
            {path: {"$exists": False}},
            {path: {"$in": [1, "one", None]}},
            {path: {"$nin": [1, "adam", True]}},
            {path: {"$in": []}},
            {path: {"$regex": "^a|n"}},
            {path: {"$not": {"$gt": 1}}},
            {path: {"$not": {"$exists": True}}},
            {path: {"$gte": 1, "$lt": 3}},
            {path: None},
        ]
        for filter in filters:
            check(documents, filter)
    assert check(documents, {"used.cfg.layers": 64}) > 0
    assert check(documents, {"used.cfg.layers": [64, 32]}) > 0
    assert check(documents, {"used.mixed": {"deep": 1}}) > 0
    assert check(documents, {"used.mixed": [1, "one", None]}) > 0
    assert check(documents, {"activity": {"$regex": "^T", "$exists": True}}) == 0
    assert check(documents, {}) == len(documents["tasks"])


def test_random_combinations(documents: dict[str, Any]) -> None:
    rng = random.Random(11)  # noqa: S311

    def one(depth: int) -> dict[str, Any]:
        kind = rng.random()
        if depth > 0 and kind < 0.45:
            name = rng.choice(["$and", "$or", "$nor"])
            return {name: [one(depth - 1) for _ in range(rng.randint(1, 3))]}
        path = rng.choice(PATHS)
        op = rng.choice(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$exists"])
        operand: Any = rng.choice(OPERANDS)
        if op in ("$in", "$nin"):
            operand = rng.sample(OPERANDS, 3)
        if op == "$exists":
            operand = rng.random() < 0.5
        condition: Any = {op: operand}
        if rng.random() < 0.2:
            condition = {"$not": condition}
        return {path: condition, **(one(depth - 1) if depth > 0 and rng.random() < 0.3 else {})}

    for _ in range(60):
        check(documents, one(3))


def test_projection_sort_limit_and_aggregation(documents: dict[str, Any]) -> None:
    tasks = hr.open(documents["folder"]).tasks
    table = tasks.find(
        {"activity": "train", "generated.loss": {"$gt": 0}},
        ["used.x", "generated.loss"],
        sort=[("generated.loss", -1)],
        limit=3,
    )
    assert table.columns == ["used.x", "generated.loss"]
    assert table["generated.loss"] == [1, 1, 1]
    grouped = tasks.find(
        {"generated.loss": {"$lte": 1}},
        ["activity"],
        aggregation=[("avg", "generated.loss"), ("max", "generated.loss"), ("count", "used.n")],
    ).dicts()
    for row in grouped:
        own = [
            task
            for task in documents["tasks"].values()
            if task["activity"] == row["activity"] and task["generated"].get("loss", 9) <= 1
        ]
        losses = [task["generated"]["loss"] for task in own]
        assert row["avg_generated_loss"] == pytest.approx(sum(losses) / len(losses))
        assert row["max_generated_loss"] == max(losses)
    assert {row["activity"] for row in grouped} == {"train", "clean"}
    first = tasks.find({}, ["generated.loss"], sort=[("generated.loss", 1)], limit=1)
    assert first["generated.loss"] == [None]


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        ({"activty": "train"}, "did you mean activity"),
        ({"used.n": {"$gtt": 5}}, "did you mean"),
        ({"$where": "1"}, "no operator here"),
        ({"used.n": {"$in": 5}}, "takes a list"),
        ({"$or": []}, "one or more"),
        ({"used": {"a": 1}}, "which value"),
    ],
)
def test_mistakes(documents: dict[str, Any], filter: dict[str, Any], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        hr.open(documents["folder"]).tasks.find(filter)


def test_where_takes_documents_and_fields(run: Callable[..., Recorded], tmp_path: Path) -> None:
    import datetime
    import re

    run(STUDY)
    tasks = hr.open(tmp_path).tasks
    everything = len(tasks.where(activity=["train", "clean"]))
    assert everything == 120
    assert len(tasks.where({"activity": re.compile("^TRA", re.I)})) == len(
        tasks.where(activity="train")
    )
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    assert len(tasks.where({"started_at": {"$gte": begin}}, used__flag=True)) == len(
        tasks.where("used.flag=true")
    )
    assert len(tasks.where({"started_at": {"$lt": begin.timestamp()}})) == 0
