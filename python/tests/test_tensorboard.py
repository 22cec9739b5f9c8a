"""`headrace import tensorboard` over what the real tensorboard wrote of training."""

from __future__ import annotations

import importlib
import json
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE, environment_of, query

pytest.importorskip("tensorboard")
pytest.importorskip("torch")
pytest.importorskip("sklearn")
if not HEADRACE.exists():
    pytest.skip("the headrace program is not built", allow_module_level=True)

EPOCHS = 12
# A classifier of the digits: its curves in both forms of scalars, an image, text, hparams.
TRAINING = """
import math, sys, time
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.tensorboard import SummaryWriter

folder, epochs, pause_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
torch.manual_seed(7)
images, digits = load_digits(return_X_y=True)
x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(digits)
for rate in (0.1, 0.5):
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    writer = SummaryWriter(f"{folder}/rate_{rate}", flush_secs=1)
    writer.add_text("about", f"digits at {rate}", 0)
    writer.add_graph(model, x[:1])
    for epoch in range(epochs):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = (model(x).argmax(1) == y).float().mean()
        writer.add_scalar("loss/train", loss.item(), epoch)
        writer.add_scalar("accuracy", right.item(), epoch, new_style=True)
        writer.add_scalars("both", {"loss": loss.item(), "right": right.item()}, epoch)
        writer.flush()
        time.sleep(pause_s)
    for step, odd in enumerate((0.0, math.nan, math.inf, -math.inf)):
        writer.add_scalar("odd", odd, step)
    writer.add_image("first", x[0].reshape(1, 8, 8), 0)
    writer.add_hparams({"rate": rate, "layers": 2, "optimizer": "sgd", "shuffled": False},
                       {"hparam/accuracy": right.item()}, run_name="hparams")
    writer.close()
"""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    train(folder / "logs")
    return folder / "logs"


def train(folder: Path, pause_s: float = 0.0) -> None:
    words = [sys.executable, "-c", TRAINING, str(folder), str(EPOCHS), str(pause_s)]
    subprocess.run(words, check=True, capture_output=True, timeout=300)


@pytest.fixture
def study(tmp_path: Path) -> Callable[..., str]:
    """Imports into a folder of the test's own; gives what was said on stderr."""

    def study(source: Path, *options: str) -> str:
        words = [str(HEADRACE), "import", "tensorboard", str(source), *options]
        done = subprocess.run(
            words,
            env=environment_of(tmp_path / ".headrace"),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    return study


def asked(tmp_path: Path, sql: str) -> list[dict[str, Any]]:
    return query(sql, environment_of(tmp_path / ".headrace"))


Series = dict[tuple[str, str], list[tuple[int, int, str]]]


def text_of(value: float) -> str:
    return "nan" if math.isnan(value) else repr(value)


def read_by_tensorboard(logs: Path) -> Series:
    """(run, tag) to (step, time in ms, value) as TensorBoard's own reader has them."""
    loader = importlib.import_module("tensorboard.backend.event_processing.event_file_loader")
    tensor_util = importlib.import_module("tensorboard.util.tensor_util")

    out: Series = {}
    for file in sorted(logs.rglob("*tfevents*")):
        run = str(file.parent.relative_to(logs))
        for event in loader.EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name != "scalars":
                    continue
                number = float(tensor_util.make_ndarray(value.tensor).item())
                out.setdefault((run, value.tag), []).append(
                    (event.step, round(event.wall_time * 1e3), text_of(number))
                )
    return out


def read_from_store(tmp_path: Path) -> Series:
    out: Series = {}
    for row in asked(
        tmp_path,
        "SELECT w.name AS run, l.metrics AS metrics, epoch_ns(l.time) AS ns "
        "FROM log l JOIN workflow w USING (workflow_id) WHERE l.stream = 'metric' ORDER BY l.time",
    ):
        metrics = row["metrics"]
        values = json.loads(metrics) if isinstance(metrics, str) else metrics
        step = values.pop("step")
        for tag, value in values.items():
            number = (
                float(value["$float"]) if isinstance(value, dict) and "$float" in value else value
            )
            if isinstance(number, dict):
                continue  # an image, a histogram
            at_ms = round(row["ns"] / 1e6)
            out.setdefault((row["run"], tag), []).append((step, at_ms, text_of(float(number))))
    return out


def test_every_scalar_is_as_tensorboard_reads_it(
    logs: Path, tmp_path: Path, study: Callable[..., str]
) -> None:
    study(logs, "--name", "digits")
    theirs = read_by_tensorboard(logs)
    ours = read_from_store(tmp_path)
    assert sum(len(series) for series in theirs.values()) == 2 * (EPOCHS * 4 + 4 + 1)
    assert {key: sorted(series) for key, series in ours.items()} == {
        key: sorted(series) for key, series in theirs.items()
    }
    workflows = asked(tmp_path, "SELECT name, status, campaign FROM workflow ORDER BY name")
    assert {w["status"] for w in workflows} == {"finished"}
    assert {w["campaign"] for w in workflows} == {"digits"}
    study(logs)
    assert read_from_store(tmp_path) == ours


def test_hparams_text_and_parents(logs: Path, tmp_path: Path, study: Callable[..., str]) -> None:
    said = study(logs)
    assert "left out: 2 graphs" in said
    rows = asked(
        tmp_path,
        "SELECT w.used->>'rate' AS rate, w.used->>'optimizer' AS optimizer, "
        "w.used->>'layers' AS layers, w.used->>'shuffled' AS shuffled, p.name AS parent "
        "FROM workflow w JOIN workflow p "
        "ON w.parent_workflow_id = p.workflow_id WHERE w.name LIKE '%hparams' ORDER BY 1",
    )
    assert [row["parent"] for row in rows] == ["rate_0.1", "rate_0.5"]
    assert [float(row["rate"]) for row in rows] == [0.1, 0.5]
    assert {row["optimizer"] for row in rows} == {"sgd"}
    # PyTorch writes a truth as a number.
    assert {float(row["shuffled"]) for row in rows} == {0.0}
    texts = asked(tmp_path, "SELECT text FROM log WHERE stream = 'stdout' ORDER BY text")
    assert [row["text"] for row in texts] == ["about: digits at 0.1", "about: digits at 0.5"]
    images = asked(tmp_path, "SELECT metrics FROM log WHERE metrics->>'first' IS NOT NULL")
    assert len(images) == 2


def test_a_flipped_bit_costs_one_record(
    logs: Path, tmp_path: Path, study: Callable[..., str]
) -> None:
    file = min(logs.glob("rate_0.1/*tfevents*"))
    events = bytearray(file.read_bytes())
    events[len(events) // 2] ^= 16
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / file.name).write_bytes(events)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / file.name).write_bytes(file.read_bytes())
    study(damaged)
    lost = asked(tmp_path, "SELECT reason FROM quarantine")
    assert len(lost) == 1
    assert file.name in lost[0]["reason"] and "bytes " in lost[0]["reason"]
    kept = asked(tmp_path, "SELECT count(*) AS n FROM log")[0]["n"]
    study(whole)
    assert asked(tmp_path, "SELECT count(*) AS n FROM log")[0]["n"] == 2 * kept + 1


def test_a_cut_file_is_read_up_to_the_cut_and_on_from_there(
    logs: Path, tmp_path: Path, study: Callable[..., str]
) -> None:
    file = min(logs.glob("rate_0.5/*tfevents*"))
    events = file.read_bytes()
    run = tmp_path / "cut/rate_0.5"
    run.mkdir(parents=True)
    (run / file.name).write_bytes(events[:-501])
    assert "ends within a record" in study(tmp_path / "cut")
    first = read_from_store(tmp_path)
    (run / file.name).write_bytes(events)
    study(tmp_path / "cut")
    ours = read_from_store(tmp_path)
    assert sum(map(len, first.values())) < sum(map(len, ours.values()))
    theirs = read_by_tensorboard(tmp_path / "cut")
    assert {k: sorted(v) for k, v in ours.items()} == {k: sorted(v) for k, v in theirs.items()}


def test_it_follows_a_training(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    follower = subprocess.Popen(
        [str(HEADRACE), "import", "tensorboard", str(logs), "--follow"],
        env=environment_of(tmp_path / ".headrace"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        train(logs, 0.05)
        wanted = {key: sorted(series) for key, series in read_by_tensorboard(logs).items()}
        deadline = time.monotonic() + 60
        ours: Series = {}
        while ours != wanted and time.monotonic() < deadline:
            time.sleep(0.5)
            ours = {key: sorted(series) for key, series in read_from_store(tmp_path).items()}
        assert ours == wanted
    finally:
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=60)
    assert follower.returncode in (0, 130), said
