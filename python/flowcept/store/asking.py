"""Questions to the Headrace folder that this process records into, or the nearest one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from flowcept.store import moments

BUSY_SECONDS = 30.0


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
    table = _asked(lambda query, folder: query.select(folder, json.dumps(question)))
    return [] if table is None else _dicts(table)


def sql(text: str) -> list[dict[str, Any]]:
    """Rows of one SELECT, as dicts; their times as ns since the epoch."""
    table = _asked(lambda query, folder: query.sql(folder, text))
    return [] if table is None else _dicts(table)


def count(view: str, document: Mapping[str, Any]) -> int:
    question = {"view": view, "documents": [document] if document else []}
    return int(_asked(lambda query, folder: query.count(folder, json.dumps(question))) or 0)


def _asked(ask: Callable[[Any, str], Any]) -> Any:
    """The answer; None where nothing was recorded yet. Waits while another process folds."""
    from headrace import _query
    from headrace.store import BusyError, NotFoundError

    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return ask(_query, root())
        except NotFoundError:
            return None
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


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
