"""Q1 and Q2: the energy of a campaign, and where it went."""

from __future__ import annotations

import pytest
from studies import Study
from truth import DOMAINS, Truth, domain_of

import headrace as hr


def test_a_task_s_joules_are_the_truth_s(study: Study, truth: Truth) -> None:
    rows = study.rows("SELECT task_id::VARCHAR AS id, domain, attributed_j, u95_j FROM task_energy")
    told = [row for row in rows if row["attributed_j"] is not None]
    assert len(told) > 600
    for row in told:
        true_j = truth.joules(row["id"], domain_of(row["domain"]))
        assert row["attributed_j"] == pytest.approx(true_j, rel=0.02, abs=1.0), row


def test_the_campaign_s_joules_are_the_truth_s(study: Study, truth: Truth) -> None:
    card = study.answer("energy", "study")
    true_j = sum(truth.own_j.values())
    assert card["total"]["energy_j"] == pytest.approx(true_j, rel=0.002)
    assert abs(card["total"]["energy_j"] - true_j) < card["total"]["u95_j"]
    by_domain = dict.fromkeys(DOMAINS, 0.0)
    for line in card["lines"]:
        by_domain[domain_of(line["domain"])] += line["energy_j"]
    for domain in DOMAINS:
        true_j = sum(j for (_, of), j in truth.own_j.items() if of == domain)
        assert by_domain[domain] == pytest.approx(true_j, rel=0.002)
    assert all(row["difference_uj"] == 0 for row in card["conservation"])


def test_python_says_the_same(study: Study, store: hr.Store) -> None:
    assert store.energy("study").facts == study.answer("energy", "study")
