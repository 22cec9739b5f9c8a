"""Every verb of the command line on a store that Python captured: formats, exit codes, messages."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from asked import outside

ROOT = Path(__file__).resolve().parents[2]
Accounted = Callable[..., None]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

STUDY = """
import pathlib
import headrace as hr

work = pathlib.Path("files")
work.mkdir()
for i in range(5):
    (work / f"play{i}.txt").write_text("to be or not " * (i + 1))
with hr.campaign("sweep"):
    with hr.workflow("prepare data"):
        texts = [hr.object(work / f"play{i}.txt", kind="text") for i in range(5)]
        with hr.task("prepare", used={"texts": texts}) as t:
            (work / "corpus.bin").write_bytes(b"x" * 4096)
            corpus = hr.object(work / "corpus.bin", kind="dataset")
            t.generated(corpus=corpus)
    with hr.workflow("tune", used={"seed": 7}):
        for lr in (0.1, 0.2, 0.4):
            with hr.task("finetune", used={"lr": lr, "data": corpus, "width": 64}) as t:
                for epoch in hr.loop(range(3), "epoch"):
                    hr.log(step=epoch, loss=3 - epoch * lr)
                model = work / f"model_{lr}.pt"
                model.write_bytes(str(lr).encode() * 100)
                t.generated(val_loss=2 + abs(lr - 0.2), model=hr.object(model, kind="checkpoint"))
        try:
            with hr.task("finetune", used={"lr": 9.0, "note": "=1+1"}):
                raise ValueError("diverged \\x1b[31mred")
        except ValueError:
            pass
"""


def environment(**more: str) -> dict[str, str]:
    return {**outside(), "NO_COLOR": "1", **more}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("study")
    subprocess.run(
        [sys.executable, "-c", STUDY], cwd=folder, env=environment(), check=True, timeout=120
    )
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def copy(study: Path, tmp_path: Path) -> Path:
    """The study again, for tests that change it."""
    shutil.copytree(study / ".headrace", tmp_path / ".headrace")
    return tmp_path


def headrace(
    folder: Path, *args: str, code: int = 0, stdin: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(HEADRACE), *args],
        cwd=folder,
        env=environment(**more),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def as_json(folder: Path, *args: str) -> Any:
    return json.loads(headrace(folder, *args, "--json").stdout)


# ls ---------------------------------------------------------------------------------------------


def test_ls_counts_what_the_program_did(study: Path) -> None:
    (campaign,) = as_json(study, "ls")
    assert campaign["name"] == "sweep"
    assert campaign["workflows"] == 2
    assert campaign["tasks"] == 1 + 4 + 9
    assert len(campaign["campaign_id"]) == 36
    assert [w["name"] for w in as_json(study, "ls", "workflows", "--campaign", "sweep")] == [
        "tune",
        "prepare data",
    ]
    failed = as_json(study, "ls", "tasks", "--status", "failed")
    assert [t["activity"] for t in failed] == ["finetune"]
    assert len(as_json(study, "ls", "--activity", "epoch")) == 9
    assert len(as_json(study, "ls", "tasks", "--workflow", "tune")) == 13


def test_table_shows_short_ids_units_and_what_it_left_out(study: Path) -> None:
    done = headrace(study, "ls", "tasks", "--limit", "2")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert lines[0].split()[:2] == ["task_id", "activity"]
    assert len(lines[1].split()[0]) < 36
    assert "showing 2 of 14; --limit 0 for all" in done.stderr
    assert "\x1b" not in done.stdout
    assert len(headrace(study, "ls", "tasks", "--limit", "0").stdout.splitlines()) == 15
    assert headrace(study, "ls", "tasks", "--limit", "2", "-q").stderr == ""


def test_short_ids_find_their_things(study: Path) -> None:
    for line in headrace(study, "ls", "tasks", "--limit", "0").stdout.splitlines()[1:]:
        short, activity = line.split()[:2]
        assert as_json(study, "show", short)["activity"] == activity


def test_color_is_on_demand(study: Path) -> None:
    assert "\x1b[1m" in headrace(study, "ls", "--color", "always").stdout
    assert "\x1b" not in headrace(study, "ls", "--color", "never").stdout


# query ------------------------------------------------------------------------------------------


def test_query_reads_captured_values(study: Path) -> None:
    rows = as_json(
        study,
        "query",
        "SELECT used.lr, generated.val_loss FROM task WHERE activity = 'finetune' ORDER BY 1",
    )
    assert rows == [
        {"lr": 0.1, "val_loss": 2.1},
        {"lr": 0.2, "val_loss": 2.0},
        {"lr": 0.4, "val_loss": 2.2},
        {"lr": 9.0, "val_loss": None},
    ]
    assert as_json(study, "query", "SELECT used.seed FROM workflow WHERE name = 'tune'") == [
        {"seed": 7}
    ]


def test_query_comes_from_stdin_too(study: Path) -> None:
    done = headrace(study, "query", "-", "--json", stdin="SELECT count(*) AS n\nFROM task")
    assert json.loads(done.stdout) == [{"n": 14}]


def test_formats_agree(study: Path) -> None:
    sql = "SELECT activity, used.lr, used.note, duration_s FROM task ORDER BY started_at, task_id"
    rows = as_json(study, "query", sql)
    lines = headrace(study, "query", sql, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == rows
    table = list(
        csv.DictReader(io.StringIO(headrace(study, "query", sql, "--format", "csv").stdout))
    )
    assert [row["activity"] for row in table] == [row["activity"] for row in rows]
    assert [row["lr"] for row in table] == ["" if r["lr"] is None else repr(r["lr"]) for r in rows]
    # What a spreadsheet would run comes with a ' in front.
    assert [row["note"] for row in table if row["note"]] == ["'=1+1"]


ARROW = """
SELECT 42::TINYINT AS i8, 42::USMALLINT AS u16, range AS i64, range::UBIGINT AS u64,
  range / 3 AS f64, 1.5::FLOAT AS f32, range % 2 = 0 AS flag, 'x' || range AS text,
  TIMESTAMP_NS '2026-11-21 14:03:05.123456789' AS ns, DATE '2026-11-21' AS day,
  uuid() AS id, '{"a": 1}'::JSON AS json, NULL AS nothing,
  CASE WHEN range % 3 = 0 THEN range END AS some, [range, NULL] AS list,
  {'a': range, 'b': ['y']} AS struct, MAP {'k': range} AS map, 1.25::DECIMAL(9, 2) AS dec,
  'ab'::BLOB AS blob, INTERVAL 1 MONTH AS span, array_value(1, 2) AS pair
FROM range(5000)
"""


def test_arrow_stream_is_read_by_pyarrow(study: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.arrow"
    headrace(study, "query", ARROW, "-o", str(file))
    with pa.ipc.open_stream(file.read_bytes()) as reader:
        table = reader.read_all()
    table.validate(full=True)
    assert table.num_rows == 5000
    types = {field.name: str(field.type) for field in table.schema}
    assert types["i8"] == "int8"
    assert types["u16"] == "uint16"
    assert types["i64"] == "int64"
    assert types["f64"] == "double"
    assert types["f32"] == "float"
    assert types["flag"] == "bool"
    assert types["ns"] == "timestamp[ns, tz=UTC]"
    assert types["day"] == "date32[day]"
    assert types["id"] == types["json"] == types["text"] == "string"
    assert types["dec"] == "decimal128(9, 2)"
    row = table.slice(4999).to_pylist()[0]
    assert row["i64"] == row["u64"] == 4999
    assert row["text"] == "x4999"
    assert row["flag"] is False
    assert row["nothing"] is None
    assert row["some"] is None
    assert row["list"] == [4999, None]
    assert row["struct"] == {"a": 4999, "b": ["y"]}
    assert row["map"] == [("k", 4999)]
    assert row["blob"] == b"ab"
    assert row["pair"] == [1, 2]
    assert table["some"].null_count == 5000 - 1667
    assert table["ns"].cast(pa.int64())[0].as_py() == 1795269785123456789


@pytest.mark.parametrize(
    "verb",
    [
        ("ls", "tasks"),
        ("query", "SELECT task_id, used, tags FROM task"),
        ("tradeoff", "sweep", "--quality", "val_loss"),
        ("doctor",),
    ],
)
def test_every_table_comes_in_every_format(
    study: Path, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    rows = as_json(study, *verb)
    assert rows
    reader = csv.DictReader(io.StringIO(headrace(study, *verb, "--format", "csv").stdout))
    assert len(list(reader)) == len(rows)
    file = tmp_path / "out.arrow"
    headrace(study, *verb, "-o", str(file))
    with pa.ipc.open_stream(file.read_bytes()) as stream:
        table = stream.read_all()
    table.validate(full=True)
    assert table.num_rows == len(rows)
    assert table.column_names == list(rows[0])
    assert not list(tmp_path.glob("*.part"))


# tradeoff, why, show ----------------------------------------------------------------------------


def test_tradeoff_sets_quality_against_time(study: Path) -> None:
    rows = as_json(study, "tradeoff", "sweep", "--quality", "val_loss", "--cost", "time")
    assert {row["config"] for row in rows} == {"lr=0.1", "lr=0.2", "lr=0.4", "lr=9 note==1+1"}
    best = next(row for row in rows if row["config"] == "lr=0.2")
    assert best["val_loss"] == 2.0
    assert best["on_front"]
    assert rows[-1]["status"] == "failed"
    for row in rows[:-1]:
        by = [
            o for o in rows[:-1] if o["val_loss"] < row["val_loss"] and o["time_s"] < row["time_s"]
        ]
        assert row["on_front"] == (not by)
        assert (row["dominated_by"] is not None) == bool(by)
    talk = headrace(study, "tradeoff", "sweep", "--quality", "val_loss", "--cost", "time").stderr
    assert "less val_loss is taken to be better, by its name" in talk
    assert "1 did not finish" in talk


def test_tradeoff_says_when_there_is_no_such_value(study: Path) -> None:
    done = headrace(study, "tradeoff", "sweep", "--quality", "val_los", code=3)
    assert "no task of campaign sweep generated val_los; did you mean val_loss?" in done.stderr
    done = headrace(study, "tradeoff", "swep", "--quality", "val_loss", code=3)
    assert "there is no campaign swep; did you mean sweep?" in done.stderr
    # A wrong name comes before what is missing beside it.
    done = headrace(study, "tradeoff", "swep", code=3)
    assert "there is no campaign swep; did you mean sweep?" in done.stderr
    done = headrace(study, "tradeoff", "sweep", code=2)
    assert "name what was achieved: --quality NAME" in done.stderr


def test_why_reaches_the_raw_files(study: Path) -> None:
    text = headrace(study, "why", "files/model_0.2.pt").stdout
    assert text.startswith("model_0.2.pt (checkpoint, sha256 ")
    assert "was written by task finetune of workflow tune" in text
    assert "corpus.bin ← task prepare of workflow prepare data ← 5 raw texts" in text
    assert "lr=0.2 width=64 seed=7" in text
    answer = as_json(study, "why", "model_0.2.pt")
    labels = {node["label"] for node in answer["graph"]["nodes"]}
    assert {"model_0.2.pt", "finetune", "corpus.bin", "prepare", "play0.txt"} <= labels
    assert all(edge["exact"] for edge in answer["graph"]["edges"])
    assert answer["params"] == {"lr": 0.2, "width": 64, "seed": 7}
    assert headrace(study, "why", "model_0.3.pt", code=3).stderr.startswith(
        "headrace: there is no object, task or workflow model_0.3.pt; did you mean model_0."
    )


def test_show_knows_everything(study: Path) -> None:
    campaign = as_json(study, "show", "sweep")
    assert campaign["thing"] == "campaign"
    assert {a["activity"]: a["tasks"] for a in campaign["activities"]} == {
        "prepare": 1,
        "finetune": 4,
        "epoch": 9,
    }
    workflow = as_json(study, "show", "tune")
    assert workflow["used"] == {"seed": 7}
    loss = next(m for m in workflow["metrics"] if m["name"] == "loss")
    assert (loss["count"], loss["most"]) == (9, 3.0)
    (failed,) = as_json(study, "ls", "tasks", "--status", "failed")
    task = as_json(study, "show", failed["task_id"])
    assert task["error"]["type"] == "ValueError"
    # Escape sequences of captured text never reach a terminal; JSON keeps them, escaped.
    assert task["error"]["message"] == "diverged \x1b[31mred"
    assert "\x1b" not in headrace(study, "show", failed["task_id"]).stdout
    model = as_json(study, "show", "model_0.1.pt")
    assert model["thing"] == "object"
    assert model["kind"] == "checkpoint"
    assert [w["name"] for w in model["written_by"]] == ["finetune"]


# tag, note, rm ----------------------------------------------------------------------------------


def test_amendments_stay_when_the_store_is_built_again(copy: Path) -> None:
    headrace(copy, "tag", "sweep", "keep", "paper=draft2")
    headrace(copy, "note", "sweep", "lr above 1 diverges")
    headrace(copy, "rm", "prepare data")

    def check() -> None:
        (campaign,) = as_json(copy, "ls")
        assert campaign["tags"] == {"keep": True, "paper": "draft2"}
        assert campaign["note"] == "lr above 1 diverges"
        assert [w["name"] for w in as_json(copy, "ls", "workflows")] == ["tune"]

    check()
    (copy / ".headrace" / "store.duckdb").unlink()
    check()
    headrace(copy, "tag", "--remove", "sweep", "keep")
    assert as_json(copy, "ls")[0]["tags"] == {"paper": "draft2"}
    headrace(copy, "rm", "sweep")
    assert as_json(copy, "ls", "tasks") == []
    assert headrace(copy, "tag", "nothing", "x", code=3).stderr.startswith("headrace: there is no")


# doctor -----------------------------------------------------------------------------------------


def test_doctor_is_content_with_a_whole_store(study: Path) -> None:
    checks = as_json(study, "doctor")
    assert {"folder", "spool", "store", "records", "damage", "gaps", "energy"} <= {
        c["check"] for c in checks
    }
    assert not [c for c in checks if c["state"] == "fail"]


def test_doctor_accounts_for_every_process(study: Path, assert_accounted: Accounted) -> None:
    (process,) = [c for c in as_json(study, "doctor") if c["check"] == "process"]
    assert process["state"] == "ok"
    assert process["accepted"] == process["stored"] > 14
    assert process["missing"] == process["dropped"] == process["quarantined"] == 0
    text = headrace(study, "doctor").stdout
    assert "accepted  = stored  + spooled  + quarantined  + dropped  + missing" in text
    assert_accounted(study)


def test_doctor_says_what_is_not_explained(copy: Path, assert_accounted: Accounted) -> None:
    (copy / ".headrace" / "store.duckdb").unlink(missing_ok=True)
    segment = next((copy / ".headrace" / "spool").glob("*.seg"))
    whole = segment.read_bytes()
    # A frame that is not there, in a file that shows no damage.
    frames = [m.start() for m in re.finditer(b"HRF1", whole)]
    data = [at for at in frames if not whole[at + 6] & 1]
    at = data[len(data) // 2]
    size = 40 + int.from_bytes(whole[at + 8 : at + 12], "little")
    segment.write_bytes(whole[:at] + whole[at + size :])
    assert_accounted(copy, may_miss=True)
    text = headrace(copy, "doctor", code=1).stdout
    assert "missing and nothing says why" in text


def test_doctor_redrives_what_a_damaged_dictionary_hid(copy: Path) -> None:
    (copy / ".headrace" / "store.duckdb").unlink(missing_ok=True)
    segment = next((copy / ".headrace" / "spool").glob("*.seg"))
    whole = segment.read_bytes()
    tasks = len(as_json(copy, "ls", "tasks"))
    (copy / ".headrace" / "store.duckdb").unlink()
    segment.write_bytes(whole.replace(b"finetune", b"Finetune"))  # in every copy of its entry
    hidden = tasks - len(as_json(copy, "ls", "tasks"))
    assert hidden > 0
    segment.write_bytes(whole)
    done = headrace(copy, "doctor", "--redrive", code=1)  # the damaged bytes are still told
    assert "taken out of quarantine" in done.stderr
    assert len(as_json(copy, "ls", "tasks")) == tasks


def test_doctor_lists_damage_and_ends_with_1(copy: Path) -> None:
    (copy / ".headrace" / "store.duckdb").unlink(missing_ok=True)
    segment = next((copy / ".headrace" / "spool").glob("*.seg"))
    content = bytearray(segment.read_bytes())
    content[len(content) * 9 // 10] ^= 0x40
    segment.write_bytes(content)
    checks = json.loads(headrace(copy, "doctor", "--json", code=1).stdout)
    damage = [c for c in checks if c["check"] == "damage"]
    assert damage[0]["state"] == "fail"
    assert segment.stem in damage[0]["detail"]
    # What lies before the damage answers as before.
    assert as_json(copy, "ls")[0]["name"] == "sweep"


# mistakes ---------------------------------------------------------------------------------------


def test_mistakes_are_told_with_the_next_step(study: Path, tmp_path: Path) -> None:
    assert (
        "there is no command quary; did you mean query?" in headrace(study, "quary", code=2).stderr
    )
    done = headrace(study, "query", "SELECT used.lrr FROM task", code=2)
    assert done.stderr.strip() == "headrace: no task has used.lrr; did you mean lr?"
    done = headrace(study, "query", "SELECT * FROM tasks", code=2)
    assert "there is no table or view tasks; did you mean task?" in done.stderr
    assert "task_slots" not in done.stderr
    done = headrace(study, "query", "SELEC 1", code=2)
    assert done.stderr.splitlines()[1:] == ["LINE 1: SELEC 1", "        ^"]
    assert "the store is only read" in headrace(study, "query", "DROP VIEW task", code=2).stderr
    assert "--nonsense" in headrace(study, "ls", "--nonsense", code=2).stderr
    assert headrace(study, "query", code=2).stderr
    done = headrace(study, "ls", "--campaign", "nothing", code=3)
    assert "there is no campaign nothing; there are sweep" in done.stderr
    done = headrace(tmp_path, "ls", code=3)
    assert "headrace" in done.stderr
    assert not list(tmp_path.iterdir())
    done = headrace(study, "ls", "--dir", str(tmp_path / "none"), code=3)
    assert str(tmp_path / "none") in done.stderr
    done = headrace(study, "ls", "-o", "/no/such/folder/x.csv", code=3)
    assert "cannot write /no/such/folder/x.csv" in done.stderr
    for done in (headrace(study, "quary", code=2), headrace(tmp_path, "ls", code=3)):
        assert done.stdout == ""


def test_damaged_store_is_built_again(copy: Path) -> None:
    (copy / ".headrace" / "store.duckdb").write_bytes(b"no database" * 1000)
    done = headrace(copy, "ls", "--json")
    assert json.loads(done.stdout)[0]["name"] == "sweep"
    assert done.stderr


def test_dir_comes_from_option_environment_or_the_nearest(study: Path, tmp_path: Path) -> None:
    inner = study / "files"
    assert as_json(inner, "ls")[0]["name"] == "sweep"
    assert as_json(tmp_path, "ls", "--dir", str(study))[0]["name"] == "sweep"
    assert as_json(tmp_path, "--dir", str(study / ".headrace"), "ls")[0]["name"] == "sweep"
    done = headrace(tmp_path, "ls", "--json", HEADRACE_DIR=str(study / ".headrace"))
    assert json.loads(done.stdout)[0]["name"] == "sweep"


def test_help_leads_with_examples(study: Path) -> None:
    reading = ("ls", "show", "query", "tradeoff", "regret", "diff", "why")
    keeping = ("import", "backup", "prune", "compact")
    for verb in (*reading, *keeping, "tag", "note", "rm", "doctor"):
        text = headrace(study, verb, "-h").stdout
        assert text.index("Examples:") < text.index("Usage: headrace " + verb)
    assert headrace(study, "--help").stdout.index("Examples:") > 0
    assert headrace(study, "-V").stdout.startswith("headrace ")
    assert headrace(study).stdout == headrace(study, "-h").stdout


def test_interrupt_ends_with_130(study: Path) -> None:
    slow = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7"
    running = subprocess.Popen(
        [str(HEADRACE), "query", slow],
        cwd=study,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        running.communicate(timeout=2)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode == 130
