"""Pictures of answers, with matplotlib."""

from __future__ import annotations

import itertools
import math
import textwrap
from typing import TYPE_CHECKING, Any

from headrace.needed import needed

if TYPE_CHECKING:
    from headrace.answers import Tradeoff
    from headrace.rows import Rows

MOST_BARS = 20_000
MOST_PANELS = 8
MOST_LABELS = 12
# Apart also for readers who see fewer colours, by their lightness.
ACTIVITY_COLOURS = (
    "#1d6ee0",
    "#755c0a",
    "#229d66",
    "#b563a8",
    "#a68e12",
    "#66261a",
    "#1c29c2",
)
REST_COLOUR = "#8a929c"
MAIN_COLOUR = ACTIVITY_COLOURS[0]
# What did not finish is hatched, so that it is told without colour too.
HATCHES = {"failed": "xxxx", "lost": "....", "cancelled": "\\\\\\\\", "running": "////"}


def _axes(ax: Any, size: tuple[float, float]) -> Any:
    pyplot = needed("matplotlib.pyplot", ".plot()")
    return pyplot.subplots(figsize=size, layout="constrained")[1] if ax is None else ax


def _with_unit(axis: Any, unit: str) -> None:
    ticker = needed("matplotlib.ticker", ".plot()")
    axis.set_major_formatter(ticker.EngFormatter(unit=unit))


def front(answer: Tradeoff, *, ax: Any = None) -> Any:
    """Quality against cost: the front as a line with labels, what it dominates as grey points."""
    ax = _axes(ax, (7, 4.2))
    about = answer.about
    cost, quality = about["cost"], about["quality"]
    column, unit = ("energy_j", "J") if cost == "energy" else ("time_s", "s")
    rows = [r for r in answer.dicts() if r[column] is not None and _is_finite(r[quality])]
    if not rows:
        raise ValueError(f"no task of {about['campaign']} has both {quality} and {cost}")
    best = sorted((r for r in rows if r["on_front"]), key=lambda row: float(row[column]))
    rest = [r for r in rows if not r["on_front"]]
    ax.scatter(
        [r[column] for r in rest],
        [r[quality] for r in rest],
        color="0.65",
        zorder=2,
        label=f"{len(rest)} dominated",
    )
    ax.plot(
        [r[column] for r in best],
        [r[quality] for r in best],
        "o-",
        drawstyle="steps-post",  # what was reached at most for this cost
        color=MAIN_COLOUR,
        zorder=3,
        label=f"{len(best)} on the front",
    )
    _with_unit(ax.xaxis, unit)
    values = [r[quality] for r in rows]
    is_log = min(values) > 0 and max(values) / min(values) >= 20
    if is_log:
        ax.set_yscale("log")
    ax.margins(x=0.12, y=0.15)
    guessed = cost == "energy" and any(r["energy_truth"] != "measured" for r in rows)
    ax.set_xlabel(f"{cost}{' (estimated)' if guessed else ''}")
    better = "less" if about["minimise"] else "more"
    ax.set_ylabel(f"{quality} ({better} is better{', log scale' if is_log else ''})")
    ax.set_title(f"{about['campaign']}: {quality} against {cost} of {about['activity']}")
    if rest:
        ax.legend()
    _label_points(ax, [(r[column], r[quality], r["config"]) for r in best[: -MOST_LABELS - 1 : -1]])
    return ax


def _is_finite(value: Any) -> bool:
    return value is not None and math.isfinite(value)


def _label_points(ax: Any, points: list[tuple[float, float, str]]) -> None:
    """Beside each point, on the side where it covers nothing."""
    figure = ax.get_figure()
    figure.draw_without_rendering()
    taken = [ax.get_legend().get_window_extent()] if ax.get_legend() else []
    dots = [d for scatter in ax.collections for d in ax.transData.transform(scatter.get_offsets())]
    for line in ax.lines:
        dots += _steps(ax.transData.transform(line.get_xydata()))
    for x, y, text in points:
        label = ax.annotate(
            textwrap.fill(text, 26),
            (x, y),
            (0, 0),
            textcoords="offset points",
            fontsize=8,
            zorder=4,
        )
        free = None
        for dx, dy, across, up in _SIDES:
            label.xyann = (dx, dy)
            label.set(ha=across, va=up)
            box = label.get_window_extent()
            is_inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1
            is_inside = is_inside and ax.bbox.y0 <= box.y0 and box.y1 <= ax.bbox.y1
            if (
                is_inside
                and not any(box.overlaps(other) for other in taken)
                and not any(box.contains(*dot) for dot in dots)
            ):
                free = box
                break
        if free is None:
            label.remove()  # its row is in the table
        else:
            taken.append(free)


def _steps(corners: Any) -> list[tuple[float, float]]:
    """Points along a line that goes across and then down or up, in pixels."""
    out: list[tuple[float, float]] = []
    for (x, y), (next_x, next_y) in itertools.pairwise(corners):
        out += [(x + (next_x - x) * i / 40, y) for i in range(41)]
        out += [(next_x, y + (next_y - y) * i / 40) for i in range(41)]
    return out + [tuple(corner) for corner in corners]


_SIDES = (
    (6, 4, "left", "bottom"),
    (-6, 4, "right", "bottom"),
    (6, -4, "left", "top"),
    (-6, -4, "right", "top"),
    (0, 8, "center", "bottom"),
    (0, -8, "center", "top"),
)


def effects(answer: Tradeoff, *, ax: Any = None) -> Any:
    """How the quality changes with each parameter, the others as they are, with 95 % intervals."""
    quality = answer.about["quality"]
    rows = [r for r in answer.effects.dicts() if r["objective"] == quality][::-1]
    if not rows:
        raise ValueError(answer.about["effects_note"] or f"no parameter of {quality} is known")
    ax = _axes(ax, (7, 1.2 + 0.45 * len(rows)))
    ax.axvline(0, color="0.6", linewidth=1)
    for at, row in enumerate(rows):
        is_known = row["p"] is not None and row["p"] < 0.05
        low, high = (row["low"], row["high"])
        if low is not None and high is not None:
            ax.plot([low, high], [at, at], color=MAIN_COLOUR, linewidth=2, solid_capstyle="butt")
        face = MAIN_COLOUR if is_known else "white"
        ax.plot(row["change"], at, "o", color=MAIN_COLOUR, markerfacecolor=face)
    ax.set_yticks(range(len(rows)), [f"{r['parameter']}  {r['from']} → {r['to']}" for r in rows])
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(f"change of {quality} with its 95 % interval; hollow: p ≥ 0.05")
    ax.set_title(f"{answer.about['campaign']}: what each parameter does to {quality}")
    return ax


def timeline(rows: Rows, *, ax: Any = None) -> Any:
    """Tasks as bars over time, a lane for each thread, inner tasks below the one around them,
    coloured by activity, hatched where they did not finish."""
    columns = ("task_id", "parent_task_id", "activity", "status", "started_at", "duration_s")
    tasks = (
        rows.columns(*columns, "hostname", "pid", "thread")
        .sort("started")
        .limit(MOST_BARS)
        .table()
        .dicts()
    )
    if not tasks:
        raise ValueError("there is no task to draw")
    begin = tasks[0]["started_at"]
    for task in tasks:
        task["at"] = (task["started_at"] - begin).total_seconds()
    end = max(task["at"] + (task["duration_s"] or 0) for task in tasks)
    lanes: dict[tuple[Any, ...], int] = {}  # how many levels each has
    places: dict[str, tuple[tuple[Any, ...], int]] = {}
    for task in tasks:
        lane = task["hostname"], task["pid"], task["thread"]
        around = places.get(task["parent_task_id"])
        level = around[1] + 1 if around is not None and around[0] == lane else 0
        places[task["task_id"]] = lane, level
        lanes[lane] = max(lanes.get(lane, 0), level + 1)
    tops: dict[tuple[Any, ...], float] = {}
    height = 0.0
    for lane, levels in lanes.items():
        tops[lane] = height
        height += levels + 0.5
    ax = _axes(ax, (8, 1.4 + 0.22 * min(70.0, height)))
    groups: dict[tuple[str, str], list[Any]] = {}
    for task in tasks:
        lane, level = places[task["task_id"]]
        top = tops[lane] + level
        until = end if task["duration_s"] is None else task["at"] + task["duration_s"]
        corners = [(task["at"], top), (until, top), (until, top + 0.9), (task["at"], top + 0.9)]
        groups.setdefault((task["activity"], task["status"]), []).append(corners)
    _draw_bars(ax, groups)
    shared = [len({lane[i] for lane in lanes}) == 1 for i in range(3)]
    ax.set_yticks(
        [tops[lane] + levels / 2 for lane, levels in lanes.items()],
        [_lane_name(lane, shared) for lane in lanes],
    )
    ax.set_ylim(height, -0.5)
    ax.set_xlim(0, end * 1.02 or 1)
    _with_unit(ax.xaxis, "s")
    ax.set_xlabel(f"time since {begin:%Y-%m-%d %H:%M:%S} UTC")
    total = len(rows) if len(tasks) == MOST_BARS else len(tasks)
    shown = f"{len(tasks):,} tasks"
    ax.set_title(shown if total == len(tasks) else f"{shown}, the first of {total:,}")
    return ax


def _draw_bars(ax: Any, groups: dict[tuple[str, str], list[Any]]) -> None:
    """One collection for each activity and status; the legend beside the axes."""
    collections = needed("matplotlib.collections", ".plot()")
    patches = needed("matplotlib.patches", ".plot()")
    spans: dict[str, float] = {}
    for (activity, _), bars in groups.items():
        spans[activity] = spans.get(activity, 0) + sum(b[1][0] - b[0][0] for b in bars)
    longest = sorted(spans, key=lambda name: -spans[name])
    named = dict(zip(longest, ACTIVITY_COLOURS, strict=False))
    for (activity, status), bars in groups.items():
        ax.add_collection(
            collections.PolyCollection(
                bars,
                facecolor=named.get(activity, REST_COLOUR),
                edgecolor="white",
                linewidth=0.4,
                hatch=HATCHES.get(status),
            )
        )
    keys = [patches.Patch(facecolor=colour, label=name) for name, colour in named.items()]
    if len(longest) > len(named):
        keys.append(patches.Patch(facecolor=REST_COLOUR, label="other activities"))
    for status, hatch in HATCHES.items():
        if any(status == one for _, one in groups):
            keys.append(
                patches.Patch(facecolor="0.6", edgecolor="white", hatch=hatch, label=status)
            )
    ax.legend(handles=keys, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0)


def _lane_name(lane: tuple[Any, ...], shared: list[bool]) -> str:
    """What tells a thread from the others."""
    host, pid, thread = lane
    parts = [] if shared[0] else [str(host)]
    parts += [] if shared[1] else [f"process {pid}"]
    parts += [] if shared[2] and parts else [f"thread {thread}"]
    return "\n".join(parts)


def parameters(rows: Rows, quality: str, *, log: bool | None = None) -> Any:
    """A generated value against each used value that differs among the rows; a Figure."""
    pyplot = needed("matplotlib.pyplot", ".plot()")
    name = quality if "." in quality else f"generated.{quality}"
    table = rows.where(f"{name}:*").columns("used.*", name).limit(MOST_BARS).table()
    ys = table[name]
    used = {c: table[c] for c in table.columns if c.startswith("used.")}
    used = {c: v for c, v in used.items() if len({str(x) for x in v}) > 1}
    if not used:
        raise ValueError(f"no used value differs among the {len(ys)} tasks that have {name}")
    shown = dict(list(used.items())[:MOST_PANELS])
    across = min(4, len(shown))
    down = math.ceil(len(shown) / across)
    figure, grid = pyplot.subplots(
        down,
        across,
        figsize=(max(3.6, 0.8 + 2.4 * across), 0.6 + 2.6 * down),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, (column, values) in zip(grid.flat, shown.items(), strict=False):
        _draw_parameter(ax, column, values, ys, log)
    for ax in grid.flat[len(shown) :]:
        ax.set_visible(False)
    for row in grid:
        row[0].set_ylabel(name)
    left_out = len(used) - len(shown)
    figure.suptitle(
        f"{name} of {len(ys):,} tasks"
        + (f", against {MOST_PANELS} of {len(used)} used values" if left_out else "")
    )
    return figure


def _draw_parameter(
    ax: Any, column: str, values: list[Any], ys: list[Any], log: bool | None
) -> None:
    points = [(x, y) for x, y in zip(values, ys, strict=True) if x is not None]
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x, _ in points)
    xs: list[Any] = [x if numbers else textwrap.shorten(str(x), 18) for x, _ in points]
    ax.scatter(xs, [y for _, y in points], s=18, color=MAIN_COLOUR, alpha=0.7)
    spread = numbers and min(xs) > 0 and max(xs) / min(xs) >= 50
    if numbers and (spread if log is None else log):
        ax.set_xscale("log")
    elif numbers and len(set(xs)) <= 5:
        ax.set_xticks(sorted(set(xs)))
        ax.margins(x=0.15)
    elif not numbers:
        ax.tick_params(axis="x", rotation=30 if max(map(len, xs)) > 6 else 0)
        ax.margins(x=0.25)
    ax.set_xlabel(column)
