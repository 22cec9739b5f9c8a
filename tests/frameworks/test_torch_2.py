"""The tests of headrace.torch with the current PyTorch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from environments import python_of

ROOT = Path(__file__).resolve().parents[2]
TESTS = ("test_torch_watch.py", "test_torch_repeats.py", "test_torch_training.py")


def test_the_same_tests_pass(request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--all"):
        pytest.skip("installs 5 GB; run with --all")
    done = subprocess.run(
        [
            python_of("torch-2"), "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "-o", "addopts=--import-mode=importlib",
            *(ROOT / "python/tests" / name for name in TESTS),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3000,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
