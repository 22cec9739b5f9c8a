"""`headrace run`: the program must not notice, and everything about it must be recorded."""
# ruff: noqa: S105, S606, S608 - made-up secrets, a terminal of its own, fixed SQL

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, Row, environment_of, query

ROOT = Path(__file__).parents[2]

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


class Folder:
    """A working folder with a `.headrace` of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = path / ".headrace"
        self.environment = environment_of(self.store, HEADRACE_TELEMETRY="0")

    def command(self, *words: str | Path, options: tuple[str, ...] = ()) -> list[str]:
        return [str(HEADRACE), "run", *options, "--", *map(str, words)]

    def run(
        self,
        *words: str | Path,
        options: tuple[str, ...] = (),
        stdin: bytes | None = None,
        **environment: str,
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self.command(*words, options=options),
            cwd=self.path,
            env=self.environment | environment,
            capture_output=True,
            input=stdin,
            check=False,
        )

    def python(self, source: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        (self.path / "program.py").write_text(source)
        return self.run(sys.executable, "program.py", **environment)

    def query(self, sql: str) -> list[Row]:
        return query(sql, self.environment)

    def workflow(self, name: str | None = None) -> dict[str, Any]:
        """The one workflow (of that name), its attributes among its columns."""
        where = f" WHERE name = '{name}'" if name else ""
        (row,) = self.query(f"SELECT * FROM workflow{where}")
        for column in ("attributes", "used", "error"):
            if isinstance(row[column], str):
                row[column] = json.loads(row[column])
        return row

    def output(self, stream: str) -> str:
        rows = self.query(f"SELECT text FROM log WHERE stream = '{stream}' ORDER BY time")
        return "".join(row["text"] for row in rows)

    def objects(self, kind: str) -> list[dict[str, Any]]:
        return self.query(f"SELECT * FROM object WHERE kind = '{kind}' ORDER BY name")


@pytest.fixture
def folder(tmp_path: Path, assert_accounted: Callable[..., None]) -> Iterator[Folder]:
    """What a test leaves there adds up, if the test read it."""
    folder = Folder(tmp_path)
    yield folder
    if (folder.store / "store.duckdb").exists():
        assert_accounted(folder.store)


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e@x", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


# --- the program does not notice -------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 3, 255])
def test_the_exit_code_is_the_programs(folder: Folder, code: int) -> None:
    done = folder.run("sh", "-c", f"exit {code}")
    assert done.returncode == code
    workflow = folder.workflow()
    assert workflow["exit_code"] == code
    assert workflow["status"] == ("failed" if code else "finished")


def test_a_program_ended_by_a_signal_gives_128_and_its_number(folder: Folder) -> None:
    assert folder.run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL
    workflow = folder.workflow()
    assert workflow["status"] == "failed"
    assert workflow["attributes"]["signal"] == "SIGKILL"


def test_what_cannot_be_started_says_why(folder: Folder) -> None:
    missing = folder.run("no-such-program")
    assert missing.returncode == 127
    assert b"no such program" in missing.stderr
    (folder.path / "data.txt").write_text("x")
    plain = folder.run("./data.txt")
    assert plain.returncode == 126
    assert b"data.txt" in plain.stderr
    orphan = folder.path / "orphan"
    orphan.write_text("#!/no/such/interpreter\n")
    orphan.chmod(0o755)
    assert folder.run("./orphan").returncode == 126
    assert subprocess.run([HEADRACE, "run"], capture_output=True, check=False).returncode == 125
    assert [row["status"] for row in folder.query("SELECT status FROM workflow")] == ["failed"] * 3


def test_binary_output_passes_byte_for_byte(folder: Folder) -> None:
    noise = os.urandom(1 << 20)
    (folder.path / "noise").write_bytes(noise)
    done = folder.run("sh", "-c", "cat noise; cat noise >&2", options=("-q",))
    assert done.stdout == noise
    assert done.stderr == noise
    assert folder.workflow()["attributes"]["stdout"]["bytes"] == len(noise)


def test_order_stays_where_both_streams_are_one_pipe(folder: Folder) -> None:
    lines = "".join(f"echo out {i}; echo err {i} >&2; " for i in range(200))
    done = subprocess.run(
        folder.command("sh", "-c", lines, options=("-q",)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=folder.environment,
        cwd=folder.path,
        check=True,
    )
    expected = "".join(f"out {i}\nerr {i}\n" for i in range(200))
    assert done.stdout.decode() == expected
    assert folder.output("stdout") == expected


def test_a_file_is_given_to_the_program_itself(folder: Folder) -> None:
    target = folder.path / "log.txt"
    target.write_text("before\n")
    with target.open("ab") as file:
        subprocess.run(
            folder.command("sh", "-c", "test -f /proc/self/fd/1 && echo inside", options=("-q",)),
            stdout=file,
            env=folder.environment,
            cwd=folder.path,
            check=True,
        )
    assert target.read_text() == "before\ninside\n"
    assert folder.output("stdout") == "inside\n"


def test_a_terminal_stays_one(folder: Folder) -> None:
    master, slave = pty.openpty()
    program = "import sys; print(sys.stdin.isatty(), sys.stdout.isatty()); print(input()[::-1])"
    process = subprocess.Popen(
        folder.command(sys.executable, "-c", program, options=("-q",)),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=folder.environment,
        cwd=folder.path,
    )
    os.close(slave)
    os.write(master, b"abc\n")
    seen = b""
    while b"cba" not in seen:
        seen += os.read(master, 1024)
    assert process.wait() == 0
    os.close(master)
    assert b"True True" in seen
    assert "terminal" in folder.workflow()["attributes"]["stdout"]["kept"]


def test_stdin_reaches_the_program(folder: Folder) -> None:
    done = folder.run("tr", "a-z", "A-Z", stdin=b"hello\n" * 10_000)
    assert done.stdout == b"HELLO\n" * 10_000


def test_a_reader_that_goes_away_ends_the_program_as_ever(folder: Folder) -> None:
    process = subprocess.Popen(
        folder.command("yes", options=("-q",)),
        stdout=subprocess.PIPE,
        env=folder.environment,
        cwd=folder.path,
    )
    assert process.stdout is not None
    assert process.stdout.read(4) == b"y\ny\n"
    process.stdout.close()
    assert process.wait() == 128 + signal.SIGPIPE


def test_what_the_program_leaves_behind_goes_on_writing(folder: Folder) -> None:
    read, write = os.pipe()
    go_read, go_write = os.pipe()
    script = f"(read x <&{go_read}; echo late) & echo early"
    process = subprocess.Popen(
        folder.command("bash", "-c", script, options=("-q",)),
        stdout=write,
        pass_fds=[go_read],
        env=folder.environment,
        cwd=folder.path,
    )
    os.close(write)
    assert process.wait() == 0
    os.write(go_write, b"go\n")
    with os.fdopen(read, "rb") as stream:
        assert stream.read() == b"early\nlate\n"
    os.close(go_read)
    os.close(go_write)


def test_the_program_sees_no_more_descriptors_and_the_same_signals(folder: Folder) -> None:
    program = (
        "import os, signal; print(sorted(os.listdir('/proc/self/fd'))[:-1],"
        " signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.getsignal(signal.SIGPIPE),"
        " signal.getsignal(signal.SIGTERM), os.getpgrp() == os.getpgid(os.getppid()))"
    )
    bare = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert folder.run(sys.executable, "-c", program).stdout == bare.stdout


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"])
def test_signals_reach_the_program(folder: Folder, name: str) -> None:
    program = (
        "import os, signal, sys\n"
        "def got(number, frame):\n"  # may come while `ready` is being printed
        "    os.write(1, signal.Signals(number).name.encode() + b'\\n')\n"
        "    sys.exit(7)\n"
        f"signal.signal(signal.{name}, got)\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n"
    )
    process = subprocess.Popen(
        folder.command(sys.executable, "-c", program, options=("-q",)),
        stdout=subprocess.PIPE,
        env=folder.environment,
        cwd=folder.path,
        # A shell's background job is born with SIGINT ignored, one of nohup with SIGHUP.
        preexec_fn=lambda: signal.signal(signal.Signals[name], signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.Signals[name])
    assert process.stdout.read() == name.encode() + b"\n"
    assert process.wait() == 7


def test_a_terminated_program_is_recorded_as_cancelled(folder: Folder) -> None:
    process = subprocess.Popen(
        folder.command("sh", "-c", "echo ready; exec sleep 600", options=("-q",)),
        stdout=subprocess.PIPE,
        env=folder.environment,
        cwd=folder.path,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    process.stdout.close()
    workflow = folder.workflow()
    assert (workflow["status"], workflow["attributes"]["signal"]) == ("cancelled", "SIGTERM")


def test_an_unwritable_folder_is_told_once_and_changes_nothing(folder: Folder) -> None:
    (folder.path / "file").write_text("")
    done = folder.run("sh", "-c", "echo fine; exit 4", HEADRACE_DIR=str(folder.path / "file/x"))
    assert (done.returncode, done.stdout) == (4, b"fine\n")
    assert done.stderr.count(b"headrace:") == 1
    assert b"without being captured" in done.stderr


def test_capture_that_is_off_leaves_nothing(folder: Folder) -> None:
    done = folder.run("sh", "-c", "echo fine; exit 4", HEADRACE_DISABLED="1")
    assert (done.returncode, done.stdout, done.stderr) == (4, b"fine\n", b"")
    assert not folder.store.exists()


def test_a_script_without_a_first_line_runs(folder: Folder) -> None:
    script = folder.path / "plain"
    script.write_text("echo $1\n")
    script.chmod(0o755)
    done = folder.run("./plain", "hello")
    assert (done.returncode, done.stdout) == (0, b"hello\n")


# --- what is recorded --------------------------------------------------------------------------


def test_command_folder_machine_and_cost(folder: Folder) -> None:
    folder.run("sh", "-c", "echo 'a  b'; head -c 100000 /dev/zero > made", "x y")
    workflow = folder.workflow()
    facts = workflow["attributes"]
    assert workflow["name"] == "sh"
    assert "'x y'" in workflow["command"]
    assert facts["cwd"] == str(folder.path)
    assert facts["machine"]["cpu"]["threads"] == os.cpu_count()
    assert facts["machine"]["kernel"].endswith(os.uname().release)
    assert facts["resources"]["max_rss_bytes"] > 100_000
    assert facts["resources"]["user_s"] >= 0
    assert facts["resources"]["io"]["written_chars"] >= 100_000
    assert folder.output("stdout") == "a  b\n"
    (task,) = folder.query(
        "SELECT activity, status, parent_task_id FROM task WHERE parent_task_id IS NULL"
    )
    assert task == {"activity": "sh", "status": "finished", "parent_task_id": None}


def test_only_the_last_of_long_output_is_kept(folder: Folder) -> None:
    folder.run("sh", "-c", "seq 100000; seq 7 >&2")
    kept = folder.output("stdout")
    assert len(kept) <= 64 * 1024
    assert kept.endswith("99999\n100000\n")
    assert folder.output("stderr") == "".join(f"{i}\n" for i in range(1, 8))
    facts = folder.workflow()["attributes"]["stdout"]
    assert facts["bytes"] == sum(len(f"{i}\n") for i in range(1, 100_001))


def test_the_source_is_known_to_the_last_uncommitted_line(folder: Folder) -> None:
    git(folder.path, "init", "-q", "-b", "work")
    script = folder.path / "solve.sh"
    script.write_text("echo one\n")
    git(folder.path, "add", "solve.sh")
    git(folder.path, "commit", "-q", "-m", "first")
    script.write_text("echo two\n")
    (folder.path / "notes.txt").write_text("x")
    folder.run("bash", "solve.sh")

    facts = folder.workflow()["attributes"]["git"]
    assert facts["commit"] == git(folder.path, "rev-parse", "HEAD").strip()
    assert (facts["branch"], facts["dirty"]) == ("work", True)
    assert "notes.txt" in facts["untracked"]

    (diff,) = folder.objects("diff")
    kept = (folder.store / diff["path"]).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == diff["sha256"]
    script.unlink()
    git(folder.path, "checkout", "-q", "solve.sh")
    subprocess.run(["git", "apply"], input=kept, cwd=folder.path, check=True)
    assert script.read_text() == "echo two\n"

    code = {row["name"]: row["sha256"] for row in folder.objects("code")}
    assert code["solve.sh"] == hashlib.sha256(b"echo two\n").hexdigest()
    assert "bash" in code
    edges = folder.query("SELECT name FROM edge WHERE relation = 'used' AND to_kind = 'workflow'")
    assert {row["name"] for row in edges} >= {"git_diff", "script", "executable"}


def test_a_python_program_says_what_it_ran_with(folder: Folder) -> None:
    (folder.path / "own_module.py").write_text("x = 1\n")
    done = folder.python(
        "import random, own_module, pytest, sys\nrandom.seed(7)\n"
        "print('headrace' in sys.modules, any('headrace/hook' in p for p in sys.path))\n",
        PYTHONHASHSEED="5",
    )
    assert done.stdout == b"False False\n"
    facts = folder.workflow()["attributes"]
    assert facts["python"]["language"] == "python " + sys.version.split()[0]
    assert facts["python"]["seeds"]["PYTHONHASHSEED"] == "5"
    assert "random" in facts["python"]["seeds"]
    assert facts["python_packages"]["packages"]["pytest"]["version"] == pytest.__version__
    modules = facts["python_packages"]["modules"]
    for name in ("own_module.py", "program.py"):
        content = (folder.path / name).read_bytes()
        assert modules[str(folder.path / name)] == hashlib.sha256(content).hexdigest()
    assert not list(folder.store.glob("hook/answers/*"))


def test_the_environments_own_sitecustomize_runs(folder: Folder) -> None:
    site = folder.path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text("import builtins\nbuiltins.site_ran = True\n")
    done = folder.python(
        "import sitecustomize\nprint(site_ran, sitecustomize.__file__)", PYTHONPATH=str(site)
    )
    assert done.stdout.decode() == f"True {site}/sitecustomize.py\n"
    assert folder.workflow()["attributes"]["python"]["implementation"] == "cpython"


def test_a_failing_python_program_fails_as_ever(folder: Folder) -> None:
    bare = subprocess.run(
        [sys.executable, "-c", "raise ValueError('x')"], capture_output=True, check=False
    )
    done = folder.run(sys.executable, "-c", "raise ValueError('x')", options=("-q",))
    assert (done.returncode, done.stderr) == (bare.returncode, bare.stderr)
    assert folder.workflow()["error"]["message"] == "the program ended with exit code 1"


def test_long_facts_become_a_blob(folder: Folder) -> None:
    for i in range(200):
        (folder.path / f"own_module_with_a_long_name_{i}.py").write_text("")
    folder.python(
        "".join(f"import own_module_with_a_long_name_{i}\n" for i in range(200)),
    )
    (blob,) = folder.objects("environment")
    kept = json.loads((folder.store / blob["path"]).read_bytes())
    assert len(kept["modules"]) == 201


def test_tasks_of_the_program_join_its_workflow(folder: Folder) -> None:
    source = (
        "import headrace as hr\n"
        "@hr.task\n"
        "def step(i):\n"
        "    return {'loss': 1 / (i + 1)}\n"
        "for i in range(5): step(i)\n"
    )
    (folder.path / "program.py").write_text(source)
    done = folder.run(
        sys.executable,
        "program.py",
        options=("--campaign", "mesh study", "--workflow", "training"),
    )
    assert done.returncode == 0, done.stderr
    workflow = folder.workflow()
    assert (workflow["name"], workflow["campaign"]) == ("training", "mesh study")
    rows = folder.query("SELECT workflow_id, parent_task_id FROM task WHERE activity = 'step'")
    (program,) = folder.query("SELECT task_id FROM task WHERE activity = 'program.py'")
    assert (
        rows == [{"workflow_id": workflow["workflow_id"], "parent_task_id": program["task_id"]}] * 5
    )
    assert b"5 tasks" in done.stderr


def test_a_run_inside_a_run_is_a_part_of_it(folder: Folder) -> None:
    inner = [str(HEADRACE), "run", "-q", "--workflow", "inner", "--", "sh", "-c", "exit 5"]
    done = folder.run(*inner, options=("--campaign", "c", "--workflow", "outer"))
    assert done.returncode == 5
    outer, part = folder.workflow("outer"), folder.workflow("inner")
    assert part["parent_workflow_id"] == outer["workflow_id"]
    assert (outer["parent_workflow_id"], part["campaign"]) == (None, "c")


def test_job_and_variables_are_kept_and_secrets_are_not(folder: Folder) -> None:
    secret = "hunter2-hunter2"
    done = folder.run(
        "sh",
        "-c",
        'echo "token=$SECRET_TOKEN" ; echo "https://me:$SECRET_TOKEN@host" >&2',
        "--password",
        secret,
        f"--api-key={secret}",
        SECRET_TOKEN=secret,
        SLURM_JOB_ID="4711",
        SLURM_JOB_NAME="mesh",
        SLURM_API_KEY=secret,
        OMP_NUM_THREADS="3",
        NCCL_PROXY=f"http://me:{secret}@host",
    )
    assert secret.encode() in done.stdout
    facts = folder.workflow()["attributes"]
    assert facts["job"] == {"scheduler": "slurm", "job_id": "4711", "job_name": "mesh"}
    assert facts["environment"]["OMP_NUM_THREADS"] == "3"
    assert "PATH" in facts["environment"]
    assert "SECRET_TOKEN" not in facts["environment"]
    files = [path for path in folder.store.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert secret.encode() not in path.read_bytes(), path


def test_the_summary_says_what_to_do_next(folder: Folder) -> None:
    done = folder.run("true")
    workflow = folder.workflow()["workflow_id"]
    assert done.stderr.decode().startswith(f"headrace: run {workflow[:8]}  1 workflow · 0 tasks")
    assert f"next: headrace show {workflow[:8]}" in done.stderr.decode()
    assert folder.run("true", options=("-q",)).stderr == b""


def test_energy_of_an_uncaptured_program_is_told_with_its_truth(folder: Folder) -> None:
    folder.environment.pop("HEADRACE_TELEMETRY")
    busy = "i = 0\nwhile i < 3_000_000: i += 1\n"
    done = folder.python(busy)
    said = done.stderr.decode()
    assert re.search(r" · [\d.]+ \w?J \(", said)
    assert any(truth in said for truth in ("measured", "mixed", "estimated"))
    if "estimated" in said:
        energy = folder.workflow()["attributes"]["energy"]
        assert energy["cpu_j"] > 0
        assert energy["truth"] == "estimated"
        assert " W " in energy["assumption"]


def test_a_static_program_runs(folder: Folder) -> None:
    source = folder.path / "static.c"
    source.write_text('#include <stdio.h>\nint main(void) { puts("static"); return 6; }\n')
    built = subprocess.run(
        ["gcc", "-static", "-o", folder.path / "static", source], capture_output=True, check=False
    )
    if built.returncode != 0:
        pytest.skip("no static libc here")
    done = folder.run("./static")
    assert (done.returncode, done.stdout) == (6, b"static\n")
    assert stat.S_ISREG((folder.path / "static").stat().st_mode)


def test_ctrl_c_at_the_terminal_reaches_the_program_once(folder: Folder) -> None:
    program = (
        "import signal, time\n"
        "count = 0\n"
        "def got(*_):\n"
        "    global count\n"
        "    count += 1\n"
        "signal.signal(signal.SIGINT, got)\n"
        "print('ready', flush=True)\n"
        "while count == 0: time.sleep(0.01)\n"
        "time.sleep(0.3)\n"
        "print('interrupted', count, flush=True)\n"
    )
    (folder.path / "program.py").write_text(program)
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder.path)
        words = folder.command(sys.executable, "program.py", options=("-q",))
        os.execve(words[0], words, folder.environment)
    seen = b""
    while b"ready" not in seen:
        seen += os.read(master, 1024)
    os.write(master, b"\x03")
    while b"interrupted" not in seen or not seen.endswith(b"\n"):
        seen += os.read(master, 1024)
    assert b"interrupted 1" in seen
    for _ in range(600):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.05)
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 0
