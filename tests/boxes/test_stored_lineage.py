"""What reaches the store of a program's files: what strace saw it read that was there before, and
what is there afterwards that was not.

The same programs as in test_file_lineage.py, through `headrace run` to the end.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import strace_log
from asked import HEADRACE, environment_of, query
from programs import CASES, Case, available

ROOT = Path(__file__).parents[2]
STRACE = ("strace", "-f", "-y", "-s", "4096", "-e", "trace=%file,%desc,%process", "-o")

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")


def contents(folder: Path) -> dict[str, str]:
    """Files by path, with their content's hash."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


def stored(environment: dict[str, str]) -> dict[str, set[str]]:
    """Paths that tasks used and generated."""
    rows = query(
        "SELECT e.relation, o.path FROM edge e JOIN object o "
        "ON o.object_id = CASE e.relation WHEN 'used' THEN e.from_id ELSE e.to_id END "
        "WHERE e.relation IN ('used', 'generated')",
        environment,
    )
    out: dict[str, set[str]] = {"used": set(), "generated": set()}
    for row in rows:
        if row["path"]:
            out[row["relation"]].add(row["path"])
    return out


def check(case: Case, root: Path, *options: str) -> None:
    if not available(case):
        pytest.skip(f"needs {' '.join(case.tools)}")
    work = root / "work"
    for name in ("work", "tmp", "home"):
        (root / name).mkdir()
    case.prepare(work)
    before = contents(work)
    environment = environment_of(
        root / ".headrace",
        HEADRACE_TELEMETRY="0",
        TMPDIR=str(root / "tmp"),
        HOME=str(root / "home"),
    )
    command = [sys.executable if word == "python3" else word for word in case.command]
    log = root / "run.strace"
    done = subprocess.run(
        [HEADRACE, "run", "-q", *options, "--", *STRACE, log, *command],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    after = contents(work)
    read = {one.path for one in strace_log.read(log, work).accesses if one.kind == "read"}
    inputs = {path for path in before if path in read}
    # What one process calls by two names, or exchanges with another file, has its first name.
    second = (
        {str(work / "hard.txt"), str(work / "with.txt")} if "everything" in case.name else set()
    )
    outputs = {path for path, content in after.items() if before.get(path) != content} - second
    untouched = {path for path in before if after.get(path) == before[path]}
    seen = stored(environment)
    print(f"{case.name}: {len(inputs)} inputs, {len(outputs)} outputs")
    assert inputs <= seen["used"], f"inputs not told: {sorted(inputs - seen['used'])}"
    missing = outputs - seen["generated"]
    assert not missing, f"outputs not told: {sorted(missing)}"
    invented = untouched & seen["generated"]
    assert not invented, f"never written: {sorted(invented)}"


@pytest.mark.parametrize("case", [c for c in CASES if not c.closed], ids=lambda case: case.name)
def test_the_store_has_the_inputs_and_outputs(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_store_has_those_of_deep_runs(case: Case, tmp_path: Path) -> None:
    check(case, tmp_path, "--deep")
