"""`headrace.lightning.Callback` with the real package."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments import python_of
from framework_runs import Ran, run


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    if not request.config.getoption("--all"):
        pytest.skip("with --all")
    folder = tmp_path_factory.mktemp("lightning")
    return run(python_of("torch-2"), "lightning_program.py", folder, "lightning.pytorch")


def test_epochs_steps_and_validations_are_tasks(ran: Ran) -> None:
    fit = ran.tasks("fit")[0]
    assert fit["status"] == "finished"
    epochs = ran.children(fit, "epoch")
    assert [epoch["used"]["epoch"] for epoch in epochs] == [0, 1]
    for number, epoch in enumerate(epochs):
        steps = ran.children(epoch, "step")
        assert [step["used"]["step"] for step in steps] == list(range(6 * number, 6 * number + 6))
        assert all(len(ran.children(step, "inside")) == 1 for step in steps[:2])
        assert len(ran.children(epoch, "validation")) == 1
    (check,) = ran.children(fit, "sanity_check")
    assert len(ran.children(check, "validation")) == 1


def test_hyperparameters_as_used(ran: Ran) -> None:
    used = ran.tasks("fit")[0]["used"]
    assert (used["width"], used["lr"], used["max_epochs"]) == (32, 0.1, 2)
    assert (used["optimizer"], used["optimizer.momentum"]) == ("SGD", 0.5)
    assert (used["train_samples"], used["train_batch_size"]) == (600, 100)
    assert used["parameters"] == 64 * 32 + 32 + 32 * 10 + 10


def test_logged_metrics_are_what_the_module_saw(ran: Ran) -> None:
    fit = ran.tasks("fit")[0]
    rows = [row for epoch in ran.children(fit, "epoch") for row in ran.metrics(epoch)]
    losses = {row["step"]: row["train_loss"] for row in rows if "train_loss" in row}
    assert losses == {step: pytest.approx(ran.said["losses"][step - 1]) for step in (3, 6, 9, 12)}
    validation = ran.children(ran.children(fit, "epoch")[1], "validation")[0]
    (row,) = ran.metrics(validation)
    assert row == {"val_loss": validation["generated"]["val_loss"], "step": 12, "epoch": 1}
    (tested,) = ran.tasks("test")
    assert tested["generated"]["test_accuracy"] == ran.said["tested"]["test_accuracy"]


def test_checkpoints_are_objects_with_lineage(ran: Ran) -> None:
    first, _, resumed = ran.tasks("fit")
    made = ran.children(first, "checkpoint")
    made += [
        task for epoch in ran.children(first, "epoch") for task in ran.children(epoch, "checkpoint")
    ]
    files = [ran.object(task["generated"]["checkpoint"]) for task in made]
    assert {Path(str(file["path"])).suffix for file in files} == {".ckpt"}
    used = ran.object(resumed["used"]["resumed_from"])
    assert used["path"] == str(Path(ran.said["checkpoint"]).resolve())
    assert used["kind"] == "checkpoint"
    assert used["object_id"] in {file["object_id"] for file in files}
    assert [epoch["used"]["epoch"] for epoch in ran.children(resumed, "epoch")] == [2]
    assert not any(ran.children(epoch, "step") for epoch in ran.children(resumed, "epoch"))


def test_datasets_are_objects_by_their_content(ran: Ran) -> None:
    trained_with = [fit["used"]["train_data"] for fit in ran.tasks("fit")]
    held_out = [
        task["used"][f"{activity}_data"]
        for activity in ("validation", "test")
        for task in ran.tasks(activity)
    ]
    for references, samples in ((trained_with, 600), (held_out, 300)):
        assert all(each == references[0] for each in references)
        data = ran.object(references[0])
        assert data["kind"] == "dataset"
        assert data["name"].endswith("TensorDataset")
        assert len(data["sha256"]) == 64
        # Floats of 8 by 8 points and the numbers that they show.
        assert data["size_bytes"] == samples * (64 * 4 + 8)


def test_an_exception_fails_what_was_open(ran: Ran) -> None:
    assert ran.said["raised"] == "a broken batch"
    failed = ran.tasks("fit")[1]
    (epoch,) = ran.children(failed, "epoch")
    steps = ran.children(epoch, "step")
    assert (failed["status"], epoch["status"]) == ("failed", "failed")
    assert [step["status"] for step in steps] == ["finished", "finished", "failed"]
    assert "a broken batch" in ran.error(failed)


def test_nothing_else_changes(ran: Ran) -> None:
    assert ran.said["same"]
    assert ran.said["callbacks_in_checkpoint"] == []
    assert not ran.said["left_on_trainer"]


def test_each_rank_records_its_own(run_all: bool, tmp_path: Path) -> None:
    if not run_all:
        pytest.skip("with --all")
    ran = run(python_of("torch-2"), "lightning_program.py", tmp_path, "lightning.pytorch", "ddp")
    fits = ran.tasks("fit")
    assert sorted(fit["tags"]["rank"] for fit in fits) == [0, 1]
    assert {fit["used"]["world_size"] for fit in fits} == {2}
    assert {fit["status"] for fit in fits} == {"finished"}
    for fit in fits:
        steps = [
            step for epoch in ran.children(fit, "epoch") for step in ran.children(epoch, "step")
        ]
        assert len(steps) == ran.said["steps"]
        assert {step["pid"] for step in steps} == {fit["pid"]}
    made = [task for task in ran.tasks("checkpoint") if task["generated"]]
    assert {task["pid"] for task in made} == {min(fits, key=lambda fit: fit["tags"]["rank"])["pid"]}


def test_the_other_name_of_the_package(run_all: bool, tmp_path: Path) -> None:
    if not run_all:
        pytest.skip("with --all")
    ran = run(python_of("torch-2"), "lightning_program.py", tmp_path, "pytorch_lightning")
    assert [fit["status"] for fit in ran.tasks("fit")] == ["finished", "failed", "finished"]
