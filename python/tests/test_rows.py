"""Rows that are asked for when they are needed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded import Recorded

STUDY = """
import math
import headrace as hr

with hr.campaign("sweep"), hr.workflow("tune", used={"seed": 7}):
    for lr in (0.1, 0.01, 0.001):
        with hr.task("train", used={"lr": lr, "opt": "adam", "shape": [64, 32]}) as t:
            t.generated(loss=-math.log10(lr), model=hr.object(__file__, kind="script"))
            t.tag(best=lr == 0.01)
    with hr.task("evaluate", used={"split": "test"}) as t:
        t.generated(accuracy=0.5)
    try:
        with hr.task("train", used={"lr": 1.0}):
            raise ValueError("diverged")
    except ValueError:
        pass
"""


@pytest.fixture
def study(run: Callable[..., Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run(STUDY)
    return tmp_path


def test_filter_sort_and_limit(study: Path) -> None:
    import headrace as hr

    tasks = hr.open(study).tasks
    rows = tasks.where("used.lr<0.5", activity="train").sort("-generated.loss")
    assert len(rows) == 3
    assert [round(task["generated"]["loss"]) for task in rows] == [3, 2, 1]
    assert len(rows.limit(2)) == 2
    assert len(rows.limit(2, 2)) == 1
    assert [task["used"]["lr"] for task in rows.limit(2, 1)] == [0.01, 0.1]
    first = rows.first()
    assert first is not None
    assert first["used"] == {"lr": 0.001, "opt": "adam", "shape": [64, 32]}
    assert tasks.where("activity:evaluate used.lr:*").first() is None
    assert len(tasks.where("status:failed error:*diverged*")) == 1
    assert len(tasks.where("tag.best:true")) == 1
    # What was narrowed leaves what it came from alone.
    assert len(tasks.where("activity:train,evaluate")) == 5


def test_tables_have_a_typed_column_for_each_value(study: Path) -> None:
    import headrace as hr

    rows = hr.open(study).tasks.where("activity:train status:finished").sort("used.lr")
    table = rows.table()
    assert table["used.lr"] == [0.001, 0.01, 0.1]
    assert dict(zip(table.columns, table.types, strict=True))["used.lr"] == "DOUBLE"
    assert "generated.accuracy" not in table.columns
    frame = pytest.importorskip("pandas") and rows.df()
    assert list(frame["used.opt"]) == ["adam"] * 3
    pa = pytest.importorskip("pyarrow")
    assert pa.table(rows).num_rows == 3
    assert rows.columns("id", "generated.*").table().columns == [
        "id",
        "generated.loss",
        "generated.model",
    ]


def test_polars_reads_rows(study: Path) -> None:
    pytest.importorskip("polars")
    import headrace as hr

    assert hr.open(study).tasks.where("activity:train").pl().height == 4


def test_groups_and_sql(study: Path) -> None:
    import headrace as hr

    tasks = hr.open(study).tasks.where("activity:train,evaluate")
    groups = tasks.group("activity", n="count", most="max used.lr")
    assert groups.rows() == [("evaluate", 1, None), ("train", 4, 1.0)]
    assert tasks.where("used.lr<0.05").sql("SELECT sum(used.lr) FROM task").rows() == [(0.011,)]
    assert tasks.group().rows() == [(5,)]


def test_other_views(study: Path) -> None:
    import headrace as hr

    store = hr.open(study)
    assert [w["name"] for w in store.workflows.where("used.seed:7")] == ["tune"]
    assert store.campaigns.where("tasks:5").first()["name"] == "sweep"  # type: ignore[index]
    (script,) = store.objects.where(kind="script")
    assert script["path"].endswith("program.py")
    with pytest.raises(TypeError, match=r"only \.tasks"):
        store.objects.sql("SELECT 1")


def test_mistakes_point_at_the_place(study: Path) -> None:
    import headrace as hr
    from headrace.store import QueryError

    tasks = hr.open(study).tasks
    with pytest.raises(QueryError, match=r"did you mean used\.lr\?\n  used\.lrr<1\n  \^"):
        len(tasks.where("used.lrr<1"))
    with pytest.raises(QueryError, match="did you mean failed"):
        len(tasks.where("status:faild"))
    with pytest.raises(QueryError, match="did you mean duration"):
        list(tasks.sort("duratin"))
    with pytest.raises(QueryError, match="no aggregate mean"):
        tasks.group("activity", x="mean used.lr")
    with pytest.raises(TypeError, match="cannot hold a object"):
        list(tasks.where({"used.lr": object()}))


def test_completions(study: Path) -> None:
    import headrace as hr

    store = hr.open(study)
    assert store.complete("status:f") == ["status:finished", "status:failed"]
    assert store.complete("used.o") == ["used.opt"]
    assert store.complete('"größe" act pid:1', 11) == ['"größe" activity: pid:1']
    assert store.complete("na", view="workflows") == ["name:", "hostname:"]


def test_rows_show_themselves(study: Path) -> None:
    import headrace as hr

    rows = hr.open(study).tasks.where("activity:train")
    assert "used.lr" in repr(rows).splitlines()[0]
    assert "<table>" in rows._repr_html_()
    assert '<td style="text-align: right">0.1</td>' in rows.columns("used.lr")._repr_html_()


def test_missing_packages_are_named(study: Path) -> None:
    source = (
        "import sys\n"
        "for name in ('pandas', 'polars', 'matplotlib', 'pyarrow', 'numpy'):\n"
        "    sys.modules[name] = None\n"
        "import headrace as hr\n"
        "tasks = hr.open('.').tasks\n"
        "assert len(list(tasks)) > 0 and len(tasks.table()) > 0\n"
        "tasks.__arrow_c_stream__()\n"
        "for ask in (tasks.df, tasks.pl, tasks.arrow, tasks.plot):\n"
        "    try:\n"
        "        ask()\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=study, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        ".df() needs pandas, which is not here: pip install pandas",
        ".pl() needs polars, which is not here: pip install polars",
        ".arrow() needs pyarrow, which is not here: pip install pyarrow",
        ".plot() needs matplotlib, which is not here: pip install matplotlib",
    ]
