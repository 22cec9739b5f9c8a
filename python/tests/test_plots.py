"""Pictures of answers."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import headrace as hr
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

# Nested tasks on two threads; one failed.
STUDY = """
import threading
import headrace as hr

def train(lr, width, opt):
    with hr.task("train", used={"lr": lr, "width": width, "opt": opt}) as t:
        for epoch in hr.loop(range(2), "epoch"):
            pass
        if width == 64 and lr == 1e-4:
            raise ValueError("diverged")
        t.generated(loss=lr * 100 + 1 / width + 0.001 * len(opt))

def quietly(*arguments):
    try:
        train(*arguments)
    except ValueError:
        pass

with hr.campaign("sweep"), hr.workflow("tune"):
    for lr in (1e-2, 1e-3, 1e-4):
        for width in (8, 64):
            thread = threading.Thread(target=quietly, args=(lr, width, "adam"))
            thread.start()
            thread.join()
            quietly(lr, width, "sgd")
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("study")
    subprocess.run(
        [sys.executable, "-c", STUDY],
        env={"HEADRACE_DIR": str(folder / ".headrace"), "HEADRACE_TELEMETRY": "0"},
        check=True,
        timeout=60,
    )
    return hr.open(folder)


def labels(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_timeline_has_a_bar_for_each_task(run: Any) -> None:
    ax = run.tasks.plot("timeline")
    assert sum(len(bars.get_paths()) for bars in ax.collections) == len(run.tasks)
    assert labels(ax)[-1] == "failed"
    assert set(labels(ax)) == {"train", "epoch", "failed"}
    assert ax.get_xlabel().startswith("time since 20")
    # The epochs stand below the training around them, and no bar covers another.
    boxes = [path.get_extents() for bars in ax.collections for path in bars.get_paths()]
    assert len({(round(box.y0, 3)) for box in boxes}) >= 4
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            across = min(one.x1, other.x1) - max(one.x0, other.x0)
            down = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert across <= 2e-6 or down <= 1e-9  # starts are read to the microsecond
    with pytest.raises(ValueError, match="no task to draw"):
        run.tasks.where("duration>1h").plot()
    with pytest.raises(ValueError, match="timeline or of parameters"):
        run.tasks.plot("pie")


def test_parameters_have_a_panel_each(run: Any) -> None:
    figure = run.tasks.where("activity:train").plot("parameters", quality="loss")
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_xlabel() for ax in shown] == ["used.lr", "used.width", "used.opt"]
    assert [ax.get_xscale() for ax in shown] == ["log", "linear", "linear"]
    assert shown[0].get_ylabel() == "generated.loss"
    assert "10 tasks" in figure.get_suptitle()
    with pytest.raises(ValueError, match="no used value differs"):
        run.tasks.where("used.lr=0.01 used.width=8 used.opt=sgd").plot("parameters", quality="loss")


def test_a_front_is_labelled_where_nothing_is_covered(run: Any) -> None:
    answer = run.tradeoff("sweep", "loss", cost="time")
    ax = answer.plot()
    assert ax.get_ylabel() == "loss (less is better)"
    assert ax.get_xlabel() == "time"
    assert labels(ax)[-1] == f"{len(answer.front())} on the front"
    assert 1 <= len(ax.texts) <= len(answer.front())
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    own = matplotlib.figure.Figure().subplots()
    assert answer.plot(ax=own) is own
    with pytest.raises(ValueError, match="front or of effects"):
        answer.plot("pie")


def test_effects_have_their_intervals(run: Any) -> None:
    answer = run.tradeoff("sweep", "loss", cost="time")
    ax = answer.plot("effects")
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert sorted(name.split()[0] for name in names) == ["lr", "opt", "width"]
    assert "95 %" in ax.get_xlabel()
    rows = [row for row in answer.effects.dicts() if row["objective"] == "loss"]
    drawn = [line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2]
    for row in rows:
        assert any(list(xs) == [row["low"], row["high"]] for xs in drawn)
