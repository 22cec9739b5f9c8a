"""Views in a notebook: run by a kernel, saved, exported to HTML and opened from the file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import nbclient
import nbconvert
import nbformat
import pytest
from asked import environment_of, node

HOSTILE = "'\"></iframe><script>alert(1)</script>"

STUDY = """
import sys
import headrace as hr

hostile = sys.argv[1]
with hr.campaign("sweep"):
    for lr in (0.1, 0.2, 0.3):
        with hr.workflow("train"):
            with hr.task("fit", used={"lr": lr, "note": hostile}) as task:
                for step in hr.loop(range(20), "step"):
                    sum(i * i for i in range(100_000))  # long enough for joules of its own
                    hr.log(loss=1 / (step + 1) + lr)
                task.generated(loss=lr)
    with hr.workflow(hostile):
        with hr.task(hostile):
            pass
"""
CELLS = (
    "import headrace as hr\nrun = hr.open()",
    "run.view()",
    "run.timeline()",
    'run.tradeoff("sweep", "loss").view()',
    'run.graph(run.workflows.where("train").first()["workflow_id"])',
    "run.report()",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A notebook as it lies on disk after it was run."""
    folder = tmp_path_factory.mktemp("views")
    environment = environment_of(folder / ".headrace")
    subprocess.run([sys.executable, "-c", STUDY, HOSTILE], env=environment, check=True, timeout=60)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    client = nbclient.NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=environment)
    nbformat.write(notebook, folder / "views.ipynb")
    yield nbformat.read(folder / "views.ipynb", as_version=4), folder


def shown(notebook: Any, cell: int) -> dict[str, str]:
    (output,) = notebook.cells[cell].outputs
    return dict(output["data"])


def test_a_saved_notebook_keeps_a_drawing_and_its_text(saved: Any) -> None:
    notebook, folder = saved
    for cell in (1, 2, 3, 4):
        data = shown(notebook, cell)
        assert set(data) == {"text/html", "text/plain"}
        assert data["text/html"].startswith("<p hidden>")
        assert '<iframe srcdoc="' in data["text/html"]
        assert 'sandbox="allow-scripts"' in data["text/html"]
        assert "\n" not in data["text/plain"]
    assert shown(notebook, 2)["text/plain"].startswith("timeline of campaign sweep: 64 tasks in ")
    assert (
        shown(notebook, 4)["text/plain"] == "graph of workflow train by activity: 2 boxes, 1 edge"
    )
    card = shown(notebook, 5)
    assert card["text/markdown"].startswith("# Workflow Card: sweep\n")
    # A report, four pages of about 130 kB.
    assert (folder / "views.ipynb").stat().st_size < 1_000_000


def test_chromium_draws_the_exported_notebook_from_its_file(saved: Any) -> None:
    notebook, folder = saved
    exporter = nbconvert.HTMLExporter(template_name="basic")
    body, _ = exporter.from_notebook_node(notebook)
    page = folder / "views.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><title>views</title>{body}')
    seen = json.loads(node("script/notebook_probe.mjs", page))
    assert seen["talk"] == []
    assert seen["requests"] == []
    report, timeline, tradeoff, graph = seen["frames"]
    for frame in seen["frames"]:
        assert frame["origin"] == "null"  # it can reach nothing of the notebook
        assert not frame["overflows"]
        assert all(colours > 8 for colours in frame["colours"]), frame["colours"]
    assert len(report["colours"]) == 7
    assert len(timeline["colours"]) == len(graph["colours"]) == 1
    assert len(tradeoff["colours"]) == 2
    assert "64 tasks" in timeline["text"]
    assert timeline["rows"] > 8
    assert graph["rows"] == 2
    assert HOSTILE in report["text"]
