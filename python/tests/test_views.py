"""Drawings for notebooks: what they hold, how large they get, what they refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace.store import NotFoundError, QueryError, Store

STUDY = """
import headrace as hr

with hr.campaign("sweep"):
    for lr in (0.1, 0.2):
        with hr.workflow("train"):
            with hr.task("fit", used={"lr": lr}) as task:
                for step in hr.loop(range(6000), "step"):
                    pass
                task.generated(loss=lr)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("views") / ".headrace"
    subprocess.run(
        [sys.executable, "-c", STUDY],
        check=True,
        timeout=60,
        env={"HEADRACE_DIR": str(folder), "PATH": ""},
    )
    return hr.open(folder)


def document(page: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json" id="report-data">(.*?)</script>', page)
    return dict(json.loads(found))


def test_a_timeline_is_bounded_however_many_tasks_there_are(run: Store) -> None:
    view = run.timeline("sweep")
    answer = document(view.page)["answer"]
    assert answer["total"] == answer["shown"] == 12_002
    assert sum(answer["spans"]["count"]) == 12_002  # none is left out
    assert len(answer["spans"]["lane"]) <= 10_000
    assert repr(view) == view.text
    assert view.text.startswith("timeline of campaign sweep: 12,002 tasks in ")
    narrow = document(run.timeline("sweep", width=50).page)["answer"]
    assert narrow["width"] == 50
    assert len(narrow["spans"]["lane"]) < len(answer["spans"]["lane"])


def test_a_timeline_looks_closer(run: Store) -> None:
    whole = document(run.timeline("sweep").page)["answer"]
    ((begin_ns,),) = run.sql("SELECT max(epoch_ns(started_at)) FROM task WHERE activity = 'fit'")
    second_s = (int(begin_ns) - whole["begin_ns"]) / 1e9
    part = document(run.timeline("sweep", between=(second_s, None)).page)["answer"]
    assert 6001 <= part["shown"] < 12_002
    with pytest.raises(QueryError, match="ends before it begins"):
        run.timeline("sweep", between=(2, 1))


def test_a_graph_has_the_level_that_was_asked_for(run: Store) -> None:
    flow = run.workflows.first()["workflow_id"]
    by_activity = document(run.graph(flow).page)["answer"]
    assert set(by_activity["activities"]) == {"fit", "step"}
    tasks = document(run.graph(flow, level="task").page)["answer"]
    assert len(tasks["nodes"]["id"]) == 500
    assert tasks["nodes_left"] == 6001 - 500


def test_a_trade_off_is_drawn_from_its_rows(run: Store) -> None:
    answer = run.tradeoff("sweep", "loss", cost="time")
    drawn = document(answer.view().page)["answer"]
    assert drawn["minimise"] is True
    assert [row["config"] for row in drawn["rows"]] == list(answer["config"])
    assert [row["quality"] for row in drawn["rows"]] == list(answer["loss"])


def test_a_view_is_a_report_that_can_be_saved(run: Store, tmp_path: Path) -> None:
    view = run.view("sweep", most_tasks=100)
    assert document(view.page)["tasks"]["rows"] == 100
    assert view.save(tmp_path / "report.html").read_text() == view.page
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert "<script" not in bundle["text/html"]  # all of it stands inside an attribute
    flow = run.workflows.first()["workflow_id"]
    assert document(run.view(flow, most_tasks=1).page)["of"]["kind"] == "workflow"


def test_a_card_is_markdown(run: Store) -> None:
    card = run.report("sweep")
    assert card.startswith("# Workflow Card: sweep\n")
    assert card._repr_markdown_() == card


def test_what_is_wrong_is_said(run: Store) -> None:
    with pytest.raises(QueryError, match="width is a number of pixels, not 0"):
        run.timeline(width=0)
    with pytest.raises(QueryError, match="most_tasks is a number of tasks, not 0"):
        run.view(most_tasks=0)
    with pytest.raises(QueryError, match="level is activity, wave or task, not layer"):
        run.graph(level="layer")  # type: ignore[arg-type]
    with pytest.raises(NotFoundError, match="no workflow nowhere"):
        run.graph("nowhere")
    with pytest.raises(NotFoundError, match="no campaign or workflow nowhere"):
        run.view("nowhere")
    with pytest.raises(NotFoundError, match="nowhere"):
        run.view("sweep", against="nowhere")
