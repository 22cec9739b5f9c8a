"""`hr.sklearn.watch` with the oldest scikit-learn that it knows: the package's own tests of it."""

from __future__ import annotations

import os
import subprocess

import pytest
from environments import ROOT, python_of


def test_the_oldest_supported_version(run_all: bool) -> None:
    if not run_all:
        pytest.skip("with --all")
    python = python_of("sklearn-1.4")
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "python/tests/test_sklearn.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout, done.stdout[-2000:]
