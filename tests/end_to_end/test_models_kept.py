"""Models that were saved outlive what tidies the folder up, for as long as a record names them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import headrace as hr
import pytest
from asked import HEADRACE, environment_of
from headrace.models import ModelError

PROGRAM = """
import headrace as hr
for name in ("first", "second"):
    with hr.campaign("models"), hr.workflow(name):
        hr.models.save(name.encode(), name + " model")
"""


def test_prune_and_backup_keep_what_is_named(tmp_path: Path) -> None:
    folder = tmp_path / ".headrace"
    environment = environment_of(folder, HEADRACE_TELEMETRY="0")
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True, timeout=120)

    def headrace(*words: str) -> None:
        subprocess.run([HEADRACE, *words], env=environment, check=True, timeout=120)

    headrace("ls", "workflows")
    headrace("prune", "--workflow", "first")
    assert hr.models.read("second model", directory=folder) == b"second"
    with pytest.raises(ModelError, match="is gone from"):
        hr.models.read("first model", directory=folder)
    backup = tmp_path / "backup" / ".headrace"
    backup.parent.mkdir()
    headrace("backup", str(backup))
    assert not (backup / "models").exists()
    assert hr.models.read("second model", directory=backup) == b"second"
    assert [each.version for each in hr.models.versions("second model", directory=backup)] == [1]
