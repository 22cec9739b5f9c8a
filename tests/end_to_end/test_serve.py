"""headrace serve: what it answers, live, and how it starts, shares the store and ends."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from asked import HEADRACE, environment_of, outside, query
from served import Answer, Served, capture, events, serving, until

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)


def headrace(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [str(HEADRACE), "--dir", str(folder / ".headrace"), *words],
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("study")
    capture(folder, HEADRACE_TELEMETRY="0")
    with serving(folder, "--allow-write") as served:
        until(lambda: served.ask("/api/v1/campaigns").json().get("total"))
        yield served


def test_answers_as_the_command_line(study: Served) -> None:
    tasks = study.ask("/api/v1/tasks?workflow=tune&filter=activity:train&sort=-used.lr&limit=3")
    table = tasks.json()
    assert table["total"] == 4
    assert table["shown"] == 3
    assert table["watermark"]
    units = {column["name"]: column["unit"] for column in table["columns"]}
    assert units["duration_s"] == "s"
    assert units["energy_j"] == "J"
    mine = {row["task_id"] for row in study.ask("/api/v1/tasks?filter=status:failed").rows()}
    theirs = json.loads(headrace(study.folder, "ls", "tasks", "status:failed", "--json"))
    assert mine == {row["task_id"] for row in theirs}
    columns = study.ask("/api/v1/tasks?columns=id,used.lr,generated.*&filter=activity:train")
    assert {row["used.lr"] for row in columns.rows()} == {0.1, 0.01}
    two = [row["task_id"] for row in study.ask("/api/v1/tasks?filter=activity:train").rows()[:2]]
    both = study.ask(f"/api/v1/tasks?filter=id:{two[1]},{two[0]}").rows()
    assert [row["task_id"] for row in both] == two
    assert {row["used"]["lr"] for row in both} == {0.1}
    pages = [study.ask(f"/api/v1/tasks?limit=7&offset={at}").rows() for at in (0, 7, 14, 21)]
    assert len({row["task_id"] for page in pages for row in page}) == 22


def test_gives_each_thing(study: Served) -> None:
    for kind in ("campaigns", "workflows", "tasks", "objects"):
        row = study.ask(f"/api/v1/{kind}?limit=1").rows()[0]
        identity = row[kind[:-1] + "_id"]
        found = study.ask(f"/api/v1/{kind}/{identity}").json()
        assert found[kind[:-1] + "_id"] == identity
        unknown = study.ask(f"/api/v1/{kind}/0123456789")
        assert unknown.status == 404
        assert unknown.json()["error"]["kind"] == "not_found"


def test_answers_questions(study: Served) -> None:
    why = study.ask("/api/v1/why/model-0.01-2.pt").json()
    assert any(node["label"] == "corpus.txt" for node in why["graph"]["nodes"])
    affected = study.ask("/api/v1/affects/corpus.txt").json()
    assert affected["affected"]["objects"] == 4
    tradeoff = study.ask("/api/v1/tradeoff?campaign=sweep&quality=loss&cost=time").rows()
    assert sum(row["on_front"] for row in tradeoff) >= 1
    curves = study.ask("/api/v1/curves?campaign=sweep&metric=loss").json()
    assert len(curves["runs"]) == 4
    assert [group["runs"] for group in curves["groups"]] == [2, 2]
    assert curves["groups"][0]["mean"][0] == pytest.approx(1.1)
    assert study.ask("/api/v1/curves?workflow=tune").json()["metric"] == "loss"
    graph = study.ask("/api/v1/graph?workflow=tune").json()
    assert dict(zip(graph["nodes"]["id"], graph["nodes"]["tasks"], strict=True)) == {
        "train": 4,
        "step": 16,
        "plot": 1,
    }
    ranks = study.ask("/api/v1/ranks?workflow=tune&quantity=tasks&bins=10").json()
    assert sum(ranks["values"]) == 21
    summary = study.ask("/api/v1/summary?campaign=sweep").json()
    assert any(finding["about"] == "failures" for finding in summary["findings"])
    path = study.ask("/api/v1/critical-path/tune").json()
    assert path["links"]
    names = study.ask("/api/v1/names?role=filter&prefix=activity:t").rows()
    assert "train" in {row["name"] for row in names}
    used = study.ask("/api/v1/names?role=used&prefix=l").rows()
    assert [row["name"] for row in used] == ["lr"]


def test_says_which_call_is_missing(tmp_path: Path) -> None:
    plain = (
        "import headrace as hr\nwith hr.campaign('bare'), hr.workflow('w'), hr.task('t'): pass\n"
    )
    alone = "import headrace as hr\nwith hr.workflow('alone'), hr.task('t'): pass\n"
    capture(tmp_path, plain, HEADRACE_TELEMETRY="0")
    capture(tmp_path, alone, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        curves = served.ask("/api/v1/curves?campaign=bare")
        assert curves.status == 200, curves.body
        assert (curves.json()["runs"], curves.json()["groups"]) == ([], [])
        assert "hr.log(loss=...)" in curves.json()["missing"]
        assert "hr.campaign(NAME)" in served.ask("/api/v1/curves?workflow=alone").json()["missing"]
        tradeoff = served.ask("/api/v1/tradeoff?campaign=bare")
        assert (tradeoff.status, tradeoff.json()["rows"]) == (200, [])
        assert "generated" in tradeoff.json()["missing"]
        gone = served.ask("/api/v1/curves?campaign=none")
        assert (gone.status, gone.json()["error"]["kind"]) == (404, "not_found")
        assert gone.json()["error"]["next"]


def sql(served: Served, text: str, **more: Any) -> Answer:
    return served.ask("/api/v1/sql", method="POST", body={"sql": text, **more})


def test_answers_sql_in_a_process_of_its_own(study: Served) -> None:
    found = sql(
        study,
        "SELECT activity, count(*) AS tasks, max(duration_s) AS longest_s FROM task "
        "GROUP BY ALL ORDER BY tasks DESC",
    )
    assert found.status == 200, found.body
    table = found.json()
    assert [row[:2] for row in table["rows"]][:2] == [["step", 16], ["train", 4]]
    assert [column["unit"] for column in table["columns"]] == [None, None, "s"]
    assert (table["total"], table["shown"], table["has_more"]) == (4, 4, False)
    assert table["watermark"] == study.ask("/api/v1/tasks").json()["watermark"]
    cut = sql(study, "FROM task", limit=3).json()
    assert (cut["total"], cut["shown"], cut["has_more"]) == (3, 3, True)
    values = sql(study, "SELECT used.lr FROM task WHERE generated.loss < 0.25").json()
    assert [row[0] for row in values["rows"]] == [0.01, 0.01]
    arrow = study.ask(
        "/api/v1/sql",
        {"Accept": "application/vnd.apache.arrow.stream"},
        method="POST",
        body={"sql": "SELECT task_id FROM task"},
    )
    assert pa.ipc.open_stream(io.BytesIO(arrow.body)).read_all().num_rows == 22


def test_says_where_sql_is_wrong(study: Served) -> None:
    for text, place, words in (
        ("SELECT nme FROM task", "nme", "nme"),
        ("SELECT 1\nFROM tsk", "tsk", "did you mean task"),
        ("SELECT 'ä', FROM WHERE", "WHERE", "syntax"),
    ):
        wrong = sql(study, text)
        error = wrong.json()["error"]
        assert wrong.status == 400, wrong.body
        assert error["at"] == text.index(place), error
        assert words in json.dumps(error)
    written = sql(study, "DELETE FROM task_slots")
    assert (written.status, written.json()["error"]["kind"]) == (400, "invalid")
    assert "only read" in written.body.decode()
    files = sql(study, "SELECT * FROM read_text('/etc/passwd')")
    assert files.status == 400
    assert b"root:" not in files.body
    assert study.ask("/api/v1/sql", method="POST", body={"limit": 3}).status == 400
    assert sql(study, "SELECT length(repeat('x', 2000000000))").status == 503


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split() + [
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def test_ends_what_nobody_waits_for(study: Served) -> None:
    def leave(path: str, body: str = "") -> None:
        """Asks, and goes when the server works on it."""
        with socket.create_connection(("127.0.0.1", study.port)) as client:
            kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            head = (
                f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1:{study.port}\r\n"
                f"Origin: http://127.0.0.1:{study.port}\r\nCookie: {study.cookie}\r\n"
            )
            client.sendall((head + (kind if body else "") + "\r\n" + body).encode())
            if body:
                until(lambda: children_of(study.process.pid))

    def left() -> float:
        text = study.on_socket("/metrics").body.decode()
        line = next(x for x in text.splitlines() if 'why="client_left"' in x)
        return float(line.rsplit(" ", 1)[1])

    before = left()
    endless = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range % 7 = b.range"
    begin = time.monotonic()
    leave("/api/v1/sql", json.dumps({"sql": endless}))
    until(lambda: left() == before + 1)
    until(lambda: not children_of(study.process.pid))
    assert time.monotonic() - begin < 9.5, "it ended by its time rather than by its client"
    # The places are free again.
    assert sql(study, "SELECT 1").status == 200


def test_cuts_the_timeline_to_the_screen(study: Served) -> None:
    whole = study.ask("/api/v1/timeline?campaign=sweep&width=2000").json()
    assert whole["total"] == 22
    assert whole["end_ns"] > whole["begin_ns"] > 1.6e18
    spans = whole["spans"]
    assert sum(spans["count"]) == 22
    assert whole["statuses"].index("failed") in spans["status"]
    narrow = study.ask("/api/v1/timeline?campaign=sweep&width=1").json()["spans"]
    assert sum(narrow["count"]) == 22
    assert len(narrow["count"]) < len(spans["count"])
    assert whole["statuses"].index("failed") in narrow["status"]
    alone = [task for task in spans["task"] if task >= 0]
    assert study.ask(f"/api/v1/tasks/{whole['tasks'][alone[0]]}").status == 200


def test_says_where_a_filter_is_wrong(study: Served) -> None:
    fine = study.ask("/api/v1/filter/check", method="POST", body={"filter": "status:failed"})
    assert fine.json() == {"ok": True}
    wrong = study.ask("/api/v1/filter/check", method="POST", body={"filter": "a OR colour:red"})
    assert wrong.status == 400
    assert wrong.json()["error"]["at"] == 5
    for path, name in (
        ("/api/v1/tasks?limt=3", "did you mean limit"),
        ("/api/v1/tasks?limit=x", "whole number"),
        ("/api/v1/tasks?limit=0", "lies between"),
        ("/api/v1/tasks?limit=1&limit=2", "twice"),
        ("/api/v1/timeline?colour=red", "activity, status and energy"),
        ("/api/v1/diff?a=tune", "the parameter b is missing"),
    ):
        answer = study.ask(path)
        assert answer.status == 400
        assert name in answer.body.decode(), path


def test_arrow_gzip_and_etag(study: Served) -> None:
    arrow = study.ask("/api/v1/tasks", {"Accept": "application/vnd.apache.arrow.stream"})
    assert arrow.headers["Content-Type"] == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(io.BytesIO(arrow.body)).read_all().num_rows == 22
    plain = study.ask("/api/v1/tasks")
    packed = study.ask("/api/v1/tasks", {"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    same = study.ask("/api/v1/tasks", {"If-None-Match": plain.headers["ETag"]})
    assert (same.status, same.body) == (304, b"")
    # The store is the same, the time is not.
    moving = study.ask("/api/v1/tasks?filter=started>-1h", {"If-None-Match": plain.headers["ETag"]})
    assert moving.status == 200
    head = study.ask("/api/v1/tasks", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(plain.body)


def test_every_route_of_its_description_answers(study: Served) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    document = study.ask("/openapi.json").json()
    validator.validate(document)
    workflows = study.ask("/api/v1/workflows").rows()
    tune = next(row["workflow_id"] for row in workflows if row["name"] == "tune")
    task = study.ask("/api/v1/tasks?filter=activity:train").rows()[0]["task_id"]
    values = {
        "campaign": "sweep",
        "workflow": tune,
        "a": task,
        "b": study.ask("/api/v1/tasks?filter=activity:train&offset=1").rows()[0]["task_id"],
        "quality": "loss",
        "metric": "loss",
        "sensor": "none",
    }
    ids = {"campaigns": "sweep", "workflows": tune, "tasks": task, "critical-path": tune}
    asked = 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if path.endswith("/events"):
                continue
            needed = [p for p in operation.get("parameters", []) if p["required"]]
            pairs = [f"{p['name']}={values[p['name']]}" for p in needed if p["in"] == "query"]
            filled = path.replace("{kind}", "workflow").replace("{about}", "ranks")
            filled = filled.replace("{id}", ids.get(Path(path).parent.name, "corpus.txt"))
            if path.endswith("/curves"):
                pairs = ["campaign=sweep"]
            if "{kind}" in path:
                filled = path.replace("{kind}", "workflow").replace("{id}", tune)
            body = {"filter": "", "text": "a note", "set": "best", "sql": "SELECT 1"}
            body = body if method != "get" else None
            if body:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                body = {k: v for k, v in body.items() if k in schema["properties"]}
            answer = study.ask(filled + "?" + "&".join(pairs), method=method.upper(), body=body)
            wanted = 404 if path.endswith("/counters") else 200
            assert answer.status == wanted, (method, filled, answer.body)
            kind = answer.headers["Content-Type"].split(";")[0]
            said = operation["responses"].get("200", {})["content"]
            if wanted == 200:
                assert kind in said, (path, kind)
                if "$ref" in said[kind]["schema"]:
                    assert set(answer.json()) >= {"columns", "rows", "total", "shown"}
            asked += 1
    assert asked >= 30


def test_notes_need_to_be_allowed(study: Served, tmp_path: Path) -> None:
    done = study.ask("/api/v1/note/campaign/sweep", method="PUT", body={"text": "a note"})
    assert done.status == 200, done.body
    study.ask("/api/v1/tags/campaign/sweep", method="PATCH", body={"set": "paper=2"})
    seen = until(
        lambda: [row for row in study.ask("/api/v1/campaigns").rows() if row["note"] == "a note"]
    )
    assert seen[0]["tags"] == {"paper": "2"}
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as other:
        refused = other.ask("/api/v1/note/campaign/sweep", method="PUT", body={"text": "x"})
        assert refused.status == 403
        assert "--allow-write" in refused.json()["error"]["next"]


def test_measures_are_prometheus(study: Served, tmp_path: Path) -> None:
    text = study.ask("/metrics").body.decode()
    values = {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if not line.startswith("#")
    }
    states = ("stored", "spooled", "quarantined", "dropped", "missing")
    records = {state: values[f'headrace_records{{state="{state}"}}'] for state in states}
    assert values['headrace_records{state="accepted"}'] == sum(records.values())
    assert values['headrace_tasks{status="failed"}'] == 1
    assert values["headrace_server_cpu_seconds_total"] > 0
    promtool = shutil.which("promtool")
    if promtool:
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_page_is_there(study: Served) -> None:
    page = study.ask("/", {"Accept": "text/html"})
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    # Any path of the page is the page, which reads the address.
    assert study.ask("/campaign/sweep?view=x", {"Accept": "text/html"}).body == page.body
    packed = study.ask("/", {"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == page.body
    assert study.ask("/assets/none.js").status == 404


LIVE = """
import sys, time
import headrace as hr
with hr.campaign("live"), hr.workflow("training"):
    for i in range(int(sys.argv[1])):
        with hr.task("step", used={"i": i}):
            time.sleep(0.01)
    print("written", flush=True)
    sys.stdin.read()
"""


def test_follows_a_program_that_runs(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        # Nothing is there yet: said, and looked for again.
        empty = served.ask("/api/v1/campaigns")
        assert empty.status == 503
        assert empty.json()["error"]["what"]
        program = subprocess.Popen(
            [sys.executable, "-c", LIVE, "30"],
            env=environment_of(tmp_path / ".headrace", HEADRACE_TELEMETRY="0"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert program.stdout is not None and program.stdin is not None
        try:
            program.stdout.readline()
            event = {"id": "", "tasks": 0}
            for told in events(served):
                event = told
                rows = served.ask("/api/v1/tasks?filter=activity:step").json()["total"]
                if rows == 30:
                    break
            assert event["tasks"] >= 30
            running = served.ask("/api/v1/workflows").rows()[0]
            assert running["status"] == "running"
            # One that comes back is told what it missed, and only that.
            seen = event["id"]
            program.stdin.close()
            assert program.wait(timeout=20) == 0
            later = next(events(served, last_seen=seen))
            assert later["id"] != seen
            assert running["workflow_id"] in later["workflows"]
            until(lambda: served.ask("/api/v1/workflows").rows()[0]["status"] == "finished")
        finally:
            program.kill()
            program.wait()


def test_commands_share_the_store_with_it(
    tmp_path: Path, assert_accounted: Callable[..., None]
) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        for round_ in range(5):
            capture(tmp_path, HEADRACE_TELEMETRY="0")
            # What was recorded before the question is in its answer.
            found = query(
                "SELECT count(*) AS n FROM task WHERE activity = 'train'",
                outside(),
                "--dir",
                str(tmp_path),
            )
            assert found == [{"n": 4 * (round_ + 2)}]
        headrace(tmp_path, "tag", "sweep", "best")
        headrace(tmp_path, "note", "sweep", "seen")
        until(lambda: served.ask("/api/v1/campaigns").rows()[0]["tags"] == {"best": True})
        assert served.on_socket("/fold", "POST").status == 200
        assert served.on_socket("/api/v1/health").json()["store"]["readable"]
    assert not (tmp_path / ".headrace" / "serve.sock").exists()
    assert_accounted(tmp_path / ".headrace")


def test_answers_while_others_read_and_write(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    wrong: list[Any] = []
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        ended = threading.Event()

        def ask() -> None:
            while not ended.is_set():
                answer = served.ask("/api/v1/tasks?limit=5")
                if answer.status != 200:
                    wrong.append(answer.body)

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        for _ in range(4):
            capture(tmp_path, HEADRACE_TELEMETRY="0")
        total = until(lambda: served.ask("/api/v1/tasks").json()["total"] == 5 * 22)
        ended.set()
        for asker in askers:
            asker.join()
    assert total
    assert not wrong


def test_says_who_has_the_port_and_what_is_free(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = headrace(tmp_path, "serve", "--port", str(port), code=4)
    assert f"port {port} is taken by pid {os.getpid()} (" in said
    assert "; --port " in said and "is free" in said


def test_refuses_what_would_show_everything_to_all(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    said = headrace(tmp_path, "serve", "--address", "0.0.0.0", code=2)  # noqa: S104
    assert "--tls-cert" in said
    short = tmp_path / "token"
    short.write_text("abc\n")
    short.chmod(0o600)
    assert "16 characters" in headrace(tmp_path, "serve", "--token-file", str(short), code=2)


def test_a_second_one_leads_to_the_first(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as served:
        assert "headrace ui opens its page" in headrace(tmp_path, "serve", "--port", "0", code=4)
        url = headrace(tmp_path, "ui", "--no-browser").splitlines()[0]
        assert url.startswith(f"http://127.0.0.1:{served.port}/open?ticket=")
        assert served.bare("/open" + url.split("/open")[1]).status == 200
        # A killed one leaves its socket, which keeps nobody away.
        served.process.kill()
        served.process.wait()
        assert served.socket.exists()
        assert "sweep" in headrace(tmp_path, "ls")
    with serving(tmp_path) as again:
        assert again.on_socket("/healthz").body == b"ok\n"


def test_prints_the_way_in_from_home(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path, environment={"SSH_CONNECTION": "10.0.0.2 5 10.0.0.3 22"}) as served:
        served.stop()
        assert served.process.stderr is not None
        said = served.process.stderr.read()
    assert f"ssh -N -L {served.port}:127.0.0.1:{served.port} " in said
    assert socket.gethostname() in said


def test_ends_in_order(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    for ending in (signal.SIGTERM, signal.SIGINT):
        with serving(tmp_path) as served:
            until(lambda s=served: s.ask("/api/v1/campaigns").status == 200)
            watching = events(served)
            next(watching)
            idle = socket.create_connection(("127.0.0.1", served.port))
            begin = time.monotonic()
            served.process.send_signal(ending)
            assert served.process.wait(timeout=20) == 0
            assert time.monotonic() - begin < 15
            assert idle.recv(1) == b""
            idle.close()
            with pytest.raises(StopIteration):
                next(watching)


def test_states_of_the_store(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    headrace(tmp_path, "ls")
    store = tmp_path / ".headrace" / "store.duckdb"
    # Held by somebody who writes: said, with who; there again when it is let go.
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); "
            "print('held', flush=True); sys.stdin.read()",
            str(store),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None and holder.stdout is not None
    holder.stdout.readline()
    with serving(tmp_path) as served:
        held = until(lambda: (a := served.ask("/api/v1/campaigns")).status == 503 and a)
        assert str(holder.pid) in held.body.decode()
        assert served.bare("/healthz").status == 200
        assert not served.ask("/api/v1/health").json()["store"]["readable"]
        holder.stdin.close()
        holder.wait()
        until(lambda: served.ask("/api/v1/campaigns").status == 200)


def test_says_that_a_newer_version_wrote_the_store(tmp_path: Path) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    headrace(tmp_path, "ls")
    store = tmp_path / ".headrace" / "store.duckdb"
    with contextlib.closing(duckdb.connect(str(store))) as connection:
        connection.execute("UPDATE meta SET value = '9999' WHERE key = 'schema_version'")
    with serving(tmp_path) as served:
        for path in ("/api/v1/campaigns", "/api/v1/tasks", "/api/v1/energy"):
            answer = until(lambda p=path: (a := served.ask(p)).status == 503 and a)
            error = answer.json()["error"]
            assert error["kind"] == "newer_store", error
            assert "9999" in error["what"]
            assert "newer headrace" in json.dumps(error)
        assert served.bare("/healthz").status == 200
        assert not served.ask("/api/v1/health").json()["store"]["readable"]


def test_serves_several_side_by_side(tmp_path: Path) -> None:
    one, two, old = (tmp_path / name for name in ("one", "two", "old"))
    for folder in (one, two, old):
        folder.mkdir()
    program = (
        "import headrace as hr\nwith hr.campaign('{}'), hr.workflow('w'), hr.task('t'): pass\n"
    )
    capture(one, program.format("first"), HEADRACE_TELEMETRY="0")
    capture(two, program.format("second"), HEADRACE_TELEMETRY="0")
    capture(old, program.format("third"), HEADRACE_TELEMETRY="0")
    headrace(old, "ls")
    store = tmp_path / "kept.duckdb"
    shutil.copy(old / ".headrace" / "store.duckdb", store)
    with serving(one, str(one), str(two), "--store", str(store), "--allow-write") as served:

        def names(prefix: str) -> list[str]:
            answer = served.ask(f"{prefix}/api/v1/campaigns")
            return [row["name"] for row in answer.rows()] if answer.status == 200 else []

        for prefix, name in (("", "first"), ("/s/one", "first"), ("/s/two", "second")):
            until(lambda p=prefix, n=name: names(p) == [n])
        until(lambda: names("/s/kept") == ["third"])
        listed = served.ask("/api/v1/sources").rows()
        assert [(row["name"], row["kind"], row["tasks"]) for row in listed] == [
            ("one", "folder", 1),
            ("two", "folder", 1),
            ("kept", "store", 1),
        ]
        assert [row["address"] for row in listed] == ["/s/one/", "/s/two/", "/s/kept/"]
        found = served.ask("/s/kept/api/v1/sql", method="POST", body={"sql": "FROM campaign"})
        assert found.status == 200, found.body
        assert found.json()["rows"][0][1] == "third"
        page = served.ask("/s/two/campaign/x", {"Accept": "text/html"})
        assert page.status == 200
        assert page.body == served.ask("/", {"Accept": "text/html"}).body
        none = served.ask("/s/none/api/v1/campaigns")
        assert (none.status, none.json()["error"]["kind"]) == (404, "no_such_source")
        # Each folder's commands find the server, and what they add shows where it belongs.
        capture(two, program.format("fourth"), HEADRACE_TELEMETRY="0")
        headrace(two, "ls")
        assert sorted(names("/s/two")) == ["fourth", "second"]
        assert names("") == ["first"]
        note = "/s/{}/api/v1/note/campaign/{}"
        assert (
            served.ask(note.format("two", "second"), method="PUT", body={"text": "x"}).status == 200
        )
        kept = served.ask(note.format("kept", "third"), method="PUT", body={"text": "x"})
        assert "only read" in kept.json()["error"]["what"]
        assert (
            'headrace_tasks{source="kept",status="finished"} 1'
            in served.ask("/metrics").body.decode()
        )
    twice = headrace(one, "serve", str(two), str(two / ".headrace"), code=2)
    assert "is named twice" in twice


def test_over_tls_with_a_token(tmp_path: Path) -> None:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate")
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    key, certificate, token = (tmp_path / name for name in ("k.pem", "c.pem", "token"))
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=localhost",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        ],
        check=True,
        capture_output=True,
    )
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o600)
    with serving(
        tmp_path, "--tls-cert", str(certificate), "--tls-key", str(key), "--token-file", str(token)
    ) as served:
        import ssl

        trust = ssl.create_default_context()
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", served.port, context=trust)
        connection.request("GET", "/api/v1/campaigns")
        assert connection.getresponse().status == 401
        connection.close()
        right = {"Authorization": "Bearer " + token.read_text().strip()}
        connection.request("GET", "/api/v1/health", headers=right)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"]
        connection.close()


def test_what_capture_cost_is_what_the_processes_told(tmp_path: Path) -> None:
    capture(tmp_path)
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        health = served.ask("/api/v1/health").json()
    # The one without telemetry does not know what it took in all.
    (whole,) = [one for one in health["producers"] if one["sampler_cpu_s"] is not None]
    (bare,) = [one for one in health["producers"] if one["sampler_cpu_s"] is None]
    assert bare["process_cpu_s"] is None
    for one in (whole, bare):
        assert one["drain_cpu_s"] > 0
        assert one["bytes"] > 0
    told = health["capture"]
    assert told["bytes"] == whole["bytes"] + bare["bytes"]
    assert told["drain_cpu_s"] == pytest.approx(whole["drain_cpu_s"] + bare["drain_cpu_s"])
    assert told["process_cpu_s"] == whole["process_cpu_s"]
    own = whole["drain_cpu_s"] + whole["sampler_cpu_s"]
    assert told["share"] == pytest.approx(own / whole["process_cpu_s"])


def test_fifty_watch_at_once(tmp_path: Path, run_all: bool) -> None:
    capture(tmp_path, HEADRACE_TELEMETRY="0")
    watchers = 50 if run_all else 12
    with serving(tmp_path) as served:
        until(lambda: served.ask("/api/v1/campaigns").status == 200)
        streams = [events(served) for _ in range(watchers)]
        first = {next(stream)["id"] for stream in streams}
        assert len(first) == 1
        capture(tmp_path, HEADRACE_TELEMETRY="0")
        for stream in streams:
            assert next(stream)["id"] not in first
        metrics = served.ask("/metrics").body.decode()
        assert f"headrace_event_streams_open {watchers}" in metrics
