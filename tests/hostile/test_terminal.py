"""Hostile texts on a terminal, in JSON and in CSV: shown or written, never obeyed."""
# ruff: noqa: S608 - fixed SQL

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, outside
from payloads import PAYLOADS
from stores import ALL, rows
from terminal import obeyed, on_terminal

HOSTILE_WORD = "\x1b[31mx\x9b2J\u202e"


@pytest.fixture(scope="module")
def ids(hostile: Path) -> dict[str, str]:
    """Of the things that hold all payloads at once, and of programs that ran with them."""

    def one(sql: str) -> str:
        return str(next(iter(rows(hostile, sql)[0].values())))

    tasks = rows(
        hostile,
        "SELECT activity, task_id AS id FROM task WHERE activity IN "
        "('everything', 'objects', 'fails')",
    )
    workflow = one(f"SELECT workflow_id FROM workflow WHERE name = '{ALL}'")
    steps = rows(
        hostile,
        f"SELECT task_id AS id FROM task WHERE workflow_id = '{workflow}' AND used.lr IS NOT NULL",
    )
    return {
        **{row["activity"]: row["id"] for row in tasks},
        "campaign": one(f"SELECT campaign_id FROM campaign WHERE name = '{ALL}'"),
        "workflow": workflow,
        "ran": one("SELECT workflow_id FROM workflow WHERE command LIKE '%hostile_program%'"),
        "sampled": one("SELECT workflow_id FROM workflow WHERE name = 'sampled'"),
        "model": one("SELECT object_id FROM object WHERE name = 'model'"),
        "named": one("SELECT workflow_id FROM workflow WHERE name LIKE chr(27) || '[31mred%'"),
        "step": steps[0]["id"],
        "other step": steps[-1]["id"],
    }


# Each word that is a key of `ids` stands for the id.
SHOWING = [
    "ls --limit 0",
    "ls workflows --limit 0",
    "ls tasks --limit 0",
    "ls objects --limit 0",
    "ls tasks activity:everything --columns used,generated,tags,error",
    "show campaign",
    "show workflow",
    "show named",
    "show ran",
    "show sampled",
    "show everything",
    "show objects",
    "show fails",
    "show model",
    "why model",
    "why everything",
    "affects objects",
    "diff workflow ran",
    "diff workflow named",
    "diff everything objects",
    "diff step step+",
    "tradeoff campaign --quality loss",
    "regret campaign --metric loss",
    "summary campaign",
    "summary named",
    "summary",
    "stragglers workflow",
    "stragglers named",
    "critical-path workflow",
    "critical-path named",
    "critical-path ran",
    "reproduce ran",
    "reproduce named",
    "doctor",
    "query|FROM task|--limit|0",
    "query|FROM workflow|--limit|0",
    "query|FROM log|--limit|0",
    "query|FROM sensor|--limit|0",
    "query|FROM edge|--limit|0",
    "query|--limited|FROM object|--limit|0",
    "prune --dry-run --keep-last 1",
    "top --once --size 300x600",
    "top named --once",
    "watch --until-finished",
    "watch named --until-finished --json",
]
# What says a name that is wrong or that was found says it too.
SAYING = [
    ("note", "campaign", "seen"),
    ("tag", "workflow", HOSTILE_WORD),
    ("note", "named", "seen"),
    ("show", HOSTILE_WORD),
    ("show", "<img src=x data-hostile onerror=hostile(2)>"),
    ("why", HOSTILE_WORD),
    ("regret", "campaign"),
    ("query", f'SELECT "{HOSTILE_WORD}" FROM task'),
    ("query", f"SELECT '{HOSTILE_WORD}' AS \"{HOSTILE_WORD}\""),
    ("query", "--limited", f"SELECT {HOSTILE_WORD}"),
    ("ls", "tasks", f"activity:{HOSTILE_WORD}"),
    ("ls", "tasks", f"{HOSTILE_WORD}:1"),
    ("ls", "--columns", HOSTILE_WORD),
    (HOSTILE_WORD,),
    ("ls", "--" + HOSTILE_WORD),
    ("export", HOSTILE_WORD, "x"),
    ("import", HOSTILE_WORD),
    ("report", "-o", HOSTILE_WORD + "/none", "campaign"),
]
FORMS = ["json", "jsonl", "csv"]
WRITING = ["ls --limit 0", "ls tasks", "ls objects", "query|FROM log", "query|FROM workflow"]
DOCUMENTS = ["show everything", "why model", "diff everything objects", "summary campaign"]


def words_of(line: str, ids: dict[str, str]) -> list[str]:
    words = line.split("|") if "|" in line else line.split()
    verb = words[0]
    known = {**ids, "step+": ids["other step"]}
    return [verb, *(known.get(word, word) if verb != "ls" else word for word in words[1:])]


def headrace(folder: Path, *words: str) -> bytes:
    done = subprocess.run(
        [HEADRACE, "--dir", folder / ".headrace", *words],
        env=outside(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize("line", SHOWING)
def test_a_terminal_obeys_nothing_of_what_is_shown(
    hostile: Path, ids: dict[str, str], line: str
) -> None:
    code, shown = on_terminal(hostile, *words_of(line, ids))
    assert code in (0, 1), shown
    assert not obeyed(shown)


@pytest.mark.parametrize("words", SAYING, ids=lambda words: words[0].encode("ascii", "replace"))
def test_a_terminal_obeys_nothing_of_what_is_said(
    hostile: Path, ids: dict[str, str], words: tuple[str, ...]
) -> None:
    _, said = on_terminal(hostile, words[0], *(ids.get(word, word) for word in words[1:]))
    assert said
    assert not obeyed(said)


def test_colours_are_the_only_sequences(hostile: Path, ids: dict[str, str]) -> None:
    _, shown = on_terminal(hostile, "ls", "tasks", "--limit", "0", color="always")
    assert b"\x1b[1m" in shown
    assert not obeyed(shown, own=True)


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_can_be_looked_at(hostile: Path, ids: dict[str, str], form: str) -> None:
    lines = WRITING + ([] if form == "csv" else DOCUMENTS)
    for line in lines:
        _, shown = on_terminal(hostile, *words_of(line, ids), "--format", form)
        assert shown
        assert not obeyed(shown), line


def test_every_payload_is_shown(hostile: Path, run_all: bool) -> None:
    """Each thing of each payload by itself."""
    some = 1 if run_all else 300
    for kind in ("campaign", "workflow", "task", "object"):
        found = rows(hostile, f"SELECT {kind}_id AS id FROM {kind} ORDER BY id")
        for row in found[::some]:
            code, shown = on_terminal(hostile, "show", row["id"])
            assert code == 0, shown
            assert not obeyed(shown)


def texts_of(value: Any, take: Callable[[str], None]) -> None:
    if isinstance(value, dict):
        for name, one in value.items():
            take(name)
            texts_of(one, take)
    elif isinstance(value, list):
        for one in value:
            texts_of(one, take)
    elif isinstance(value, str):
        take(value)


def test_nothing_is_lost_in_json(hostile: Path) -> None:
    """Escapes are only how it is written: whoever reads the JSON has each text as it was."""
    kept: set[str] = set()
    texts_of(json.loads(headrace(hostile, "ls", "tasks", "--json", "--columns", "used")), kept.add)
    whole = [
        payload.text for payload in PAYLOADS if payload.family != "long" and payload.is_unicode
    ]
    # A name that begins with $ is written with another one, for {"$float": ...} is a value.
    assert not [text for text in whole if text not in kept and "$" + text not in kept]


def starts_a_formula(text: str) -> bool:
    return text[:1] in {
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
    }


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_csv_has_no_formulas(hostile: Path) -> None:
    """A text that a spreadsheet would compute comes with ' in front; the rest is as it was."""
    sql = "SELECT used.value AS value, activity FROM task WHERE used.value IS NOT NULL"
    plain = json.loads(headrace(hostile, "query", "--json", sql))
    text = headrace(hostile, "query", "--format", "csv", sql).decode()
    cells = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert len(cells) == len(plain) >= 300
    formulas = 0
    for row, (value, activity) in zip(plain, cells, strict=True):
        for was, cell in ((row["value"], value), (row["activity"], activity)):
            assert not starts_a_formula(cell) or is_number(cell)
            formulas += cell != was
            assert cell == was or (cell == "'" + was and starts_a_formula(was))
    assert formulas > 20


def test_a_card_has_no_markup(hostile: Path, ids: dict[str, str]) -> None:
    """Others show Markdown in a browser: no element, link or image that a text asked for."""
    for which in ("workflow", "campaign", "ran"):
        _, shown = on_terminal(hostile, "report", ids[which], "--format", "md")
        assert not obeyed(shown)
        # What stands in backticks is code.
        text = re.sub(r"(?<!\\)(`+)(?!`).*?(?<!`)\1(?!`)", "", shown.decode(), flags=re.DOTALL)
        assert "data-hostile" in text
        assert set(re.findall(r"(?<!\\)<[^>]*>?", text)) <= {
            "<details>",
            "</details>",
            "<summary>",
            "</summary>",
        }
        assert not re.search(r"(?<!\\)\]\(", text)
        assert not re.search(r"(?<!\\)!\[", text)


def test_an_export_has_each_text_as_it_is(hostile: Path, tmp_path: Path) -> None:
    """CSV that is written for programs, not for a spreadsheet: docs/exchange.md."""
    headrace(hostile, "export", "csv", str(tmp_path / "out"), "--table", "campaign")
    with (tmp_path / "out/campaign.csv").open(newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    plain = {row["name"] for row in json.loads(headrace(hostile, "ls", "--json", "--limit", "0"))}
    assert names == plain
