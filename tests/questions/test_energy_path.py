"""Q15: from a campaign down to the samples behind a task, each step with its check."""

from __future__ import annotations

import headrace as hr
import pytest
from studies import Study
from truth import Truth, domain_of


def dearest(joules: dict[str, float]) -> str:
    return max(joules, key=lambda one: joules[one])


def test_each_step_takes_the_dearest_part_and_adds_up(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--path")
    steps = told["steps"]
    assert [one["level"] for one in steps] == ["campaign", "workflow", "activity", "task", "domain"]
    assert all(one["difference_uj"] == 0 for one in steps[:-1])
    assert steps[0]["energy_j"] == pytest.approx(sum(truth.own_j.values()), rel=0.002)

    own = {task: sum(truth.own_j[task, d] for d in ("gpu", "cpu", "dram")) for task in truth.tasks}
    by_workflow: dict[str, float] = {}
    for task, joules in own.items():
        workflow = truth.tasks[task].workflow
        by_workflow[workflow] = by_workflow.get(workflow, 0) + joules
    workflow = dearest(by_workflow)
    assert steps[1]["id"] == workflow
    assert steps[1]["energy_j"] == pytest.approx(by_workflow[workflow], rel=0.005)
    assert steps[0]["parts"] == len(truth.workflows)

    by_activity: dict[str, float] = {}
    for task, joules in own.items():
        if truth.tasks[task].workflow == workflow:
            activity = truth.tasks[task].activity
            by_activity[activity] = by_activity.get(activity, 0) + joules
    activity = dearest(by_activity)
    assert steps[2]["name"] == activity
    assert steps[2]["energy_j"] == pytest.approx(by_activity[activity], rel=0.005)
    task = dearest(
        {
            one: joules
            for one, joules in own.items()
            if truth.tasks[one].workflow == workflow and truth.tasks[one].activity == activity
        }
    )
    assert steps[3]["id"] == task
    assert steps[3]["energy_j"] == pytest.approx(own[task], rel=0.005)
    domain = domain_of(steps[4]["id"])
    assert steps[4]["energy_j"] == pytest.approx(truth.own_j[task, domain], rel=0.005)

    samples = told["samples"]
    drawn_j = sum(truth.watts(one, domain) * one.length_s for one in truth.leaves(task))
    assert samples["counted_j"] == pytest.approx(drawn_j, rel=0.005)
    assert abs(samples["difference_j"]) < 1e-6
    # Read every 20 ms, and once before and behind.
    assert samples["samples"] == pytest.approx(truth.tasks[task].length_s / 0.02 + 1, abs=1)
    assert told["path"].startswith('$.campaign["') and task in told["path"]


def test_it_leads_to_a_task_that_is_asked_for(study: Study, truth: Truth, store: hr.Store) -> None:
    task = truth.facts["anomaly"]
    told = study.answer("energy", "study", "--task", task)
    assert told["steps"][3]["id"] == task
    assert told["steps"][1]["id"] == truth.tasks[task].workflow
    assert store.energy_path("study", task=task).facts == told
    assert study.headrace("energy", "study", "--task", "0000dead", code=3) == ""
