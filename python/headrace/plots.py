"""Pictures of answers, with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headrace.table import wanted

if TYPE_CHECKING:
    from headrace.rows import Rows
    from headrace.store import Tradeoff

MOST_BARS = 20_000
COLOURS = {"finished": "#2a78b5", "failed": "#c8372d", "lost": "#8a4fa3", "cancelled": "#d98b1f"}


def _axes(ax: Any, size: tuple[float, float] = (7, 4)) -> Any:
    pyplot = wanted("matplotlib.pyplot", ".plot()")
    return pyplot.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def tradeoff(answer: Tradeoff, *, ax: Any = None) -> Any:
    """Quality against cost: the front as a line, what it dominates as grey points."""
    ax = _axes(ax)
    cost = answer.about["cost"]
    column, unit = ("energy_j", "J") if cost == "energy" else ("time_s", "s")
    quality = answer.about["quality"]
    rows = [r for r in answer.dicts() if r[column] is not None and r[quality] is not None]
    front = sorted((r for r in rows if r["on_front"]), key=lambda row: float(row[column]))
    rest = [r for r in rows if not r["on_front"]]
    ax.scatter([r[column] for r in rest], [r[quality] for r in rest], color="0.65", zorder=2)
    xs, ys = [r[column] for r in front], [r[quality] for r in front]
    ax.plot(xs, ys, "o-", color=COLOURS["finished"], zorder=3)
    for row in front:
        at = (row[column], row[quality])
        offset = {"xytext": (4, 4), "textcoords": "offset points"}
        ax.annotate(row["config"], at, fontsize=8, **offset)
    ax.set_xlabel(f"{cost} ({unit})")
    ax.set_ylabel(quality)
    ax.set_title(f"{answer.about['campaign']}: {len(front)} of {len(rows)} on the front")
    return ax


def timeline(rows: Rows, *, ax: Any = None) -> Any:
    """Tasks as bars over time, a row for each thread, coloured by status."""
    ax = _axes(ax)
    tasks = (
        rows.columns("started_at", "duration_s", "activity", "status", "hostname", "pid", "thread")
        .sort("started")
        .limit(MOST_BARS)
        .table()
        .dicts()
    )
    if not tasks:
        raise ValueError("there is no task to draw")
    begin = tasks[0]["started_at"]
    lanes: dict[tuple[Any, ...], int] = {}
    bars: dict[str, list[tuple[int, float, float]]] = {}
    for task in tasks:
        lane = lanes.setdefault((task["hostname"], task["pid"], task["thread"]), len(lanes))
        at = (task["started_at"] - begin).total_seconds()
        bars.setdefault(task["status"], []).append((lane, at, task["duration_s"] or 0.0))
    for status, ones in bars.items():
        ax.barh(
            [b[0] for b in ones],
            [b[2] for b in ones],
            left=[b[1] for b in ones],
            height=0.8,
            color=COLOURS.get(status, "0.5"),
            edgecolor="white",
            linewidth=0.3,
            label=status,
        )
    ax.set_yticks(range(len(lanes)), [f"{host} {pid}/{tid}" for host, pid, tid in lanes])
    ax.invert_yaxis()
    ax.set_xlabel(f"seconds since {begin:%Y-%m-%d %H:%M:%S} UTC")
    ax.legend(loc="best")
    return ax


def parameters(rows: Rows, quality: str, *, log: bool | None = None) -> Any:
    """A generated value against each used value that differs among the rows; a Figure."""
    pyplot = wanted("matplotlib.pyplot", ".plot()")
    name = quality if "." in quality else f"generated.{quality}"
    table = rows.where(f"{name}:*").columns("used.*", name).limit(MOST_BARS).table()
    ys = table[name]
    used = {c: table[c] for c in table.columns if c.startswith("used.")}
    used = {c: v for c, v in used.items() if len({str(x) for x in v}) > 1}
    if not used:
        raise ValueError(f"no used value differs among the {len(ys)} tasks that have {name}")
    figure, all_axes = pyplot.subplots(
        1,
        len(used),
        figsize=(1 + 2.6 * len(used), 3.2),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, (column, values) in zip(all_axes[0], used.items(), strict=True):
        points = [(x, y) for x, y in zip(values, ys, strict=True) if x is not None]
        numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x, _ in points)
        xs: list[Any] = [x if numbers else str(x) for x, _ in points]
        ax.scatter(xs, [y for _, y in points], s=14, color=COLOURS["finished"], alpha=0.7)
        spread = numbers and min(xs) > 0 and max(xs) / min(xs) >= 50
        if numbers and (spread if log is None else log):
            ax.set_xscale("log")
        ax.set_xlabel(column)
    all_axes[0][0].set_ylabel(name)
    return figure
