"""Odd names, values and questions: what the command line says, and that all is still there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, environment_of

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import headrace as hr

@hr.task
def mixed(x): return {"y": x}

@hr.task
def wide(**keys): return {"n": len(keys)}

@hr.task
def odd(**names): return None

@hr.task
def huge(value): return value

deep = 1
for _ in range(600):
    deep = [deep]
with hr.campaign("bad input"), hr.workflow("w"):
    for x in (7, 0.5, "auto"):
        mixed(x)
    for first in range(0, 2100, 300):
        wide(**{f"k{first + i}": i for i in range(300)})
    odd(**{"it's": 1, 'q"uote': 2, "new\\nline": 3, "é😀": 4, "a.b": 5, "lr": 6, "LR": 7})
    huge("x" * (1 << 20))
    huge({"deep": deep})
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("bad_input")
    environment = environment_of(made / ".headrace", PYTHONPATH=str(ROOT / "python"))
    subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=made, check=True, timeout=60
    )
    yield made


def ask(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [HEADRACE, *words],
        env=environment_of(folder / ".headrace"),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done


def said(folder: Path, *words: str, code: int = 2) -> list[str]:
    done = ask(folder, *words, code=code)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("headrace: ")
    return [lines[0].removeprefix("headrace: "), *lines[1:]]


def rows(folder: Path, *words: str) -> Any:
    return json.loads(ask(folder, *words, "--json").stdout)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("used.lr>", "a value is missing here", 8),
        ("used.lr>1 AND (", "a term is missing at the end", 15),
        ('"', "these quotes are not closed", 0),
        ("activty:odd", "tasks have no field activty; did you mean activity?", 0),
        ("activity:od", "there is no activity od; did you mean odd?", 9),
        ("status:runing", "there is no status runing; did you mean running?", 7),
        ("used.k20099:1", "no task has used.k20099; did you mean used.k2009, ", 0),
        ('used."new lime":3', 'no task has used."new lime"; did you mean used."new\\nline"?', 0),
        ("duration>3parsecs", "duration takes a number with or without one of the units s, ", 9),
        ("energy>1kg", "energy takes a number with or without one of the units J, ", 7),
        ("started>someday", "started takes a time, such as 2026-11-01, ", 8),
    ],
)
def test_a_wrong_filter_is_pointed_at(folder: Path, text: str, message: str, place: int) -> None:
    first, line, caret = said(folder, "ls", "tasks", text)
    assert first.startswith(message)
    assert line == "  " + text
    assert caret == " " * (2 + place) + "^"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT used.k20099 FROM task", "no task has used.k20099; did you mean k2009, k2099 or "),
        ('SELECT used."new lime" FROM task', "no task has used.new lime; did you mean new\\nline?"),
        ("SELECT used.lr, used.LR FROM task", "used.LR and used.lr differ only in case, "),
        ("SELECT used.* FROM task", "used.* and generated.* stand for no columns in SQL, "),
        ("SELECT used FROM task WHERE used.lr > 0", "`used` stands in this query both whole and "),
        ("SELECT * FROM tasks", "there is no table or view tasks; did you mean task?"),
        ("SELECT activty FROM task", 'Referenced column "activty" not found in FROM clause!'),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT 1; SELECT 2", "one statement at a time, and this is several"),
        ("DELETE FROM task", "DELETE is not possible here: the store is only read. "),
        ("PIVOT task ON status USING count(*)", "PIVOT needs the values that become columns: "),
        ("", "the query is empty"),
    ],
)
def test_wrong_sql_says_what_is_wrong(folder: Path, sql: str, message: str) -> None:
    assert said(folder, "query", sql)[0].startswith(message)
    if sql:
        assert said(folder, "query", "--limited", sql)[0].startswith(message)


def test_an_unknown_id_has_the_nearest(folder: Path) -> None:
    (workflow,) = rows(folder, "ls", "workflows")
    task = rows(folder, "ls", "tasks", "activity:odd")[0]
    for id, verbs in (
        (workflow["workflow_id"], ("show", "summary", "critical-path", "reproduce")),
        (task["task_id"], ("show", "why", "affects")),
    ):
        wrong = id[:3] + ("0" if id[3] != "0" else "1") + id[4:]
        for verb in verbs:
            (line,) = said(folder, verb, wrong, code=3)
            assert line.startswith("there is no ")
            assert line.endswith(f" {wrong}; did you mean {id}?")
    for words in (("show", "bad imput"), ("tag", "bad imput", "x"), ("rm", "bad imput")):
        assert said(folder, *words, code=3)[0].endswith("bad imput; did you mean bad input?")
    (line,) = said(folder, "show", "x", code=3)
    assert line.endswith(" x; headrace ls lists what there is")


def test_names_of_any_kind_are_found(folder: Path) -> None:
    names = ("it's", 'q"uote', "new\nline", "é😀", "a.b")
    for value, name in enumerate(names, start=1):
        quoted = name.replace('"', '""')
        sql = 'SELECT used."{}" AS v FROM task WHERE v IS NOT NULL'
        (row,) = rows(folder, "query", sql.format(quoted))
        assert row == {"v": value}
        escaped = name.replace('"', '\\"').replace("\n", "\\n")
        (row,) = rows(folder, "ls", "tasks", f'used."{escaped}":{value}', "--columns", "used.*")
        assert row[f"used.{name}"] == value
        assert (row["used.lr"], row["used.LR"]) == (6, 7)


def test_one_key_with_three_types_keeps_each(folder: Path) -> None:
    values = rows(folder, "ls", "tasks", "activity:mixed", "--columns", "used", "--sort", "started")
    assert [row["used"]["x"] for row in values] == [7, 0.5, "auto"]
    (row,) = rows(folder, "query", "SELECT sum(used.x) AS s, count(used.x) AS n FROM task")
    assert row == {"s": 7.5, "n": 2}


def test_two_thousand_keys_are_columns_or_an_error(folder: Path) -> None:
    (row,) = rows(folder, "query", "SELECT used.k2099 AS v FROM task WHERE used.k2099 IS NOT NULL")
    assert row == {"v": 299}
    (row,) = rows(folder, "ls", "tasks", "used.k0:0", "--columns", "used.*")
    assert len(row) == 300
    assert said(folder, "ls", "tasks", "activity:wide", "--columns", "used.*") == [
        "that would be 2,100 columns, and at most 2,048 are given; name the ones to see, or choose "
        "fewer tasks, for example with activity:NAME"
    ]


def test_what_is_too_large_for_a_record_says_so_in_its_place(folder: Path) -> None:
    sql = "SELECT used->'$.value' AS v FROM task WHERE activity = 'huge' ORDER BY started_at"
    long, deep = (row["v"] for row in rows(folder, "query", sql))
    assert long["$unkept"]["length"] == 1 << 20
    assert long["$unkept"]["reason"] == "longer than a record keeps"
    assert "nested deeper than a record keeps" in json.dumps(deep)
    (records,) = [c for c in rows(folder, "doctor") if c["check"] == "records"]
    assert records["state"] == "ok"


def test_a_limited_query_says_which_limit_it_met(folder: Path) -> None:
    assert rows(folder, "query", "--limited", "SELECT count(*) AS n FROM task") == [{"n": 13}]
    assert rows(
        folder, "query", "--timeout", "5", "--filter", "used.k0:0", "SELECT activity FROM task"
    ) == [{"activity": "wide"}]
    slow = "SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))"
    (line,) = said(folder, "query", "--timeout", "0.3", slow, code=4)
    assert line == (
        "the query was stopped after 300 ms; narrow it with WHERE, join fewer rows, or ask for one "
        "part first; --timeout and --memory allow more"
    )
    (line,) = said(
        folder, "query", "--memory", "300MB", "SELECT length(repeat('x', 2000000000))", code=4
    )
    assert line.startswith("the query was stopped: it needs more than the ")
    assert said(folder, "query", "--limited", "FROM read_text('/etc/passwd')")[0] == (
        "a query reads the store alone: no files, no network, no extensions"
    )
    done = ask(folder, "query", "--limited", "FROM range(200000)", "--format", "csv")
    assert len(done.stdout.splitlines()) == 100_001
    assert done.stderr == "showing the first 100,000 rows; --limit says how many\n"
