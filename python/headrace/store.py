"""Questions to what was captured.

    store = hr.open()                        # the nearest .headrace
    table = store.sql("SELECT used.lr, generated.loss FROM task WHERE activity = 'train'")
    table.df()                               # pandas
    pl.from_arrow(table)                     # or anything that reads Arrow, without a copy

Each question folds in what was captured since the last one. The store's file is open only while a
question is answered, so a notebook that keeps tables keeps nobody from writing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from headrace import _query
from headrace.answers import (
    CriticalPath,
    Diff,
    Lineage,
    Regret,
    Reproduction,
    Rerun,
    Summary,
    Tradeoff,
)
from headrace.rows import Rows
from headrace.table import Table


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


class Store:
    """A folder `.headrace`. Every method folds in what is new, answers, and closes the store."""

    def __init__(self, directory: str | os.PathLike[str] | None = None) -> None:
        self.directory = _directory(directory)

    def sql(self, text: str) -> Table:
        """Runs one SELECT, read-only, on the views campaign, workflow, task, object, edge, sensor,
        sample, task_energy, gap and log. `used.KEY` and `generated.KEY` of tasks are typed."""
        return Table(_query.sql(self._root(), text))

    @property
    def tasks(self) -> Rows:
        """All tasks: narrow them with where(), then iterate or take df(), pl(), arrow()."""
        return Rows(self, "tasks")

    @property
    def workflows(self) -> Rows:
        """All workflows."""
        return Rows(self, "workflows")

    @property
    def objects(self) -> Rows:
        """All objects: datasets, models, files, in their versions."""
        return Rows(self, "objects")

    @property
    def campaigns(self) -> Rows:
        """All campaigns."""
        return Rows(self, "campaigns")

    def complete(
        self,
        text: str,
        at: int | None = None,
        *,
        view: Literal["tasks", "workflows", "objects", "campaigns"] = "tasks",
        limit: int = 50,
    ) -> list[str]:
        """The filters that `text` may become at the cursor `at` (default: its end), from the
        fields, names and values that the store has."""
        cursor = len(text if at is None else text[:at])
        raw = text.encode()
        begin, end, items = _query.complete(
            self._root(), view, text, len(text[:cursor].encode()), limit
        )
        return [(raw[:begin] + item.encode() + raw[end:]).decode() for item, _ in items]

    def why(
        self,
        what: str | os.PathLike[str],
        *,
        depth: int = 0,
        only_path: str | os.PathLike[str] = "",
        inferred: bool = False,
    ) -> Lineage:
        """What a file, model, dataset, task or workflow was made from, by what, at what cost: all
        of it or `depth` steps, `only_path` to one other thing; `inferred`: by equal values too."""
        return self._lineage(what, False, depth, only_path, inferred)

    def affects(
        self,
        what: str | os.PathLike[str],
        *,
        depth: int = 0,
        only_path: str | os.PathLike[str] = "",
        inferred: bool = False,
    ) -> Lineage:
        """What was made from a thing; the other side of why()."""
        return self._lineage(what, True, depth, only_path, inferred)

    def _lineage(
        self,
        what: str | os.PathLike[str],
        ahead: bool,
        depth: int,
        only_path: str | os.PathLike[str],
        inferred: bool,
    ) -> Lineage:
        if depth < 0:
            raise QueryError(f"depth is a number of steps, 0 for all, not {depth}")
        thing, to = os.fspath(what), os.fspath(only_path)
        return Lineage(*_query.lineage(self._root(), thing, _here(), ahead, depth, to, inferred))

    def diff(
        self,
        a: str | os.PathLike[str],
        b: str | os.PathLike[str],
        *,
        all: bool = False,
        test: Literal["welch", "mann-whitney"] = "welch",
    ) -> Diff:
        """What differs between two workflows, tasks, objects or campaigns, by name, path or id:
        code, environment, parameters, inputs, metrics, time, energy. `all` shows what is equal."""
        if test not in ("welch", "mann-whitney"):
            raise QueryError(f"test is welch or mann-whitney, not {test}")
        return Diff(*_query.diff(self._root(), os.fspath(a), os.fspath(b), _here(), all, test))

    def tradeoff(
        self,
        campaign: str,
        quality: str = "",
        *,
        cost: Literal["energy", "time"] | None = None,
        minimise: bool | None = None,
        activity: str | None = None,
        objectives: Sequence[str] = (),
        target: str = "",
    ) -> Tradeoff:
        """The campaign's tasks that generated `quality`, against their energy (or `cost="time"`).
        `objectives` are more to weigh, or others: "memory:min", "used.width", "time"; `target`
        asks when a value was reached: "loss<2.1"."""
        if cost not in (None, "energy", "time"):
            raise QueryError(f"cost is energy or time, not {cost}")
        if not quality and not objectives:
            raise QueryError('name what was achieved: tradeoff(campaign, "loss")')
        weighed = [_objective(one) for one in objectives]
        if weighed:
            weighed = [(quality, minimise)] * bool(quality) + weighed
            weighed += [(cost, True)] if cost else []
        answer = _query.tradeoff(
            self._root(),
            campaign,
            quality,
            cost or "energy",
            minimise,
            activity or "",
            weighed,
            target,
        )
        return Tradeoff(*answer)

    def regret(
        self,
        campaign: str,
        metric: str | None = None,
        *,
        minimise: bool | None = None,
        activity: str | None = None,
        rules: Sequence[str] = (),
        grace: int | None = None,
        every: int | None = None,
        patience: int | None = None,
        eta: float | None = None,
    ) -> Regret:
        """What the campaign's runs spent that a stopping rule would have saved, by the curves of
        `metric` (default: the only one that was logged). `rules` of median, halving, patience,
        power_law; the numbers are theirs (docs/questions/regret.md)."""
        for name, number in (("grace", grace), ("every", every), ("patience", patience)):
            if number is not None and number < 1:
                raise QueryError(f"{name} is a number of points, not {number}")
        answer = _query.regret(
            self._root(),
            campaign,
            metric or "",
            minimise,
            activity or "",
            list(rules),
            grace,
            every,
            patience,
            eta,
        )
        return Regret(*answer)

    def summary(self, what: str | os.PathLike[str] = "", *, sql: bool = False) -> Summary:
        """What there is to say of a campaign or workflow (or of everything), in sentences; with
        `sql` the query behind each."""
        return Summary(*_query.summary(self._root(), os.fspath(what), _here(), sql))

    def critical_path(self, workflow: str) -> CriticalPath:
        """The chain of tasks that decided how long a workflow took."""
        return CriticalPath(*_query.critical_path(self._root(), workflow, _here()))

    def stragglers(self, workflow: str, *, deviations: float = 5) -> Table:
        """A workflow's tasks that took far longer than others of their activity: beyond the median
        by so many robust standard deviations."""
        return Table(_query.stragglers(self._root(), workflow, _here(), deviations))

    def reproduce(self, workflow: str) -> Reproduction:
        """What is needed to run a workflow again, and what of it is missing."""
        return Reproduction(*_query.reproduce(self._root(), workflow, _here()))

    def rerun(
        self,
        workflow: str,
        folder: str | os.PathLike[str],
        *,
        tolerance: float = 0,
        metrics: Sequence[str] = (),
    ) -> Rerun:
        """Runs a workflow again in a fresh folder and compares what comes out: outputs by hash,
        metrics within the relative `tolerance`, or only those of `metrics`."""
        from headrace.rerunning import rerun

        return rerun(self._root(), workflow, folder, tolerance, metrics)

    def show(self, what: str | os.PathLike[str]) -> dict[str, Any]:
        """All that is known of a campaign, workflow, task or object."""
        return _query.show(self._root(), os.fspath(what), _here())

    def __repr__(self) -> str:
        return f"headrace.open({str(self.directory)!r})"

    def _root(self) -> str:
        # What this process captured a moment ago is to be found too.
        capture = sys.modules.get("headrace._capture")
        if capture is not None:
            capture.flush()
        return str(self.directory)


def _here() -> str:
    return str(Path.cwd())


def _objective(text: str) -> tuple[str, bool | None]:
    """ "NAME", "NAME:min" or "NAME:max"."""
    name, _, word = text.rpartition(":")
    return (name, word == "min") if name and word in ("min", "max") else (text, None)


def _directory(directory: str | os.PathLike[str] | None) -> Path:
    if directory is None:
        return Path(_query.find_directory())
    path = Path(directory).absolute()
    inside = path / ".headrace"
    return inside if path.name != ".headrace" and inside.exists() else path
