"""Questions to what was captured.

    store = hr.open()                        # the nearest .headrace
    table = store.sql("SELECT used.lr, generated.loss FROM task WHERE activity = 'train'")
    table.df()                               # pandas
    pl.from_arrow(table)                     # or anything that reads Arrow, without a copy

Each question folds in what was captured since the last one. The store's file is open only while a
question is answered, so a notebook that keeps tables keeps nobody from writing.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from headrace import _query
from headrace.answers import (
    CriticalPath,
    Diff,
    Energy,
    EnergyRows,
    Lineage,
    Marginal,
    Phases,
    Regret,
    Reproduction,
    Rerun,
    Summary,
    Thermal,
    Tradeoff,
)
from headrace.rows import Rows
from headrace.table import Table
from headrace.views import Card, View, of_graph, of_timeline


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
        paired: str = "",
    ) -> Tradeoff:
        """The campaign's tasks that generated `quality`, against their energy (or `cost="time"`).
        `objectives` are more to weigh, or others: "memory:min", "used.width", "time",
        "peak_temperature", "gpu_utilization"; `target` asks when a value was reached: "loss<2.1";
        `paired` what a parameter does where all others stay: "dataset"."""
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
            paired,
        )
        return Tradeoff(*answer)

    def marginal(
        self,
        campaign: str,
        quality: str,
        *,
        per: float = 0.01,
        most_j: float | None = None,
        minimise: bool | None = None,
        activity: str | None = None,
    ) -> Marginal:
        """What an improvement of `quality` by `per` cost at each point of each run's curve;
        `most_j` recommends to stop before the first that cost more."""
        if not per > 0:
            raise QueryError(f"per is how much of an improvement, above 0, not {per}")
        return Marginal(
            *_query.marginal(self._root(), campaign, quality, minimise, activity or "", per, most_j)
        )

    def thermal(
        self,
        what: str | os.PathLike[str] = "",
        *,
        above_c: float = 80,
        activity: str | None = None,
        points: int = 200,
    ) -> Thermal:
        """How hot devices became in each run of a campaign or workflow (or of everything), how long
        above `above_c`, and which tasks ran while a device was slowed down."""
        if points < 1:
            raise QueryError(f"points is a number of points, not {points}")
        return Thermal(
            *_query.thermal(self._root(), os.fspath(what), _here(), above_c, activity or "", points)
        )

    def phases(
        self,
        what: str | os.PathLike[str] = "",
        *,
        gpu_below: float = 0.2,
        node_above_w: float = 100,
    ) -> Phases:
        """What each activity of a campaign or workflow (or of everything) keeps busy, and what is
        drawn while GPUs are used less than `gpu_below` and the machine takes more than
        `node_above_w`."""
        if not 0 <= gpu_below <= 1:
            raise QueryError(f"gpu_below is a share, from 0 to 1, not {gpu_below}")
        return Phases(
            *_query.phases(self._root(), os.fspath(what), _here(), gpu_below, node_above_w)
        )

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

    def energy(
        self,
        what: str | os.PathLike[str] = "",
        *,
        idle: Literal["separate", "by_residency", "none"] | None = None,
        carbon: str | os.PathLike[str] | None = None,
        region: str = "",
        kind: Literal["average", "marginal"] = "average",
        pue: float = 1,
    ) -> Energy:
        """Where the energy of a campaign or workflow (or of everything) went, adding up to what
        the sensors counted. `idle`: by another policy than the store's, which stays as it is.
        `carbon`: a file of factors, `region,start,end,gco2e_per_kwh,kind,source`."""
        if (carbon is None) != (not region):
            raise QueryError(
                "carbon and region go together: the file of factors, and a region in it"
            )
        if kind not in ("average", "marginal"):
            raise QueryError(f"kind is average or marginal, not {kind}")
        if not 1 <= pue <= 10:
            raise QueryError(f"pue is from 1 to 10, not {pue}")
        return Energy(
            *_query.energy(
                self._root(),
                os.fspath(what),
                _here(),
                idle or "",
                "" if carbon is None else os.fspath(carbon),
                region,
                kind,
                pue,
            )
        )

    def energy_ranks(
        self, what: str | os.PathLike[str] = "", *, activity: str = "", least: int = 1
    ) -> EnergyRows:
        """Tasks whose places by time and by energy differ by `least` or more: those that lie in no
        other, or of one activity."""
        return self._about_energy("ranks", what, "rows", activity=activity, least=least)

    def energy_outliers(
        self, what: str | os.PathLike[str] = "", *, activity: str = "", deviations: float = 3
    ) -> EnergyRows:
        """Tasks whose energy lies outside what their parameters, node and device let expect."""
        return self._about_energy("outliers", what, "rows", activity=activity, least=deviations)

    def energy_nodes(self, what: str | os.PathLike[str] = "") -> EnergyRows:
        """Idle and active energy by node and domain, and in `facts` what `stragglers` and `waiting`
        for the last of a wave cost."""
        return self._about_energy("nodes", what, "nodes")

    def energy_path(self, what: str | os.PathLike[str] = "", *, task: str = "") -> EnergyRows:
        """From a campaign down to the samples behind its largest task (or `task`), each step with a
        check of its sum."""
        return self._about_energy("path", what, "steps", task=task)

    def energy_truth(self, what: str | os.PathLike[str] = "") -> EnergyRows:
        """Which figures are measured and which estimated, by what sensor and how well; in `facts`
        what is left `without_estimates`."""
        return self._about_energy("truth", what, "rows")

    def energy_capture(self, what: str | os.PathLike[str] = "") -> EnergyRows:
        """What Headrace itself cost, by how much detail it recorded."""
        return self._about_energy("capture", what, "by_detail")

    def energy_layers(self, what: str | os.PathLike[str] = "") -> EnergyRows:
        """What each layer and phase of the models that were watched used; in `facts` their
        `conservation`: with the time outside layers they are what their tasks used themselves."""
        return self._about_energy("layers", what, "layers")

    def energy_layer_pairs(
        self, what: str | os.PathLike[str], other: str | os.PathLike[str]
    ) -> EnergyRows:
        """The same layer in two campaigns or workflows, or in the models of one: joules a call, a
        token, a sample, an operation; None with why where it is not known."""
        return self._about_energy("layer_pairs", what, "pairs", other=os.fspath(other))

    def energy_checks(
        self,
        what: str | os.PathLike[str] = "",
        *,
        against: str | os.PathLike[str] | None = None,
    ) -> EnergyRows:
        """Whether a node's sensor and those of its parts agree, and with `against` a meter's file
        of `hostname,begin,end,joules,source` (rows in `facts["meter"]`)."""
        file = "" if against is None else os.fspath(against)
        return self._about_energy("checks", what, "domains", against=file)

    def _about_energy(
        self,
        about: str,
        what: str | os.PathLike[str],
        rows: str,
        *,
        activity: str = "",
        task: str = "",
        least: float = math.nan,
        against: str = "",
        other: str = "",
    ) -> EnergyRows:
        answer = _query.ask_energy(
            self._root(), about, os.fspath(what), _here(), activity, task, least, against, other
        )
        return EnergyRows(*answer, rows)

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

    def view(self, what: str = "", *, against: str = "", most_tasks: int = 20_000) -> View:
        """The report of a campaign or workflow (default: the latest campaign) for a notebook: all
        views, tables and how each figure is known. `against` another of the same kind, it shows
        what differs. Its timeline has `most_tasks` tasks at most, failed ones and the longest
        first, so that a saved notebook grows by about 130 kB and some 20 bytes a task, with the
        tasks' values up to 0.6 MB more. `.save(path)` writes it as a file."""
        if most_tasks < 1:
            raise QueryError(f"most_tasks is a number of tasks, not {most_tasks}")
        page = _query.report(self._root(), what, against, most_tasks, _made_by())
        text = (
            f"report of {what or 'the latest campaign'}; .save('report.html') writes it as a file"
        )
        return View(text, page, 720)

    def report(self, what: str = "") -> Card:
        """A campaign or workflow (default: the latest campaign) as a Markdown card: what it was,
        where it ran, what it cost, what it read and wrote, how to run it again."""
        return Card(_query.card(self._root(), what, _made_by()))

    def timeline(
        self,
        what: str = "",
        *,
        between: tuple[float | None, float | None] = (None, None),
        width: int = 1600,
        lanes: int = 120,
    ) -> View:
        """When the tasks of a campaign or workflow (default: the latest campaign) ran, for a
        notebook. It is reduced to what can be told apart at `width` pixels, in the first `lanes`
        threads, and to 10,000 bars at most, about 1 MB, however many tasks there are; those that
        failed and the longest stay visible. `between=(2.5, 4)` shows those seconds since the start
        at full width, `None` stands for either end."""
        for name, number, unit in (("width", width, "pixels"), ("lanes", lanes, "threads")):
            if number < 1:
                raise QueryError(f"{name} is a number of {unit}, not {number}")
        begin, end = between
        return of_timeline(*_query.timeline(self._root(), what, begin, end, width, lanes))

    def graph(
        self, workflow: str = "", *, level: Literal["activity", "wave", "task"] = "activity"
    ) -> View:
        """What used what the other generated in a workflow (default: the latest), for a notebook: a
        box an activity, an activity in a wave, or a task, 500 boxes at most."""
        if level not in ("activity", "wave", "task"):
            raise QueryError(f"level is activity, wave or task, not {level}")
        return of_graph(*_query.graph(self._root(), workflow, level))

    def __repr__(self) -> str:
        return f"headrace.open({str(self.directory)!r})"

    def _root(self) -> str:
        # What this process captured a moment ago is to be found too.
        capture = sys.modules.get("headrace._capture")
        if capture is not None:
            capture.flush()
        return str(self.directory)


def _made_by() -> str:
    from importlib import metadata

    try:
        return f"headrace {metadata.version('headrace')}"
    except metadata.PackageNotFoundError:  # in the source tree
        return "headrace"


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
