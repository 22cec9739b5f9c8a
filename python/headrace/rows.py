"""Tasks, workflows, objects and campaigns as rows that are asked for when they are needed.

    run = hr.open()
    best = run.tasks.where("activity:train used.lr<1e-2").sort("generated.loss").limit(5)
    len(best), best.df(), [task["used"]["lr"] for task in best]

Nothing is read before rows are counted, iterated or shown, and each time what is new is read too.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from headrace import _query
from headrace.table import SHOWN_ROWS, Table

if TYPE_CHECKING:
    from headrace.store import Store

View = Literal["tasks", "workflows", "objects", "campaigns"]

# A column for each value, for tables; the others are every column of the view.
TASK_COLUMNS = (
    "task_id",
    "activity",
    "status",
    "campaign",
    "workflow",
    "started_at",
    "duration_s",
    "used.*",
    "generated.*",
)


class Rows:
    """Rows of one kind that pass filters. Every method gives new rows and leaves these alone."""

    def __init__(self, store: Store, view: View) -> None:
        self._store = store
        self._view: View = view
        self._filters: tuple[str, ...] = ()
        self._documents: tuple[Mapping[str, Any], ...] = ()
        self._columns: tuple[str, ...] = ()
        self._sort: tuple[str, ...] = ()
        self._limit = 0
        self._offset = 0

    def where(self, *filters: str | Mapping[str, Any], **fields: Any) -> Rows:
        """Only rows that pass all of these: texts (docs/filter.md), Mongo documents, and
        `field=value` or `field=[one, of, these]`, with `__` for a dot (`used__lr=0.1`)."""
        more = self._copy()
        for one in filters:
            if isinstance(one, str):
                more._filters += (one,)
            else:
                more._documents += (one,)
        for name, value in fields.items():
            is_list = isinstance(value, list | tuple | set | frozenset)
            condition = {"$in": list(value)} if is_list else {"$eq": value}
            more._documents += ({name.replace("__", "."): condition},)
        return more

    def sort(self, *fields: str) -> Rows:
        """By these fields, `-` for the largest first. Absent values and NaN come last."""
        more = self._copy()
        more._sort = fields
        return more

    def limit(self, rows: int, offset: int = 0) -> Rows:
        """At most so many rows, after the first `offset`. 0 is all."""
        if rows < 0 or offset < 0:
            raise ValueError("a limit is a count of 0 or more")
        more = self._copy()
        more._limit = rows
        more._offset = offset
        return more

    def columns(self, *fields: str) -> Rows:
        """These columns: `"id", "used.lr", "generated.*", "energy"`."""
        more = self._copy()
        more._columns = fields
        return more

    def __len__(self) -> int:
        rows = max(0, _query.count(self._store._root(), self._question()) - self._offset)
        return min(rows, self._limit) if self._limit else rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Dicts, with `used` and `generated` as dicts in them."""
        return Table(_query.select(self._store._root(), self._question()))._each_dict()

    def first(self) -> dict[str, Any] | None:
        """The first row, or None."""
        return next(iter(self.limit(1, self._offset)), None)

    def table(self) -> Table:
        """The rows in memory; of tasks, every used and generated value has a typed column."""
        return Table(_query.select(self._store._root(), self._table_question()))

    def _table_question(self) -> str:
        return self._question(
            columns=self._columns or (TASK_COLUMNS if self._view == "tasks" else ())
        )

    def df(self) -> Any:
        """A pandas.DataFrame of table() (needs pandas)."""
        return self.table().df()

    def pl(self) -> Any:
        """A polars.DataFrame of table() (needs polars)."""
        return self.table().pl()

    def arrow(self) -> Any:
        """A pyarrow.Table of table() (needs pyarrow)."""
        return self.table().arrow()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """table() as it is read, batch by batch, never all of it in memory: for what reads more
        rows than that. The store is held until the reader is through."""
        return _query.stream(self._store._root(), self._table_question())

    def group(self, *by: str, **aggregates: str) -> Table:
        """One row for each combination of the fields `by`, with aggregates over its rows:
        `group("activity", mean="avg used.lr", worst="max generated.loss", n="count")`. Functions
        are avg, sum, min, max, count, median and p95."""
        asked = []
        for name, text in (aggregates or {"count": "count"}).items():
            function, _, field = text.partition(" ")
            asked.append([function, field.strip(), name])
        question = self._question(group_by=by, aggregates=asked)
        return Table(_query.select(self._store._root(), question))

    def sql(self, text: str) -> Table:
        """Runs SQL in which `task` is these tasks only (sort, limit and columns left aside)."""
        if self._view != "tasks":
            raise TypeError("only .tasks can be narrowed for SQL; ask the store itself: run.sql()")
        return Table(_query.select_sql(self._store._root(), self._question(), text))

    def find(
        self,
        filter: Mapping[str, Any] | None = None,
        projection: Sequence[str] | Mapping[str, int] | None = None,
        *,
        sort: Sequence[tuple[str, int]] | None = None,
        limit: int = 0,
        skip: int = 0,
        aggregation: Sequence[tuple[str, str]] | None = None,
    ) -> Table:
        """What MongoDB's find and Flowcept's query give: all rows of this kind that pass `filter`,
        with dotted columns. `aggregation` is [(function, field), ...] over groups of the one field
        in `projection`, or over all rows."""
        if self._filters or self._documents:
            raise TypeError("find() takes its whole filter itself; use it on run.tasks")
        asked = {
            "filter": filter,
            "projection": projection,
            "sort": sort,
            "limit": limit,
            "skip": skip,
            "aggregation": aggregation,
        }
        return Table(_query.find(self._store._root(), self._view, _as_json(asked)))

    def plot(self, kind: Literal["timeline", "parameters"] = "timeline", **options: Any) -> Any:
        """A matplotlib Axes or Figure (needs matplotlib): tasks on a `timeline`, or the effect of
        each used value on a generated one (`plot("parameters", quality="loss")`)."""
        from headrace import plots

        if self._view != "tasks":
            raise TypeError("only .tasks have a plot")
        if kind == "timeline":
            return plots.timeline(self, **options)
        if kind == "parameters":
            return plots.parameters(self, **options)
        raise ValueError(f"a plot is a timeline or of parameters, not {kind}")

    def __repr__(self) -> str:
        left_out = self._left_out()
        return repr(self._shown()) + (f"\n{left_out}" if left_out else "")

    def _repr_html_(self) -> str:
        left_out = self._left_out()
        return self._shown()._repr_html_() + (f"<p>{left_out}</p>" if left_out else "")

    def _shown(self) -> Table:
        return self.limit(min(self._limit or SHOWN_ROWS, SHOWN_ROWS), self._offset).table()

    def _left_out(self) -> str:
        rows = len(self)
        return f"showing {SHOWN_ROWS} of {rows:,} {self._view}" if rows > SHOWN_ROWS else ""

    def _copy(self) -> Rows:
        more = Rows(self._store, self._view)
        more.__dict__.update(self.__dict__)
        return more

    def _question(self, **more: Any) -> str:
        question: dict[str, Any] = {
            "view": self._view,
            "filters": self._filters,
            "documents": self._documents,
            "columns": self._columns,
            "sort": self._sort,
            "limit": self._limit,
            "offset": self._offset,
            "must_be_known": True,
        }
        return _as_json(question | more)


def _as_json(value: Any) -> str:
    return json.dumps(value, default=_mongo_value)


def _mongo_value(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, datetime.datetime):
        moment = value.astimezone(datetime.timezone.utc) if value.tzinfo else value
        return {"$date": moment.replace(tzinfo=None).isoformat() + "Z"}
    if isinstance(value, re.Pattern):
        flags = ((re.I, "i"), (re.M, "m"), (re.S, "s"))
        options = "".join(letter for flag, letter in flags if value.flags & flag)
        return {"$regex": value.pattern, "$options": options}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    item = getattr(value, "item", None)  # a number of numpy's
    if callable(item):
        return item()
    raise TypeError(f"a filter cannot hold a {type(value).__name__}")
