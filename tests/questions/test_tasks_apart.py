"""Q12 and Q14: tasks whose energy does not go with their time, or with their parameters."""

from __future__ import annotations

from typing import Any

import headrace as hr
import pytest
from studies import Study
from truth import Truth


def places(values: dict[str, float]) -> dict[str, int]:
    """1 for the largest; equal ones share the best."""
    ordered = sorted(values.values(), reverse=True)
    return {name: 1 + ordered.index(value) for name, value in values.items()}


def worst_places(values: dict[str, float]) -> dict[str, int]:
    """Where equal ones share the worst: noise may tell what is equal apart."""
    return {one: sum(other >= value for other in values.values()) for one, value in values.items()}


@pytest.mark.parametrize("activity", ["finetune", "train", ""])
def test_places_by_time_and_by_energy_are_the_truth_s(
    study: Study, truth: Truth, activity: str
) -> None:
    tasks = truth.of_activity(activity) if activity else truth.children[None]
    by_time = places({task.id: round(task.length_s, 6) for task in tasks})
    joules = {task.id: round(truth.joules(task.id), 3) for task in tasks}
    by_energy, at_worst = places(joules), worst_places(joules)
    moved = {one: by_time[one] - by_energy[one] for one in by_time}
    options = ["--activity", activity] if activity else []
    told = study.answer("energy", "study", "--ranks", "--least", "0", *options)
    rows = {row["task_id"]: row for row in told["rows"]}
    assert told["tasks"] == len(tasks)
    assert rows.keys() == by_time.keys()
    for one, row in rows.items():
        assert row["time_rank"] == by_time[one]
        # What the errors leave open, and no more: figures that are close may change places.
        assert row["energy_rank_best"] <= at_worst[one]
        assert by_energy[one] <= row["energy_rank_worst"]
        assert by_energy[one] - 3 <= row["energy_rank"] <= at_worst[one] + 3
        if row["is_sure"]:
            assert moved[one] * row["moved"] > 0
    # The inversions of k places are those of the truth, but for what noise and ties leave open.
    least = 12
    told = study.answer("energy", "study", "--ranks", "--least", str(least), *options)
    found = {row["task_id"] for row in told["rows"]}
    nearest = {
        one: min(
            abs(by_time[one] - place) for place in range(by_energy[one] - 3, at_worst[one] + 4)
        )
        for one in moved
    }
    farthest = {
        one: max(abs(by_time[one] - place) for place in (by_energy[one] - 3, at_worst[one] + 3))
        for one in moved
    }
    assert {one for one in moved if nearest[one] >= least} <= found
    assert found <= {one for one in moved if farthest[one] >= least}
    assert [abs(row["moved"]) for row in told["rows"]] == sorted(
        (abs(row["moved"]) for row in told["rows"]), reverse=True
    )


def inside_of(truth: Truth, task: str) -> set[str]:
    """The task and those around it."""
    out = {task}
    parent = truth.tasks[task].parent
    while parent is not None:
        out.add(parent)
        parent = truth.tasks[parent].parent
    return out


def test_what_is_out_of_line_is_found_and_why(study: Study, truth: Truth) -> None:
    odd = {
        truth.facts["anomaly"]: "it drew more power",
        truth.facts["throttled"]["task"]: "it took longer",
        truth.facts["straggler"]: "it took longer",
    }
    told = study.answer("energy", "study", "--outliers")
    rows: dict[str, dict[str, Any]] = {row["task_id"]: row for row in told["rows"]}
    for task, because in odd.items():
        assert rows[task]["because"] == because
        assert rows[task]["z"] > 3
    explained = set().union(*(inside_of(truth, task) for task in odd))
    assert rows.keys() <= explained, "no task is out of line but these and those around them"
    # The band: what the task would have used as planned for its like.
    anomaly = rows[truth.facts["anomaly"]]
    leaf = truth.leaves(anomaly["task_id"])[0]
    expected_j = truth.joules(anomaly["task_id"]) - leaf.gpu_w * leaf.length_s * (1 - 1 / 1.6)
    assert anomaly["expected_j"] == pytest.approx(expected_j, rel=0.03)
    assert anomaly["low_j"] < expected_j < anomaly["high_j"] < anomaly["energy_j"]
    assert anomaly["energy_j"] == pytest.approx(truth.joules(anomaly["task_id"]), rel=0.02)


def test_python_says_the_same(study: Study, store: hr.Store) -> None:
    assert store.energy_ranks("study", activity="train", least=4).facts == study.answer(
        "energy", "study", "--ranks", "--activity", "train", "--least", "4"
    )
    assert store.energy_outliers("study", deviations=4).facts == study.answer(
        "energy", "study", "--outliers", "--least", "4"
    )
    assert store.energy_outliers("study").rows
