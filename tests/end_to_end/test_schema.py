"""The store read by DuckDB's own client: a view for each activity, words for each column."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

STUDY = """
import headrace as hr

with hr.workflow("study"):
    for i in range(4):
        with hr.task("train", used={"lr": 0.1 * i, "x": i}) as t:
            t.generated(loss=1.0 / (i + 1), x="out", wide={"deep": [i]})
    with hr.task('odd "name".\\n\\U0001f600', used={"a b": True}) as t:
        pass
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("HEADRACE_")]:
        monkeypatch.delenv(name)
    subprocess.run([sys.executable, "-c", STUDY], cwd=tmp_path, check=True)
    subprocess.run([HEADRACE, "ls"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / ".headrace" / "store.duckdb"


def test_each_activity_is_a_typed_view_for_any_client(store: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as client:
        rows = client.sql("SELECT lr, loss FROM activity.train ORDER BY lr").fetchall()
        assert rows == [(0.1 * i, 1.0 / (i + 1)) for i in range(4)]
        types = dict(
            client.sql("SELECT column_name, column_type FROM (DESCRIBE activity.train)").fetchall()
        )
        assert (types["lr"], types["used.x"], types["generated.x"]) == (
            "DOUBLE",
            "BIGINT",
            "VARCHAR",
        )
        assert types["wide"] == "JSON"
        assert "x" not in types
        odd = client.sql('SELECT "a b" FROM activity."odd ""name"".\n\U0001f600"')
        assert odd.fetchall() == [(True,)]
        same = client.sql(
            "SELECT count(*) FROM activity.train a JOIN task t USING (task_id) "
            "WHERE t.activity = 'train'"
        )
        assert same.fetchall() == [(4,)]


def test_an_attached_store_answers_too(store: Path) -> None:
    with duckdb.connect() as client:
        client.execute(f"ATTACH '{store}' AS study (READ_ONLY)")
        assert client.sql("SELECT count(loss) FROM study.activity.train").fetchall() == [(4,)]


def test_any_client_sees_the_words_of_a_column(store: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as client:
        words = client.sql(
            "SELECT comment FROM duckdb_columns() "
            "WHERE schema_name = 'main' AND table_name = 'task' AND column_name = 'duration_s'"
        )
        assert words.fetchall() == [("Time between the two, on the monotonic clock [s]",)]


def test_the_command_line_answers_from_such_a_view(store: Path) -> None:
    done = subprocess.run(
        [HEADRACE, "query", "--format", "csv", "SELECT max(loss) AS most FROM activity.train"],
        cwd=store.parents[1],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["most", "1"]
