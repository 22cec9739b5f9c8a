"""What `headrace export` writes, read back by the programs that it is for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pandas as pd
import prov.model
import pyarrow.parquet as pq
import pytest
from asked import HEADRACE, environment_of, query

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


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
def test_every_table_has_the_stores_rows(study: Path, tmp_path: Path, form: str) -> None:
    export(study, form, tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {f"{t}.{form}" for t in TABLES}
    for table in TABLES:
        file = tmp_path / "out" / f"{table}.{form}"
        if form == "parquet":
            rows = pq.read_table(file).num_rows
        elif form == "csv":
            rows = len(pd.read_csv(file))
        else:
            rows = len(file.read_text().splitlines())
        stored = ask(study, f"SELECT count(*) AS n FROM {table}")  # noqa: S608
        assert rows == stored[0]["n"], table


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


def test_an_unknown_name_is_said(study: Path, tmp_path: Path) -> None:
    assert "sweep" in export(study, "csv", tmp_path / "o", "--campaign", "sweap", code=3)
    assert "did you mean" in export(study, "csv", tmp_path / "o", "--table", "tusk", code=2)
    assert not (tmp_path / "o").exists()
    shutil.rmtree(tmp_path)
