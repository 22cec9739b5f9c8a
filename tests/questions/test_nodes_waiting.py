"""Q13: what nodes idled away, and what stragglers and waiting for others cost."""

from __future__ import annotations

import statistics

import headrace as hr
import pytest
from studies import Study
from truth import DOMAINS, Truth, domain_of


def test_active_and_idle_add_up_to_what_a_node_drew(study: Study, truth: Truth) -> None:
    nodes = study.answer("energy", "study", "--nodes")["nodes"]
    assert len(nodes) == 1 + 2 * len(DOMAINS)
    for row in nodes:
        assert row["difference_uj"] == 0
        domain = domain_of(row["domain"])
        mine = [one for one in truth.stretches if one.host == row["hostname"]]
        active_j = sum(truth.task_watts(one, domain) * one.length_s for one in mine)
        assert row["attributed_j"] == pytest.approx(active_j, rel=0.005)
        if row["hostname"] == "login":
            continue
        assert row["busy_s"] == pytest.approx(
            sum(one.length_s for one in mine if one.task is not None), abs=0.05
        )
        # What it draws while nothing runs.
        rest = next(one for one in mine if one.task is None)
        assert row["base_w"] == pytest.approx(truth.watts(rest, domain), rel=0.01)


def test_stragglers_cost_what_they_used_beyond_their_like(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--nodes")["stragglers"]
    late = {row["task_id"]: row for row in told["rows"]}
    assert late.keys() == {truth.facts["straggler"], truth.facts["throttled"]["task"]}
    for task, row in late.items():
        like = [
            one
            for one in truth.of_activity(truth.tasks[task].activity)
            if truth.workflows[one.workflow]["name"] == "finetune"
        ]
        median_s = statistics.median(one.length_s for one in like)
        median_j = statistics.median(truth.joules(one.id) for one in like)
        assert row["excess_s"] == pytest.approx(truth.tasks[task].length_s - median_s)
        assert row["excess_j"] == pytest.approx(truth.joules(task) - median_j, rel=0.02)


def test_waiting_is_what_a_node_drew_until_the_last_had_ended(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--nodes")["waiting"]
    # The fine-tunings run side by side on two nodes, and the evaluation waits for the later one.
    ends = {
        host: max(
            task.end_s
            for task in truth.of_activity("finetune")
            if truth.workflows[task.workflow]["host"] == host
        )
        for host in ("node-a", "node-b")
    }
    first, last = sorted(ends, key=lambda host: ends[host])
    rest = next(one for one in truth.stretches if one.host == first and one.task is None)
    waited_s = ends[last] - ends[first]
    assert told["waited_s"] == pytest.approx(waited_s)
    assert told["waiting_j"] == pytest.approx(
        waited_s * sum(truth.watts(rest, domain) for domain in DOMAINS), rel=0.02
    )
    (wave,) = told["waves"]
    assert wave["last_part"] == last
    assert truth.tasks[wave["last_task_id"]].end_s == ends[last]
    assert [row["part"] for row in told["parts"]] == [first]


def test_python_says_the_same(study: Study, store: hr.Store) -> None:
    assert store.energy_nodes("study").facts == study.answer("energy", "study", "--nodes")
