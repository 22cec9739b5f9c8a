"""`headrace run --deep`: the program must not notice, and files of closed programs have lineage."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import programs
import pytest
from asked import HEADRACE, Row, environment_of, query

ROOT = Path(__file__).parents[2]


class Folder:
    """A working folder with a `.headrace` of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment = environment_of(
            path / ".headrace", HEADRACE_TELEMETRY="0", HOME=str(path)
        )

    def run(self, *words: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [HEADRACE, "run", "--deep", "-q", "--", *words],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=120,
            **options,
        )

    def query(self, sql: str) -> list[Row]:
        return query(sql, self.environment)

    def files(self, relation: str) -> dict[str, set[str]]:
        """By program the names of the files that it used or generated, exactly."""
        task, file = ("to_id", "from_id") if relation == "used" else ("from_id", "to_id")
        rows = self.query(
            f"SELECT t.activity, o.name FROM edge e JOIN task t ON t.task_id = e.{task} "  # noqa: S608
            f"JOIN object o ON o.object_id = e.{file} "
            f"WHERE e.relation = '{relation}' AND e.exact AND o.kind = 'file'"
        )
        out: dict[str, set[str]] = {}
        for row in rows:
            out.setdefault(row["activity"], set()).add(row["name"])
        return out

    def why(self, name: str) -> str:
        done = subprocess.run(
            [HEADRACE, "why", name],
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_the_programs(folder: Folder, code: int) -> None:
    assert folder.run("sh", "-c", f"exit {code}").returncode == code
    assert folder.run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_output_and_input_pass_byte_for_byte(folder: Folder) -> None:
    noise = os.urandom(1 << 18)
    done = folder.run("sh", "-c", "tee copy; cat copy >&2", input=noise)
    assert done.stdout == noise
    assert done.stderr == noise


def test_what_cannot_be_started_says_why(folder: Folder) -> None:
    missing = folder.run("no-such-program")
    assert missing.returncode == 127
    assert b"no such program" in missing.stderr
    (folder.path / "data.txt").write_text("x")
    assert folder.run("./data.txt").returncode == 126


def test_a_second_supervisor_is_refused(folder: Folder) -> None:
    done = folder.run(HEADRACE, "run", "--deep", "--", "touch", "made")
    assert done.returncode == 125
    assert b"another supervisor" in done.stderr
    assert b"run without --deep" in done.stderr
    assert not (folder.path / "made").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_program_with_a_privilege_of_its_own_is_refused(folder: Folder) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("no setpriv here")
    # Below a folder that others may enter.
    place = Path("/tmp") / f"headrace-privileged-{os.getpid()}"
    place.mkdir(mode=0o755)
    try:
        program = place / "privileged"
        shutil.copy("/bin/true", program)
        program.chmod(0o4755)
        store = place / "store"
        store.mkdir()
        os.chown(store, 65534, 65534)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        done = subprocess.run(
            [*nobody, HEADRACE, "run", "--deep", "--dir", store / ".headrace", "--", program],
            cwd=store,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            check=False,
        )
        if b"Permission denied" in done.stderr and done.returncode in (126, 127):
            pytest.skip("others may not enter this checkout")
        assert done.returncode == 125
        assert b"privilege" in done.stderr
    finally:
        shutil.rmtree(place)


def test_a_pipeline_of_closed_programs_has_lineage(folder: Folder) -> None:
    cases = {case.name: case for case in programs.CASES}
    case = cases["raw_system_calls"]
    if not programs.available(case):
        pytest.skip("no compiler here")
    case.prepare(folder.path)
    done = folder.run("sh", "-c", "./program && env -i /bin/cat final.txt > end.txt")
    assert done.returncode == 0, done.stderr
    assert folder.files("used")["program"] >= {"in.txt"}
    assert folder.files("generated")["program"] == {"final.txt"}
    assert "end.txt" in folder.files("generated")["cat"]
    assert "final.txt" in folder.files("used")["cat"]
    answer = folder.why("end.txt")
    assert "final.txt" in answer
    assert "in.txt" in answer
    rows = folder.query(
        "SELECT DISTINCT attributes->>'mechanism' AS mechanism, "
        "attributes->>'completeness' AS completeness FROM task"
    )
    assert rows == [{"mechanism": "notify", "completeness": "full"}]


def test_go_has_lineage(folder: Folder) -> None:
    case = next(case for case in programs.CASES if case.name == "go_program")
    if not programs.available(case):
        pytest.skip("no Go here")
    home = os.environ.get("HOME")
    case.prepare(folder.path)
    assert os.environ.get("HOME") == home
    assert folder.run("./program").returncode == 0
    made = folder.files("generated")
    assert made["program"] >= {"out.txt", "a.txt", "b.txt", "c.txt", "log.txt"}
    assert "d.txt" not in made["program"]  # removed
    assert "command.txt" in made["cat"]
    assert "a.txt" in folder.files("used")["cat"]


def test_without_deep_closed_programs_are_never_claimed_whole(folder: Folder) -> None:
    case = next(case for case in programs.CASES if case.name == "raw_system_calls")
    if not programs.available(case):
        pytest.skip("no compiler here")
    case.prepare(folder.path)
    for options in (["-static"], []):
        subprocess.run(["gcc", "program.c", "-o", "program", *options], cwd=folder.path, check=True)
        done = subprocess.run(
            [HEADRACE, "run", "-q", "--", "sh", "-c", "./program; exit 0"],
            cwd=folder.path,
            env=folder.environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    seen = {
        row["completeness"]
        for row in folder.query("SELECT attributes->>'completeness' AS completeness FROM task")
    }
    assert "full" not in seen
    assert seen & {"none", "partial"}  # the static one


def test_the_program_goes_on_when_headrace_is_killed(folder: Folder) -> None:
    started = subprocess.Popen(
        [
            HEADRACE,
            "run",
            "--deep",
            "-q",
            "--",
            "sh",
            "-c",
            "touch up; sleep 0.5; cat up; touch end",
        ],
        cwd=folder.path,
        env=folder.environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(folder.path / "up")
    finally:
        started.kill()
        started.wait()
    wait_for(folder.path / "end")
    assert folder.query("SELECT status FROM workflow") == [{"status": "lost"}]


def test_what_a_program_leaves_behind_goes_on(folder: Folder) -> None:
    script = "(sleep 0.5; cat /dev/null; touch end) >/dev/null 2>&1 & exit 5"
    assert folder.run("sh", "-c", script).returncode == 5
    wait_for(folder.path / "end")


def wait_for(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    pytest.fail(f"{path.name} never came")
