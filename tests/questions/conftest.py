"""The emulated study of known truth, made once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from asked import HEADRACE
from headrace.store import Store
from studies import Study
from truth import Truth

MAKE = HEADRACE.with_name("headrace_question_study")


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("question-study")
    subprocess.run([MAKE, folder], check=True, timeout=60)
    return Study(folder)


@pytest.fixture(scope="session")
def truth(study: Study) -> Truth:
    return Truth(Path(study.folder) / "truth.json")


@pytest.fixture(scope="session")
def store(study: Study) -> Store:
    return Store(study.folder)
