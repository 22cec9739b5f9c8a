"""Under `headrace run`, what a process records hangs under that process's own task."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from asked import HEADRACE, environment_of, query

ROOT = Path(__file__).parents[2]

STEP = "import os, subprocess, sys\nimport headrace as hr\n@hr.task\ndef step(n): return n\n"


class Folder:
    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        self.options = options
        self.environment = environment_of(path / ".headrace", HEADRACE_TELEMETRY="0")

    def program(self, name: str, body: str) -> None:
        (self.path / name).write_text(STEP + body)

    def command(self, *words: str | Path) -> list[str]:
        return [str(HEADRACE), "run", "-q", *self.options, "--", *map(str, words)]

    def run(self, *words: str | Path, **environment: str) -> None:
        done = subprocess.run(
            self.command(*words),
            cwd=self.path,
            env=self.environment | environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=100,
        )
        assert (done.returncode, done.stderr) == (0, "")

    def chains(self, activity: str = "step") -> list[str]:
        """From the outermost task down to each task of that name."""
        rows = {
            row["task_id"]: row
            for row in query(
                "SELECT task_id::VARCHAR AS task_id, activity, status, "
                "parent_task_id::VARCHAR AS parent FROM task ORDER BY started_at",
                self.environment,
            )
        }
        out = []
        for row in rows.values():
            if row["activity"] != activity:
                continue
            chain = [activity]
            at = row
            while at["parent"] is not None:
                at = rows[at["parent"]]  # every parent is there
                chain.append(at["activity"])
            out.append(" > ".join(reversed(chain)))
        return out


@pytest.fixture(params=[(), ("--deep",)], ids=["shim", "deep"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Folder:
    return Folder(tmp_path, *request.param)


def test_below_a_shell(folder: Folder) -> None:
    folder.program("program.py", "step(1)\n")
    folder.run("sh", "-c", f"{sys.executable} program.py; true")
    assert folder.chains() == ["sh > program.py > step"]


def test_the_program_itself_is_the_root(folder: Folder) -> None:
    folder.program("program.py", "step(1)\n")
    folder.run(sys.executable, "program.py")
    assert folder.chains() == ["program.py > step"]


def test_a_program_that_the_first_one_became(folder: Folder) -> None:
    folder.program("program.py", "step(1)\n")
    folder.run("sh", "-c", f"exec {sys.executable} program.py")
    assert folder.chains() == ["sh > program.py > step"]


def test_a_process_that_records_and_becomes_another(folder: Folder) -> None:
    folder.program("second.py", "step(2)\n")
    folder.program("first.py", "step(1)\nos.execv(sys.executable, [sys.executable, 'second.py'])\n")
    folder.run("sh", "-c", f"{sys.executable} first.py; true")
    assert folder.chains() == ["sh > first.py > step", "sh > first.py > second.py > step"]


def test_an_exec_that_failed_changes_nothing(folder: Folder) -> None:
    folder.program(
        "program.py",
        "try:\n    os.execv('/not/there', ['x'])\nexcept OSError:\n    pass\nstep(1)\n",
    )
    folder.run(sys.executable, "program.py")
    assert folder.chains() == ["program.py > step"]


def test_forked_without_exec(folder: Folder) -> None:
    forks = (
        "def forks(n):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        step(n)\n"
        "        hr.flush()\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
    )
    folder.program("program.py", f"{forks}forks(1)\nwith hr.task('outer'):\n    forks(2)\n")
    folder.run("sh", "-c", f"{sys.executable} program.py; true")
    assert folder.chains() == [
        "sh > program.py > program.py > step",
        "sh > program.py > outer > program.py > step",
    ]


def test_forked_recorded_and_became_another(folder: Folder) -> None:
    folder.program("second.py", "step(2)\n")
    folder.program(
        "program.py",
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    step(1)\n"
        "    hr.flush()\n"
        "    os.execv(sys.executable, [sys.executable, 'second.py'])\n"
        "os.waitpid(pid, 0)\n",
    )
    folder.run("sh", "-c", f"{sys.executable} program.py; true")
    one, two = folder.chains()
    assert one == "sh > program.py > second.py > second.py > step"  # one process, both halves
    assert two == "sh > program.py > second.py > step"


def test_started_by_a_task(folder: Folder) -> None:
    folder.program("child.py", "step(1)\n")
    folder.program(
        "program.py", "with hr.task('outer'): subprocess.run([sys.executable, 'child.py'])\n"
    )
    folder.run("sh", "-c", f"{sys.executable} program.py; true")
    assert folder.chains() == ["sh > program.py > outer > child.py > step"]


@pytest.mark.parametrize("within", ["", "with hr.task('outer'): "])
def test_a_parent_that_the_program_names_wins(folder: Folder, within: str) -> None:
    folder.program("child.py", "step(1)\n")
    folder.program(
        "program.py",
        "with hr.task('named') as named: text = hr.child_environment()['HEADRACE_PARENT']\n"
        f"{within}subprocess.run([sys.executable, 'child.py'],"
        " env={**os.environ, 'HEADRACE_PARENT': text})\n",
    )
    folder.run("sh", "-c", f"{sys.executable} program.py; true")
    assert folder.chains() == ["sh > program.py > named > step"]


def test_a_run_inside_a_run(folder: Folder) -> None:
    if folder.options:
        pytest.skip("one supervisor at a time")
    folder.program("program.py", "step(1)\n")
    inner = " ".join(folder.command("sh", "-c", f"'{sys.executable} program.py; true'"))
    folder.run("sh", "-c", f"{inner}; true")
    assert folder.chains() == ["sh > headrace > sh > program.py > step"]


def test_a_cpp_program(folder: Folder) -> None:
    heat = ROOT / "build/release/bin/heat"
    if not heat.exists():
        pytest.skip("the examples are not built")
    (folder.path / "parameters.txt").write_text("cells 8\nsteps 1\ndt 1e-3\ntolerance 1e-9\n")
    folder.run("sh", "-c", f"{heat} parameters.txt field.bin > said.txt; true")
    assert {chain.split(" > ")[:2][-1] for chain in folder.chains()} == {"heat"}
    assert all(chain.startswith("sh > heat > ") for chain in folder.chains())


def test_mpi_ranks(folder: Folder) -> None:
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun here")
    folder.program("program.py", "step(1)\n")
    folder.run(
        *("mpirun", "--oversubscribe", "-n", "2", sys.executable, "program.py"),
        OMPI_ALLOW_RUN_AS_ROOT="1",
        OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
    )
    assert folder.chains() == ["mpirun > program.py > step"] * 2


def test_a_killed_headrace_leaves_no_task_without_its_parent(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.program(
        "program.py",
        "step(1)\nhr.flush()\nimport time\ntime.sleep(0.5)\nprint('ready', flush=True)\n"
        "time.sleep(600)\n",
    )
    process = subprocess.Popen(
        folder.command("sh", "-c", f"{sys.executable} program.py; true"),
        cwd=folder.path,
        env=folder.environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    folder.run("true")
    os.killpg(process.pid, signal.SIGKILL)  # what it ran
    (chain,) = folder.chains()
    outer, own, _ = chain.split(" > ")
    assert (outer, own[:6]) == ("sh", "python")  # as the kernel calls it: nobody saw it end
