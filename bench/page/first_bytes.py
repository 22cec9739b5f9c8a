"""How long the first byte of each page's main call takes: asked for the first time of a server that
has opened its store and made ahead what it makes ahead (the metric headrace_made_ahead_total says
when: what the pages of all and of the newest campaign and workflow open on), and once more. The
workflow, the task, the object and the pair to compare are none of these; the campaign is, so it is
asked for by its name too, which is another question."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from asked import environment_of, query
from served import Served, serving, until

API = "/api/v1"
# What web/src/pages/Query.svelte begins with; it is asked when the reader says so.
ACTIVITIES = """SELECT activity, count(*) AS tasks, median(duration_s) AS median_s
FROM task
GROUP BY ALL
ORDER BY tasks DESC"""


@dataclass(frozen=True)
class Call:
    """What a page asks. The main call is that without which it shows nothing."""

    page: str
    path: str
    main: bool = False
    body: Any = None


def calls(made: dict[str, Any], found: dict[str, str]) -> list[Call]:
    """The calls of web/src/pages: each page's main one first, then what fills its charts."""
    large, graph, sweep = (f"{made[name]}" for name in ("large", "graph", "sweep"))
    tasks = f"/tasks?workflow={large}&limit=200"
    failed = f"/tasks?workflow={large}&filter={quote('status:failed')}&sort=-duration&limit=200"
    timeline = f"/timeline?workflow={large}&width=1100&lanes=25"
    return [
        Call("campaigns", "/campaigns?limit=1000", main=True),
        Call("campaigns", "/workflows?sort=-started&limit=200"),
        Call("campaign", f"/campaigns/{sweep}", main=True),
        Call("campaign", "/campaigns/sweep", main=True),
        Call("campaign", f"/workflows?campaign={sweep}&limit=1000"),
        Call("campaign", f"/tradeoff?campaign={sweep}"),
        Call("campaign", f"/curves?campaign={sweep}&metric=loss"),
        Call("campaign", f"/energy?campaign={sweep}"),
        Call("campaign", f"/summary?campaign={sweep}"),
        Call("workflow", f"/workflows/{large}", main=True),
        Call("workflow", timeline),
        Call("workflow", f"{timeline}&colour=energy"),
        Call("workflow", tasks),
        Call("workflow", failed),
        Call("workflow", f"/graph?workflow={large}&level=activity"),
        Call("workflow", f"/graph?workflow={graph}&level=task"),
        Call("workflow", f"/ranks?workflow={large}&quantity=power&bins=120"),
        Call("workflow", f"/stragglers?workflow={large}"),
        Call("workflow", f"/summary?workflow={large}"),
        Call("task", f"/tasks/{found['task']}", main=True),
        Call("task", f"/why/{found['task']}"),
        Call("object", f"/objects/{found['object']}", main=True),
        Call("object", f"/why/{found['object']}"),
        Call("model", f"/objects/{found['object']}", main=True),
        Call("compare", f"/diff?a={found['one']}&b={found['other']}", main=True),
        Call("energy", "/energy/card", main=True),
        Call("energy", f"/energy/card?campaign={sweep}"),
        Call("telemetry", "/sensors", main=True),
        Call("telemetry", "/counters?sensor=1&width=1100"),
        Call("query", "/sql", body={"sql": ACTIVITIES, "limit": 10_000}),
        Call("query", "/names?prefix=a", main=True),
        Call("about", "/health", main=True),
    ]


def without_ids(path: str) -> str:
    return re.sub(r"/[0-9a-f]{8}-[0-9a-f-]{27}", "/ID", path.split("?")[0])


@contextlib.contextmanager
def ready(folder: Path) -> Iterator[Served]:
    """A server that has opened its store and answered nothing else yet."""
    with serving(folder) as served:
        # Unavailable until the store is open; then it looks for one that is not there.
        none = f"{API}/workflows/00000000-0000-0000-0000-000000000000"
        until(lambda: served.ask(none).status == 404, 120)
        yield served


def has_made_ahead(served: Served) -> bool:
    lines = served.ask("/metrics").body.decode().splitlines()
    rounds = [line.split()[-1] for line in lines if line.startswith("headrace_made_ahead_total")]
    return any(float(count) > 0 for count in rounds)


def first_byte_ms(connection: http.client.HTTPConnection, served: Served, call: Call) -> float:
    headers = {"Cookie": served.cookie, "Accept-Encoding": "gzip"}
    method, body = ("GET", None) if call.body is None else ("POST", json.dumps(call.body))
    if body is not None:
        headers |= {
            "Content-Type": "application/json",
            "Origin": f"http://127.0.0.1:{served.port}",
        }
    begin = time.perf_counter()
    connection.request(method, API + call.path, body, headers)
    response = connection.getresponse()
    took = (time.perf_counter() - begin) * 1e3
    text = response.read()
    assert response.status == 200, f"{call.path}: {response.status} {text[:300]!r}"
    return took


def asked_for(folder: Path) -> dict[str, str]:
    """Ids of what the pages show."""
    environment = environment_of(folder / ".headrace")

    def ids(sql: str) -> list[str]:
        return [str(row["id"]) for row in query(sql, environment)]

    task = ids("SELECT task_id AS id FROM task WHERE activity = 'train' LIMIT 1")
    thing = ids("SELECT object_id AS id FROM object WHERE name = 'model-0'")
    pair = ids("SELECT workflow_id AS id FROM workflow WHERE campaign = 'sweep' ORDER BY 1 LIMIT 2")
    return {"task": task[0], "object": thing[0], "one": pair[0], "other": pair[1]}


def first_bytes(folder: Path, made: dict[str, Any], rounds: int) -> list[dict[str, Any]]:
    """A row a call: the least of the rounds, each of a server of its own."""
    asked = calls(made, asked_for(folder))
    first: list[list[float]] = [[] for _ in asked]
    again: list[list[float]] = [[] for _ in asked]
    for _ in range(rounds):
        with ready(folder) as served:
            until(lambda served=served: has_made_ahead(served), 120)
            connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
            with contextlib.closing(connection):
                for into in (first, again):
                    for call, took in zip(asked, into, strict=True):
                        took.append(first_byte_ms(connection, served, call))
    return [
        {
            "row": f"first byte, {call.page}: {without_ids(call.path)}",
            "main": call.main,
            "call": call.path,
            "first_byte_ms": min(once),
            "again_ms": min(twice),
        }
        for call, once, twice in zip(asked, first, again, strict=True)
    ]
