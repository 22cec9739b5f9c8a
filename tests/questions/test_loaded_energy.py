"""Q16: what fed a model, and its joules with all of that."""

from __future__ import annotations

import json
from pathlib import Path

import headrace as hr
import pytest
from studies import Study
from truth import Task, Truth


def made_by(truth: Truth) -> dict[str, Task]:
    """Objects, and the task that made each."""
    return {
        value: task
        for task in truth.tasks.values()
        for key, value in task.generated.items()
        if key in ("tokens", "model", "sample")
    }


def behind(truth: Truth, name: str) -> set[str]:
    """The tasks that an object was made by, each once."""
    makers = made_by(truth)
    out: set[str] = set()
    left = [name]
    while left:
        task = makers.get(left.pop())
        if task is None or task.id in out:
            continue
        out.add(task.id)
        for one in (task.id, *truth.inside(task.id)):
            left += [value for value in truth.tasks[one].used.values() if value in makers]
    return out


def best_model(study: Study) -> str:
    rows = study.answer("tradeoff", "study", "--quality", "val_loss", "--activity", "finetune")
    best = min((row for row in rows if row["val_loss"] is not None), key=lambda r: r["val_loss"])
    rows = study.rows(
        "SELECT o.name, e.from_id::VARCHAR AS task FROM edge e JOIN object o ON o.object_id = "
        "e.to_id WHERE e.relation = 'generated'"
    )
    (name,) = (row["name"] for row in rows if row["task"] == best["task_id"])
    return str(name)


def test_the_best_model_s_loaded_joules_count_each_step_once(study: Study, truth: Truth) -> None:
    losses = {
        task.generated["model"]: task.generated["val_loss"]
        for task in truth.of_activity("finetune")
    }
    best = best_model(study)
    assert losses[best] == min(losses.values())
    told = study.answer("why", best)
    tasks = behind(truth, best)
    cost = told["cost"]
    assert cost["steps"] == len(tasks) == cost["steps_with_energy"]
    assert {part["task_id"] for part in cost["parts"]} == tasks
    assert cost["total_energy_j"] == pytest.approx(sum(map(truth.joules, tasks)), rel=0.005)
    assert cost["total_time_s"] == pytest.approx(sum(truth.tasks[one].length_s for one in tasks))
    for part in cost["parts"]:
        assert part["energy_j"] == pytest.approx(truth.joules(part["task_id"]), rel=0.005)
    assert cost["total_truth"] == "mixed", "the data were prepared where nothing was measured"
    # Which preparation and which checkpoint.
    activities = sorted(truth.tasks[one].activity for one in tasks)
    assert activities in (
        ["finetune", "pretrain", "tokenise"],
        ["finetune", "pretrain", "tokenise", "tokenise"],
    )


def test_the_graph_has_joules_on_activities_and_the_sum_so_far_on_entities(
    study: Study, truth: Truth, store: hr.Store
) -> None:
    told = study.answer("why", "tuned-15.npz")
    makers = made_by(truth)
    for node in told["graph"]["nodes"]:
        facts = node["facts"]
        if node["kind"] == "task":
            assert facts["energy_j"] == pytest.approx(truth.joules(node["id"]), rel=0.005)
        elif node["label"] in makers:
            true_j = sum(map(truth.joules, behind(truth, node["label"])))
            assert facts["cum_energy_j"] == pytest.approx(true_j, rel=0.005)
            assert facts["cum_steps"] == len(behind(truth, node["label"]))
        else:
            assert "cum_energy_j" not in facts, "nobody made it"
    assert store.why("tuned-15.npz").facts == told


def test_an_export_for_other_tools_has_the_joules_of_activities(
    study: Study, truth: Truth, tmp_path: Path
) -> None:
    file = tmp_path / "study.json"
    study.headrace("export", "prov-json", str(file), "--campaign", "study")
    activities = json.loads(file.read_text())["activity"]
    for task in truth.tasks:
        told = float(activities[f"task:{task}"]["headrace:energy_j"])
        assert told == pytest.approx(truth.joules(task), rel=0.02, abs=1)
