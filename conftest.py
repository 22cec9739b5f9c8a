"""What every test may ask for: `pytest --all` for the long forms of tests that have one."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

HEADRACE = Path(__file__).parent / "build" / "release" / "bin" / "headrace"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all",
        action="store_true",
        help="run the long forms of tests: more rounds, more seeds, more minutes",
    )


@pytest.fixture(scope="session")
def run_all(request: pytest.FixtureRequest) -> bool:
    """Whether the long form is wanted."""
    return bool(request.config.getoption("--all"))


def check_accounted(folder: Path, may_miss: bool = False) -> None:
    """Every process of a folder adds up; unless `may_miss`, nothing of it is unexplained.

    accepted = stored + spooled + quarantined + dropped + missing, with a row for every number that
    counts as stored, and nothing on the way from a process that is gone.
    """

    def rows(sql: str) -> list[dict[str, object]]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        words = [str(HEADRACE), "query", "--dir", str(folder), "--format", "jsonl", sql]
        done = subprocess.run(words, env=kept, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert not rows(
        "FROM accounting WHERE least(stored, spooled, quarantined, dropped, missing) < 0 "
        "OR accepted <> stored + spooled + quarantined + dropped + missing"
    )
    assert not rows("FROM accounting WHERE state <> 'running' AND spooled <> 0")
    assert not rows("FROM stored_rows WHERE stored <> row_count")
    if not may_miss:
        assert not rows("FROM accounting WHERE missing <> 0")


@pytest.fixture(scope="session")
def assert_accounted() -> Callable[..., None]:
    """The invariant of every store, for the end of a test: `assert_accounted(folder)`."""
    return check_accounted
