"""Folders for killed producers; nothing of theirs is left behind."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crashes import Folder

OVERLOAD = "test_f14_overload_is_bounded_and_accounted_for"


class Overload:
    """overload.py, which takes minutes and runs beside the other tests."""

    def __init__(self, seconds: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="headrace-overload-"))
        program = Path(__file__).with_name("overload.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(self.folder), str(seconds)],
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    last = [item for item in items if item.name == OVERLOAD]
    items[:] = [item for item in items if item.name != OVERLOAD] + last


def pytest_collection_finish(session: pytest.Session) -> None:
    wanted = any(item.name == OVERLOAD for item in session.items)
    if wanted and not session.config.option.collectonly:
        seconds = 600 if session.config.getoption("--all") else 120
        session.config.stash[KEY] = Overload(seconds)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (started := session.config.stash.get(KEY, None)) is not None:
        started.end()


KEY = pytest.StashKey[Overload]()


@pytest.fixture
def overload(pytestconfig: pytest.Config) -> subprocess.Popen[str]:
    return pytestconfig.stash[KEY].process


@pytest.fixture(autouse=True, scope="session")
def no_core_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


@pytest.fixture
def new_folder(tmp_path: Path) -> Iterator[Callable[..., Folder]]:
    """Makes folders; `rings="spool"`: where no ring folder can be made, as without /dev/shm."""
    made: list[Folder] = []
    shared = Path(tempfile.mkdtemp(prefix="headrace-test-", dir="/dev/shm"))

    def make(rings: str = "shm") -> Folder:
        path = tmp_path / f"folder-{len(made)}"
        path.mkdir()
        place = shared / str(len(made)) if rings == "shm" else Path("/proc/no-folder-here")
        made.append(Folder(path, place))
        return made[-1]

    yield make
    for folder in made:
        for producer in folder.producers:
            producer.process.kill()
            producer.process.wait()
    shutil.rmtree(shared)


@pytest.fixture
def folder(new_folder: Callable[..., Folder]) -> Folder:
    return new_folder()
