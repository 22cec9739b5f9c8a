"""deploy/grafana: a real Prometheus scrapes a real server by the configuration there, and every
query of every panel, variable and rule gives data. How Grafana draws them is not seen here."""

from __future__ import annotations

import json
import math
import re
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from asked import HEADRACE, ROOT
from served import Served, capture, serving, until

DEPLOY = ROOT / "deploy/grafana"
DASHBOARDS = sorted(path for path in DEPLOY.glob("*.json") if ".schema." not in path.name)
RULES = yaml.safe_load((DEPLOY / "rules.yml").read_text())["groups"][0]["rules"]

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

PROGRAM = """
import time
import headrace as hr

with hr.campaign("sweep"), hr.workflow("tune"):
    for step in range(8):
        with hr.task("step", used={"step": step}):
            end = time.monotonic() + 0.05
            while time.monotonic() < end:
                pass
    try:
        with hr.task("plot"):
            raise ValueError("no display")
    except ValueError:
        pass
"""


class Prometheus:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port

    def answer(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return json.load(answer)["data"]

    def values(self, expression: str) -> list[float]:
        words = urllib.parse.urlencode({"query": expression})
        return [float(one["value"][1]) for one in self.answer(f"/api/v1/query?{words}")["result"]]

    def is_up(self) -> bool:
        assert self.process.poll() is None, "Prometheus ended"
        try:
            return bool(self.values("count_over_time(headrace_tasks[1m]) > 2"))
        except OSError:
            return False


def replaced(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert text.count(old) >= 1, f"{old} is not in the configuration"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Prometheus]]:
    prometheus = shutil.which("prometheus")
    if not prometheus:
        pytest.skip("Prometheus is not installed; script/setup installs Debian's")
    folder = tmp_path_factory.mktemp("grafana")
    token = folder / "token"
    token.write_text("0123456789abcdef0123456789abcdef\n")
    token.chmod(0o600)
    capture(folder, PROGRAM)
    with serving(folder, "--token-file", str(token)) as served:
        # The configuration as it is, but for where this server is, and faster.
        own = {"127.0.0.1:8437": f"127.0.0.1:{served.port}", "15s": "300ms"}
        own |= {"/etc/prometheus/headrace.token": str(token)}
        (folder / "prometheus.yml").write_text(
            replaced((DEPLOY / "prometheus.yml").read_text(), own)
        )
        shutil.copy(DEPLOY / "rules.yml", folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (folder / "prometheus.log").open("w") as log:
            process = subprocess.Popen(
                [
                    prometheus,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=log,
                stderr=log,
                text=True,
            )
            try:
                server = Prometheus(process, port)
                until(server.is_up, 30)
                capture(folder, PROGRAM)
                yield served, server
            finally:
                process.terminate()
                process.wait(timeout=20)


def panels(dashboard: Path) -> list[dict[str, Any]]:
    return [one for one in json.loads(dashboard.read_text())["panels"] if one["type"] != "row"]


def asked_by(dashboard: Path) -> dict[str, str]:
    """Every query of a dashboard by what asks it, with its variables filled in."""
    out = {}
    for panel in panels(dashboard):
        for target in panel["targets"]:
            out[f"{panel['title']} {target['refId']}"] = (
                target["expr"]
                .replace("$__rate_interval", "10s")
                .replace("$instance", ".*")
                .replace("$campaign", "sweep")
            )
    for variable in json.loads(dashboard.read_text())["templating"]["list"]:
        if variable["type"] == "query":
            metric, label = re.findall(r"[a-z_]+", variable["query"]["query"])[1:]
            out[f"variable {variable['name']}"] = f"group by ({label}) ({metric})"
    return out


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_has_data(scraped: tuple[Served, Prometheus], dashboard: Path) -> None:
    served, prometheus = scraped

    def empty() -> list[str]:
        # Somebody looks at the page meanwhile.
        served.ask("/api/v1/campaigns")
        return [
            f"{name}: {query}"
            for name, query in asked_by(dashboard).items()
            if not any(math.isfinite(value) for value in prometheus.values(query))
        ]

    try:
        until(lambda: not empty(), 20)
    except AssertionError:
        pytest.fail("no data: " + "; ".join(empty()))


def test_every_rule_works(scraped: tuple[Served, Prometheus]) -> None:
    _, prometheus = scraped
    for rule in RULES:
        # An alert that is quiet gives nothing: as a truth value it says so.
        expression = re.sub(r" ([<>]) (\d+)$", r" \1 bool \2", rule["expr"])
        assert until(lambda e=expression: prometheus.values(e)), rule
        if "record" in rule:
            assert until(lambda name=rule["record"]: prometheus.values(name)), rule
    loaded = prometheus.answer("/api/v1/rules")["groups"][0]["rules"]
    assert len(loaded) == len(RULES)
    assert all(one["health"] in ("ok", "unknown") for one in loaded), loaded


def test_the_figures_are_those_of_the_store(scraped: tuple[Served, Prometheus]) -> None:
    served, prometheus = scraped
    until(lambda: served.ask("/api/v1/tasks?limit=1").json()["total"] == 18)

    def tasks(status: str) -> list[float]:
        return prometheus.values(f'headrace_campaign_tasks{{campaign="sweep",status="{status}"}}')

    until(lambda: tasks("failed") == [2])
    assert tasks("finished") == [16]
    assert prometheus.values('sum(headrace:tasks_ended:rate{status="finished"})')[0] >= 0
    # The second program's tasks came while Prometheus looked.
    assert until(lambda: prometheus.values("sum(increase(headrace_folded_tasks_total[1m]))")[0] > 0)


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboards_are_well_formed(dashboard: Path) -> None:
    schema = json.loads((DEPLOY / "dashboard.schema.json").read_text())
    content = json.loads(dashboard.read_text())
    jsonschema.Draft202012Validator(schema).validate(content)
    ids = [panel["id"] for panel in content["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in panels(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
    # No two lie over each other, and none leaves the 24 columns.
    taken: set[tuple[int, int]] = set()
    for panel in content["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    assert {one.stem for one in DASHBOARDS} == {"overview", "campaign"}
