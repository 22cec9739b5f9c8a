"""Answers in memory: rows with named, typed columns."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from headrace import _query
from headrace.needed import needed

SHOWN_ROWS = 20


class Table:
    """Rows with named, typed columns, in memory.

    Iterating gives tuples; `__arrow_c_stream__` gives polars, pyarrow and DuckDB the rows without
    a copy. Times are UTC. JSON columns (`used`, `generated`, `tags`, ...) are Python dicts in rows
    and text in Arrow and in frames.
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
        for batch in self._table.batches():
            yield from batch

    def __getitem__(self, column: str) -> list[Any]:
        """The values of one column (of several with this name the first)."""
        try:
            return self._table.column(self.columns.index(column))
        except ValueError:
            raise KeyError(column) from None

    def rows(self) -> list[tuple[Any, ...]]:
        return list(self)

    def dicts(self) -> list[dict[str, Any]]:
        return list(self._each_dict())

    def _each_dict(self) -> Iterator[dict[str, Any]]:
        names = self.columns
        return (dict(zip(names, row, strict=True)) for row in self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

    def arrow(self) -> Any:
        """A pyarrow.Table (needs pyarrow)."""
        return needed("pyarrow", ".arrow()").table(self)

    def df(self) -> Any:
        """A pandas.DataFrame (needs pandas)."""
        from headrace.frames import pandas_frame

        return pandas_frame(self)

    def pl(self) -> Any:
        """A polars.DataFrame (needs polars)."""
        return needed("polars", ".pl()").DataFrame(self)

    def __repr__(self) -> str:
        return self._table.text(SHOWN_ROWS).rstrip("\n") + _more(len(self), "\n")

    def _repr_html_(self) -> str:
        numbers = self._table.are_numbers

        def cells(tag: str, texts: list[str]) -> str:
            return "".join(
                f'<{tag} style="text-align: {"right" if right else "left"}">'
                f"{html.escape(text)}</{tag}>"
                for text, right in zip(texts, numbers, strict=True)
            )

        body = "".join(f"<tr>{cells('td', row)}</tr>" for row in self._table.shown(SHOWN_ROWS))
        more = _more(len(self))
        return (
            f"<table><thead><tr>{cells('th', self.columns)}</tr></thead>"
            f"<tbody>{body}</tbody></table>" + (f"<p>{html.escape(more)}</p>" if more else "")
        )


def _more(rows: int, before: str = "") -> str:
    if rows <= SHOWN_ROWS:
        return ""
    return f"{before}showing {SHOWN_ROWS} of {rows:,}; .rows(), .df() and .arrow() give all"
