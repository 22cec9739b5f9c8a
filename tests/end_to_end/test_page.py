"""The page that `headrace serve` shows, used in headless Chromium over a made-up server."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"

# full-* goes through every page with axe-core.
SCENARIOS = [
    "full-1280-dark",
    "full-2560-light",
    "empty",
    "error",
    "absent",
    "loading",
    "live",
    "live-everywhere",
    "zoom",
    "keyboard",
    "history",
    "brush",
    "lanes",
    "energy",
    "hostile",
]
MORE = ["full-1280-light", "full-2560-dark"]


def node(*arguments: str) -> str:
    program = NODE if NODE.exists() else Path("node")
    done = subprocess.run(
        [program, *arguments], cwd=ROOT / "web", capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page, built within its budgets."""
    folder = tmp_path_factory.mktemp("page")
    node("script/build_page.mjs", str(folder))
    return folder


@pytest.fixture(scope="module")
def seen(dist: Path, run_all: bool, request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """What was wrong in each scenario that this run asks for; two browsers share them, for each
    waits most of the time for its own processes."""
    asked = {
        item.callspec.params["scenario"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and "seen" in item.fixturenames
        and item.path == request.path
    }
    names = [name for name in SCENARIOS + (MORE if run_all else []) if name in asked]
    shares = [share for share in (names[::2], names[1::2]) if share]
    with ThreadPoolExecutor(len(shares)) as both:
        said = both.map(lambda share: node("script/page_test.mjs", str(dist), *share), shares)
        told = [json.loads(line) for lines in said for line in lines.splitlines()]
    for one in told:
        print(f"{one['name']}: {one['s']} s")
    return {one["name"]: one["wrong"] for one in told}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_page(seen: dict[str, list[str]], scenario: str) -> None:
    assert seen[scenario] == []


@pytest.mark.parametrize("scenario", MORE)
def test_the_page_at_other_sizes(seen: dict[str, list[str]], scenario: str, run_all: bool) -> None:
    if not run_all:
        pytest.skip("a long form: --all")
    assert seen[scenario] == []


def test_the_page_has_no_inline_script(dist: Path) -> None:
    shell = (dist / "index.html").read_text()
    assert "<script" in shell
    assert "<style" not in shell
    assert "https:" not in shell
    for script in (dist / "assets").glob("*.js"):
        assert "eval(" not in script.read_text()
        assert "new Function" not in script.read_text()
