"""What is said of files by the preloaded library and by the supervisor, against strace.

Each program runs once, under strace and the box at once: `strace` runs inside the box, so that
both see the same processes, temporary names and races. Compared are the sets of (mode, path) below
the program's folders; what lies outside must be of a known class.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import strace_log
from programs import CASES, Case, available

ROOT = Path(__file__).parents[2]
WATCH = ROOT / "build/release/bin/headrace_box_watch"
LIBRARY = ROOT / "build/release/lib/libheadrace_box.so"
STRACE = ("strace", "-f", "-y", "-s", "4096", "-e", "trace=%file,%desc,%process", "-o")

# What programs open besides the user's data: shared objects and the loader's cache, locales, users
# and names, the JVM's looks at the machine, compilers' and interpreters' own files, devices.
NOT_DATA = (
    *("/bin/", "/boot/", "/dev/", "/etc/", "/lib/", "/lib32/", "/lib64/", "/opt/", "/proc/"),
    *("/run/", "/sbin/", "/sys/", "/usr/", "/var/", "/tmp/hsperfdata_", "pipe:", "socket:"),
    *("anon_inode:", "/memfd:"),
)

Use = tuple[str, str, str]  # mode, path, new path

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")


@dataclass
class Box:
    """What the logs of one run say."""

    uses: set[Use] = field(default_factory=set)
    completeness: Counter[str] = field(default_factory=Counter)
    launchers: set[int] = field(default_factory=set)  # whose own files are left out on purpose


@dataclass
class Folders:
    root: Path

    def __post_init__(self) -> None:
        for name in ("work", "tmp", "home", "logs"):
            (self.root / name).mkdir()

    def is_data(self, path: str) -> bool:
        return any(path.startswith(f"{self.root / name}/") for name in ("work", "tmp", "home"))


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    # In memory where it can be: logs are written there as `headrace run` would.
    yield Folders(tmp_path)
    shutil.rmtree(tmp_path, ignore_errors=True)


def of_strace(log: Path, folders: Folders, launchers: set[int]) -> set[Use]:
    run = strace_log.read(log, folders.root / "work")
    uses: set[Use] = set()
    unknown = []
    for one in run.accesses:
        if one.pid in launchers:
            continue
        is_folder = one.kind == "read" and (one.path in run.folders or Path(one.path).is_dir())
        path = "" if one.path.startswith("/proc/self/fd/") else one.path
        if folders.is_data(path) or folders.is_data(one.to):
            if not is_folder:
                uses.add((one.kind, path, one.to))
        elif not path.startswith((*NOT_DATA, str(ROOT), str(folders.root))) and not is_folder:
            unknown.append(one)
    assert not unknown, "data outside the program's folders"
    return uses


def of_box(out: Path, folders: Folders) -> Box:
    box = Box()
    for line in out.read_text().splitlines():
        one = json.loads(line)
        if "process" in one:
            box.completeness[f"{one['mechanism']} {one['completeness']}"] += 1
            if one["launcher"]:
                box.launchers.add(one["process"])
            continue
        path = one["path"]
        # A file without a name that gets one.
        nameless = path.startswith("/proc/") or path.endswith(" (deleted)")
        if folders.is_data(path) or folders.is_data(one["to"]):
            box.uses.add((one["kind"], "" if nameless else path, one["to"]))
    return box


def run(case: Case, folders: Folders, *how: str | Path) -> tuple[set[Use], Box]:
    """The program's uses of files as strace saw them, and as the box did."""
    work = folders.root / "work"
    case.prepare(work)
    log = folders.root / "run.strace"
    out = folders.root / "box.jsonl"
    environment = os.environ | {
        "TMPDIR": str(folders.root / "tmp"),
        "HOME": str(folders.root / "home"),
        "HEADRACE_DISABLED": "1",
    }
    # Not a version manager's script in its place.
    command = [sys.executable if word == "python3" else word for word in case.command]
    done = subprocess.run(
        [WATCH, folders.root / "logs", out, *how, "--", *STRACE, log, *command],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    box = of_box(out, folders)
    return of_strace(log, folders, box.launchers), box


def compare(case: Case, seen: set[Use], box: Box) -> None:
    missed = seen - box.uses
    invented = box.uses - seen
    paths = len({path for _, path, _ in seen})
    print(f"{case.name}: {len(seen)} uses of {paths} paths, {dict(box.completeness)}")
    assert seen, "the program uses no files"
    assert not missed, f"not seen: {sorted(missed)}"
    assert not invented, f"never happened: {sorted(invented)}"


def cases(closed: bool) -> list[Case]:
    return [case for case in CASES if closed or not case.closed]


def skip_without_tools(case: Case) -> None:
    if not available(case):
        pytest.skip(f"needs {' '.join(case.tools)}")


@pytest.mark.parametrize("case", cases(closed=False), ids=lambda case: case.name)
def test_the_library_sees_what_strace_sees(case: Case, folders: Folders) -> None:
    skip_without_tools(case)
    seen, box = run(case, folders, "--preload", LIBRARY)
    assert "shim full" not in box.completeness
    compare(case, seen, box)


@pytest.mark.parametrize("case", cases(closed=True), ids=lambda case: case.name)
def test_the_supervisor_sees_what_strace_sees(case: Case, folders: Folders) -> None:
    skip_without_tools(case)
    seen, box = run(case, folders, "--notify")
    assert set(box.completeness) == {"notify full"}
    compare(case, seen, box)


def test_enough_programs_are_tried() -> None:
    """The claim is about at least 14 real programs on a machine that has the usual tools."""
    tried = [case for case in CASES if available(case)]
    print(f"{len(tried)} of {len(CASES)} programs, {sum(case.closed for case in tried)} closed")
    assert len(tried) >= 14
