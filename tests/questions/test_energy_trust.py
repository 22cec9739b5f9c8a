"""Q17, Q18 and Q19: what is estimated, what capture cost, and whether sensors and meters agree."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import headrace as hr
import pytest
from studies import Study
from truth import DOMAINS, Truth


def true_j(truth: Truth, hosts: tuple[str, ...]) -> float:
    return sum(
        truth.task_watts(one, domain) * one.length_s
        for one in truth.stretches
        if one.host in hosts
        for domain in DOMAINS
    )


def test_estimates_are_told_and_what_is_left_without_them(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--truth")
    estimated_j = true_j(truth, ("login",))
    left_j = true_j(truth, ("node-a", "node-b"))
    assert told["by_truth"]["estimated"]["energy_j"] == pytest.approx(estimated_j, rel=1e-6)
    assert told["without_estimates"]["energy_j"] == pytest.approx(left_j, rel=0.002)
    whole = sum(row["energy_uj"] for row in told["rows"])
    assert (
        whole
        == told["total"]["energy_uj"]
        == sum(part["energy_uj"] for part in told["by_truth"].values())
    )
    (row,) = (row for row in told["rows"] if row["truth"] == "estimated")
    assert row["sensors"] == "estimate.cpu"
    assert row["method"] == "cpu_time_x_constant"
    # As its assumption says: within 50 %.
    assert row["sensor_u95_j"] == pytest.approx(0.5 * estimated_j, rel=0.01)
    (gpu,) = (row for row in told["rows"] if row["domain"] == "node/gpu-0")
    assert (gpu["truth"], gpu["sensors"]) == ("measured", "nvml.gpu-0.energy")
    assert gpu["sensor_u95_j"] == pytest.approx(0.05 * gpu["energy_j"], rel=1e-6)
    # What changes: the preparation loses all, its tasks have no figure, nobody else changes places.
    assert told["tasks_only_estimated"] == len(truth.of_activity("tokenise"))
    for one in told["workflows"]:
        if one["workflow"] == "prepare":
            assert one["without_estimates_j"] == 0
        else:
            assert one["without_estimates_j"] == one["energy_j"]
        assert one["place"] == one["place_without"]


def test_what_capture_cost_is_told_beside_what_the_programs_did(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--capture")
    total = told["total"]
    # The sampler took a thousandth of each process's time.
    own_s = {one["id"]: 1e-3 * (one["end_s"] - one["begin_s"]) for one in truth.facts["workflows"]}
    process_s = {
        workflow: sum(
            one.cpus * one.length_s for one in truth.stretches if one.workflow == workflow
        )
        for workflow in own_s
    }
    assert total["processes"] == len(own_s)
    assert total["own_cpu_s"] == pytest.approx(sum(own_s.values()), rel=1e-6)
    assert total["process_cpu_s"] == pytest.approx(sum(process_s.values()), rel=1e-6)
    processors_j = {
        workflow: sum(
            truth.task_watts(one, domain) * one.length_s
            for one in truth.stretches
            if one.workflow == workflow
            for domain in ("cpu", "dram")
        )
        for workflow in own_s
    }
    own_j = sum(processors_j[one] * own_s[one] / process_s[one] for one in own_s)
    assert total["own_j"] == pytest.approx(own_j, rel=0.01)
    assert total["energy_share"] == pytest.approx(own_j / sum(truth.own_j.values()), rel=0.01)
    assert sum(row["processes"] for row in told["by_detail"]) == total["processes"]
    assert total["truth"] == "estimated"


def test_a_node_s_sensor_counts_its_parts_and_the_rest(study: Study, truth: Truth) -> None:
    told = study.answer("energy", "study", "--checks")
    assert told["inconsistent"] == 0
    nodes = {row["hostname"]: row for row in told["domains"] if row["domain"] == "node"}
    assert nodes.keys() == {"node-a", "node-b"}
    for host, row in nodes.items():
        assert row["difference_uj"] == 0
        mine = [one for one in truth.stretches if one.host == host]
        begin_s = min(one.begin_s for one in mine)
        end_s = max(one.end_s for one in mine)
        compared = 1 - row["uncompared_j"] / row["measured_j"]
        other_j = truth.machine["other_w"] * (end_s - begin_s) * compared
        assert row["other_j"] == pytest.approx(other_j, rel=0.06)


def written(truth: Truth, at_s: float) -> str:
    seconds = truth.facts["epoch_ns"] / 1e9 + at_s
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()


def test_a_meter_outside_is_held_against_it(
    study: Study, truth: Truth, store: hr.Store, tmp_path: Path
) -> None:
    workflow = next(w for w in truth.facts["workflows"] if w["name"] == "pretrain")
    begin_s, end_s = workflow["begin_s"], workflow["end_s"]
    node_j = sum(
        truth.watts(one, "node") * one.length_s
        for one in truth.stretches
        if one.workflow == workflow["id"]
    )
    readings = [
        (workflow["host"], 1.02, "wall meter"),
        (workflow["host"] + ".cluster", 0.7, "broken meter"),
        ("node-z", 1.0, "of another machine"),
    ]
    rows = [
        {
            "hostname": host,
            "begin": written(truth, begin_s),
            "end": written(truth, end_s),
            "joules": round(node_j * factor, 3),
            "source": source,
        }
        for host, factor, source in readings
    ]
    csv = tmp_path / "meter.csv"
    lines = [",".join(str(value) for value in row.values()) for row in rows]
    csv.write_text("\n".join(["hostname,begin,end,joules,source", *lines]) + "\n")
    told = study.answer("energy", "study", "--against", str(csv))
    right, wrong, other = told["meter"]
    assert right["node_j"] == pytest.approx(node_j, rel=0.002)
    assert right["off_by_share"] == pytest.approx(1 / 1.02 - 1, abs=0.003)
    assert right["agrees"] is True
    assert right["coverage"] > 0.99
    parts_j = sum(
        truth.watts(one, domain) * one.length_s
        for one in truth.stretches
        if one.workflow == workflow["id"]
        for domain in DOMAINS
    )
    assert right["parts_j"] == pytest.approx(parts_j, rel=0.002)
    assert wrong["agrees"] is False
    assert wrong["off_by_share"] == pytest.approx(1 / 0.7 - 1, abs=0.005)
    assert other["node_j"] is None and "no counter" in other["reason"]
    assert told["differ"] == 1
    as_json = tmp_path / "meter.json"
    as_json.write_text(json.dumps(rows))
    assert study.answer("energy", "study", "--against", str(as_json))["meter"] == told["meter"]
    assert store.energy_checks("study", against=csv).facts == told
    csv.write_text("hostname,begin,end,joules,source\nnode-a,yesterday,today,1,me\n")
    assert study.headrace("energy", "--against", str(csv), code=2) == ""


def test_python_says_the_same(study: Study, store: hr.Store) -> None:
    assert store.energy_truth("study").facts == study.answer("energy", "study", "--truth")
    assert store.energy_capture("study").facts == study.answer("energy", "study", "--capture")
    assert store.energy_checks("study").facts == study.answer("energy", "study", "--checks")
