"""What `headrace serve` says of the energy of an emulated machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE
from served import serving

MACHINE = """
power cpu-0   60W
power gpu-0   300W
power board   500W
meter cray node board period=50ms
meter powercap package-0 cpu-0 period=1ms range=262143328850uJ
meter nvml 0 gpu-0 period=50ms uuid=GPU-0a0a0a0a-0000-4000-8000-000000000000
fault nvml 0 denied 1.5s 1.9s
"""
PROGRAM = """
import time
import headrace as hr
def busy(s):
    end = time.perf_counter() + s
    while time.perf_counter() < end: pass
with hr.campaign("demo"), hr.workflow("fit"):
    with hr.task("train"):
        for i in range(6):
            with hr.task("forward"): busy(0.2)
            with hr.task("blink"): busy(0.002)
            with hr.task("backward"): busy(0.25)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served-energy")
    (folder / "mine.lab").write_text(MACHINE)
    subprocess.run(
        [HEADRACE, "lab", "--machine", "mine.lab", "--", sys.executable, "-c", PROGRAM],
        cwd=folder,
        check=True,
        timeout=60,
    )
    (folder / "grid.csv").write_text(
        "region,start,end,gco2e_per_kwh,kind,source\n"
        "DE,2020-01-01T00:00:00Z,2060-01-01T00:00:00Z,360,average,a test\n"
    )
    return folder


def test_the_card_adds_up_and_says_what_is_emulated(folder: Path) -> None:
    with serving(folder) as served:
        card = served.ask("/api/v1/energy/card?campaign=demo").json()
        shown = json.loads(
            subprocess.run(
                [HEADRACE, "energy", "demo", "--json"], cwd=folder, check=True, capture_output=True
            ).stdout
        )
        assert card["carbon"]["attributed_g"] is None
        assert "headrace serve --carbon" in card["carbon"]["reason"]
        del card["carbon"]
        assert card == shown, "the page shows what the command says"
        assert sum(line["energy_uj"] for line in card["lines"]) == card["total"]["energy_uj"]
        for one in card["conservation"]:
            parts = ("attributed_uj", "elsewhere_uj", "idle_uj", "unattributed_uj")
            assert one["difference_uj"] == 0
            assert sum(one[part] for part in parts) == one["measured_uj"]
        assert all("emulated by headrace lab" in line["assumption"] for line in card["lines"])
        tree = {one["domain"]: one for one in card["domains"]}
        assert tree["node/gpu-0"]["parent"] == "node"
        assert tree["node"]["parent"] is None
        assert "no permission" in tree["node/gpu-0"]["reason"]
        blink = [one for one in card["activities"] if one["activity"] == "blink"]
        assert blink
        assert all(
            one["resolution"] == "resolved" or (one["attributed_j"] is None and one["group_j"] > 0)
            for one in card["activities"]
        ), "what is withheld is its group's, not 0"


def test_carbon_by_the_factors_that_the_server_was_given(folder: Path) -> None:
    grid = str(folder / "grid.csv")
    with serving(folder, "--carbon", grid, "--region", "DE", "--pue", "1.5") as served:
        card = served.ask("/api/v1/energy/card").json()
        grams = card["total"]["energy_j"] / 3.6e6 * 360 * 1.5
        assert card["carbon"]["attributed_g"] == pytest.approx(grams, rel=1e-6)
        assert card["carbon"]["truth"] == "estimated"
        assert len(card["carbon"]["factors"]["sha256"]) == 64
    with serving(folder, "--carbon", grid, "--region", "FR") as served:
        carbon = served.ask("/api/v1/energy/card").json()["carbon"]
        assert carbon["attributed_g"] is None
        assert "has no region FR" in carbon["reason"]
    for words in (["--carbon", grid], ["--region", "DE"], ["--carbon", "no.csv", "--region", "DE"]):
        refused = subprocess.run(
            [HEADRACE, "serve", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert refused.returncode != 0, words


def test_gaps_of_sensors_with_why(folder: Path) -> None:
    with serving(folder) as served:
        names = {row["sensor_id"]: row["name"] for row in served.ask("/api/v1/sensors").rows()}
        found: dict[str, Any] = served.ask("/api/v1/sensors/gaps").json()
        gaps = [one for one in found["gaps"] if names[one["sensor_id"]] == "gpu-0.energy"]
        assert [one["reason"] for one in gaps] == ["no permission"]
        assert 0.3 <= (gaps[0]["to_ns"] - gaps[0]["from_ns"]) / 1e9 < 1.5
        read = {names[one["sensor_id"]]: one for one in found["sensors"]}
        assert read["gpu-0.energy"]["coverage"] < 1
        assert read["gpu-0.energy"]["failed"] > 0
        assert read["rapl.package-0"]["coverage"] == 1
        assert 0 < read["rapl.package-0"]["period_s"] < 1


def test_lists_and_tasks_have_intervals_and_what_is_withheld_its_groups_figure(
    folder: Path,
) -> None:
    with serving(folder) as served:
        flow = served.ask("/api/v1/workflows").rows()[0]
        assert 0 < flow["energy_u95_j"] < flow["energy_j"]
        tasks = served.ask("/api/v1/tasks?filter=activity:blink").rows()
        assert all(row["energy_j"] is None for row in tasks)
        assert {row["energy_resolution"] for row in tasks} <= {"grouped", "unresolved"}
        shown = served.ask(f"/api/v1/tasks/{tasks[0]['task_id']}").json()
        for one in shown["energy"]:
            if "joules" in one:
                continue
            assert one["resolution"] in ("grouped", "unresolved")
            assert one["reason"]
            assert one["group_joules"] > 0
            assert one["group_tasks"] >= 6
