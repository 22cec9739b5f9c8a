"""Hostile texts as a notebook shows them: its HTML runs in the page of whoever opens it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import headrace as hr
from stores import ALL


def markup(html: str) -> list[str]:
    """Elements that a payload would have made."""
    return re.findall(r"<[^>]*(?:data-hostile|hostile\(|hostile\.example)[^>]*>", html)


def test_html_of_answers_has_none_of_it(hostile: Path) -> None:
    store = hr.open(hostile)
    campaign = next(row["campaign_id"] for row in store.campaigns if row["name"] == ALL)
    (workflow,) = (row["workflow_id"] for row in store.workflows if row["name"] == ALL)
    (task,) = (row["task_id"] for row in store.tasks.where("activity:everything"))
    shown: list[Any] = [
        store.campaigns,
        store.workflows,
        store.objects,
        store.tasks.columns("used", "generated", "tags", "error"),
        store.sql("SELECT name, used FROM workflow LIMIT 300"),
        store.why(task),
        store.summary(campaign),
        store.critical_path(workflow),
    ]
    seen = 0
    for one in shown:
        html = one._repr_html_()
        assert not markup(html), markup(html)[:3]
        seen += "data-hostile" in html
    assert seen >= 4
