"""f01: every record whose call returned survives a SIGKILL at any moment, once."""
# ruff: noqa: S311 - random moments, not secrets; their seed is printed

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from crashes import Folder, kill_later, seed_of

# (pause after each step, how long it may run before it is killed)
PACES = ((0, 0.004), (1_000, 0.02), (50_000, 0.06), (2_000_000, 0.2))


def kill_many(
    new_folder: Callable[..., Folder],
    moments: random.Random,
    kills: int,
    at_once: int,
    language: str,
) -> None:
    totals: dict[str, int] = {}
    for _ in range(kills // at_once):
        place = moments.choice(("shm", "shm", "spool"))
        folder = new_folder(place)
        for _ in range(at_once):
            pause_ns, longest_s = moments.choice(PACES)
            threads = moments.randint(1, 8)
            producer = folder.start(threads=threads, pause_ns=pause_ns, language=language)
            kill_later(producer, moments, longest_s)
        for producer in folder.producers:
            assert producer.end() == -9
        for name, count in folder.check().items():
            totals[name] = totals.get(name, 0) + count
        assert folder.rings_left() == []
    print(f"{kills} kills of {language} producers:", totals)
    assert totals["promised"] > 0
    assert totals["open"] > 0
    assert (totals["lost"], totals["duplicates"], totals["broken"]) == (0, 0, 0)


def test_f01_every_returned_call_survives_a_kill(
    new_folder: Callable[..., Folder], request: pytest.FixtureRequest
) -> None:
    kill_many(new_folder, random.Random(seed_of(request)), 200, 10, "c++")


def test_f01_the_same_in_python(
    new_folder: Callable[..., Folder], request: pytest.FixtureRequest, run_all: bool
) -> None:
    moments = random.Random(seed_of(request))
    kill_many(new_folder, moments, 100 if run_all else 20, 10, "python")


def test_killed_while_it_rests_with_old_and_new_open_tasks(folder: Folder) -> None:
    """Open tasks that were announced while their process lived are stored once, with values."""
    producer = folder.start(threads=3, most=5)
    producer.wait_for_records()
    while not (folder.path / ".headrace").exists():  # made when records are first written
        assert producer.process.poll() is None
    # Announced after a second: until then the reader shows nothing of it.
    while not folder.query("SELECT 1 AS x FROM task WHERE status = 'running' LIMIT 1"):
        assert producer.process.poll() is None
    producer.process.kill()
    producer.end()
    totals = folder.check()
    assert totals["open"] == 3
    assert (totals["lost"], totals["duplicates"]) == (0, 0)
    (row,) = folder.query("SELECT state, facts->>'$.ended' AS ended FROM producer")
    assert row == {"state": "lost", "ended": "abruptly"}
    (task,) = folder.query("SELECT task_id FROM task WHERE status = 'lost' LIMIT 1")
    for verb in ("show", "why"):
        said = folder.headrace(verb, task["task_id"]).stdout
        assert "its process ended abruptly" in said
        assert "lost" in said
    assert "lost" in folder.headrace("ls", "tasks", "--status", "lost").stdout
    doctor = folder.headrace("doctor").stdout
    assert "1 recorded, 1 ended abruptly, 3 tasks open in them are lost" in doctor
