"""Drawings that show themselves in a notebook and stay in it when it is saved."""

from __future__ import annotations

import html
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headrace import _query

if TYPE_CHECKING:
    from headrace.answers import Tradeoff


class View:
    """A drawing as one HTML page that asks for nothing from anywhere.

    JupyterLab, saved notebooks and nbconvert's HTML show it in a frame that runs its script and can
    do nothing else; a notebook that is not trusted yet, and a terminal, show `text`.
    """

    def __init__(self, text: str, page: str, height: int) -> None:
        self.text = text
        self.page = page
        self.height = height

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page as a file, for a browser; gives its path."""
        file = Path(path)
        file.write_text(self.page, encoding="utf-8")
        return file

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        # Where a notebook is not trusted, JupyterLab takes away the frame's page, and "hidden" too.
        words = html.escape(self.text)
        frame = (
            f"<p hidden>{words}. Not drawn, for this notebook is not trusted: run it, or "
            f"<code>jupyter trust</code> it.</p>"
            f'<iframe srcdoc="{html.escape(self.page)}" sandbox="allow-scripts" '
            f'title="{words}" style="width: 100%; height: {self.height}px; '
            f'border: 0; resize: vertical"></iframe>'
        )
        return {"text/html": frame, "text/plain": self.text}


class Card(str):
    """Markdown: a text that a notebook shows as it reads."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


def of_timeline(page: str, facts: dict[str, Any]) -> View:
    """A timeline from what the store reduced it to."""
    answer = facts["answer"]
    lanes, spans = len(answer["lanes"]), len(answer["spans"]["lane"])
    shown = f"{answer['shown']:,} of {answer['total']:,} tasks"
    if answer["shown"] == answer["total"]:
        shown = f"{answer['total']:,} tasks"
    text = (
        f"timeline of {facts['of']['kind']} {facts['of']['name']}: {shown} in {spans:,} bars "
        f"at {answer['width']:,} pixels"
    )
    return View(text, page, min(640, 190 + 20 * lanes))


def of_graph(page: str, facts: dict[str, Any]) -> View:
    """A graph as the store laid it out."""
    answer = facts["answer"]
    nodes, edges = len(answer["nodes"]["id"]), len(answer["edges"]["from"])
    text = (
        f"graph of workflow {facts['of']['name']} by {answer['level']}: "
        f"{_counted(nodes, 'box', 'boxes')}, {_counted(edges, 'edge')}"
    )
    rows = set(answer["nodes"]["y"])
    return View(text, page, min(700, 240 + 62 * len(rows)))


def of_tradeoff(answer: Tradeoff) -> View:
    """Quality against energy and time, from the rows that were asked for."""
    about = answer.about
    quality = about["quality"]
    rows = [
        {
            "task_id": row["task_id"],
            "config": row["config"],
            "quality": _finite(row[quality]),
            "time_s": _finite(row["time_s"]),
            "energy_j": _finite(row["energy_j"]),
            "energy_u95_j": _finite(row.get("energy_u95_j")),
            "energy_truth": row["energy_truth"] or None,
        }
        for row in answer.dicts()
    ]
    view = {
        "format": "headrace.view",
        "version": 1,
        "view": "tradeoff",
        "of": {"kind": "campaign", "id": "", "name": about["campaign"]},
        "truth": None,
        "answer": {
            "quality": quality,
            "minimise": about["minimise"],
            "activity": about["activity"],
            "rows": rows,
        },
    }
    text = (
        f"{quality} of {len(rows):,} configurations of {about['campaign']} against energy and time"
    )
    page = _query.view_page(json.dumps(view, default=str))
    return View(text, page, 560 + 24 * min(len(rows), 10))


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None
