"""SQL of strangers through HTTP: the statements and bombs of tests/safety, at a real server."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, ROOT
from served import Answer, Served, capture, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

CANARY = "canary-of-hostile-sql"
Row = tuple[str, str, str]


def rows_of(name: str) -> list[Row]:
    lines = (ROOT / "tests/safety" / name).read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(row[0], row[1], row[2].replace("\\n", "\n")) for row in rows]


def expanded(text: str) -> str:
    """{N*text} is the text N times."""
    return re.sub(r"\{(\d+)\*([^{}]*)\}", lambda found: found[2] * int(found[1]), text)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("asked")
    capture(folder, HEADRACE_TELEMETRY="0")
    (folder / "canary.txt").write_text(CANARY)
    with serving(folder, "--allow-write") as one:
        until(lambda: one.ask("/api/v1/campaigns").status == 200)
        yield one


def ask(served: Served, sql: str) -> Answer:
    """Again while others are being answered: two at once is all that it does."""
    while True:
        answer = served.ask("/api/v1/sql", method="POST", body={"sql": sql, "limit": 100})
        if answer.status != 503 or b"are being answered" not in answer.body:
            return answer
        time.sleep(0.05)


@contextlib.contextmanager
def another_client(served: Served) -> Iterator[list[Any]]:
    """Somebody who only looks at tasks meanwhile, and what did not go well with that."""
    ended = threading.Event()
    wrong: list[Any] = []

    def look() -> None:
        asked = 0
        while not ended.is_set():
            answer = served.ask("/api/v1/tasks?limit=1")
            if answer.status != 200 or answer.json()["total"] != 22:
                wrong.append((answer.status, answer.body))
            asked += 1
            time.sleep(0.02)
        if not asked:
            wrong.append("never asked")

    looker = threading.Thread(target=look)
    looker.start()
    try:
        yield wrong
    finally:
        ended.set()
        looker.join()


def test_no_statement_gets_out(served: Served, run_all: bool) -> None:
    rows = rows_of("statements.tsv")
    if not run_all:
        rows = [row for row in rows if row[0] == "refused"][::6] + rows[::25]
    assert len(rows) >= 40
    before = sorted(served.folder.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as listener, another_client(served) as wrong:
        values = {
            "{canary}": str(served.folder / "canary.txt"),
            "{folder}": str(served.folder),
            "{port}": str(listener.getsockname()[1]),
        }

        def check(row: Row) -> None:
            expected, _, sql = row
            for name, value in values.items():
                sql = sql.replace(name, value)
            answer = ask(served, sql)
            assert answer.status == (200 if expected == "answers" else 400), (sql, answer.body)
            assert CANARY.encode() not in answer.body, sql
            assert b"root:x:" not in answer.body, sql

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(check, rows))
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert not wrong
    assert sorted(served.folder.rglob("*")) == before


@pytest.mark.parametrize(
    "sql",
    ["", " ", "\0", "SELECT 1\0; DROP TABLE task_slots", ";", "SELECT 1; SELECT 2", "--", "\ud800"],
)
def test_what_is_no_statement(served: Served, sql: str) -> None:
    answer = ask(served, sql)
    assert answer.status == 400, answer.body
    assert answer.json()["error"]["what"]


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"sql": 1}', '{"sql": ["SELECT 1"]}', '{"sql": "SELECT 1", "x": 1}']
)
def test_what_is_no_question(served: Served, body: str) -> None:
    served.ask("/healthz")
    headers = {
        "Cookie": served.cookie,
        "Origin": f"http://127.0.0.1:{served.port}",
        "Content-Type": "application/json",
    }
    assert served.bare("/api/v1/sql", headers, "POST", body).status == 400


def memory_of(served: Served) -> int:
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024


def test_bombs_harm_nobody_else(served: Served, run_all: bool) -> None:
    """Each ends by itself, or when whoever sent it goes; the server stays as small as it was."""
    before = memory_of(served)
    with another_client(served) as wrong:
        for expected, says, sql in rows_of("bombs.tsv"):
            sql = expanded(sql)
            if not run_all and expected == "stopped":
                leave(served, sql)
                continue
            answer = ask(served, sql)
            if says == "the answer is longer" and answer.status == 200:
                assert len(answer.body) < 33 << 20  # more may be answered here than in that test
            elif expected == "cut":
                assert answer.status == 200
                assert answer.json()["has_more"]
            else:
                assert answer.status in (400, 413, 503), (sql[:80], answer.body[:300])
        until(lambda: ask(served, "SELECT 1").status == 200)
    assert not wrong
    assert memory_of(served) < before + (200 << 20)


def leave(served: Served, sql: str) -> None:
    """Asks and goes away: nothing of it may go on here."""
    if not served.cookie:
        served.open()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=5)
    headers = {
        "Cookie": served.cookie,
        "Origin": f"http://127.0.0.1:{served.port}",
        "Content-Type": "application/json",
    }
    # A text that is too long is refused before it is sent.
    with contextlib.closing(connection), contextlib.suppress(TimeoutError, ConnectionError):
        connection.request("POST", "/api/v1/sql", json.dumps({"sql": sql}), headers)
        connection.sock.settimeout(0.3)
        connection.sock.recv(1)
