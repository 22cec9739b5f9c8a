"""tradeoff, regret and diff against an independent computation with pandas on the raw rows."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
EXAMPLE = ROOT / "examples" / "llm_finetune"

SWEEP = """
import math, random
import headrace as hr

random.seed(3)
with hr.campaign("made"), hr.workflow("sweep"):
    for i in range(48):
        lr, width, seed = 0.01 * 2 ** (i % 4), 32 * (1 + i // 4 % 3), i // 12
        with hr.task("train", used={"lr": lr, "width": width, "seed": seed}) as task:
            level = 1 + 0.1 * i % 4 + 3 * lr - 0.002 * width + 0.05 * random.random()
            for n in range(1, 21 + i % 5):
                noise = 0.02 * random.random()
                loss = math.nan if i == 7 and n > 4 else level + 2 / n + noise
                hr.log(epoch=n, loss=loss)
            task.generated(loss=level, memory=width * (1 + random.random()))
for name, shift in (("first", 0.0), ("second", 0.2)):
    with hr.campaign("pair"), hr.workflow(name):
        for seed in range(6):
            with hr.task("fit", used={"lr": 0.1, "seed": seed}) as task:
                task.generated(loss=2 + shift + 0.1 * random.random())
"""


def outside(folder: Path) -> dict[str, str]:
    """The environment without what another test of this process set up, for a folder of its own."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("HEADRACE_")}
    return {**kept, "HEADRACE_DIR": str(folder / ".headrace")}


@dataclass(frozen=True)
class Study:
    folder: Path

    def headrace(self, *arguments: str, code: int = 0) -> str:
        ended = subprocess.run(
            [HEADRACE, *arguments],
            env=outside(self.folder),
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert ended.returncode == code
        return ended.stdout

    def rows(self, sql: str) -> list[dict[str, Any]]:
        lines = self.headrace("query", sql, "--format", "jsonl").splitlines()
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def made() -> Iterator[Study]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-c", SWEEP],
            env=outside(Path(folder)),
            check=True,
        )
        yield Study(Path(folder))


@pytest.fixture(scope="module")
def study() -> Iterator[Study]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, EXAMPLE / "run.py", "--folder", folder, "--scale", "tiny"],
            env=outside(Path(folder)),
            check=True,
            stdout=subprocess.PIPE,
        )
        yield Study(Path(folder))


def nanoseconds(text: str) -> int:
    return int(pd.Timestamp(text).value)


# The rules as their papers have them, point by point, with no thought for speed. ----------------


class Run:
    def __init__(self, begin: int, end: int, times: list[int], values: list[float]) -> None:
        order = np.argsort(np.array(times), kind="stable")
        self.begin, self.end = begin, end
        self.times = [times[i] for i in order]
        self.values = [math.inf if math.isnan(values[i]) else values[i] for i in order]
        self.stop: int | None = None

    def best(self, points: int) -> float:
        return min(self.values[:points])

    def points(self) -> int:
        return self.stop if self.stop is not None else len(self.values)

    def cost(self) -> float:
        last = self.times[self.stop - 1] if self.stop is not None else self.end
        return (last - self.begin) / 1e9


def events(runs: list[Run], schedule: list[int]) -> list[tuple[int, int, int]]:
    out = []
    for i, run in enumerate(runs):
        out += [(run.times[n - 1], i, n) for n in schedule if n <= len(run.values)]
        out.append((run.times[-1], i, 10**9))  # its end
    return sorted(out)


def median_rule(runs: list[Run], grace: int, every: int) -> None:
    seen: dict[int, list[float]] = {}
    for _, i, n in events(runs, list(range(grace, 10**3, every))):
        run = runs[i]
        if run.stop is not None or n == 10**9:
            continue
        others = seen.setdefault(n, [])
        if len(others) >= 3 and run.best(n) > np.median(others) and n < len(run.values):
            run.stop = n
        others.append(float(np.mean(run.values[:n])))


def halving_rule(runs: list[Run], grace: int, eta: int) -> None:
    seen: dict[int, list[float]] = {}
    for _, i, n in events(runs, [grace * eta**k for k in range(8)]):
        run = runs[i]
        if run.stop is not None or n == 10**9:
            continue
        rung = seen.setdefault(n, [])
        rung.append(run.best(n))
        worst_kept = sorted(rung)[max(1, len(rung) // eta) - 1]
        if run.best(n) > worst_kept and n < len(run.values):
            run.stop = n


def patience_rule(runs: list[Run], grace: int, patience: int) -> None:
    for run in runs:
        for n in range(max(grace, patience + 1), len(run.values)):
            if min(run.values[n - patience : n]) >= run.best(n - patience):
                run.stop = n
                break
        if math.isinf(run.values[0]):
            raise AssertionError("not made here")


def power_law_rule(runs: list[Run], grace: int, every: int) -> None:
    longest = max(len(run.values) for run in runs)
    incumbent = math.inf
    for _, i, n in events(runs, list(range(max(grace, 4), 10**3, every))):
        run = runs[i]
        if run.stop is not None:
            continue
        if n < 10**9 and n < len(run.values) and math.isfinite(incumbent):
            y = np.array(run.values[:n])
            hoped = -math.inf
            if np.isfinite(y).all():
                fits = []
                for c in (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0, 4.0):
                    x = np.arange(1, n + 1.0) ** -c
                    design = np.column_stack([np.ones(n), x])
                    found = np.linalg.lstsq(design, y, rcond=None)[0]
                    residual = float(((y - design @ found) ** 2).sum())
                    fits.append((residual, found[0] + found[1] * longest**-c))
                residual, last = min(fits)
                hoped = last - 1.645 * math.sqrt(residual / max(1, n - 3))
            if not np.isfinite(y).all() or hoped > incumbent:
                run.stop = n
        if n == 10**9 or run.stop is not None:
            incumbent = min(incumbent, run.best(run.points()))


def check_rules(answer: dict[str, Any], runs_by_id: dict[str, Run]) -> int:
    """How many runs the rules stop, each as the answer says."""
    ids = [run["task_id"] for run in answer["runs"]]
    longest = max(len(run.values) for run in runs_by_id.values())
    grace, every = max(1, longest // 10), max(1, longest // 20)
    patience = max(2, longest // 10)
    stopped = 0
    for rule in answer["rules"]:
        runs = [runs_by_id[task] for task in ids]
        for run in runs:
            run.stop = None
        {
            "median": lambda runs=runs: median_rule(runs, grace, every),
            "halving": lambda runs=runs: halving_rule(runs, grace, 3),
            "patience": lambda runs=runs: patience_rule(runs, grace, patience),
            "power_law": lambda runs=runs: power_law_rule(runs, grace, every),
        }[rule["rule"]]()
        found = {stop["run"]: stop["after_points"] for stop in rule["stops"]}
        expected = {i: run.stop for i, run in enumerate(runs) if run.stop is not None}
        assert found == expected, rule["rule"]
        stopped += len(found)
        assert rule["time_s"] == pytest.approx(sum(run.cost() for run in runs), rel=1e-6)
        best = min(range(len(runs)), key=lambda i: runs[i].best(len(runs[i].values)))
        assert answer["best_run"] == best
        at = runs[best].values.index(runs[best].best(10**9)) + 1
        assert rule["keeps_best"] == (runs[best].points() >= at)
        assert rule["best"] == pytest.approx(min(run.best(run.points()) for run in runs))
    whole = sum(run.end - run.begin for run in runs_by_id.values()) / 1e9
    assert answer["time_s"] == pytest.approx(whole, rel=1e-6)
    return stopped


def test_regret_of_a_made_campaign_is_the_papers_rules(made: Study) -> None:
    answer = json.loads(made.headrace("regret", "made", "--metric", "loss", "--json"))
    tasks = pd.DataFrame(
        made.rows("SELECT task_id, started_at, ended_at FROM task WHERE activity = 'train'")
    )
    log = pd.DataFrame(made.rows("SELECT task_id, time, metrics FROM log WHERE stream = 'metric'"))
    runs = {}
    for _, task in tasks.iterrows():
        mine = log[log.task_id == task.task_id]
        values = [metrics["loss"] for metrics in mine.metrics]
        runs[task.task_id] = Run(
            nanoseconds(task.started_at),
            nanoseconds(task.ended_at),
            [nanoseconds(time) for time in mine.time],
            [math.nan if isinstance(value, dict) else value for value in values],
        )
    assert len(runs) == len(answer["runs"]) == 48
    assert check_rules(answer, runs) > 48


def test_regret_of_the_fine_tuning_study(study: Study) -> None:
    arguments = ("regret", "llm_finetune", "--metric", "epoch_val_loss", "--json")
    answer = json.loads(study.headrace(*arguments))
    assert answer["activity"] == "finetune"
    tasks = pd.DataFrame(
        study.rows("SELECT task_id, activity, parent_task_id, started_at, ended_at FROM task")
    ).set_index("task_id")
    log = pd.DataFrame(study.rows("SELECT task_id, time, metrics FROM log"))
    # Each epoch logs once: its curve is that of the fine-tuning around it.
    log["run"] = [tasks.parent_task_id[task] for task in log.task_id]
    runs = {}
    for run, mine in log.groupby("run"):
        if tasks.activity[run] != "finetune":
            continue
        runs[run] = Run(
            nanoseconds(tasks.started_at[run]),
            nanoseconds(tasks.ended_at[run]),
            [nanoseconds(time) for time in mine.time],
            [metrics["epoch_val_loss"] for metrics in mine.metrics],
        )
    assert len(answer["runs"]) == len(runs) > 1
    check_rules(answer, runs)


def test_the_front_is_the_one_by_comparing_all(made: Study) -> None:
    arguments = ("tradeoff", "made", "--objective", "loss", "--objective", "generated.memory:min")
    rows = json.loads(made.headrace(*arguments, "--objective", "used.width:max", "--json"))
    frame = pd.DataFrame(
        made.rows(
            "SELECT task_id, generated.loss, generated.memory, used.width FROM task "
            "WHERE activity = 'train'"
        )
    ).set_index("task_id")
    points = frame.assign(width=-frame.width)
    assert len(rows) == 48
    for row in rows:
        own = points.loc[row["task_id"]]
        beats = (points <= own).all(axis=1) & (points < own).any(axis=1)
        assert row["on_front"] == (not beats.any())
        if row["dominated_by_task_id"]:
            assert beats[row["dominated_by_task_id"]]


def test_effects_are_least_squares(made: Study) -> None:
    arguments = ("tradeoff", "made", "--quality", "loss", "--cost", "time", "--effects", "--json")
    rows = [row for row in json.loads(made.headrace(*arguments)) if row["objective"] == "loss"]
    assert {row["parameter"] for row in rows} == {"lr", "width"}  # seed tells repeats apart
    frame = pd.DataFrame(
        made.rows("SELECT used.lr, used.width, generated.loss FROM task WHERE activity = 'train'")
    )
    lr, width = np.log2(frame.lr), frame.width.astype(float)
    design = np.column_stack([np.ones(len(frame)), lr, width])
    found, residual, *_ = np.linalg.lstsq(design, frame.loss, rcond=None)
    variance = residual[0] / (len(frame) - 3) * np.linalg.inv(design.T @ design)
    t = 2.0141033888808457  # scipy.stats.t.ppf(0.975, 45)
    for name, i, span in (("lr", 1, np.ptp(lr)), ("width", 2, np.ptp(width))):
        row = next(row for row in rows if row["parameter"] == name)
        assert row["change"] == pytest.approx(found[i] * span)
        assert row["high"] - row["change"] == pytest.approx(t * math.sqrt(variance[i, i]) * span)


def test_diff_of_repeats_is_welchs(made: Study) -> None:
    answer = json.loads(made.headrace("diff", "first", "second", "--json", code=1))
    assert answer["pairs"] == 6
    line = next(line for line in answer["lines"] if line["what"] == "fit.loss")
    frame = pd.DataFrame(
        made.rows(
            "SELECT w.name, t.generated.loss FROM task t JOIN workflow w USING (workflow_id) "
            "WHERE t.activity = 'fit'"
        )
    )
    a, b = (frame.loss[frame.name == name] for name in ("first", "second"))
    assert line["test"]["name"] == "Welch's t"
    assert line["test"]["mean_a"] == pytest.approx(a.mean())
    assert line["test"]["difference"] == pytest.approx(b.mean() - a.mean())
    assert line["test"]["n_a"] == line["test"]["n_b"] == 6
    error = math.sqrt(a.var() / 6 + b.var() / 6)
    half = (line["test"]["high"] - line["test"]["low"]) / 2
    assert 2.22 < half / error < 2.58  # t with 5 to 10 degrees of freedom
    assert line["test"]["p"] < 0.001
    assert "Equal but for" in made.headrace("diff", "first", "first")
