"""The joules of a model's layers: from a program to the command line, Python and the server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import headrace as hr
import pytest
from asked import HEADRACE, environment_of, query
from served import serving, until

# Half of each interval is one layer's, a tenth another's; the processor is busy all the time.
PROGRAM = """
import time
import headrace as hr
from headrace import _capture

names = ("encoder.0|forward", "encoder.0|backward", "head|forward")
with hr.workflow("tune"):
    with hr.task("train"):
        for step in range(20):
            until = time.perf_counter_ns() + 60_000_000
            while time.perf_counter_ns() < until:
                pass
            self_ns = [30_000_000, 0, 6_000_000]
            number = _capture.current_task_number()
            _capture.exposure(number, 60_000_000, "net", False, names, self_ns, [2, 0, 1])
    _capture.exposure(None, 5_000_000, "net", False, names, [1, 2, 3], [1, 1, 1])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("layers")
    folder = place / ".headrace"
    environment = environment_of(folder, HEADRACE_CPU_WATT="10")
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, cwd=place, check=True)
    return folder


def test_what_was_told_is_kept_apart_from_the_log(folder: Path) -> None:
    environment = environment_of(folder)
    assert query("SELECT * FROM log", environment) == []
    rows = query(
        "SELECT layer, phase, sum(time_s) AS s, sum(calls)::INT AS n FROM layer_exposure "
        "WHERE task_id IS NOT NULL AND model = 'net' AND NOT repeated GROUP BY ALL ORDER BY 1",
        environment,
    )
    assert rows == [
        {"layer": "encoder.0", "phase": "forward", "s": pytest.approx(0.6), "n": 40},
        {"layer": "head", "phase": "forward", "s": pytest.approx(0.12), "n": 20},
    ]
    assert len(query("FROM layer_exposure WHERE task_id IS NULL", environment)) == 3


def test_layers_add_up_to_their_tasks_wherever_they_are_asked_for(folder: Path) -> None:
    environment = environment_of(folder)
    words = [str(HEADRACE), "energy", "--layers", "tune"]
    done = subprocess.run([*words, "--json"], env=environment, capture_output=True, check=True)
    told = json.loads(done.stdout)
    (books,) = told["conservation"]
    assert books["difference_uj"] == 0
    assert books["layers_j"] + books["outside_j"] == pytest.approx(books["tasks_j"])
    assert books["tasks_j"] > 1
    assert {row["layer"] for row in told["layers"]} == {"encoder.0", "head"}
    for row in told["layers"]:
        # The estimate knows nothing but CPU time, and they always ran together.
        assert (row["truth"], row["resolution"]) != ("estimated", "resolved")
        assert row["attributed_j"] is None
        assert row["reason"]
    assert hr.open(folder).energy_layers("tune").facts == told
    assert hr.open(folder).energy_layers("tune").rows == told["layers"]
    text = subprocess.run(words, env=environment, capture_output=True, check=True, text=True)
    assert str(hr.open(folder).energy_layers("tune")) == text.stdout.rstrip("\n")
    assert "encoder.0" in text.stdout
    assert "= tasks themselves" in text.stdout


def test_the_server_tells_the_same(folder: Path) -> None:
    with serving(folder.parent) as site:
        until(lambda: site.ask("/api/v1/energy/layers").status == 200)
        told = site.ask("/api/v1/energy/layers").json()
    facts = hr.open(folder).energy_layers().facts
    assert told["conservation"] == facts["conservation"]
    assert told["layers"] == facts["layers"]
