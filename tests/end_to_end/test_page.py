"""The page that `headrace serve` shows, used in headless Chromium over a made-up server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"

# Each opens one browser; full-* goes through every page with axe-core.
SCENARIOS = [
    "full-1280-dark",
    "full-2560-light",
    "empty",
    "error",
    "absent",
    "loading",
    "live",
    "keyboard",
    "history",
    "brush",
    "hostile",
]
MORE = ["full-1280-light", "full-2560-dark"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built within its budgets."""
    folder = tmp_path_factory.mktemp("page")
    node("script/build_page.mjs", str(folder))
    return folder


def node(*arguments: str) -> str:
    program = NODE if NODE.exists() else Path("node")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT / "web", capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_page(dist: Path, scenario: str) -> None:
    node("script/page_test.mjs", scenario, str(dist))


@pytest.mark.parametrize("scenario", MORE)
def test_the_page_at_other_sizes(dist: Path, scenario: str, run_all: bool) -> None:
    if not run_all:
        pytest.skip("a long form: --all")
    node("script/page_test.mjs", scenario, str(dist))


def test_the_page_has_no_inline_script(dist: Path) -> None:
    shell = (dist / "index.html").read_text()
    assert "<script" in shell
    assert "<style" not in shell
    assert "https:" not in shell
    for script in (dist / "assets").glob("*.js"):
        assert "eval(" not in script.read_text()
        assert "new Function" not in script.read_text()
