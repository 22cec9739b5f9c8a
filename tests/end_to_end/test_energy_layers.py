"""The joules of a model's layers: from a program to the command line, Python and the server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import headrace as hr
import pytest
from asked import HEADRACE, ROOT, environment_of, query
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
with hr.workflow("wide"):
    with hr.task("train") as task:
        for step in range(10):
            until = time.perf_counter_ns() + 60_000_000
            while time.perf_counter_ns() < until:
                pass
            number = _capture.current_task_number()
            self_ns = [0, 0, 50_000_000]
            _capture.exposure(number, 60_000_000, "wider", False, names, self_ns, [0, 0, 1])
        task.generated(tokens=5000, flops={"head|forward": 1e9, "head|backward": 2e9})
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


def heads_of(shown: str) -> list[set[str]]:
    """The columns of the answer's tables, of layers and of models."""
    return [
        set(re.split(r"\s{2,}", head)) for head in re.findall(r"^(?:layer|of) .*$", shown, re.M)
    ]


def test_the_same_layer_in_two_architectures(folder: Path) -> None:
    environment = environment_of(folder)
    words = [str(HEADRACE), "energy", "tune", "--layers-beside", "wide"]
    done = subprocess.run([*words, "--json"], env=environment, capture_output=True, check=True)
    told = json.loads(done.stdout)
    shown = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    page = (ROOT / "docs/questions/energy-layers.md").read_text()
    first, second = heads_of(shown.stdout)
    assert first <= heads_of(page)[0]  # a column without any figure is left out
    assert second == heads_of(page)[1]
    store = hr.open(folder)
    assert store.energy_layer_pairs("tune", "wide").facts == told
    (pair,) = told["pairs"]
    assert (pair["layer"], pair["phase"]) == ("head", "forward")
    assert (pair["model"], pair["other_model"]) == ("net", "wider")
    assert (pair["calls"], pair["other_calls"]) == (20, 10)
    # Neither has joules of its own: they are known with others, and the answer says so.
    assert pair["call_j"] is pair["call_ratio"] is pair["token_j"] is None
    assert pair["reason"] and pair["token_reason"]
    assert {one["layer"] for one in told["only_first"]} == {"encoder.0"}
    small, wide = told["models"]
    assert small["tokens"] is None and "tokens" in small["token_reason"]
    (books,) = store.energy_layers("wide").facts["conservation"]
    assert wide["tokens"] == 5000
    assert wide["token_j"] == pytest.approx(books["layers_j"] / 5000)
    assert wide["flops"] == pytest.approx(3e9)
    with serving(folder.parent) as site:
        asked = "/api/v1/energy/layer_pairs?workflow=tune&other=wide"
        until(lambda: site.ask(asked).status == 200)
        assert site.ask(asked).json() == told
        assert site.ask("/api/v1/energy/layer_pairs?workflow=tune").status == 400
        assert site.ask("/api/v1/layers?workflow=tune").status == 404


def test_the_path_to_the_samples_goes_through_layers(folder: Path) -> None:
    told = hr.open(folder).energy_path("tune").facts
    *_, domain, layer = told["steps"]
    (books,) = hr.open(folder).energy_layers("tune").facts["conservation"]
    assert domain["parts_are"] == "layer share"
    assert domain["difference_uj"] == 0
    assert domain["energy_j"] == pytest.approx(books["tasks_j"])
    assert layer["name"].startswith("net encoder.0 forward")
    assert ".layer[" in told["path"]
