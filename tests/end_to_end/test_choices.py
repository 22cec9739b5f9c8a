"""tradeoff, regret and diff against an independent computation with pandas on the raw records."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from asked import HEADRACE
from studies import Study

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


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.made_by(SWEEP, tmp_path_factory.mktemp("made"))


# Good runs end; a hopeless one waits after three points until it is told to go on.
LIVE = """
import pathlib, time
import headrace as hr

with hr.campaign("live"), hr.workflow("sweep"):
    for i in range(4):
        with hr.task("train", used={"lr": 0.1 * (1 + i)}):
            for n in range(1, 7):
                hr.log(loss=(9 if i == 3 else 1) + 1 / n + 0.01 * i)
                if i == 3 and n == 3:
                    while not pathlib.Path("go").exists():
                        time.sleep(0.02)
"""


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
        # An instant between two readings of the clock may round to the next nanosecond.
        cost = sum(run.cost() for run in runs)
        assert rule["time_s"] == pytest.approx(cost, rel=1e-6, abs=1e-9 * len(runs))
        best = min(range(len(runs)), key=lambda i: runs[i].best(len(runs[i].values)))
        assert answer["best_run"] == best
        at = runs[best].values.index(runs[best].best(10**9)) + 1
        assert rule["keeps_best"] == (runs[best].points() >= at)
        assert rule["best"] == pytest.approx(min(run.best(run.points()) for run in runs))
    whole = sum(run.end - run.begin for run in runs_by_id.values()) / 1e9
    assert answer["time_s"] == pytest.approx(whole, rel=1e-6, abs=1e-9 * len(runs_by_id))
    return stopped


def runs_of(study: Study, activity: str, metric: str) -> dict[str, Run]:
    """The curves, by the task that each belongs to: a task that logs once is a point of another."""
    task, log = study.raw.task, study.raw.log
    points = log[[metric in metrics for metrics in log.metrics]]
    once = points.groupby("task_id").at_ns.transform("size") == 1
    run = points.task_id.where(~once, points.task_id.map(task.parent_task_id))
    runs = {}
    for task_id, mine in points.assign(run=run).groupby("run"):
        if task.activity[task_id] == activity:
            values = [metrics[metric] for metrics in mine.metrics]
            own = task.loc[task_id]
            runs[str(task_id)] = Run(own.began_ns, own.ended_ns, list(mine.at_ns), values)
    return runs


def test_regret_of_a_made_campaign_is_the_papers_rules(made: Study) -> None:
    answer = made.answer("regret", "made", "--metric", "loss")
    runs = runs_of(made, "train", "loss")
    assert len(runs) == len(answer["runs"]) == 48
    assert check_rules(answer, runs) > 48


def test_regret_of_the_fine_tuning_study(fine_tuning: Study) -> None:
    answer = fine_tuning.answer("regret", "llm_finetune", "--metric", "epoch_val_loss")
    assert answer["activity"] == "finetune"
    runs = runs_of(fine_tuning, "finetune", "epoch_val_loss")
    assert len(answer["runs"]) == len(runs) > 1
    check_rules(answer, runs)


def values_of(task: pd.DataFrame, role: str, keys: list[str]) -> pd.DataFrame:
    """Values of tasks as columns; what a task does not have is NaN."""
    rows = [[values.get(key, math.nan) for key in keys] for values in task[role]]
    return pd.DataFrame(rows, index=task.index, columns=keys)


def check_front(rows: list[dict[str, Any]], points: pd.DataFrame) -> None:
    """By comparing every pair; all columns are to be small."""
    assert {row["task_id"] for row in rows if row["status"] == "finished"} == set(points.index)
    for row in rows:
        if row["status"] != "finished":
            continue
        own = points.loc[row["task_id"]]
        beats = (points <= own).all(axis=1) & (points < own).any(axis=1)
        assert row["on_front"] == (not beats.any())
        assert (row["dominated_by_task_id"] is None) == row["on_front"]
        if not row["on_front"]:
            # Of the front's rows that do, the best in the first objective.
            by = points[beats].loc[row["dominated_by_task_id"]]
            assert by.iloc[0] == points[beats].iloc[:, 0].min()


def test_the_front_is_the_one_by_comparing_all(made: Study) -> None:
    arguments = ("tradeoff", "made", "--objective", "loss", "--objective", "generated.memory:min")
    rows = made.answer(*arguments, "--objective", "used.width:max")
    task = made.raw.task[made.raw.task.activity == "train"]
    points = values_of(task, "generated", ["loss", "memory"])
    assert len(points) == 48
    check_front(rows, points.assign(width=-values_of(task, "used", ["width"]).width))


def test_the_front_of_the_fine_tuning_study(fine_tuning: Study) -> None:
    rows = fine_tuning.answer("tradeoff", "llm_finetune", "--quality", "val_loss", "--cost", "time")
    task = fine_tuning.raw.task[fine_tuning.raw.task.activity == "finetune"]
    points = values_of(task, "generated", ["val_loss"])
    check_front(rows, points.assign(time=task.ended_ns - task.began_ns))
    for row in rows:
        own = task.loc[row["task_id"]]
        assert row["time_s"] == pytest.approx((own.ended_ns - own.began_ns) / 1e9, rel=1e-4)


@pytest.mark.parametrize("target", [1.7, 2.0, 2.6])
def test_a_target_is_reached_at_the_first_point_beyond_it(made: Study, target: float) -> None:
    rows = made.answer(
        *("tradeoff", "made", "--activity", "train", "--quality", "loss", "--cost", "time"),
        *("--target", f"loss<{target}"),
    )
    runs = runs_of(made, "train", "loss")
    reached = 0
    for row in rows:
        run = runs[row["task_id"]]
        first = next((t for t, v in zip(run.times, run.values, strict=True) if v < target), None)
        assert (row["target_s"] is None) == (first is None)
        if first is None:
            continue
        reached += 1
        share = (first - run.begin) / (run.end - run.begin)
        assert row["target_s"] == pytest.approx(share * row["time_s"], rel=1e-3, abs=1e-6)
        if row["energy_j"] is not None:
            assert row["target_j"] == pytest.approx(share * row["energy_j"], rel=1e-3, abs=1e-6)
    assert 0 < reached < 48


def test_steps_go_along_the_front(made: Study) -> None:
    arguments = ("tradeoff", "made", "--activity", "train", "--quality", "loss", "--cost", "time")
    steps = made.answer(*arguments, "--steps")
    task = made.raw.task[made.raw.task.activity == "train"]
    points = values_of(task, "generated", ["loss"]).assign(time=task.ended_ns - task.began_ns)
    best, front = math.inf, []
    for task_id, own in points.sort_values(["time", "loss"]).iterrows():
        if own.loss < best:
            best = own.loss
            front.append(task_id)
    assert [step["from_task_id"] for step in steps] == front[:-1]
    assert [step["to_task_id"] for step in steps] == front[1:]
    for step in steps:
        better = points.loss[step["from_task_id"]] - points.loss[step["to_task_id"]]
        dearer = points.time[step["to_task_id"]] - points.time[step["from_task_id"]]
        assert step["improvement"] == pytest.approx(better)
        assert step["cost"] == pytest.approx(dearer / 1e9, rel=1e-3, abs=1e-8)
        assert step["cost_for_one"] == pytest.approx(step["cost"] / step["improvement"])


def test_effects_are_least_squares(made: Study) -> None:
    arguments = ("tradeoff", "made", "--quality", "loss", "--cost", "time", "--effects")
    rows = [row for row in made.answer(*arguments) if row["objective"] == "loss"]
    assert {row["parameter"] for row in rows} == {"lr", "width"}  # seed tells repeats apart
    task = made.raw.task[made.raw.task.activity == "train"]
    frame = values_of(task, "used", ["lr", "width"]).join(values_of(task, "generated", ["loss"]))
    lr, width = np.log2(frame.lr), frame.width.astype(float)
    design = np.column_stack([np.ones(len(frame)), lr, width])
    found, residual, *_ = np.linalg.lstsq(design, frame.loss, rcond=None)
    variance = residual[0] / (len(frame) - 3) * np.linalg.inv(design.T @ design)
    t = 2.0141033888808457  # scipy.stats.t.ppf(0.975, 45)
    for name, i, span in (("lr", 1, np.ptp(lr)), ("width", 2, np.ptp(width))):
        row = next(row for row in rows if row["parameter"] == name)
        assert row["change"] == pytest.approx(found[i] * span)
        assert row["high"] - row["change"] == pytest.approx(t * math.sqrt(variance[i, i]) * span)


def test_an_effect_is_that_of_the_plain_value(fine_tuning: Study) -> None:
    arguments = ("tradeoff", "llm_finetune", "--quality", "val_loss", "--cost", "time", "--effects")
    rows = [row for row in fine_tuning.answer(*arguments) if row["objective"] == "val_loss"]
    # `base`, the model that was tuned, goes with its width.
    assert {row["parameter"] for row in rows} == {"width", "lr", "frozen_blocks", "share"}
    task = fine_tuning.raw.task[fine_tuning.raw.task.activity == "finetune"]
    frame = values_of(task, "used", ["width", "lr", "frozen_blocks", "share"])
    frame["lr"] = np.log2(frame.lr)
    loss = values_of(task, "generated", ["val_loss"]).val_loss
    design = np.column_stack([np.ones(len(frame)), frame])
    found = np.linalg.lstsq(design, loss, rcond=None)[0]
    for row in rows:
        at = list(frame).index(row["parameter"])
        span = np.ptp(frame[row["parameter"]])
        assert row["change"] == pytest.approx(found[1 + at] * span)


def test_diff_of_repeats_is_welchs(made: Study) -> None:
    answer = made.answer("diff", "first", "second", code=1)
    assert answer["pairs"] == 6
    line = next(line for line in answer["lines"] if line["what"] == "fit.loss")
    task = made.raw.task[made.raw.task.activity == "fit"]
    name = task.workflow_id.map(made.raw.workflow.name)
    loss = values_of(task, "generated", ["loss"]).loss
    a, b = (loss[name == which] for which in ("first", "second"))
    assert line["test"]["name"] == "Welch's t"
    assert line["test"]["mean_a"] == pytest.approx(a.mean())
    assert line["test"]["difference"] == pytest.approx(b.mean() - a.mean())
    assert line["test"]["n_a"] == line["test"]["n_b"] == 6
    error = math.sqrt(a.var() / 6 + b.var() / 6)
    half = (line["test"]["high"] - line["test"]["low"]) / 2
    assert 2.22 < half / error < 2.58  # t with 5 to 10 degrees of freedom
    assert line["test"]["p"] < 0.001
    assert "Equal but for" in made.headrace("diff", "first", "first")


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Study, subprocess.Popen[str]]]:
    """A campaign that runs until there is a file `go`."""
    study = Study(tmp_path)
    command = [sys.executable, "-c", LIVE]
    with subprocess.Popen(command, cwd=tmp_path, env=study.environment, text=True) as program:
        while not list(tmp_path.glob(".headrace/spool/*")):
            assert program.poll() is None
        yield study, program
        (tmp_path / "go").touch()


def test_advice_comes_while_the_campaign_runs(live: tuple[Study, subprocess.Popen[str]]) -> None:
    study, program = live
    follow = ("--follow", "--interval", "0.05", "--rule", "halving", "--format", "jsonl")
    with subprocess.Popen(
        [HEADRACE, "regret", "live", *follow],
        env=study.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as adviser:
        assert adviser.stdout is not None
        advice = json.loads(adviser.stdout.readline())
        assert program.poll() is None
        # What it used is known when it ends.
        assert (advice["rule"], advice["config"], advice["since_point"]) == (
            "halving",
            "train 4",
            1,
        )
        assert advice["points"] in (2, 3)
        [row] = study.answer("regret", "live", "--live")
        assert (row["task_id"], row["halving"]) == (advice["task_id"], "stop, since point 1")
        (study.folder / "go").touch()
        assert program.wait(60) == 0
        more, said = adviser.communicate(timeout=60)
    assert adviser.returncode == 0, said
    assert more == "", "each advice comes once"
    assert "bought nothing: halving keeps the same best model" in said
    assert len(runs_of(study, "train", "loss")) == 4
    assert "bought nothing" in study.answer("regret", "live", "--rule", "halving")["sentence"]


def test_following_a_folder_in_which_nothing_runs_ends(made: Study) -> None:
    assert made.headrace("regret", "made", "--metric", "loss", "--follow") == ""
    made.headrace("regret", "made", "--metric", "lost", "--follow", "--live", code=2)
