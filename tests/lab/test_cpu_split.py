"""Two processes at 70/30 on one core: what each is given, beside the kernel's own books of it."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import stored

ROOT = Path(__file__).resolve().parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

ROUNDS = 100
SHARES_MS = {"seven": 7, "three": 3}
POINT = 0.01

# Each computes until its own CPU clock says so and hands the core to the other, so that the shares
# are exact however slow the machine is. The books are read where the task begins and ends.
WORKER = """
import os, sys, time
import headrace as hr

name, share_ms, rounds, books, mine, theirs = sys.argv[1:]
mine, theirs = int(mine), int(theirs)

def counted() -> int:
    text = open(books).read()
    if "usage_usec" in text:
        return 1000 * int(text.split("usage_usec")[1].split()[0])
    return int(text)

with hr.workflow(name):
    os.write(theirs, b"r")
    os.read(mine, 1)  # both have started
    time.sleep(0.5)  # what starting took is counted before
    with hr.task("compute"):
        before = counted()
        for _ in range(int(rounds)):
            if name == "three":
                os.read(mine, 1)
            until = time.process_time_ns() + int(share_ms) * 1_000_000
            while time.process_time_ns() < until:
                pass
            os.write(theirs, b"t")
            if name == "seven":
                os.read(mine, 1)
        after = counted()
    time.sleep(0.5)
print(after - before)
"""


class Group:
    """A control group of its own that counts CPU time, gone after the test."""

    def __init__(self, name: str) -> None:
        trees = Path("/sys/fs/cgroup")
        for tree, file in ((trees / "cpuacct", "cpuacct.usage"), (trees, "cpu.stat")):
            self.folder = tree / f"headrace-test-{os.getpid()}-{name}"
            self.books = self.folder / file
            try:
                self.folder.mkdir()
            except OSError:
                continue
            if self.books.exists():
                return
            self.folder.rmdir()
        pytest.skip("no control group can be made here: needs root or a delegated cgroup tree")

    def enter(self) -> None:
        (self.folder / "cgroup.procs").write_text("0")


@pytest.fixture
def groups() -> Iterator[dict[str, Group]]:
    made: dict[str, Group] = {}
    try:
        for name in SHARES_MS:
            made[name] = Group(name)
        yield made
    finally:
        for group in made.values():
            group.folder.rmdir()


def tasks(folder: Path) -> list[tuple[str, int, int, int]]:
    rows = stored(
        folder,
        "SELECT w.name, t.pid, epoch_ns(t.started_at) AS began, epoch_ns(t.ended_at) AS ended "
        "FROM task t JOIN workflow w ON w.workflow_id = t.workflow_id",
    )
    return [(row["name"], row["pid"], row["began"], row["ended"]) for row in rows]


def at(knots: list[tuple[int, float]], ns: int) -> float:
    for (from_ns, before), (to_ns, after) in itertools.pairwise(knots):
        if from_ns <= ns <= to_ns:
            return before + (after - before) * (ns - from_ns) / max(to_ns - from_ns, 1)
    raise AssertionError("no sample before or after the task's edge")


def test_the_split_is_the_kernels(tmp_path: Path, groups: dict[str, Group]) -> None:
    machine = tmp_path / "steady.lab"
    machine.write_text("power a 100W\nmeter powercap package-0 a period=1ms\n")
    worker = tmp_path / "worker.py"
    worker.write_text(WORKER)
    folder = tmp_path / ".headrace"
    lab = subprocess.Popen(
        [str(HEADRACE), "-q", "lab", "--machine", str(machine)],
        stdout=subprocess.PIPE,
        text=True,
    )
    pipes = {name: os.pipe() for name in SHARES_MS}
    core = min(os.sched_getaffinity(0))
    workers = {}
    try:
        assert lab.stdout is not None
        lines = [lab.stdout.readline() for _ in range(3)]
        values = (line.removeprefix("export ").strip().split("=", 1) for line in lines)
        emulated = {name: value.strip("'") for name, value in values}
        for (name, share_ms), other in zip(SHARES_MS.items(), reversed(SHARES_MS), strict=True):

            def enter(group: Group = groups[name]) -> None:
                group.enter()
                os.sched_setaffinity(0, {core})

            ends = (pipes[name][0], pipes[other][1])
            words = [name, share_ms, ROUNDS, groups[name].books, *ends]
            workers[name] = subprocess.Popen(
                [ROOT / ".venv/bin/python", worker, *map(str, words)],
                env=os.environ | emulated | {"HEADRACE_DIR": str(folder)},
                stdout=subprocess.PIPE,
                text=True,
                pass_fds=ends,
                preexec_fn=enter,
            )
        kernel_ns = {name: int(one.communicate(timeout=300)[0]) for name, one in workers.items()}
        assert all(one.returncode == 0 for one in workers.values())
    finally:
        for one in workers.values():
            one.kill()
            one.wait()
        for ends in pipes.values():
            for end in ends:
                os.close(end)
        lab.terminate()
        lab.wait(timeout=60)
    kernel = kernel_ns["seven"] / sum(kernel_ns.values())

    sampled_s = {}
    for name, pid, began, ended in tasks(folder):
        samples = stored(
            folder,
            "SELECT epoch_ns(time) AS ns, value, pid FROM sample "
            "WHERE sensor = 'process.cpu_time' ORDER BY 1",
        )
        knots = [(row["ns"], row["value"]) for row in samples if row["pid"] == pid]
        sampled_s[name] = at(knots, ended) - at(knots, began)
    sampled = sampled_s["seven"] / sum(sampled_s.values())

    rows = stored(
        folder,
        "SELECT w.name AS workflow, e.attributed_j AS j, e.method FROM task_energy e "
        "JOIN task t USING (task_id) JOIN workflow w ON w.workflow_id = t.workflow_id "
        "WHERE e.domain = 'node/cpu-0'",
    )
    joules = {row["workflow"]: row["j"] for row in rows}
    assert {row["method"] for row in rows} == {"split_cpu_ns"}
    given = joules["seven"] / sum(joules.values())
    print(
        f"\n70/30 on one core over {sum(kernel_ns.values()) / 1e9:.3f} s of CPU time: "
        f"the kernel's books {100 * kernel:.2f} %, joules given {100 * given:.2f} % "
        f"({100 * (given - kernel):+.2f} points), samples alone {100 * sampled:.2f} % "
        f"({100 * (sampled - kernel):+.2f} points)"
    )
    assert kernel == pytest.approx(0.7, abs=POINT), "the load is not what it was made to be"
    assert given == pytest.approx(kernel, abs=POINT)
