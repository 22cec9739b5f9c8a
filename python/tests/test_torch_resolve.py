"""Layers run alone, offline: `headrace resolve --layers`; and what watching leaves in a store."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, environment_of, query

torch = pytest.importorskip("torch")

FACTORY = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(40, 8)
        self.hidden = nn.Sequential(nn.Linear(8, 8), nn.ReLU(inplace=True))
        self.head = nn.Linear(8, 3)

    def forward(self, tokens, scale=1.0):
        return self.head(self.hidden(self.embed(tokens)) * scale)

def model():
    return Net()

def with_inputs():
    return Net(), torch.randint(0, 40, (2, 5)), {"scale": 2.0}

def nothing():
    return None
"""
TRAINING = """
import sys
import headrace as hr
import torch
from factory import Net

net = Net()
watch = hr.torch.watch(net)
optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
with hr.workflow("training"), hr.task("train"):
    for _ in range(25):
        optimiser.zero_grad()
        net(torch.randint(0, 40, (2, 5))).sum().backward()
        optimiser.step()
    watch.unwatch()
print(watch.notes, watch.is_on)
"""
PARTS = {("embed", "forward"), ("embed", "backward"), ("head", "forward"), ("head", "backward")} | {
    (f"hidden.{i}", phase) for i in (0, 1) for phase in ("forward", "backward")
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "factory.py").write_text(FACTORY)
    (tmp_path / "train.py").write_text(TRAINING)
    return tmp_path


def run(folder: Path, words: list[str], **more: str) -> Any:
    environment = environment_of(folder / ".headrace", HEADRACE_TELEMETRY="0", **more)
    environment["VIRTUAL_ENV"] = str(Path(sys.executable).parents[1])
    return subprocess.run(
        words, env=environment, cwd=folder, capture_output=True, text=True, timeout=120
    )


def resolve(folder: Path, *options: str) -> Any:
    words = ["resolve", "--seconds", "0.004", "--rounds", "2", "--period", "0.001", "--layers"]
    return run(folder, [str(HEADRACE), *words, *options])


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    return query(sql, environment_of(folder / ".headrace"))


def test_on_the_shapes_of_the_record(folder: Path) -> None:
    trained = run(folder, [sys.executable, "train.py"])
    assert trained.returncode == 0, trained.stderr
    exposed = rows(folder, "SELECT layer, phase, sum(calls) AS n FROM layer_exposure GROUP BY ALL")
    calls = {(row["layer"], row["phase"]): row["n"] for row in exposed}
    assert calls == dict.fromkeys(PARTS, 25) | {
        (path, phase): 25 for path in ("", "hidden") for phase in ("forward", "backward")
    } | {("", "step"): 25}
    [most] = rows(
        folder,
        """SELECT max(s - passed_s) AS over_s FROM (
             SELECT sum(time_s) AS s, epoch_us(ended_at - started_at) / 1e6 AS passed_s
             FROM layer_exposure GROUP BY started_at, ended_at)""",
    )
    assert most["over_s"] < 2e-6  # of rounding

    done = resolve(folder, "factory:model")
    assert done.returncode == 0, done.stderr
    assert "Net: 8 parts, 0.004 s each" in done.stderr
    assert {tuple(line.split()[:2]) for line in done.stdout.splitlines()[1:]} == PARTS
    repeated = rows(
        folder,
        """SELECT layer, phase, count(*) AS n, min(calls) AS calls, count(DISTINCT t.activity) AS a
           FROM layer_exposure JOIN task t USING (task_id)
           WHERE repeated AND t.activity = 'resolve' AND t.used.phase = phase
             AND t.used.layer = layer GROUP BY ALL""",
    )
    assert {(row["layer"], row["phase"]) for row in repeated} == PARTS
    assert all(row["n"] == 2 and row["calls"] > 0 and row["a"] == 1 for row in repeated)


def test_on_inputs_of_the_factory(folder: Path) -> None:
    done = resolve(folder, "factory:with_inputs", "--pattern", "hidden*", "--name", "mine")
    assert done.returncode == 0, done.stderr
    found = rows(folder, "SELECT DISTINCT model, layer FROM layer_exposure WHERE repeated")
    assert {(row["model"], row["layer"]) for row in found} == {
        ("mine", "hidden.0"),
        ("mine", "hidden.1"),
    }


def test_what_is_wrong_is_said(folder: Path) -> None:
    for layers, words in (
        ("factory:model", "there is no folder"),
        ("factory", "--layers takes MODULE:FACTORY"),
        ("factory:none", "cannot be imported: module 'factory' has no attribute 'none'"),
        ("nowhere:none", "No module named 'nowhere'"),
        ("factory:nothing", "gave a NoneType"),
    ):
        done = resolve(folder, layers)
        assert done.returncode == 2
        assert words in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
    (folder / "empty.py").write_text("import headrace as hr\nwith hr.task('a'): pass\n")
    run(folder, [sys.executable, "empty.py"])
    assert "no watched model named Net is recorded" in resolve(folder, "factory:model").stderr
    assert resolve(folder, "factory:model", "--rounds", "0").returncode == 2


def test_with_capture_off(folder: Path) -> None:
    done = run(folder, [sys.executable, "train.py"], HEADRACE_DISABLED="1")
    assert done.stdout == "['capture is off (HEADRACE_DISABLED)'] False\n", done.stderr
    assert not (folder / ".headrace/spool").exists()
