"""Questions to the Headrace folder that this process records into, or the nearest one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flowcept.store import moments


def root() -> str:
    """The folder `.headrace`, with all that this process has recorded so far in it."""
    from headrace import _capture

    _capture.flush()
    folder = os.environ.get("HEADRACE_DIR") or _capture.directory()
    if folder is None:
        from headrace import _query

        try:
            folder = _query.find_directory()
        except Exception:  # nothing was recorded here yet
            return str(Path.cwd() / ".headrace")
    return str(Path(folder).absolute())


def exists() -> bool:
    return Path(root()).is_dir()


def select(
    view: str,
    *,
    documents: Sequence[Mapping[str, Any]] = (),
    columns: Sequence[str] = (),
    sort: Sequence[str] = (),
    limit: int = 0,
    offset: int = 0,
    group_by: Sequence[str] = (),
    aggregates: Sequence[Sequence[str]] = (),
) -> list[dict[str, Any]]:
    """Rows of a view as dicts; their times as ns since the epoch. Absent values come first in a
    sort, as MongoDB has them."""
    if not exists():
        return []
    from headrace import _query, store  # noqa: F401 - gives the errors their classes

    question = {
        "view": view,
        "documents": [document for document in documents if document],
        "columns": list(columns),
        "sort": list(sort),
        "limit": limit,
        "offset": offset,
        "group_by": list(group_by),
        "aggregates": [list(one) for one in aggregates],
        "absent_first": True,
    }
    return _dicts(_query.select(root(), json.dumps(question)))


def sql(text: str) -> list[dict[str, Any]]:
    """Rows of one SELECT, as dicts; their times as ns since the epoch."""
    if not exists():
        return []
    from headrace import _query, store  # noqa: F401

    return _dicts(_query.sql(root(), text))


def count(view: str, document: Mapping[str, Any]) -> int:
    if not exists():
        return 0
    from headrace import _query, store  # noqa: F401

    question = {"view": view, "documents": [document] if document else []}
    return int(_query.count(root(), json.dumps(question)))


def sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _dicts(table: Any) -> list[dict[str, Any]]:
    names = table.columns
    times = {i for i, kind in enumerate(table.types) if kind.startswith("TIMESTAMP")}
    columns: list[Any] = [None] * len(names)
    for i in times:
        columns[i] = _times(table, i)
    rows: list[dict[str, Any]] = []
    for batch in table.batches():
        for row in batch:
            one = dict(zip(names, row, strict=True))
            for i in times:
                one[names[i]] = columns[i][len(rows)]
            rows.append(one)
    return rows


def _times(table: Any, column: int) -> list[int | None]:
    """The values of a column of times, in ns."""
    fixed = table.fixed_column(column)
    if fixed is None:
        return [None] * len(table)
    kind, data, nulls = fixed
    scale = {"datetime64[ns]": 1, "datetime64[us]": 1000, "datetime64[ms]": 10**6,
             "datetime64[s]": 10**9}[kind]  # fmt: skip
    values = memoryview(data).cast("q")
    return [None if nulls is not None and nulls[i] else values[i] * scale
            for i in range(len(values))]  # fmt: skip


def seconds(ns: int | None) -> float | None:
    return None if ns is None else moments.of_ns(ns)
