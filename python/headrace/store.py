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
from pathlib import Path
from typing import Any, Literal

from headrace import _query
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


class Tradeoff(Table):
    """Configurations against what they cost; `about` says what was compared with what."""

    def __init__(self, table: _query.Table, about: dict[str, Any]) -> None:
        super().__init__(table)
        self.about = about

    def front(self) -> list[dict[str, Any]]:
        """The rows that no other row beats on both counts."""
        return [row for row in self.dicts() if row["on_front"]]

    def plot(self, **options: Any) -> Any:
        """A matplotlib Axes with the configurations and their front (needs matplotlib)."""
        from headrace import plots

        return plots.tradeoff(self, **options)


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


class Diff:
    """What differs between two things: prints as text; `facts` for programs; true if anything
    does."""

    def __init__(self, text: str, facts: dict[str, Any], equal: bool) -> None:
        self.text = text
        self.facts = facts
        self.equal = equal

    def __bool__(self) -> bool:
        return not self.equal

    def __repr__(self) -> str:
        return self.text.rstrip("\n")

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


class Regret(Table):
    """Stopping rules replayed over a campaign, a row for each; `sentence` sums up, `facts` has the
    runs and where each rule would have stopped them."""

    def __init__(self, table: _query.Table, sentence: str, facts: dict[str, Any]) -> None:
        super().__init__(table)
        self.sentence = sentence
        self.facts = facts


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

    def diff(
        self, a: str | os.PathLike[str], b: str | os.PathLike[str], *, all: bool = False
    ) -> Diff:
        """What differs between two workflows, tasks, objects or campaigns, by name, path or id:
        code, environment, parameters, inputs, metrics, time, energy. `all` shows what is equal."""
        here = str(Path.cwd())
        return Diff(*_query.diff(self._root(), os.fspath(a), os.fspath(b), here, all))

    def regret(
        self,
        campaign: str,
        metric: str | None = None,
        *,
        minimise: bool | None = None,
        activity: str | None = None,
    ) -> Regret:
        """What the campaign's runs spent that a stopping rule would have saved, by the curves of
        `metric` (default: the only one that was logged)."""
        return Regret(
            *_query.regret(self._root(), campaign, metric or "", minimise, activity or "")
        )

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
