"""The questions about energy, asked of the fine-tuning study on whatever machine this is.

Its figures are not known beforehand, so what must hold of any is held: sums, order, null where
nothing was read. What they should be is held in tests/questions, on a study of known truth.
"""

from __future__ import annotations

from typing import Any

import pytest
from studies import Study

CHOICES = ("tradeoff", "llm_finetune", "--quality", "val_loss")


def has_gpu(study: Study) -> bool:
    return bool(
        study.rows("SELECT 1 AS one FROM sensor WHERE quantity = 'hw.gpu.utilization' LIMIT 1")
    )


def test_the_card_adds_up_both_ways(fine_tuning: Study) -> None:
    card = fine_tuning.answer("energy", "llm_finetune")
    assert sum(line["energy_uj"] for line in card["lines"]) == card["total"]["energy_uj"] > 0
    assert sum(card["uj_by_truth"].values()) == card["total"]["energy_uj"]
    assert 0 < card["time_s"] < 3600
    assert 0 < card["coverage"] <= 1
    parts = card["breakdown"]
    names = {row["name"] for row in parts["workflows"]}
    assert {"prepare", "pretrain", "finetune", "evaluate", "inference"} <= names
    rows = [*parts["workflows"], parts["elsewhere"], parts["idle"], parts["unattributed"]]
    for kind in ("gpu_uj", "cpu_uj", "memory_uj", "other_uj", "total_uj"):
        assert sum(row[kind] for row in rows) == parts["measured"][kind]
        assert parts["difference"][kind] == 0


def test_a_choice_off_the_front_costs_more_or_is_worse(fine_tuning: Study) -> None:
    for cost in ("energy", "time"):
        for row in fine_tuning.answer(*CHOICES, "--cost", cost):
            if row["over_front"] is None:
                assert row["energy_j"] is None
                continue
            on_it = row["over_front"] == 0 and row["behind_front"] == 0
            assert row["on_front"] == on_it
            assert row["over_front"] >= 0 and row["behind_front"] >= 0


def test_a_loss_is_reached_with_a_part_of_the_energy_or_never(fine_tuning: Study) -> None:
    rows = fine_tuning.answer(*CHOICES, "--target", "epoch_val_loss<4")
    reached = [row for row in rows if row["target_s"] is not None]
    assert reached
    for row in reached:
        assert 0 < row["target_s"] <= row["time_s"]
        if row["energy_j"] is not None:
            assert 0 < row["target_j"] <= row["energy_j"] * (1 + 1e-9)
    never = fine_tuning.answer(*CHOICES, "--target", "epoch_val_loss<0.001")
    assert all(row["target_s"] is None and row["target_j"] is None for row in never)


def test_what_each_epoch_cost_adds_up(fine_tuning: Study) -> None:
    question = ("tradeoff", "llm_finetune", "--quality", "epoch_val_loss", "--marginal")
    answer = fine_tuning.answer(*question, "--most", "1e9J")
    assert len(answer["runs"]) == 10
    for run in answer["runs"]:
        points: list[dict[str, Any]] = run["points"]
        assert points[0]["improvement"] is None
        if run["energy_j"] is None:
            assert all(point["marginal_j"] is None for point in points)
            continue
        spent = sum(point["energy_j"] for point in points)
        assert spent == pytest.approx(points[-1]["total_j"])
        assert spent <= run["energy_j"] * (1 + 1e-9)
        worse = [point for point in points[1:] if point["improvement"] == 0]
        assert all(point["marginal_j"] is None and point["exceeds"] for point in worse)


def test_a_parameter_by_pairs(fine_tuning: Study) -> None:
    rows = fine_tuning.answer(*CHOICES, "--cost", "time", "--paired", "width")
    assert {row["objective"] for row in rows} == {"val_loss", "time"}
    for row in rows:
        assert (row["from"], row["to"]) == ("16", "32")
        assert row["pairs"] >= 2
        assert row["low"] < row["difference"] < row["high"]


def test_heat_and_phases_are_null_where_nothing_was_read(fine_tuning: Study) -> None:
    thermal = fine_tuning.answer("thermal", "llm_finetune")
    phases = fine_tuning.answer("phases", "llm_finetune")
    assert thermal["runs"] and phases["phases"]
    for one in phases["phases"]:
        if one["cpu_utilization"] is not None:
            assert 0 <= one["cpu_utilization"] <= 1
    if has_gpu(fine_tuning):
        return
    assert all(run["peak_c"] is None and run["above_s"] is None for run in thermal["runs"])
    assert thermal["note"] and phases["note"]
    assert thermal["throttling"] == []
    assert phases["all"]["wasted_j"] is None
    assert phases["all"]["gpu_utilization"] is None
