"""What a Flowcept program that was killed had not published goes out later, once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from asked import environment_of
from flowcept_peer import RedisServer, run_program, settings_in
from test_flowcept_wire import documents_of, hearing, needs_redis, wait_until

KILLED = """
import os, signal, sys, time
from pathlib import Path
from flowcept import Flowcept, FlowceptTask, flowcept_task

@flowcept_task
def step(n: int, where: object) -> dict:
    return {"n": n}

with Flowcept(workflow_name="killed", campaign_id="study"):
    with FlowceptTask(task_id="named", activity_id="outer"):
        for n in range(100):
            step(n, Path("x") if n % 9 == 0 else n)
        print("half", flush=True)
        sys.stdin.readline()
        for n in range(100, 200):
            step(n, n)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_in(folder: Path, until: Callable[[], bool], between: Callable[[], None]) -> None:
    """Runs KILLED in `folder`; its second half begins when `until` holds, after `between`."""
    (folder / "killed.py").write_text(KILLED)
    process = subprocess.Popen(
        [sys.executable, "killed.py"],
        cwd=folder,
        env=environment_of(folder / ".headrace")
        | {
            "FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "python"),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        wait_until(until)
        between()
        process.communicate("\n", timeout=120)
        assert process.returncode == -signal.SIGKILL
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def steps_of(messages: list[bytes]) -> list[int]:
    documents = [one for one in documents_of(messages) if one.get("activity_id") == "step"]
    assert {document["parent_task_id"] for document in documents} <= {"named"}
    return sorted(document["used"]["n"] for document in documents)


def publish_left(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flowcept.cli", "--publish-left"],
        cwd=folder,
        env=environment_of(folder / ".headrace")
        | {
            "FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml"),
            "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "python"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout + done.stderr


@needs_redis
def test_what_a_killed_program_had_not_published_goes_out_once_with_the_next(
    tmp_path: Path,
) -> None:
    redis = pytest.importorskip("redis")
    outbox = tmp_path / ".headrace/flowcept_outbox"
    with RedisServer(tmp_path) as server:
        settings_in(tmp_path, redis_port=server.port)
        client = redis.Redis(port=server.port)

        def published() -> int:
            return int(client.info("commandstats").get("cmdstat_publish", {}).get("calls", 0))

        with hearing(server.port, "mq_dao_thread_stopped") as messages:
            killed_in(tmp_path, lambda: published() >= 101, lambda: None)
            assert list(outbox.rglob("*.publication"))
            assert client.keys("started_mq_thread_execution*")
            done = run_program("tasks", tmp_path)
            assert done.returncode == 0, done.stderr
        assert steps_of(messages) == list(range(200))
        names = [document.get("name") for document in documents_of(messages)]
        assert names.count("killed") == 1
        assert not [path for path in outbox.rglob("*") if path.is_file()]
        assert not client.keys("headrace_published*")
        assert publish_left(tmp_path) == "0 messages published on interception.\n"


@needs_redis
def test_a_program_killed_while_there_is_no_server_is_published_by_the_command(
    tmp_path: Path,
) -> None:
    pytest.importorskip("redis")
    server = RedisServer(tmp_path)
    settings_in(tmp_path, redis_port=server.port)
    with hearing(server.port, "mq_dao_thread_stopped") as before:
        import redis

        client = redis.Redis(port=server.port)

        def half() -> bool:
            return int(client.info("commandstats").get("cmdstat_publish", {}).get("calls", 0)) > 100

        killed_in(tmp_path, half, server.stop)
    assert steps_of(before) == list(range(100))
    assert "cannot be reached" in publish_left(tmp_path)
    with (
        RedisServer(tmp_path, server.port),
        hearing(server.port, "mq_dao_thread_stopped") as after,
    ):
        # The second half, the task around both, and the two control messages beside.
        assert publish_left(tmp_path) == "101 messages published on interception.\n"
    assert steps_of(after) == list(range(100, 200))
    assert publish_left(tmp_path) == "0 messages published on interception.\n"


@needs_redis
def test_a_program_killed_between_publishing_and_noting_it_is_not_published_twice(
    tmp_path: Path,
) -> None:
    redis = pytest.importorskip("redis")
    with RedisServer(tmp_path) as server:
        settings_in(tmp_path, redis_port=server.port)
        client = redis.Redis(port=server.port)

        def half() -> bool:
            return int(client.info("commandstats").get("cmdstat_publish", {}).get("calls", 0)) > 100

        with hearing(server.port, "mq_dao_thread_stopped") as messages:
            killed_in(tmp_path, half, lambda: None)
            [path] = (tmp_path / ".headrace/flowcept_outbox").rglob("*.publication")
            lines = path.read_text().splitlines()
            last = max(i for i, line in enumerate(lines) if line.startswith('{"done"'))
            path.write_text("\n".join(lines[:last]) + '\n{"keys": [["cut')
            assert "messages published" in publish_left(tmp_path)
        assert steps_of(messages) == list(range(200))
