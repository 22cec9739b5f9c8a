"""Folders such as nobody wants, made as they come to be, each by name:

    python tests/odd_stores.py KIND FOLDER     makes FOLDER/.headrace and prints what is in it
    odd_store(folder, "one_task")              the same in a test
    with store_held_by_writer(folder) as pid:  another process writes the store meanwhile

A folder is captured by a real program and taken in; only what no program can make (a store of a
newer version, a damaged one, clocks that went backwards) is then changed in the file itself.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asked import HEADRACE, environment_of, outside, query

# What a maker gives: names and ids that a test asks for.
Found = dict[str, Any]

ZERO_TASKS = """
import headrace as hr
with hr.campaign("nothing happened"), hr.workflow("empty", used={"lr": 0.1}):
    pass
"""
ONE_TASK = """
import headrace as hr
with hr.campaign("alone"), hr.workflow("single"), hr.task("only", used={"lr": 0.1}) as task:
    task.generated({"loss": 0.5})
"""
# The record keeps the beginning of such a text and says how long it was; output is kept at its end.
LONG_STRING = """
import sys
import headrace as hr
long = "x" * 10_000_000
with hr.campaign("long texts"), hr.workflow("long", used={"text": long}):
    with hr.task("long", used={"text": long, "kept": "y" * 10_000}) as task:
        task.generated({"text": long})
        task.log(message="z" * 10_000)
    try:
        with hr.task("fails"):
            raise ValueError(long)
    except ValueError:
        pass
sys.stdout.write(long + "\\n")
"""
WIDE = """
import headrace as hr
with hr.campaign("wide"), hr.workflow("many keys"):
    for first in range(0, 5000, 250):
        keys = {f"key_{first + i:04}": i for i in range(250)}
        with hr.task("wide", used=keys) as task:
            task.generated({"loss": 1 / (first + 1)})
"""
# Two workflows whose clocks are then wrong: see _turn_clocks.
CLOCKS = """
import time
import headrace as hr
with hr.campaign("clocks"):
    for name in ("negative", "stepped"):
        with hr.workflow(name):
            for step in range(8):
                with hr.task("outer", used={"step": step}), hr.task("inner") as task:
                    task.log(step=step, loss=1 / (step + 1))
                    time.sleep(0.002)
"""
TWO_WORKFLOWS = """
import headrace as hr
with hr.campaign("rest"):
    for name in ("stays", "goes"):
        with hr.workflow(name), hr.task("step") as task:
            task.generated({"file": hr.object(f"of {name}", kind="model")})
"""


def headrace(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [HEADRACE, "--dir", folder / ".headrace", *words],
        env=outside(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    return query(sql, outside(), "--dir", str(folder / ".headrace"))


def captured(folder: Path, program: str, *through: str) -> None:
    """Runs a program that records into the folder, and takes in what it recorded."""
    subprocess.run(
        [*through, sys.executable, "-c", program],
        cwd=folder,
        env=environment_of(folder / ".headrace", HEADRACE_TELEMETRY="0"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )
    headrace(folder, "collect")


def changed(folder: Path, *statements: str) -> None:
    """Does to the store what no command of ours would."""
    import duckdb

    with contextlib.closing(duckdb.connect(str(folder / ".headrace/store.duckdb"))) as store:
        for statement in statements:
            store.execute(statement)


def ids_of(folder: Path) -> Found:
    sql = "SELECT name, workflow_id AS id FROM workflow ORDER BY started_at"
    return {"workflows": {row["name"]: row["id"] for row in rows(folder, sql)}}


def _missing(folder: Path) -> Found:
    return {}


def _zero_tasks(folder: Path) -> Found:
    captured(folder, ZERO_TASKS)
    return ids_of(folder)


def _one_task(folder: Path) -> Found:
    captured(folder, ONE_TASK)
    return ids_of(folder)


def _long_string(folder: Path) -> Found:
    captured(folder, LONG_STRING, str(HEADRACE), "run", "--")
    return ids_of(folder)


def _wide(folder: Path) -> Found:
    captured(folder, WIDE)
    return ids_of(folder)


def _turn_clocks(folder: Path) -> Found:
    captured(folder, CLOCKS)
    found = ids_of(folder)
    changed(
        folder,
        # Ended before it began, by microseconds and by an hour; one that took 30 years.
        "UPDATE task_slots SET dur = CASE seq % 5 WHEN 0 THEN -1000 WHEN 1 THEN -3600000000000 "
        "WHEN 2 THEN 0 WHEN 3 THEN 946080000000000000 ELSE dur END WHERE wf = (SELECT wf FROM "
        "workflow_row WHERE name = 'negative')",
        # Its clock was set back a day in the middle, and one task lies at the epoch.
        "UPDATE task_slots SET ts = CASE WHEN seq % 7 = 0 THEN 0 ELSE ts - 86400000000000 END "
        "WHERE seq % 3 = 0 AND wf = (SELECT wf FROM workflow_row WHERE name = 'stepped')",
        "UPDATE workflow_row SET end_ns = begin_ns - 1000000000 WHERE name = 'stepped'",
    )
    return found


def _newer(folder: Path) -> Found:
    captured(folder, ONE_TASK)
    changed(
        folder, "UPDATE meta SET value = (value::INT + 1)::VARCHAR WHERE key = 'schema_version'"
    )
    return {}


def _corrupt(folder: Path) -> Found:
    """Its middle is other bytes: what a disk or a copy that broke off leaves."""
    captured(folder, ONE_TASK)
    store = folder / ".headrace/store.duckdb"
    content = bytearray(store.read_bytes())
    content[4096:-4096] = b"\xa5" * (len(content) - 8192)
    store.write_bytes(content)
    return {}


def _no_store(folder: Path) -> Found:
    """A file of this name that never was a store."""
    (folder / ".headrace").mkdir()
    (folder / ".headrace/store.duckdb").write_text("this is a text\n" * 1000)
    return {}


def _truncated(folder: Path) -> Found:
    captured(folder, ONE_TASK)
    store = folder / ".headrace/store.duckdb"
    with store.open("r+b") as file:
        file.truncate(store.stat().st_size // 2)
    return {}


def _deleted(folder: Path) -> Found:
    captured(folder, TWO_WORKFLOWS)
    found = ids_of(folder)
    sql = (
        "SELECT w.name, t.task_id FROM task t JOIN workflow w USING (workflow_id) "
        "WHERE t.activity = 'step'"
    )
    found["tasks"] = {row["name"]: row["task_id"] for row in rows(folder, sql)}
    headrace(folder, "rm", found["workflows"]["goes"])
    return found


KINDS: dict[str, Callable[[Path], Found]] = {
    "missing": _missing,
    "zero_tasks": _zero_tasks,
    "one_task": _one_task,
    "long_string": _long_string,
    "wide": _wide,
    "clocks": _turn_clocks,
    "newer": _newer,
    "corrupt": _corrupt,
    "truncated": _truncated,
    "no_store": _no_store,
    "deleted": _deleted,
}


def odd_store(folder: Path, kind: str) -> Found:
    """Makes `folder`/.headrace of this kind and gives the names and ids that are asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    return KINDS[kind](folder)


@contextlib.contextmanager
def store_held_by_writer(folder: Path) -> Iterator[int]:
    """While another process has the folder's store open for writing; gives its pid."""
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; store = duckdb.connect(sys.argv[1]); "
            "print('held', flush=True); sys.stdin.read()",
            str(folder / ".headrace/store.duckdb"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"held\n"
        yield holder.pid
    finally:
        holder.stdin.close()
        holder.wait(timeout=20)
        holder.stdout.close()


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in KINDS:
        sys.exit(f"usage: python tests/odd_stores.py KIND FOLDER\nkinds: {' '.join(KINDS)}")
    print(json.dumps(odd_store(Path(sys.argv[2]).resolve(), sys.argv[1])))
