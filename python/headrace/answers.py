"""Answers that are more than rows: sentences for people, facts for programs."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Literal

from headrace import _query
from headrace.table import Table

if TYPE_CHECKING:
    from headrace.views import View


class Answer:
    """Prints as the command of the same name does; `facts` is what its `--json` gives."""

    def __init__(self, text: str, facts: dict[str, Any]) -> None:
        self.text = text.rstrip("\n")
        self.facts = facts

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


class Lineage(Answer):
    """What a thing was made from, or what was made from it, as sentences and as a graph of
    `nodes` and `edges`."""

    @property
    def sentences(self) -> list[str]:
        return list(self.facts["sentences"])

    @property
    def graph(self) -> dict[str, Any]:
        return dict(self.facts["graph"])


class Diff(Answer):
    """What differs between two things: true if anything does."""

    def __init__(self, text: str, facts: dict[str, Any], equal: bool) -> None:
        super().__init__(text, facts)
        self.equal = equal

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Each with `section`, `what`, `where`, `a`, `b`, `differs`, `note`, perhaps `test`."""
        return list(self.facts["lines"])

    def __bool__(self) -> bool:
        return not self.equal


class Summary(Answer):
    """What there is to say of a campaign or workflow."""

    @property
    def findings(self) -> list[dict[str, Any]]:
        """Each with `about`, `sentence`, the `sql` behind it and the first of its `rows`."""
        return list(self.facts["findings"])


class Energy(Answer):
    """Where the energy of a campaign or workflow went, adding up to what the sensors counted."""

    @property
    def total(self) -> dict[str, Any]:
        """`energy_j`, `u95_j` with its parts `sensor_u95_j` and `split_u95_j`, and `truth`."""
        return dict(self.facts["total"])

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What each activity's tasks used themselves, by workflow and domain."""
        return list(self.facts["lines"])

    @property
    def conservation(self) -> list[dict[str, Any]]:
        """By domain, in whole micro-joules: measured = attributed + elsewhere + idle +
        unattributed + difference."""
        return list(self.facts["conservation"])

    @property
    def breakdown(self) -> dict[str, Any]:
        """The same by workflow and kind of device: `workflows`, `elsewhere`, `idle`,
        `unattributed`, `measured`, `difference`, each with `gpu_uj`, `cpu_uj`, `memory_uj`,
        `other_uj`, `total_uj`; `machines` beside their own counters."""
        return dict(self.facts["breakdown"])

    @property
    def carbon(self) -> dict[str, Any] | None:
        """Grams of CO2 equivalents, always estimated; None if no factors were given."""
        carbon: dict[str, Any] | None = self.facts.get("carbon")
        return carbon


class EnergyRows(Answer):
    """An answer about energy that has rows, each a dict."""

    def __init__(self, text: str, facts: dict[str, Any], rows: str) -> None:
        super().__init__(text, facts)
        self._rows = rows

    @property
    def rows(self) -> list[dict[str, Any]]:
        return list(self.facts[self._rows])


class Marginal(Answer):
    """What each point of a campaign's curves cost for what it improved; `table` has a row for each
    run and point."""

    def __init__(self, text: str, facts: dict[str, Any], table: _query.Table) -> None:
        super().__init__(text, facts)
        self.table = Table(table)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Each with `points`, and `stop_after`, `saved_j` and `lost`: None where nothing is to be
        recommended."""
        return list(self.facts["runs"])


class Thermal(Answer):
    """How hot devices became while tasks ran; `table` has a row for each run, `throttled` one for
    each task that a slow device hit."""

    def __init__(
        self, text: str, facts: dict[str, Any], table: _query.Table, throttled: _query.Table
    ) -> None:
        super().__init__(text, facts)
        self.table = Table(table)
        self.throttled = Table(throttled)

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Each with `peak_c`, `mean_c`, `above_s`, `throttled_s` and its `trajectory`."""
        return list(self.facts["runs"])

    @property
    def throttling(self) -> list[dict[str, Any]]:
        """When devices were slowed down, why, and the `tasks` that it hit."""
        return list(self.facts["throttling"])


class Phases(Answer):
    """What each activity keeps busy, and what its machine draws while GPUs wait; `table` has a row
    for each."""

    def __init__(self, text: str, facts: dict[str, Any], table: _query.Table) -> None:
        super().__init__(text, facts)
        self.table = Table(table)

    @property
    def phases(self) -> list[dict[str, Any]]:
        """Each activity with its utilisations (0 to 1), `waiting_s` and `wasted_j`."""
        return list(self.facts["phases"])


class CriticalPath(Answer):
    """The chain of tasks that decided how long a workflow took."""

    @property
    def links(self) -> list[dict[str, Any]]:
        """The tasks in the order of time, with `waited_s`, `duration_s` and why each came then."""
        return list(self.facts["links"])


class Reproduction(Answer):
    """What is needed to run a workflow again."""

    @property
    def missing(self) -> list[str]:
        """What is not there any more, in sentences; with none of them it can be run again."""
        return list(self.facts["missing"])


class Rerun(Answer):
    """A workflow that was run again: true if it came out the same."""

    @property
    def compared(self) -> list[dict[str, Any]]:
        """Outputs and metrics, each with `what`, `name`, `before`, `after` and `same`."""
        return list(self.facts["compared"])

    def __bool__(self) -> bool:
        return bool(self.facts["reproduced"])


class Tradeoff(Table):
    """Configurations against what they cost, a row for each; `about` says what was compared with
    what, `steps` what the next improvement costs, `effects` what each parameter does, `pairs` what
    the one that `paired` named does at fixed others."""

    def __init__(
        self,
        table: _query.Table,
        about: dict[str, Any],
        steps: _query.Table,
        effects: _query.Table,
        pairs: _query.Table,
    ) -> None:
        super().__init__(table)
        self.about = about
        self.steps = Table(steps)
        self.effects = Table(effects)
        self.pairs = Table(pairs)

    def front(self) -> list[dict[str, Any]]:
        """The rows that no other row beats in all objectives."""
        return [row for row in self.dicts() if row["on_front"]]

    def plot(self, kind: Literal["front", "effects"] = "front", **options: Any) -> Any:
        """A matplotlib Axes (needs matplotlib): the configurations and their `front`, or the
        `effects` of the parameters on the quality with their 95 % intervals."""
        from headrace import plots

        if kind == "front":
            return plots.front(self, **options)
        if kind == "effects":
            return plots.effects(self, **options)
        raise ValueError(f"a plot is of the front or of effects, not {kind}")

    def view(self) -> View:
        """The rows as a drawing for a notebook: quality against energy and against time."""
        from headrace import views

        return views.of_tradeoff(self)


class Regret(Table):
    """Stopping rules replayed over a campaign, a row for each; `sentence` sums up, `stops` has a
    row for each run that a rule ends, `live` what each rule says of the runs that go on now."""

    def __init__(
        self,
        table: _query.Table,
        sentence: str,
        facts: dict[str, Any],
        stops: _query.Table,
        live: _query.Table,
    ) -> None:
        super().__init__(table)
        self.sentence = sentence
        self.facts = facts
        self.stops = Table(stops)
        self.live = Table(live)
