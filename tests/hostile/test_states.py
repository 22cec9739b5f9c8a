"""Odd stores and odd questions: which status the server answers with, and in which words."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE
from odd_stores import Found, odd_store, store_held_by_writer
from served import Served, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# What every page asks first, of a folder in any state.
FIRST = ["campaigns", "workflows", "tasks", "objects", "summary", "sensors", "names?role=filter"]
NOBODY = "00000000-0000-8000-8000-000000000000"


def error_of(served: Served, path: str) -> tuple[int, dict[str, Any]]:
    answer = served.ask("/api/v1/" + path)
    return answer.status, answer.json()["error"]


def settled(served: Served) -> None:
    """Until the first look at the folder is over, whatever came of it."""
    until(lambda: served.ask("/api/v1/campaigns").json().get("error", {}).get("what") != "")


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("missing", 503, {"kind": "not_found", "next": "run a program with headrace capture here"}),
        ("newer", 503, {"kind": "newer_store", "why": "a newer headrace wrote it"}),
    ],
)
def test_a_store_that_cannot_be_read(
    tmp_path: Path, kind: str, status: int, said: dict[str, str]
) -> None:
    odd_store(tmp_path, kind)
    with serving(tmp_path) as served:
        settled(served)
        for path in FIRST:
            got, error = error_of(served, path)
            assert got == status, path
            assert error["what"]
            assert all(error[name].startswith(text) for name, text in said.items()), error
        health = served.ask("/api/v1/health").json()
        assert not health["store"]["readable"]
        assert served.bare("/healthz").status == 200
        assert "headrace_server" in served.ask("/metrics").body.decode()


@pytest.mark.parametrize("kind", ["corrupt", "truncated"])
def test_a_damaged_store_is_built_again(tmp_path: Path, kind: str) -> None:
    odd_store(tmp_path, kind)
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/tasks").status == 200)
        assert served.ask("/api/v1/tasks").json()["total"] == 1
    assert list((tmp_path / ".headrace").glob("store.duckdb.damaged-*"))


def test_a_store_that_another_process_writes(tmp_path: Path) -> None:
    odd_store(tmp_path, "one_task")
    with store_held_by_writer(tmp_path) as pid, serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 503)
        status, error = error_of(served, "tasks")
        assert (status, error["kind"]) == (503, "unavailable")
        assert error["what"].endswith(f"is held by process {pid}")
        assert error["next"] == "try again when it has finished"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Served, Found]]]:
    """Folders that can be read, each with its server."""
    kinds = ["zero_tasks", "one_task", "long_string", "wide", "clocks", "deleted"]
    running = []
    found = {}
    try:
        for kind in kinds:
            folder = tmp_path_factory.mktemp(kind)
            made = odd_store(folder, kind)
            manager = serving(folder)
            served = manager.__enter__()
            running.append(manager)
            found[kind] = (served, made)
        for served, _ in found.values():
            until(lambda one=served: one.ask("/api/v1/campaigns").json().get("total"))
        yield found
    finally:
        for manager in running:
            manager.__exit__(None, None, None)


def questions(found: Found) -> list[str]:
    """All that the pages ask of each workflow."""
    out = list(FIRST)
    for workflow in found["workflows"].values():
        out += [
            f"workflows/{workflow}",
            f"timeline?workflow={workflow}&width=1000",
            f"graph?workflow={workflow}",
            f"graph?workflow={workflow}&level=task",
            f"ranks?workflow={workflow}&quantity=tasks",
            f"energy?workflow={workflow}",
            f"summary?workflow={workflow}",
            f"tasks?workflow={workflow}&sort=-duration",
        ]
    return out


@pytest.mark.parametrize("kind", ["zero_tasks", "one_task", "long_string", "wide", "clocks"])
def test_odd_workflows_are_answered(odd: dict[str, tuple[Served, Found]], kind: str) -> None:
    served, found = odd[kind]
    if kind == "deleted":
        del found["workflows"]["goes"]
    for path in questions(found):
        answer = served.ask("/api/v1/" + path)
        # Without any task some questions have no answer, and say which.
        if answer.status != 200:
            assert kind == "zero_tasks" and answer.status == 404, (path, answer.body)
            assert answer.json()["error"]["what"], path
        assert len(answer.body) < 4 << 20, path
        assert b"NaN" not in answer.body and b"Infinity" not in answer.body, path


def test_one_task_is_a_whole_timeline(odd: dict[str, tuple[Served, Found]]) -> None:
    served, found = odd["one_task"]
    timeline = served.ask(f"/api/v1/timeline?workflow={found['workflows']['single']}").json()
    assert timeline["total"] == 1
    assert timeline["end_ns"] > timeline["begin_ns"]
    assert timeline["spans"]["count"] == [1]


def test_a_long_string_says_how_long_it_was(odd: dict[str, tuple[Served, Found]]) -> None:
    served, _ = odd["long_string"]
    (row,) = served.ask("/api/v1/tasks?filter=activity:long").rows()
    for role in ("used", "generated"):
        kept = row[role]["text"]["$unkept"]
        assert kept["length"] == 10_000_000
        assert kept["reason"] == "longer than a record keeps"
    assert row["used"]["kept"] == "y" * 10_000
    task = served.ask(f"/api/v1/tasks/{row['task_id']}")
    assert task.status == 200
    # Questions are not the place for one: it is refused before it is sent.
    check = served.ask(
        "/api/v1/filter/check", {"Content-Length": "10000020"}, method="POST", body={}
    )
    assert check.status == 413


def test_five_thousand_keys(odd: dict[str, tuple[Served, Found]]) -> None:
    served, _ = odd["wide"]
    table = served.ask("/api/v1/tasks").json()
    assert table["total"] == 20
    status, error = error_of(served, "tasks?columns=used.*")
    assert status == 400
    assert error["what"].startswith("that would be 5,000 columns, and at most 2,048 are given")
    one = served.ask("/api/v1/tasks?columns=used.key_4999&filter=used.key_4999:249").rows()
    assert one == [{"used.key_4999": 249}] or one[0]["used.key_4999"] == 249
    names = served.ask("/api/v1/names?role=used&prefix=key_49").json()
    assert 0 < len(names["rows"]) <= 100


def test_clocks_that_went_backwards(odd: dict[str, tuple[Served, Found]]) -> None:
    """Nothing is longer than it can be drawn, nothing ends before the axis begins."""
    served, found = odd["clocks"]
    for workflow in found["workflows"].values():
        timeline = served.ask(f"/api/v1/timeline?workflow={workflow}&width=800").json()
        spans = timeline["spans"]
        assert sum(spans["count"]) == timeline["total"] == 16
        length = timeline["end_ns"] - timeline["begin_ns"]
        for start, duration in zip(spans["start_ns"], spans["duration_ns"], strict=True):
            assert start >= 0
            assert duration >= 0
            assert start + duration <= length
        assert served.ask(f"/api/v1/critical-path/{workflow}").status == 200
        assert served.ask(f"/api/v1/stragglers?workflow={workflow}").status == 200


def test_what_is_gone_is_not_found(odd: dict[str, tuple[Served, Found]]) -> None:
    served, found = odd["deleted"]
    gone = found["workflows"]["goes"]
    for path in (
        f"workflows/{gone}",
        f"tasks/{found['tasks']['goes']}",
        f"timeline?workflow={gone}",
        f"graph?workflow={gone}",
        f"energy?workflow={gone}",
        f"summary?workflow={gone}",
        f"critical-path/{gone}",
        f"why/{found['tasks']['goes']}",
        f"diff?a={gone}&b={found['workflows']['stays']}",
        f"campaigns/{NOBODY}",
        f"objects/{NOBODY}",
        "workflows/never%20was",
    ):
        status, error = error_of(served, path)
        assert (status, error["kind"]) == (404, "not_found"), path
        assert error["what"].startswith("there is no "), (path, error)
    assert served.ask("/api/v1/tasks").json()["total"] == 1


def test_addresses_that_nothing_has(odd: dict[str, tuple[Served, Found]]) -> None:
    served, _ = odd["one_task"]
    for path in ("nowhere", "tasks/a/b", "", "TASKS", "tasks/"):
        status, error = error_of(served, path)
        assert (status, error["kind"]) == (404, "no_such_path"), path
        assert error["next"] == "GET /openapi.json lists what there is"
    wrong = served.ask("/api/v1/tasks", method="DELETE")
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET")
    # To a browser every other address is the page, which says so itself.
    assert served.ask("/nowhere", {"Accept": "text/html"}).status == 200
    assert served.ask("/nowhere").status == 404


def test_a_ticket_that_was_used_says_what_to_do(odd: dict[str, tuple[Served, Found]]) -> None:
    served, _ = odd["one_task"]
    for path in ("/open" + served.url.split("/open")[1], "/open?ticket=", "/open?ticket=%00"):
        answer = served.bare(path)
        assert answer.status == 403
        assert "headrace ui</code> makes a new one" in answer.body.decode()
    for path in ("/open", "/open/x"):
        assert served.bare(path).status == 401
    page = served.bare("/workflow/x", {"Accept": "text/html"})
    assert page.status == 401
    assert "headrace ui" in page.body.decode()
    stranger = served.bare("/api/v1/tasks", {"Authorization": "Bearer wrong"})
    assert stranger.status == 401
    assert stranger.json()["error"]["next"] == (
        "open the address that headrace serve printed, or run headrace ui"
    )


def test_a_port_that_a_server_has(odd: dict[str, tuple[Served, Found]], tmp_path: Path) -> None:
    served, _ = odd["one_task"]
    odd_store(tmp_path, "one_task")
    words = [HEADRACE, "--dir", tmp_path, "serve", "--port", str(served.port)]
    done = subprocess.run(
        words, env=dict(os.environ), capture_output=True, text=True, check=False, timeout=20
    )
    assert done.returncode == 4
    said = f"headrace: port {served.port} is taken by pid {served.process.pid} (headrace); --port "
    assert done.stderr.startswith(said)
    assert done.stderr.endswith(" is free\n")
