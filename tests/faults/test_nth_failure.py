"""f10: the Nth allocation or system call of capture fails, for every N: the program never notices.

Its output and its exit code stay what they are without capture; what was stored can be read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "release"
ROOMS = ("telemetry", "capture", "spool", "encode", "model", "base")
# How many numbers are tried when not all are: the first ones each, then evenly spread.
DENSE, SPREAD = 60, 40


def run(command: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("HEADRACE_", "FAULT_", "LD_PRELOAD"))
    }
    return subprocess.run(
        command, env=clean | environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("injector") / "libnth_failure.so"
    done = run(
        [
            "cc",
            "-O1",
            "-fPIC",
            "-shared",
            "-o",
            library,
            HERE / "nth_failure.c",
            "-ldl",
            "-lpthread",
        ]
    )
    assert done.returncode == 0, done.stderr
    return library


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("program") / "captured_program"
    archives = [BUILD / "src" / room / f"libheadrace_{room}.a" for room in ROOMS]
    present = [str(archive) for archive in archives if archive.exists()]
    assert present, "build first: ./script/build"
    done = run(
        [
            *("c++", "-std=c++20", "-O1", f"-I{ROOT / 'include'}"),
            *("-o", str(out), str(HERE / "captured_program.cc")),
            *("-Wl,--start-group", *present, "-Wl,--end-group"),
            *("-Wl,-u,hr_telemetry_install", "-lpthread", "-ldl"),
        ]
    )
    assert done.returncode == 0, done.stderr
    return out


@dataclass
class Found:
    runs: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    calls: int = 0


def try_all(
    command: list[str | Path],
    injector: Path,
    folder: Path,
    kind: str,
    run_all: bool,
    first: int = 1,
    **environment: str,
) -> Found:
    """Runs the command with each call failing in turn, until a run in which none did."""
    report = folder / "report"
    plain = run(command, HEADRACE_DISABLED="1")
    assert plain.returncode == 7, plain.stderr
    found = Found()

    def once(number: int) -> bool:
        shutil.rmtree(folder / ".headrace", ignore_errors=True)
        shutil.rmtree(folder / "rings", ignore_errors=True)
        (folder / "rings").mkdir(mode=0o700)
        done = run(
            command,
            HEADRACE_DIR=str(folder / ".headrace"),
            HEADRACE_RING_DIR=str(folder / "rings"),
            LD_PRELOAD=str(injector),
            FAULT_KIND=kind,
            FAULT_NUMBER=str(number),
            FAULT_REPORT=str(report),
            **environment,
        )
        what = f"{kind} {number} of {' '.join(map(str, command))}"
        assert done.returncode == 7, f"{what}: exit {done.returncode}\n{done.stderr}"
        assert done.stdout == plain.stdout, f"{what}\n{done.stderr}"
        assert "Traceback" not in done.stderr, f"{what}\n{done.stderr}"
        calls, failed = report.read_text().split()
        found.runs += 1
        found.calls = int(calls)
        found.fired[failed] += 1
        return failed != "-"

    assert not once(0), "a run without a failure"
    total = found.calls
    assert total >= 15, "the injector sees capture"
    step = 1 if run_all else max(1, (total - DENSE) // SPREAD)
    number = first
    while once(number) or number < total // 2:
        number += 1 if number < DENSE else step
    return found


def tell(what: str, found: Found) -> None:
    fired = sum(count for name, count in found.fired.items() if name != "-")
    calls = ", ".join(f"{name} {count}" for name, count in sorted(found.fired.items()))
    print(f"f10: {what}: {found.runs} runs, {fired} failures injected ({calls}), result unchanged")


@pytest.mark.parametrize("kind", ["memory", "system"])
@pytest.mark.parametrize("level", ["1", "2"])
def test_a_cpp_program_never_notices(
    program: Path, injector: Path, tmp_path: Path, run_all: bool, kind: str, level: str
) -> None:
    found = try_all(
        [program],
        injector,
        tmp_path,
        kind,
        run_all,
        HEADRACE_DURABILITY=level,
        HEADRACE_TELEMETRY="0",
    )
    tell(f"C++, {kind}, durability {level}", found)


@pytest.mark.parametrize("kind", ["memory", "system"])
def test_what_is_done_each_second(
    program: Path, injector: Path, tmp_path: Path, run_all: bool, kind: str
) -> None:
    """The last calls of a program that lives for two seconds: among them the drain thread's."""
    found = try_all([program], injector, tmp_path, kind, run_all, first=10**6)
    found = try_all(
        [program], injector, tmp_path, kind, run_all, first=found.calls - 12, PROGRAM_LIVES_S="2"
    )
    tell(f"C++ for two seconds, {kind}", found)


@pytest.mark.parametrize("kind", ["memory", "system"])
def test_a_python_program_never_notices(
    injector: Path, tmp_path: Path, run_all: bool, kind: str
) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    found = try_all(
        [Path(sys.executable), HERE / "captured_program.py"],
        injector,
        tmp_path,
        kind,
        run_all,
        FAULT_LIBRARY=f"_capture{suffix}",
        HEADRACE_TELEMETRY="0",
        PYTHONPATH=str(ROOT / "python"),
    )
    tell(f"Python, {kind}", found)


def test_what_is_stored_after_a_failure_can_be_read(
    program: Path, injector: Path, tmp_path: Path
) -> None:
    """Every tenth call or so: whatever reached the folder folds, and counts add up."""
    for kind in ("memory", "system"):
        for number in range(3, 120, 13):
            folder = tmp_path / f"{kind}{number}"
            (folder / "rings").mkdir(parents=True, mode=0o700)
            places = {
                "HEADRACE_DIR": str(folder / ".headrace"),
                "HEADRACE_RING_DIR": str(folder / "rings"),
            }
            run(
                [program],
                LD_PRELOAD=str(injector),
                FAULT_KIND=kind,
                FAULT_NUMBER=str(number),
                HEADRACE_TELEMETRY="0",
                **places,
            )
            if not (folder / ".headrace").exists():
                continue
            sql = "SELECT count(*) AS wrong FROM task WHERE (used->>'i')::INTEGER > 39"
            done = run([BUILD / "bin" / "headrace", "query", "--format", "jsonl", sql], **places)
            assert done.returncode == 0, f"{kind} {number}: {done.stderr}"
            assert json.loads(done.stdout)["wrong"] == 0
