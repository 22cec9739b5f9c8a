"""What every test may ask for: `pytest --all` for the long forms of tests that have one."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from asked import Row, environment_of, query
from crashes import is_ready

# Where the rings of all that the tests start lie, before anything of theirs is imported: a test may
# have folders of its own besides, and removes them.
RINGS = Path(tempfile.mkdtemp(prefix="headrace-test-rings-", dir="/dev/shm"))
os.environ["HEADRACE_RING_DIR"] = str(RINGS)
_left_by: dict[Path, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all",
        action="store_true",
        help="run the long forms of tests: more rounds, more seeds, more minutes",
    )


def pytest_runtest_logfinish(nodeid: str) -> None:
    for ring in RINGS.glob("*.ring"):
        _left_by.setdefault(ring, nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run when a test left a ring: what it killed was never taken in."""
    left = [ring for ring in sorted(RINGS.glob("*.ring")) if is_ready(ring)]
    shutil.rmtree(RINGS)
    for ring in left:
        print(f"\nERROR: {_left_by.get(ring, 'the end')} left {ring.name}", end="")
    if left and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def signals() -> None:
    """A run in the background of a shell ignores Ctrl-C, and so would the programs it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def run_all(request: pytest.FixtureRequest) -> bool:
    """Whether the long form is wanted."""
    return bool(request.config.getoption("--all"))


def check_accounted(folder: Path, may_miss: bool = False) -> None:
    """Every process of a folder adds up; unless `may_miss`, nothing of it is unexplained.

    accepted = stored + spooled + quarantined + dropped + missing, with a row for every number that
    counts as stored, and nothing on the way from a process that is gone.
    """

    def rows(sql: str) -> list[Row]:
        return query(sql, environment_of(folder), "--dir", str(folder))

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
