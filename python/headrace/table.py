"""Answers in memory: rows with named, typed columns."""

from __future__ import annotations

import html
import importlib
from collections.abc import Iterator
from typing import Any

from headrace import _query

SHOWN_ROWS = 20


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
        return wanted("pyarrow", ".arrow()").table(self)

    def df(self) -> Any:
        """A pandas.DataFrame (needs pandas; faster where pyarrow is installed too)."""
        pandas = wanted("pandas", ".df()")
        try:
            return self.arrow().to_pandas()
        except ImportError:
            return pandas.DataFrame(self._table.rows(), columns=self.columns)

    def pl(self) -> Any:
        """A polars.DataFrame (needs polars)."""
        return wanted("polars", ".pl()").DataFrame(self)

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


def wanted(module: str, by: str) -> Any:
    """A module of a package that headrace does not need by itself."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"{by} needs {package}, which is not here: pip install {package}"
        ) from error
