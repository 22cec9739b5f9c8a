"""f14: ten times more than the disk takes; started with the session, awaited at its end."""

from __future__ import annotations

import json
import subprocess

import pytest


@pytest.mark.timeout(1500)
def test_f14_overload_is_bounded_and_accounted_for(overload: subprocess.Popen[str]) -> None:
    output, errors = overload.communicate()
    assert overload.returncode == 0, errors
    got = json.loads(output)
    if "skipped" in got:
        pytest.skip(got["skipped"])
    print("overload:", got)
    assert got["exit_code"] == 0
    assert got["offered_bytes"] >= 5 * got["disk_bytes"]
    assert got["dropped"] > 0
    assert got["peak_bytes"] <= 32 << 20
    # Every record that was accepted is stored or told as dropped, each once.
    # The end of the process's own workflow is the first record of the main thread, which may find
    # no chunk left while the disk is full: nobody can tell of it then.
    others = got["numbers"] - got["promised"]
    assert got["others"] - 1 <= others <= got["others"]
    assert got["accepted"] == got["stored"] + got["dropped"] + got["quarantined"]
    assert (got["missing"], got["quarantined"], got["spooled"]) == (0, 0, 0)
    assert got["duplicates"] == 0
