"""A user's program with types: mypy in its strictest form finds what is wrong, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")

PROGRAM = """
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import headrace as hr
from headrace.store import NotFoundError, QueryError, StoreError


@hr.task
def train(lr: float, *, epochs: int = 3) -> dict[str, float]:
    for epoch in hr.loop(range(epochs), "epoch"):
        hr.log(epoch=epoch, loss=1 / (epoch + 1))
    return {"loss": lr}


@hr.task(name="read", outputs=("rows", "columns"), tags={"kind": "io"})
async def read(path: Path) -> tuple[int, int]:
    return 1, 2


@hr.task
def batches(count: int) -> Iterator[list[int]]:
    yield list(range(count))


with hr.campaign("c", tags=["x"]), hr.workflow("w", used={"seed": 1}) as w:
    w.generated(total=1)
    with hr.task("step", used={"n": 1}) as t:
        t.generated(model=hr.object(Path("m.pt"), kind="model"))
        identity: str | None = t.id
    loss: float = train(0.1, epochs=2)["loss"]
    first: list[int] = next(batches(3))

run = hr.open(Path("study"))
rows = run.tasks.where("activity:train", used__lr=[0.1, 0.2]).sort("-generated.loss").limit(5)
count: int = len(rows)
for task in rows:
    task["used"]["lr"]
table = run.sql("SELECT 1 AS one")
ones: list[int] = table["one"]
groups: list[tuple[object, ...]] = rows.group("activity", n="count").rows()
if run.diff("a", "b", test="mann-whitney"):
    sentences: list[str] = run.why("m.pt", depth=2).sentences + run.affects("m.pt").sentences
answer = run.tradeoff("c", "loss", cost="time", objectives=["memory:min"], target="loss<1")
front: list[dict[str, object]] = answer.front()
answer.effects.df()
answer.plot("effects")
run.regret("c", rules=["median"]).stops.pl()
missing: list[str] = run.reproduce("w").missing
same: bool = bool(run.rerun("w", "again", tolerance=0.1))
run.summary(sql=True).findings, run.critical_path("w").links, run.stragglers("w", deviations=3)
try:
    run.show("w")
except (NotFoundError, QueryError) as error:
    base: StoreError = error
for live in hr.follow("activity:train generated.loss>5", timeout=1.0, idle=1.0):
    live["task_id"]
"""

WRONG = """
import headrace as hr


@hr.task
def train(lr: float) -> float:
    return lr


train("fast")
train(0.1).upper()
run = hr.open()
run.tradeoff("c", "loss", cost="money")
run.tasks.plot("pie")
run.objects.limit("5")
len(run.why("x"))
"""


def checked(folder: Path, source: str) -> list[str]:
    (folder / "program.py").write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_users_program_is_clean(tmp_path: Path) -> None:
    assert checked(tmp_path, PROGRAM) == ["Success: no issues found in 1 source file"]


def test_a_users_mistakes_are_found(tmp_path: Path) -> None:
    wrong = [line for line in checked(tmp_path, WRONG) if ": error: " in line]
    lines = sorted({int(re.findall(r"program\.py:(\d+)", line)[0]) for line in wrong})
    assert lines == [10, 11, 13, 14, 15, 16]
