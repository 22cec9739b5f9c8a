"""`headrace.transformers.Callback` with the real package and a tiny model that is made locally."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments import ROOT, python_of
from framework_runs import Ran, run


@pytest.fixture(scope="module")
def ran(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    if not request.config.getoption("--all"):
        pytest.skip("with --all")
    folder = tmp_path_factory.mktemp("transformers")
    texts = [str(ROOT / "LICENSE")]
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    return run(python_of("torch-2"), "transformers_program.py", folder, *texts, **offline)


def test_epochs_steps_and_evaluations_are_tasks(ran: Ran) -> None:
    train = ran.tasks("train")[0]
    assert train["status"] == "finished"
    epochs = ran.children(train, "epoch")
    assert [epoch["used"]["epoch"] for epoch in epochs] == [0, 1]
    steps = [step for epoch in epochs for step in ran.children(epoch, "step")]
    assert [step["used"]["step"] for step in steps] == list(range(8))
    assert all(len(ran.children(step, "inside")) == 1 for step in steps)
    evaluations = ran.tasks("evaluation")[:2]
    wanted = [row["eval_loss"] for row in ran.said["history"] if "eval_loss" in row]
    assert [task["generated"]["eval_loss"] for task in evaluations] == wanted
    assert [task["used"]["step"] for task in evaluations] == [4, 8]
    (predicted,) = ran.tasks("predict")
    assert predicted["generated"]["test_loss"] == wanted[-1]
    assert predicted["parent_task_id"] is None


def test_arguments_as_used(ran: Ran) -> None:
    train = ran.tasks("train")[0]
    used = train["used"]
    assert (used["learning_rate"], used["num_train_epochs"], used["max_steps"]) == (5e-05, 2, 8)
    assert used["per_device_train_batch_size"] == 10
    assert (used["model_type"], used["train_samples"], used["world_size"]) == ("gpt2", 40, 1)
    assert used["model"].endswith("GPT2LMHeadModel")
    assert train["tags"] == {"rank": 0}


def test_what_the_trainer_logs_are_metrics(ran: Ran) -> None:
    train = ran.tasks("train")[0]
    rows = ran.metrics(train)
    for name in ("loss", "eval_loss", "learning_rate"):
        recorded = [(row["step"], row[name]) for row in rows if name in row]
        assert recorded == [(row["step"], row[name]) for row in ran.said["history"] if name in row]
        assert recorded


def test_checkpoints_are_objects_with_lineage(ran: Ran) -> None:
    first, resumed = ran.tasks("train")[:2]
    saved = [
        ran.object(task["generated"]["checkpoint"])
        for parent in [first, *ran.children(first, "epoch")]
        for task in ran.children(parent, "checkpoint")
    ]
    assert {Path(str(each["path"])).name for each in saved} == {"checkpoint-4", "checkpoint-8"}
    used = ran.object(resumed["used"]["resumed_from"])
    assert used["object_id"] in {each["object_id"] for each in saved}
    assert ran.said["resumed_steps"] == 8
    assert not any(ran.children(epoch, "step") for epoch in ran.children(resumed, "epoch"))


def test_datasets_are_objects_by_their_content(ran: Ran) -> None:
    trained_with = [task["used"]["train_data"] for task in ran.tasks("train")]
    evaluations = [*ran.tasks("evaluation"), *ran.tasks("predict")]
    held_out = [task["used"]["eval_data"] for task in evaluations]
    for references, samples in ((trained_with, 40), (held_out, 20)):
        assert all(each == references[0] for each in references)
        data = ran.object(references[0])
        assert data["kind"] == "dataset"
        assert data["name"].endswith("Pieces")
        assert len(data["sha256"]) == 64
        assert data["size_bytes"] == samples * 32 * 8


@pytest.mark.parametrize("when", [2, 3])
def test_an_exception_fails_what_was_open(ran: Ran, when: int) -> None:
    """Also with a callback that was added to a trainer that was there."""
    assert ran.said["raised"] == ["a broken batch"] * 2
    failed = ran.tasks("train")[when]
    (epoch,) = ran.children(failed, "epoch")
    steps = ran.children(epoch, "step")
    assert (failed["status"], epoch["status"]) == ("failed", "failed")
    assert [step["status"] for step in steps] == ["finished"] * 3 + ["failed"]
    assert "a broken batch" in ran.error(failed)


def test_training_is_the_same_to_the_bit(ran: Ran) -> None:
    assert ran.said["same"]
