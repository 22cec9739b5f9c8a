"""Answers as pandas and polars have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import headrace as hr
import pytest

pandas = pytest.importorskip("pandas")

KINDS = """
    SELECT i AS whole, CASE WHEN i > 0 THEN i END AS maybe_whole, i::UTINYINT AS small,
      i / 2 AS part, CASE WHEN i > 0 THEN i / 2 END AS maybe_part, i = 1 AS truth,
      CASE WHEN i > 0 THEN i = 1 END AS maybe_truth,
      make_timestamp_ns(1700000000123456789 + i) AS moment,
      CASE WHEN i > 0 THEN make_timestamp_ns(1700000000123456789 + i) END AS maybe_moment,
      CASE WHEN i > 0 THEN 'text' || (i % 2) END AS text, uuid() AS id,
      CASE WHEN i > 0 THEN {'a': i}::JSON END AS json, [i, NULL] AS list, {'x': i} AS struct,
      1.50::DECIMAL(9, 2) AS price, 'ab'::BLOB AS raw, NULL AS nothing, i AS twice, -i AS twice,
      170141183460469231731687303715884105727::HUGEINT AS huge
    FROM range(3) t(i)
"""
DTYPES = {
    "whole": "int64",
    "maybe_whole": "Int64",
    "small": "uint8",
    "part": "float64",
    "maybe_part": "float64",
    "truth": "bool",
    "maybe_truth": "boolean",
    "moment": "datetime64[ns, UTC]",
    "maybe_moment": "datetime64[ns, UTC]",
    "text": "string",
    "id": "string",
    "json": "string",
    "list": "object",
    "struct": "object",
    "price": "object",
    "raw": "object",
}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    subprocess.run(
        [sys.executable, "-c", "import headrace as hr\nwith hr.task('a'): pass"],
        env={"HEADRACE_DIR": str(tmp_path / ".headrace"), "HEADRACE_TELEMETRY": "0"},
        check=True,
        timeout=60,
    )
    return hr.open(tmp_path)


@pytest.fixture(params=["with pyarrow", "without"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        pytest.importorskip("pyarrow")


@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("either_way")
def test_pandas_has_a_type_for_each_kind(store: Any) -> None:
    frame = store.sql(KINDS).df()
    for name, dtype in DTYPES.items():
        assert frame[name].dtype == dtype, name
    assert list(frame["maybe_whole"].isna()) == [True, False, False]
    assert list(frame["maybe_whole"][1:]) == [1, 2]
    assert list(frame["maybe_truth"].isna()) == [True, False, False]
    assert frame["maybe_part"][2] == 1.0
    assert frame["moment"][1].value == 1700000000123456790
    assert frame["maybe_moment"].isna()[0]
    assert frame["maybe_moment"][2].value == 1700000000123456791
    assert frame["text"].isna()[0]
    assert list(frame["text"][1:]) == ["text1", "text0"]
    assert list(frame["text"] == "text1") == [pandas.NA, True, False]
    assert frame["json"][1] == '{"a":1}'
    assert list(frame["list"]) == [[0, None], [1, None], [2, None]]
    assert frame["struct"][2] == {"x": 2}
    assert str(frame["price"][0]) == "1.50"
    assert frame["raw"][0] == b"ab"
    assert frame["nothing"].isna().all()
    assert frame["twice"].to_numpy().tolist() == [[0, 0], [1, -1], [2, -2]]
    assert frame["huge"][0] == 2**127 - 1
    frame.loc[0, "whole"] = 5  # what it has is its own
    empty = store.sql("SELECT 1 AS n, 'x' AS text WHERE false").df()
    assert list(empty.columns) == ["n", "text"]
    assert len(empty) == 0


def test_polars_has_a_type_for_each_kind(store: Any) -> None:
    polars = pytest.importorskip("polars")
    frame = store.sql(KINDS.replace(", i AS twice, -i AS twice", "")).pl()
    kinds = dict(frame.schema)
    assert kinds["maybe_whole"] == polars.Int64
    assert kinds["maybe_truth"] == polars.Boolean
    assert kinds["moment"] == polars.Datetime("ns", "UTC")
    assert kinds["text"] == kinds["json"] == kinds["id"] == polars.String
    assert kinds["list"] == polars.List(polars.Int64)
    assert kinds["price"] == polars.Decimal(9, 2)
    assert frame["maybe_truth"].to_list() == [None, True, False]


@pytest.mark.usefixtures("either_way")
def test_rows_of_a_frame_are_no_objects(store: Any) -> None:
    table = store.sql(
        "SELECT 10000 + range AS n, range / 3 AS x, range % 2 = 0 AS even, "
        "make_timestamp_ns(range) AS at, 'activity' || range % 200 AS activity FROM range(200000)"
    )
    table.df()
    before = sys.getallocatedblocks()
    frame = table.df()
    assert sys.getallocatedblocks() - before < 5000
    assert len(frame) == 200_000
    assert frame["activity"][199_999] == "activity199"


def test_rows_are_made_as_they_are_asked_for(store: Any) -> None:
    table = store.sql("SELECT 'row ' || range AS text FROM range(200000)")
    before = sys.getallocatedblocks()
    rows = iter(table)
    assert next(rows) == ("row 0",)
    assert sys.getallocatedblocks() - before < 20_000
    assert sum(1 for _ in rows) == 199_999


def test_rows_are_streamed_from_the_store(store: Any) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    reader = pyarrow.RecordBatchReader.from_stream(store.tasks)
    assert [batch.column("activity").to_pylist() for batch in reader] == [["a"]]
    assert pyarrow.table(store.tasks.columns("id", "activity")).column_names == ["id", "activity"]
