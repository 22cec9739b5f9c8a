"""The tutorial runs from top to bottom, and what is stored in it is what a run gives."""

from __future__ import annotations

import base64
import importlib.util
import re
import struct
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "tutorial"


def runner() -> Any:
    spec = importlib.util.spec_from_file_location("tutorial_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def stored() -> Any:
    return nbformat.read(FOLDER / "tutorial.ipynb", as_version=4)


def shape(cell: Any) -> list[tuple[Any, ...]]:
    """What kinds of output a cell has, tables with their columns, texts with their first words."""
    out: list[tuple[Any, ...]] = []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        columns = re.findall(
            r"<th[^>]*>([^<]*)</th>", data.get("text/html", "").split("<tbody>")[0]
        )
        text = output.get("text", "")
        out.append((output["output_type"], output.get("name"), sorted(data), columns, text != ""))
    return out


def test_the_tutorial_runs_and_gives_what_is_stored_in_it(stored: Any, tmp_path: Path) -> None:
    fresh = runner().executed(tmp_path)
    assert len(fresh.cells) == len(stored.cells)
    for number, (now, then) in enumerate(zip(fresh.cells, stored.cells, strict=True)):
        assert shape(now) == shape(then), f"cell {number}:\n{now.source}"
    said = {cell.source.splitlines()[0]: cell.outputs for cell in fresh.cells if "outputs" in cell}
    (mistake,) = [o for source, o in said.items() if source == "try:"]
    assert "did you mean used.width" in mistake[0]["text"]
    (again,) = [o for source, o in said.items() if source.startswith("again = ")]
    assert again[0]["text"] == "the same\n"
    (regret,) = [o for source, o in said.items() if source.startswith("regret = ")]
    assert re.match(r"\d+ % of the time and ", regret[0]["text"])


def test_every_cell_was_run_and_none_failed(stored: Any) -> None:
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    kinds = {output["output_type"] for cell in code for output in cell.outputs}
    assert "error" not in kinds
    said = [o["text"] for cell in code for o in cell.outputs if o.get("name") == "stderr"]
    assert said == []
    headings = re.findall(
        r"^## (.*)$", "\n".join(cell.source for cell in stored.cells if "outputs" not in cell), re.M
    )
    words = ["Record", "Look", "Trade-off", "Why", "Diff", "Regret", "Reproduce", "Where to go on"]
    assert len(headings) == len(words)
    for heading, word in zip(headings, words, strict=True):
        assert word in heading


def test_it_holds_nothing_of_the_machine_that_it_was_run_on(stored: Any) -> None:
    outputs = [output for cell in stored.cells for output in cell.get("outputs", [])]
    texts = [output.get("text", "") for output in outputs]
    texts += [t for o in outputs for t in o.get("data", {}).values() if isinstance(t, str)]
    pictures = [o["data"]["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    for text in texts:
        if text in pictures:
            continue
        assert re.search(r"(?<![\w.])/(tmp|work|home|root|usr|opt)\b", text) is None, text
        assert re.search(r"https?://|\.example\b", text) is None, text
    assert len(pictures) == 3
    for picture in pictures:
        raw = base64.b64decode(picture)
        width, height = struct.unpack(">II", raw[16:24])
        assert len(raw) < 40_000
        assert width <= 720
        assert height <= 480
    assert (FOLDER / "tutorial.ipynb").stat().st_size < 150_000
