"""hr.dask with the distributed of 2024, before task nodes: the same study, the same records."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest
from environments import ROOT, python_of

pytest.importorskip("sklearn")


def of_the_package() -> Any:
    """The checks of python/tests/test_dask.py, whose folder has a conftest of its own."""
    path = ROOT / "python/tests/test_dask.py"
    spec = importlib.util.spec_from_file_location("dask_checks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_a_study_of_2024(run_all: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not run_all:
        pytest.skip("it needs an environment of its own; run with --all")
    python = python_of("dask-2024")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "python"))
    checks = of_the_package()
    study = checks.Study(tmp_path, python)
    assert study.found["version"] == "2024.10.0"
    checks.check_results(study)
    checks.check_edges(study)
    checks.check_values(study)
    checks.check_parents(study)
    checks.check_failures(study)
    checks.check_scattered(study)
