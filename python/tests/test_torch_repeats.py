"""Repeats of single layers during a training: within their budget, alone, and without a trace."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import headrace as hr  # noqa: E402
import numpy as np  # noqa: E402
from headrace import _capture  # noqa: E402
from headrace.torch import repeats  # noqa: E402
from headrace.torch import timeline as timelines  # noqa: E402
from headrace.torch.isolation import CannotCopyError, isolated  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.modules import module as modules  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples/llm_finetune"))
from model import GPT, Shape  # noqa: E402

PERIOD_S = 1e-4


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[SimpleNamespace]]:
    """What is handed to capture."""
    rows: list[SimpleNamespace] = []
    keys = ("task", "since_ns", "model", "repeated", "names", "self_ns", "calls")
    monkeypatch.setattr(
        _capture,
        "exposure",
        lambda *values: rows.append(SimpleNamespace(**dict(zip(keys, values, strict=True)))),
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield rows
    torch.set_num_threads(threads)
    assert not modules._global_forward_hooks and not modules._global_forward_pre_hooks


def repeats_of(rows: list[SimpleNamespace]) -> dict[str, int]:
    """Layer|phase -> how often it was repeated; each in an interval that nothing else is in."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.repeated:
            [(name, ns, calls)] = [
                part for part in zip(row.names, row.self_ns, row.calls, strict=True) if part[2]
            ]
            assert ns == row.since_ns == sum(row.self_ns)
            assert calls > 0
            counts[name] = counts.get(name, 0) + 1
    return counts


class Network(nn.Module):  # type: ignore[misc]
    """A small network with what a repeat could disturb: batch norm, dropout, work in place, random
    numbers of three kinds, a counter, a list, a part called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout2d(0.1)
        )
        self.noise = Noise()
        self.recur = nn.LSTM(6, 6, batch_first=True, dropout=0.1, num_layers=2)
        self.classify = nn.Linear(6, 5)
        self.classify.register_forward_hook(self.count)
        self.counted = 0

    def count(self, *_: Any) -> None:
        self.counted += 1

    def forward(self, x: Any) -> Any:
        x = self.noise(self.noise(self.features(x), scale=0.5))
        x, _ = self.recur(x.flatten(1, 2))
        return self.classify(x[:, -1])


class Noise(nn.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.means: list[Any] = []
        self.running = torch.zeros(())
        self.generator = torch.Generator().manual_seed(3)
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, x: Any, scale: float = 1.0) -> Any:
        self.calls += 1
        self.means.append(x.detach().mean())
        self.running += 0.1 * x.detach().mean()
        self.seen += 1
        noise = torch.randn(x.shape, generator=self.generator) * random.random()  # noqa: S311
        return x + scale * float(np.random.rand()) * noise * self.running


class DroppingGPT(GPT):
    """The study's model, with dropout after each block."""

    def __init__(self) -> None:
        super().__init__(Shape(width=16, blocks=2, heads=2, context=16))
        self.blocks = nn.ModuleList(nn.Sequential(b, nn.Dropout(0.1)) for b in self.blocks)


def trained(make: Any, steps: int, resolve: str | None, schedule: bool) -> tuple[Any, Any]:
    """Everything that a training leaves, in a form that compares bit by bit; and its watch."""
    torch.manual_seed(11)
    random.seed(11)
    np.random.seed(11)
    model = make()
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    watch = hr.torch.watch(model, resolve=resolve, period=PERIOD_S) if resolve else None
    scheduler = torch.optim.lr_scheduler.StepLR(optimiser, 5) if schedule else None
    losses = []
    for _ in range(steps):
        if isinstance(model, GPT):
            loss = model.loss(torch.randint(0, 256, (2, 17)))
        else:
            logits = model(torch.randn(6, 1, 8, 8))
            loss = nn.functional.cross_entropy(logits, torch.randint(0, 5, (6,)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if scheduler:
            scheduler.step()
        losses.append(loss.item())
    left = [losses, *model.state_dict().values(), *(p.grad for p in model.parameters())]
    left += [value for state in optimiser.state.values() for value in state.values()]
    left += [torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()]
    if isinstance(model, Network):
        left += [model.counted, model.noise.calls, model.noise.means, model.noise.running]
        left += [model.noise.generator.get_state()]
    for module in model.modules():
        left.append(module.training)
    done = watch.repeats.done if watch else 0
    if watch:
        watch.unwatch()
    return left, SimpleNamespace(watch=watch, done=done)


def is_same(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and bool(torch.equal(a, b))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(is_same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("make", [DroppingGPT, Network])
def test_training_is_the_same_to_the_bit(
    make: Any, rows: list[SimpleNamespace], run_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeats, "LEAST_SHARE", 0.0)
    steps = 1500 if run_all else 120
    without, _ = trained(make, steps, None, schedule=True)
    again, _ = trained(make, steps, None, schedule=True)
    assert is_same(without, again)
    resolved, of = trained(make, steps, "45%", schedule=True)
    assert is_same(without, resolved)
    repeated = repeats_of(rows)
    assert of.done == sum(repeated.values()) >= 5  # how many, a loaded machine says
    layers = ("features.1", "features.2", "features.3", "noise", "recur")
    if make is DroppingGPT:
        layers = ("byte", "blocks.0.1", "blocks.1.0.mlp.0", "head")
    assert {f"{each}|{phase}" for each in layers for phase in ("forward", "backward")} <= (
        repeated.keys()
    )
    print(f"\n{make.__name__}: {steps} steps, {of.done} repeats of {len(repeated)} parts")


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timelines.HostTimeline.__init__, "__defaults__", (clock,))
    monkeypatch.setattr(Timed, "clock", clock)
    return clock


class Timed(nn.Linear):  # type: ignore[misc]
    """Takes a millisecond, on the clock of a test."""

    clock: Any = None

    def forward(self, x: Any) -> Any:
        self.clock.now_ns += 1_000_000
        return super().forward(x)


@pytest.mark.parametrize(("share", "steps"), [(0.02, 4000), (0.3, 800)])
def test_the_budget_is_kept(
    clock: Clock, rows: list[SimpleNamespace], share: float, steps: int
) -> None:
    model = nn.Sequential(Timed(2, 2), Timed(2, 2), nn.Sequential(Timed(2, 2)))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    watch = hr.torch.watch(model, resolve=share, period=0.01, phases="forward")
    for _ in range(steps):
        model(torch.ones(1, 2)).sum().backward()
        clock.now_ns += 2_000_000
        optimiser.step()
        assert watch.repeats.spent_ns <= share * clock.now_ns
    assert watch.repeats.spent_ns >= 0.8 * share * clock.now_ns
    counts = repeats_of(rows)
    assert counts.keys() == {"0|forward", "1|forward", "2.0|forward"}
    assert max(counts.values()) <= min(counts.values()) + 1
    lengths = [row.since_ns / 1e7 for row in rows if row.repeated]
    assert 2 <= min(lengths) < 3 and 3 < max(lengths) <= 4.1
    # The intervals of the training have nothing of the repeats in them.
    assert all(sum(row.calls) for row in rows)
    assert sum(row.since_ns for row in rows) <= clock.now_ns
    watch.unwatch()


def test_a_layer_that_cannot_be_repeated_is_left_alone(rows: list[SimpleNamespace]) -> None:
    class Cache:
        pass

    class Odd(nn.Linear):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(64, 64)
            self.cache = Cache()

    class Fails(nn.Linear):  # type: ignore[misc]
        calls = 0

        def forward(self, x: Any) -> Any:
            Fails.calls += 1
            if sys._getframe(1).f_code.co_name == "again":
                raise ValueError("only once")
            return super().forward(x)

    model = nn.Sequential(Odd(), Fails(64, 64), nn.Linear(64, 64))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.001)
    watch = hr.torch.watch(model, resolve="45%", period=PERIOD_S)
    for _ in range(200):
        model(torch.ones(64, 64)).sum().backward()
        optimiser.step()
    assert watch.is_on
    assert any(
        note.startswith("0 forward is not repeated: it keeps a Cache") for note in watch.notes
    )
    assert "1 forward is not repeated: only once" in watch.notes
    assert not {"0|forward", "0|backward", "1|forward"} & repeats_of(rows).keys()
    assert "2|forward" in repeats_of(rows)
    watch.unwatch()


def test_a_copy_shares_nothing() -> None:
    layer = nn.LSTM(3, 3)
    layer.register_forward_hook(lambda *_: None)
    layer.shared = layer.weight_hh_l0  # one parameter under two names
    layer.nested = {"a": [torch.ones(2)], "self": layer}
    copied = isolated(layer)
    mine = {id(t): t.data_ptr() for t in [*layer.parameters(), layer.nested["a"][0]]}
    for tensor in [*copied.parameters(), copied.nested["a"][0]]:
        assert id(tensor) not in mine and tensor.data_ptr() not in mine.values()
    assert copied.shared is copied.weight_hh_l0 is copied._flat_weights[1]
    assert copied.nested["self"] is copied
    assert not copied._forward_hooks and layer._forward_hooks
    assert copied(torch.ones(1, 1, 3))[0].equal(layer(torch.ones(1, 1, 3))[0])
    with pytest.raises(CannotCopyError, match="RecursiveScriptModule"):
        isolated(nn.Sequential(torch.jit.script(nn.ReLU())))
