"""Q1 and Q2: the energy of a campaign, how it is known, and where it went."""

from __future__ import annotations

import pytest
from headrace.store import Store
from sameness import is_same
from studies import Study
from truth import DOMAINS, Truth, domain_of

UJ = 1e-6


def test_a_task_s_joules_are_the_truth_s(study: Study, truth: Truth) -> None:
    rows = study.rows("SELECT task_id::VARCHAR AS id, domain, attributed_j, u95_j FROM task_energy")
    told = [row for row in rows if row["attributed_j"] is not None]
    assert len(told) > 600
    for row in told:
        true_j = truth.joules(row["id"], domain_of(row["domain"]))
        assert row["attributed_j"] == pytest.approx(true_j, rel=0.02, abs=1.0), row


def test_q1_the_campaign_s_joules_are_the_truth_s(study: Study, truth: Truth) -> None:
    card = study.answer("energy", "study")
    true_j = sum(truth.own_j.values())
    assert card["total"]["energy_j"] == pytest.approx(true_j, rel=0.002)
    assert abs(card["total"]["energy_j"] - true_j) < card["total"]["u95_j"]
    assert card["energy_kwh"] == pytest.approx(true_j / 3.6e6, rel=0.002)
    by_domain = dict.fromkeys(DOMAINS, 0.0)
    for line in card["lines"]:
        by_domain[domain_of(line["domain"])] += line["energy_j"]
    for domain in DOMAINS:
        true_j = sum(j for (_, of), j in truth.own_j.items() if of == domain)
        assert by_domain[domain] == pytest.approx(true_j, rel=0.002)
    assert all(row["difference_uj"] == 0 for row in card["conservation"])


def test_q1_says_how_long_how_known_and_how_much_of_it(study: Study, truth: Truth) -> None:
    card = study.answer("energy", "study")
    first = min(task.begin_s for task in truth.tasks.values())
    last = max(task.end_s for task in truth.tasks.values())
    assert card["time_s"] == pytest.approx(last - first, abs=1e-6)
    # The GPU has one process: measured. CPU and memory are divided among it and idling: mixed. The
    # machine without sensors is estimated.
    expected = {"measured": 0.0, "mixed": 0.0, "estimated": 0.0}
    for (task, domain), joules in truth.own_j.items():
        host = truth.workflows[truth.tasks[task].workflow]["host"]
        how = "estimated" if host == "login" else "measured" if domain == "gpu" else "mixed"
        expected[how] += joules
    for how, joules in expected.items():
        assert card["uj_by_truth"][how] * UJ == pytest.approx(joules, rel=0.005), how
    assert sum(card["uj_by_truth"].values()) == card["total"]["energy_uj"]
    assert card["coverage"] == pytest.approx(1, abs=1e-3)
    text = study.headrace("energy", "study")
    assert f"time 2 min {round(last - first) - 120} s; measured " in text
    assert ", estimated 0.239 %; 100 % of the tasks' time covered" in text


def test_q1_carbon_is_joules_times_a_factor(study: Study, truth: Truth) -> None:
    factors = study.folder / "grid.csv"
    factors.write_text(
        "region,start,end,gco2e_per_kwh,kind,source\n"
        "X,2023-11-14T00:00:00Z,2023-11-15T00:00:00Z,400,average,made up\n"
    )
    card = study.answer(
        "energy", "study", "--carbon", str(factors), "--region", "X", "--pue", "1.2"
    )
    grams = sum(truth.own_j.values()) / 3.6e6 * 400 * 1.2
    assert card["carbon"]["attributed_g"] == pytest.approx(grams, rel=0.002)
    assert card["carbon"]["truth"] == "estimated"
    card = study.answer("energy", "study", "--carbon", str(factors), "--region", "Y")
    assert card["carbon"]["attributed_g"] is None
    assert "has no region Y" in card["carbon"]["reason"]


def true_parts(truth: Truth, name: str) -> dict[str, float]:
    """By domain, of the workflows of a name."""
    out = dict.fromkeys(DOMAINS, 0.0)
    for (task, domain), joules in truth.own_j.items():
        if truth.workflows[truth.tasks[task].workflow]["name"] == name:
            out[domain] += joules
    return out


def test_q2_workflows_domains_and_idle_add_up(study: Study, truth: Truth) -> None:
    whole = study.answer("energy", "study", "--by", "workflow")["breakdown"]
    names = ["prepare", "pretrain", "finetune", "evaluate", "inference"]
    assert whole["workflows"][0]["name"] == "prepare"
    assert sorted(row["name"] for row in whole["workflows"]) == sorted(names)
    for row in whole["workflows"]:
        true_j = true_parts(truth, row["name"])
        for kind, domain in (("gpu", "gpu"), ("cpu", "cpu"), ("memory", "dram")):
            assert row[f"{kind}_uj"] * UJ == pytest.approx(true_j[domain], rel=0.01, abs=1), row
    assert {row["name"]: row["workflows"] for row in whole["workflows"]}["finetune"] == 16
    # The conservation row, in whole micro-joules.
    parts = [*whole["workflows"], whole["elsewhere"], whole["idle"], whole["unattributed"]]
    for kind in ("gpu_uj", "cpu_uj", "memory_uj", "other_uj", "total_uj"):
        assert sum(row[kind] for row in parts) == whole["measured"][kind]
        assert whole["difference"][kind] == 0


def test_q2_idle_is_the_truth_s(study: Study, truth: Truth) -> None:
    """What devices drew while no task ran, and CPUs that were idle."""
    whole = study.answer("energy", "study")["breakdown"]
    idle = dict.fromkeys(DOMAINS, 0.0)
    for host in truth.measured_hosts:
        ran = [w for w in truth.workflows.values() if w["host"] == host]
        begin_s, end_s = min(w["begin_s"] for w in ran), max(w["end_s"] for w in ran)
        busy = [s for s in truth.stretches if s.host == host and s.task is not None]
        length_s = sum(s.length_s for s in busy)
        m = truth.machine
        idle["gpu"] += m["idle_gpu_w"] * (end_s - begin_s - length_s)
        idle_cpus_s = m["cpus"] * (end_s - begin_s) - sum(s.cpus * s.length_s for s in busy)
        idle["cpu"] += 0.1 * m["cpu_w"] * idle_cpus_s
        idle["dram"] += 0.1 * m["memory_w"] * idle_cpus_s
    rest = {
        kind: (whole["idle"][f"{kind}_uj"] + whole["unattributed"][f"{kind}_uj"]) * UJ
        for kind in ("gpu", "cpu", "memory")
    }
    for kind, domain in (("gpu", "gpu"), ("cpu", "cpu"), ("memory", "dram")):
        assert rest[kind] == pytest.approx(idle[domain], rel=0.01)
        assert whole["unattributed"][f"{kind}_uj"] <= 0.02 * whole["measured"][f"{kind}_uj"]


def test_q2_a_machine_s_own_counter_holds_its_parts(study: Study, truth: Truth) -> None:
    machines = study.answer("energy", "study")["breakdown"]["machines"]
    assert [one["hostname"] for one in machines] == ["node-a", "node-b"]
    for one in machines:
        assert one["difference_uj"] == 0
        ran = [w for w in truth.workflows.values() if w["host"] == one["hostname"]]
        length_s = max(w["end_s"] for w in ran) - min(w["begin_s"] for w in ran)
        # Disks, network and fans: of the time in which all was read.
        assert one["rest_uj"] * UJ <= truth.machine["other_w"] * length_s * 1.001
        assert one["rest_uj"] * UJ >= truth.machine["other_w"] * length_s * 0.9
        own = one["measured_uj"] - one["parts_uj"]
        assert own * UJ == pytest.approx(truth.machine["other_w"] * length_s, rel=0.01)


def test_python_says_the_same(study: Study, store: Store) -> None:
    energy = store.energy("study")
    assert is_same(energy.facts, study.answer("energy", "study"))
    assert energy.breakdown["difference"]["total_uj"] == 0
