"""The fine-tuning study, run once for all tests that ask it something."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from studies import FINE_TUNING, Study


@pytest.fixture(scope="session")
def fine_tunings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Study, Study]]:
    """The same study, captured by the demonstration and not captured."""
    folder = tmp_path_factory.mktemp("fine_tuning")
    with ThreadPoolExecutor() as pool:
        captured = pool.submit(Study.fine_tuning, folder / "captured", FINE_TUNING / "demo")
        bare: Path = folder / "bare"
        not_captured = pool.submit(
            Study.fine_tuning,
            bare,
            sys.executable,
            FINE_TUNING / "run.py",
            HEADRACE_DISABLED="1",
        )
        yield captured.result(), not_captured.result()


@pytest.fixture(scope="session")
def fine_tuning(fine_tunings: tuple[Study, Study]) -> Study:
    return fine_tunings[0]
