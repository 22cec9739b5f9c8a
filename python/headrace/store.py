"""Questions to what was captured.

    store = hr.open()                        # the nearest .headrace
    table = store.sql("SELECT used.lr, generated.loss FROM task WHERE activity = 'train'")
    table.df()                               # pandas
    pl.from_arrow(table)                     # or anything that reads Arrow, without a copy

Each question folds in what was captured since the last one. The store's file is open only while a
question is answered, so a notebook that keeps tables keeps nobody from writing.
"""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from headrace import _query

SHOWN_ROWS = 20


class StoreError(Exception):
    """A question that could not be answered; the message says why and what to do."""


class NotFoundError(StoreError):
    """There is no such folder, campaign, task or object."""


class BusyError(StoreError):
    """Another process holds the store, or the system refused."""


class CorruptError(StoreError):
    """A file is not what it should be."""


class QueryError(StoreError):
    """The SQL, or another argument, is wrong."""


_query.set_error_classes((NotFoundError, BusyError, CorruptError, QueryError))


class Table:
    """Rows with named, typed columns, in memory.

    `list(table)` gives tuples; `__arrow_c_stream__` gives pandas, polars, pyarrow and DuckDB the
    rows without a copy. Times are UTC. JSON columns (`used`, `generated`, `tags`, ...) are Python
    dicts in rows and text in Arrow.
    """

    def __init__(self, table: _query.Table) -> None:
        self._table = table

    @property
    def columns(self) -> list[str]:
        return self._table.columns

    @property
    def types(self) -> list[str]:
        """SQL's names of the columns' types."""
        return self._table.types

    def __len__(self) -> int:
        return len(self._table)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self._table.rows())

    def __getitem__(self, column: str) -> list[Any]:
        """The values of one column."""
        return self._table.column(column)

    def rows(self) -> list[tuple[Any, ...]]:
        return self._table.rows()

    def dicts(self) -> list[dict[str, Any]]:
        names = self.columns
        return [dict(zip(names, row, strict=True)) for row in self._table.rows()]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

    def arrow(self) -> Any:
        """A pyarrow.Table (needs pyarrow)."""
        import pyarrow

        return pyarrow.table(self)

    def df(self) -> Any:
        """A pandas.DataFrame (needs pandas; faster where pyarrow is installed too)."""
        import pandas

        try:
            return self.arrow().to_pandas()
        except ImportError:
            return pandas.DataFrame(self._table.rows(), columns=self.columns)

    def __repr__(self) -> str:
        return self._table.text(SHOWN_ROWS).rstrip("\n") + _more(len(self), "\n")

    def _repr_html_(self) -> str:
        def cells(tag: str, texts: list[str]) -> str:
            return "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)

        body = "".join(f"<tr>{cells('td', row)}</tr>" for row in self._table.shown(SHOWN_ROWS))
        return (
            f"<table><thead><tr>{cells('th', self.columns)}</tr></thead>"
            f"<tbody>{body}</tbody></table>{html.escape(_more(len(self)))}"
        )


def _more(rows: int, before: str = "") -> str:
    if rows <= SHOWN_ROWS:
        return ""
    return f"{before}showing {SHOWN_ROWS} of {rows:,}; .rows(), .df() and .arrow() give all"


class Tradeoff(Table):
    """Configurations against what they cost; `about` says what was compared with what."""

    def __init__(self, table: _query.Table, about: dict[str, Any]) -> None:
        super().__init__(table)
        self.about = about

    def front(self) -> list[dict[str, Any]]:
        """The rows that no other row beats on both counts."""
        return [row for row in self.dicts() if row["on_front"]]


class Why:
    """What a thing was made from: prints as sentences; `facts` and `graph` for programs."""

    def __init__(self, text: str, facts: dict[str, Any]) -> None:
        self.text = text
        self.facts = facts
        self.graph: dict[str, Any] = facts["graph"]
        self.sentences: list[str] = facts["sentences"]

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


class Store:
    """A folder `.headrace`. Every method folds in what is new, answers, and closes the store."""

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        self.directory = _directory(directory)

    def sql(self, text: str) -> Table:
        """Runs one SELECT, read-only, on the views campaign, workflow, task, object, edge, sensor,
        sample, task_energy, gap and log. `used.KEY` and `generated.KEY` of tasks are typed."""
        return Table(_query.sql(self._root(), text))

    def tradeoff(
        self,
        campaign: str,
        quality: str,
        *,
        cost: Literal["energy", "time"] = "energy",
        minimise: bool | None = None,
        activity: str | None = None,
    ) -> Tradeoff:
        """The campaign's tasks that generated `quality`, against their energy or time."""
        if cost not in ("energy", "time"):
            raise QueryError(f"cost is energy or time, not {cost}")
        return Tradeoff(
            *_query.tradeoff(self._root(), campaign, quality, cost, minimise, activity or "")
        )

    def why(self, what: str | os.PathLike[str]) -> Why:
        """What a file, model, dataset or task was made from, by what, at what cost."""
        return Why(*_query.why(self._root(), os.fspath(what), str(Path.cwd())))

    def show(self, what: str | os.PathLike[str]) -> dict[str, Any]:
        """All that is known of a campaign, workflow, task or object."""
        return _query.show(self._root(), os.fspath(what), str(Path.cwd()))

    def __repr__(self) -> str:
        return f"headrace.open({str(self.directory)!r})"

    def _root(self) -> str:
        # What this process captured a moment ago is to be found too.
        capture = sys.modules.get("headrace._capture")
        if capture is not None:
            capture.flush()
        return str(self.directory)


def _directory(directory: str | os.PathLike[str] | None) -> Path:
    if directory is None:
        return Path(_query.find_directory())
    path = Path(directory).absolute()
    inside = path / ".headrace"
    return inside if path.name != ".headrace" and inside.exists() else path
