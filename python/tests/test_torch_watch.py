"""The layers of a PyTorch model: paths, calls and times, on a clock that only the layers move."""

from __future__ import annotations

import copy
import gc
import io
import json
import pickle
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

import headrace as hr  # noqa: E402
from headrace import _capture  # noqa: E402
from headrace.torch import patches, watching  # noqa: E402
from headrace.torch import timeline as timelines  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.modules import module as modules  # noqa: E402
from torch.utils.checkpoint import checkpoint  # noqa: E402

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples/llm_finetune"))
from model import GPT, Shape  # noqa: E402

Exposure = dict[tuple[str, str], tuple[int, int]]


class Clock:
    """Stands still until somebody works."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


class Work(torch.autograd.Function):  # type: ignore[misc]
    """Takes `ns` forward and three times that backward."""

    @staticmethod
    def forward(context: Any, x: Any, weight: Any, clock: Clock, ns: int) -> Any:
        context.clock, context.ns = clock, ns
        context.save_for_backward(x, weight)
        clock.now_ns += ns
        return x * weight

    @staticmethod
    def backward(context: Any, grad: Any) -> Any:
        x, weight = context.saved_tensors
        context.clock.now_ns += 3 * context.ns
        return grad * weight, (grad * x).sum(), None, None


class Layer(nn.Module):  # type: ignore[misc]
    def __init__(self, clock: Clock, ns: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))
        self.clock, self.ns = clock, ns

    def forward(self, x: Any) -> Any:
        return Work.apply(x, self.weight, self.clock, self.ns)


class Residual(Layer):
    """Works itself before and after the layers in it."""

    def __init__(self, clock: Clock, ns: int, *inside: nn.Module) -> None:
        super().__init__(clock, ns)
        self.first, self.second = inside

    def forward(self, x: Any) -> Any:
        x = super().forward(x)
        x = x + self.first(x)
        x = super().forward(x)
        return x + super().forward(self.second(x))


class Step(torch.optim.SGD):  # type: ignore[misc]
    """Takes 1,000,000 ns."""

    def __init__(self, clock: Clock, parameters: Any) -> None:
        super().__init__(parameters, lr=0.01)
        self.clock = clock

    def step(self, closure: Any = None) -> Any:
        self.clock.now_ns += 1_000_000
        return super().step(closure)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timelines.HostTimeline.__init__, "__defaults__", (clock,))
    return clock


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """What is handed to capture."""
    rows: list[SimpleNamespace] = []
    keys = ("task", "since_ns", "model", "repeated", "names", "self_ns", "calls")

    def exposure(*values: Any) -> None:
        rows.append(SimpleNamespace(**dict(zip(keys, values, strict=True))))

    monkeypatch.setattr(_capture, "exposure", exposure)
    return rows


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
    from headrace.torch.watching import watched

    for watch in list(watched.values()):
        watch.unwatch()
    assert not modules._global_forward_pre_hooks
    assert not modules._global_forward_hooks


def seen(watch: Any) -> Exposure:
    """What ran at all, in ns."""
    return {
        key: (round(seconds * 1e9), calls)
        for key, (seconds, calls) in watch.exposure().items()
        if calls
    }


def gpt() -> Any:
    torch.manual_seed(1)
    return GPT(Shape(width=16, blocks=2, heads=2, context=16))


class Convolutions(nn.Module):  # type: ignore[misc]
    """A small network with batch norm, dropout, and rectifiers in place."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)
        )
        self.drop = nn.Dropout(0.2)
        self.classify = nn.Linear(4 * 3 * 3, 5)

    def forward(self, x: Any) -> Any:
        return self.classify(self.drop(self.features(x).flatten(1)))


def train(model: Any, optimiser: Any, steps: int = 3, x: Any = None) -> list[float]:
    losses = []
    for _ in range(steps):
        if isinstance(model, GPT):
            loss = model.loss(torch.randint(0, 256, (2, 17)))
        elif isinstance(model, Convolutions):
            loss = nn.functional.cross_entropy(
                model(torch.randn(6, 1, 8, 8)), torch.randint(0, 5, (6,))
            )
        else:
            loss = model(torch.ones(3) if x is None else x).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def test_every_module_is_a_layer(rows: list[SimpleNamespace]) -> None:
    for model, held in ((gpt(), {"blocks", "position"}), (Convolutions(), set())):
        watch = hr.torch.watch(model)
        assert watch.layers == tuple(path for path, _ in model.named_modules())
        assert watch.model is model
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
        train(model, optimiser)
        for path, _ in model.named_modules():
            for phase in ("forward", "backward"):
                calls = watch.exposure().get((path, phase), (0, 0))[1]
                assert calls == (0 if path in held else 3), (path, phase)
        assert watch.exposure()["", "step"][1] == 3
        assert not watch.notes
        watch.unwatch()


def test_a_layers_own_time(clock: Clock) -> None:
    model = nn.Sequential(
        Layer(clock, 10),
        Residual(clock, 100, Layer(clock, 20), nn.Sequential(Layer(clock, 30), nn.Identity())),
        Layer(clock, 40),
    )
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert seen(watch) == {
        ("", "forward"): (0, 2),
        ("", "backward"): (0, 2),
        ("", "step"): (2_000_000, 2),
        ("0", "forward"): (20, 2),
        ("0", "backward"): (60, 2),
        ("1", "forward"): (600, 2),
        ("1", "backward"): (1800, 2),
        ("1.first", "forward"): (40, 2),
        ("1.first", "backward"): (120, 2),
        ("1.second", "forward"): (0, 2),
        ("1.second", "backward"): (0, 2),
        ("1.second.0", "forward"): (60, 2),
        ("1.second.0", "backward"): (180, 2),
        ("1.second.1", "forward"): (0, 2),
        ("1.second.1", "backward"): (0, 2),
        ("2", "forward"): (80, 2),
        ("2", "backward"): (240, 2),
    }
    watch.unwatch()


def test_an_interval_ends_with_a_step(clock: Clock, rows: list[SimpleNamespace]) -> None:
    model = nn.Sequential(Layer(clock, 10_000_000), Layer(clock, 5_000_000))
    watch = hr.torch.watch(model)
    optimiser = Step(clock, model.parameters())
    train(model, optimiser, steps=1)  # 61 ms
    assert [row.since_ns for row in rows] == [61_000_000]
    clock.now_ns += 500_000_000  # a pause is in no interval
    model[0].ns = model[1].ns = 1_000_000
    train(model, optimiser, steps=7)  # 9 ms each
    assert [row.since_ns for row in rows] == [61_000_000, 54_000_000]
    for row in rows:
        assert (row.task, row.model, row.repeated) == (0, "Sequential", False)
        assert row.names == ("|forward", "|backward", "0|forward", "0|backward", *row.names[4:])
        assert row.names is rows[0].names
        assert sum(row.self_ns) <= row.since_ns
    assert dict(
        zip(rows[1].names, zip(rows[1].self_ns, rows[1].calls, strict=True), strict=True)
    ) == {
        "|forward": (0, 6),
        "|backward": (0, 6),
        "0|forward": (6_000_000, 6),
        "0|backward": (18_000_000, 6),
        "1|forward": (6_000_000, 6),
        "1|backward": (18_000_000, 6),
        "|step": (6_000_000, 6),
    }
    watch.unwatch()  # what is left
    assert [row.calls[0] for row in rows] == [1, 6, 1]


def test_real_exposure_is_at_most_the_time_that_passed(rows: list[SimpleNamespace]) -> None:
    for model in (gpt(), Convolutions()):
        rows.clear()
        with hr.torch.watch(model) as watch:
            train(model, torch.optim.AdamW(model.parameters()), steps=20)
        assert rows and all(0 < sum(row.self_ns) <= row.since_ns for row in rows)
        assert all(ns >= 0 for row in rows for ns in row.self_ns)
        assert sum(row.calls[row.names.index("|step")] for row in rows) == 20
        assert watch.exposure()["", "forward"][1] == 20


def test_depth_pattern_phases(clock: Clock) -> None:
    def model() -> Any:
        inside = nn.Sequential(Layer(clock, 1), Layer(clock, 2))
        return nn.Sequential(inside, Layer(clock, 4))

    for options, expected in (
        ({"depth": 0}, {("", "forward"): 7, ("", "backward"): 21, ("", "step"): 1_000_000}),
        (
            {"depth": 1, "phases": "forward"},
            {("", "forward"): 0, ("0", "forward"): 3, ("1", "forward"): 4},
        ),
        (
            {"pattern": "0.*", "phases": ["backward"]},
            {("", "backward"): 12, ("0.0", "backward"): 3, ("0.1", "backward"): 6},
        ),
        (
            {"pattern": ["0.1", "1"], "phases": ("forward",)},
            {("", "forward"): 1, ("0.1", "forward"): 2, ("1", "forward"): 4},
        ),
    ):
        trained = model()
        watch = hr.torch.watch(trained, **options)
        train(trained, Step(clock, trained.parameters()), steps=1)
        assert {key: ns for key, (ns, _) in seen(watch).items()} == expected
        watch.unwatch()


def test_shared_and_repeated_layers(clock: Clock) -> None:
    class Twice(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.one = Layer(clock, 5)
            self.same = self.one

        def forward(self, x: Any) -> Any:
            return self.same(self.one(self.one(x)))

    model = Twice()
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert watch.layers == ("", "one")
    assert watch.notes == ["same is 'one' too, and its time is counted there"]
    assert seen(watch)["one", "forward"] == (30, 6)
    assert seen(watch)["one", "backward"] == (90, 6)
    watch.unwatch()


def test_several_consumers_of_one_output(clock: Clock) -> None:
    class Attention(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.q, self.k, self.v = (Layer(clock, 10**i) for i in range(4))

        def forward(self, x: Any) -> Any:
            x = self.norm(x)
            return self.q(x) * self.k(x) + self.v(x)

    model = Attention()
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=1)
    assert [seen(watch)[name, "backward"][0] for name in ("norm", "q", "k", "v")] == [
        3,
        30,
        300,
        3000,
    ]
    watch.unwatch()


def test_parts_called_from_outside(clock: Clock) -> None:
    model = nn.ModuleDict({"encode": Layer(clock, 10), "decode": Layer(clock, 20)})
    watch = hr.torch.watch(model)
    optimiser = Step(clock, model.parameters())
    for _ in range(2):
        hidden = model["encode"](torch.ones(3))
        (model["decode"](hidden) + model["decode"](hidden)).sum().backward()
        optimiser.step()
    assert seen(watch) == {
        ("encode", "forward"): (20, 2),
        ("encode", "backward"): (60, 2),
        ("decode", "forward"): (80, 4),
        ("decode", "backward"): (240, 4),
        ("", "step"): (2_000_000, 2),
    }
    watch.unwatch()


def test_several_outputs(clock: Clock) -> None:
    class Split(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = Layer(clock, 1), Layer(clock, 2)

        def forward(self, x: Any) -> Any:
            return {"left": self.left(x) * 2, "right": [self.right(x) * 2], "n": 3}

    class Join(Layer):
        def __init__(self) -> None:
            super().__init__(clock, 10)
            self.split = Split()

        def forward(self, x: Any) -> Any:
            parts = self.split(x)
            return super().forward(parts["left"] + parts["right"][0])

    model = Join()
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert seen(watch)["split", "backward"] == (0, 2)
    assert seen(watch)["split.left", "backward"] == (6, 2)
    assert seen(watch)["split.right", "backward"] == (12, 2)
    watch.unwatch()


def test_layers_that_work_in_place() -> None:
    for shape in ((4, 8), (2, 4, 8)):  # with three dimensions, PyTorch 1.13 gives a view
        model = nn.Sequential(
            nn.Linear(8, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.Dropout(0.5, inplace=True)
        )
        watch = hr.torch.watch(model)
        train(model, torch.optim.SGD(model.parameters(), lr=0.1), x=torch.ones(shape))
        for path in ("", "0", "1", "2", "3"):
            assert seen(watch)[path, "backward"][1] == 3, (shape, path)
        assert all(seen(watch)[path, "backward"][0] > 0 for path in "0123")
        watch.unwatch()


def test_evaluation_without_gradients(clock: Clock, rows: list[SimpleNamespace]) -> None:
    model = nn.Sequential(Layer(clock, 30_000_000))
    watch = hr.torch.watch(model)
    with torch.no_grad():
        for _ in range(4):
            model(torch.ones(3))
    assert [row.since_ns for row in rows] == [60_000_000, 60_000_000]
    assert [row.calls[row.names.index("0|forward")] for row in rows] == [2, 2]
    assert ("0", "backward") not in seen(watch)
    watch.unwatch()


def test_gradient_accumulation(clock: Clock) -> None:
    model = nn.Sequential(Layer(clock, 10), Layer(clock, 20))
    watch = hr.torch.watch(model)
    optimiser = Step(clock, model.parameters())
    for _ in range(2):
        for _ in range(40):
            model(torch.ones(3)).sum().backward()
        optimiser.step()
    assert seen(watch)["0", "backward"] == (2400, 80)
    assert seen(watch)["1", "backward"] == (4800, 80)
    assert seen(watch)["", "step"] == (2_000_000, 2)
    watch.unwatch()


def test_the_same_graph_twice(clock: Clock) -> None:
    model = nn.Sequential(Layer(clock, 10))
    with hr.torch.watch(model) as watch:
        loss = model(torch.ones(3)).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        assert seen(watch)["0", "backward"] == (60, 2)


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointing_recomputes(clock: Clock, reentrant: bool) -> None:
    class Checkpointed(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = Layer(clock, 1)
            self.second = nn.Sequential(Layer(clock, 10), Layer(clock, 100))
            self.third = Layer(clock, 1000)

        def forward(self, x: Any) -> Any:
            x = self.first(x)
            return self.third(checkpoint(self.second, x, use_reentrant=reentrant))

    model = Checkpointed()
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert seen(watch)["second.0", "forward"] == (40, 4)
    # PyTorch 2 leaves the last layer as soon as it has what it needs, by an exception, and its
    # backward goes on in what seems to be its forward.
    is_left_early = not reentrant and not torch.__version__.startswith("1.")
    assert seen(watch)["second.1", "forward"] == (1000 if is_left_early else 400, 4)
    own = {path: seen(watch)[path, "backward"][0] for path in ("first", "third")}
    assert own == {"first": 6, "third": 6000}
    if reentrant:
        assert seen(watch)["second.0", "backward"] == (60, 2)
        assert seen(watch)["second.1", "backward"] == (600, 2)
    watch.unwatch()


def test_a_failure_in_forward_and_backward(clock: Clock) -> None:
    class Fails(Layer):
        fail = True

        def forward(self, x: Any) -> Any:
            self.clock.now_ns += 7
            if self.fail:
                raise ValueError("too hot")
            return super().forward(x)

    class Careful(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.bad, self.good = nn.Sequential(Fails(clock, 10)), Layer(clock, 100)

        def forward(self, x: Any) -> Any:
            try:
                return self.bad(x)
            except ValueError:
                return self.good(x)

    model = Careful()
    optimiser = Step(clock, model.parameters())
    watch = hr.torch.watch(model)
    train(model, optimiser, steps=2)
    assert seen(watch)["good", "forward"] == (200, 2)
    assert seen(watch)["good", "backward"] == (600, 2)
    assert seen(watch)["bad.0", "forward"] == (14, 2)
    with pytest.raises(ValueError, match="too hot"):
        model.bad(torch.ones(3))
    clock.now_ns += 10**9  # nobody's
    with pytest.raises(ValueError, match="too hot"):
        model.bad(torch.ones(3))
    clock.now_ns += 10**9
    output = model(torch.ones(3))
    assert seen(watch)["bad.0", "forward"] == (21, 5)  # what failed itself is not known

    def refuse(_: Any) -> None:
        raise ValueError("no gradient")

    output.register_hook(refuse)
    model.good(output).sum().register_hook(lambda _: None)
    with pytest.raises(ValueError, match="no gradient"):
        model.good(output).sum().backward()
    clock.now_ns += 10**9
    before = seen(watch)["good", "backward"]
    train(model, optimiser, steps=1)
    ns, calls = seen(watch)["good", "backward"]
    assert (ns - before[0], calls - before[1]) == (300, 1)
    assert not watch.notes
    watch.unwatch()


def test_recursion(clock: Clock) -> None:
    class Tree(Layer):
        def forward(self, x: Any, depth: int = 2) -> Any:
            x = super().forward(x)
            return self(x, depth - 1) if depth else x

    model = nn.Sequential(Tree(clock, 10))
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert seen(watch)["0", "forward"] == (60, 6)
    assert seen(watch)["", "forward"] == (0, 2)
    assert seen(watch)["0", "backward"][0] == 180
    watch.unwatch()


def test_a_closure_in_the_step(clock: Clock) -> None:
    model = nn.Sequential(Layer(clock, 10))
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=3)
    watch = hr.torch.watch(model)

    def closure() -> Any:
        optimiser.zero_grad()
        loss = (model(torch.ones(3)) ** 2).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    calls = seen(watch)["0", "forward"][1]
    assert seen(watch) == {
        ("", "forward"): (0, calls),
        ("", "backward"): (0, calls),
        ("0", "forward"): (10 * calls, calls),
        ("0", "backward"): (30 * calls, calls),
        ("", "step"): (0, 1),
    }
    watch.unwatch()


def test_optimisers_and_schedulers_of_every_order(clock: Clock) -> None:
    model = nn.Sequential(Layer(clock, 10))
    early = Step(clock, model.parameters())
    of_another = Step(clock, [nn.Parameter(torch.ones(1))])
    schedule = torch.optim.lr_scheduler.StepLR(early, 1)
    own_before = vars(early)["step"]
    watch = hr.torch.watch(model)
    late = Step(clock, model.parameters())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        late_schedule = torch.optim.lr_scheduler.StepLR(late, 1)
        for _ in range(2):
            model(torch.ones(3)).sum().backward()
            early.step()
            late.step()
            of_another.step()
            schedule.step()
            late_schedule.step()
        assert seen(watch)["", "step"] == (4_000_000, 4)
        if torch.__version__.startswith("1."):
            assert late._step_count == early._step_count == 2
        assert "step" not in vars(of_another)
        assert set(pickle.loads(pickle.dumps(early)).__dict__) <= set(vars(early))  # noqa: S301
        watch.unwatch()
        assert vars(early)["step"] is own_before
        model(torch.ones(3)).sum().backward()
        late.step()
        late_schedule.step()
    assert seen(watch)["", "step"] == (4_000_000, 4)


def test_the_model_is_as_before() -> None:
    model = gpt()
    optimiser = torch.optim.AdamW(model.parameters())
    before = (pickle.dumps(model), {k: dict(vars(m)) for k, m in model.named_modules()})
    step = optimiser.step
    watch = hr.torch.watch(model)
    assert pickle.dumps(model) == before[0]
    assert list(model.state_dict()) == list(gpt().state_dict())
    duplicate = copy.deepcopy(model)
    duplicate(torch.zeros(1, 4, dtype=torch.int64))
    pickle.loads(before[0])(torch.zeros(1, 4, dtype=torch.int64))  # noqa: S301
    assert not seen(watch)
    kept = io.BytesIO()
    torch.save(model, kept)
    train(model, optimiser)
    assert seen(watch)["head", "backward"][1] == 3
    watch.unwatch()
    assert optimiser.step == step
    assert "step" not in vars(optimiser)
    assert not patches._kept
    for path, module in model.named_modules():
        assert vars(module).keys() == before[1][path].keys()
        assert not module._forward_hooks and not module._forward_pre_hooks
    counted = seen(watch)
    train(model, optimiser)
    assert seen(watch) == counted


def test_pytorch_is_as_before() -> None:
    places = (
        (torch, "save"), (torch, "load"), (nn.Module, "load_state_dict"),
        (torch.Tensor, "backward"), (torch.optim.Optimizer, "__init__"),
        (torch.utils.data.DataLoader, "__iter__"),
    )  # fmt: skip
    before = [vars(place)[name] for place, name in places]
    first = hr.torch.watch(Convolutions(), tasks=("step", "epoch"), calls=2)
    model = Convolutions()
    second = hr.torch.watch(model)
    assert [vars(place)[name] for place, name in places] != before
    first.unwatch()
    assert torch.save is not before[0]  # the other one goes on
    kept = torch.load

    def around(*args: Any, **keywords: Any) -> Any:
        return kept(*args, **keywords)

    torch.load = around  # by somebody else, who comes later
    second.unwatch()
    assert torch.load is around
    torch.load = before[1]
    assert [vars(place)[name] for place, name in places] == before


def test_a_checkpoint_is_what_it_would_be(tmp_path: Path) -> None:
    contents = []
    for watched in (False, True):
        torch.manual_seed(5)
        model = Convolutions()
        if watched:
            hr.torch.watch(model, tasks="step", calls=1, stats=("activations", "gradients"))
        train(model, torch.optim.AdamW(model.parameters()), steps=3)
        place = tmp_path / "state.pt"
        torch.save({"model": model.state_dict(), "whole": model}, place)
        contents.append(place.read_bytes())
        hr.torch.unwatch(model)
    assert contents[0] == contents[1]


def test_versions_of_a_model() -> None:
    model = Convolutions()
    with hr.torch.watch(model, name="net") as watch:
        first = watch.version()
        assert (first.kind, first.name, first.path) == ("model", "net", None)
        assert first.size_bytes == sum(4 * t.numel() for t in model.parameters()) + 2 * 4 * 4 + 8
        assert watch.version() == first
        kept = model.classify.bias.detach().clone()
        with torch.no_grad():
            model.classify.bias[0] += 1
        second = watch.version()
        assert second.sha256 != first.sha256 and second.id != first.id
        with torch.no_grad():
            model.classify.bias.copy_(kept)
    duplicate = copy.deepcopy(model)
    with hr.torch.watch(duplicate, name="net") as watch:
        assert watch.version() == first  # by its content
        del duplicate, model
        gc.collect()
    with pytest.raises(ReferenceError, match="the model is gone"):
        watch.version()


def test_states_of_every_dtype_are_hashed() -> None:
    from headrace.torch.architecture import architecture_of, state_sha256

    model = nn.Module()
    for name, dtype in (("a", torch.bfloat16), ("b", torch.complex64), ("c", torch.bool)):
        model.register_buffer(name, torch.ones(3, dtype=dtype))
    model.register_buffer("t", torch.arange(6.0).view(2, 3).t())
    model.register_buffer("sparse", torch.eye(2).to_sparse())
    model.register_buffer("empty", torch.empty(0))
    model.register_buffer("left_out", torch.randn(2), persistent=False)
    model.lazy = nn.LazyLinear(3)
    known = state_sha256(model)
    model.left_out += 1
    model.t = torch.arange(6.0).view(2, 3).t().contiguous()
    assert state_sha256(model) == known
    model.a[0] = 2
    assert state_sha256(model) != known
    told = architecture_of(model)
    assert told.rows[0][5]["t"] == [3, 2] and told.rows[1][5]["weight"] is None
    many = nn.Sequential(*(nn.Linear(2, 2) for _ in range(900)))
    texts = dict(architecture_of(many).texts())
    assert list(texts)[:2] == ["modules_1", "modules_2"]
    assert all(len(text) <= 16_000 for text in texts.values())
    assert sum(len(json.loads(text)) for text in texts.values()) == 901


def test_versions_of_pytorch() -> None:
    from headrace.torch.beginning import check_version

    assert check_version("1.13.1+cu117") is None and check_version("2.15.0") is None
    assert check_version("2.7.1a0+git") == (
        "PyTorch 2.7.1a0+git is not among the tested versions, 1.13 and 2.15"
    )
    with pytest.raises(ImportError, match=r"needs PyTorch 1.13 or later, and this is 1.8.0"):
        check_version("1.8.0")


def test_it_ends_with_the_model(rows: list[SimpleNamespace]) -> None:
    model = gpt()
    watch = hr.torch.watch(model, name="small")
    model(torch.zeros(1, 4, dtype=torch.int64))
    del model
    gc.collect()
    assert watch.model is None
    assert not watch.is_on
    assert [row.model for row in rows] == ["small"]
    assert not modules._global_forward_hooks


def test_watched_again_and_unwatched() -> None:
    model = Convolutions()
    first = hr.torch.watch(model)
    second = hr.torch.watch(model, depth=1)
    assert not first.is_on and second.is_on
    assert len(modules._global_forward_hooks) == 1
    hr.torch.unwatch(model)
    hr.torch.unwatch(model)
    assert not second.is_on


def test_training_is_the_same_to_the_bit() -> None:
    for make in (gpt, Convolutions):
        results = []
        for watched in (False, True):
            torch.manual_seed(5)
            model = make()
            if watched:
                hr.torch.watch(model)
            losses = train(model, torch.optim.AdamW(model.parameters()), steps=10)
            results.append((losses, [p.clone() for p in model.state_dict().values()]))
            hr.torch.unwatch(model)
        assert results[0][0] == results[1][0]
        assert all(torch.equal(a, b) for a, b in zip(results[0][1], results[1][1], strict=True))


def test_our_mistake_is_not_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Convolutions()
    watch = hr.torch.watch(model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    train(model, optimiser)
    monkeypatch.setattr(timelines.HostTimeline, "switch", lambda *_: 1 / 0)
    assert len(train(model, optimiser)) == 3
    assert watch.notes == ["watching stopped: ZeroDivisionError: division by zero"]
    assert not watch.is_on
    assert not modules._global_forward_hooks and "step" not in vars(optimiser)


def test_scripted_parts_and_other_threads(clock: Clock) -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Linear(3, 3), nn.ReLU()))
    model = nn.Sequential(scripted, Layer(clock, 10))
    watch = hr.torch.watch(model)
    train(model, Step(clock, model.parameters()), steps=2)
    assert watch.notes == ["0 is compiled by TorchScript: the 2 modules in it count as it"]
    assert seen(watch)["0", "forward"][1] == 2
    assert seen(watch)["1", "backward"] == (60, 2)
    thread = threading.Thread(target=train, args=(model, Step(clock, model.parameters()), 1))
    thread.start()
    thread.join()
    assert seen(watch)["1", "forward"] == (30, 3)
    watch.unwatch()


@pytest.mark.skipif(not hasattr(torch, "compile"), reason="PyTorch 1.13 compiles nothing")
def test_compiled_modules_have_a_note() -> None:
    for in_place in (False, True):
        inside = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
        model = inside if in_place else torch.compile(inside, backend="eager")
        with hr.torch.watch(model, name="net") as watch:
            if in_place:
                model.compile(backend="eager")
            train(model, torch.optim.SGD(inside.parameters(), lr=0.1))
            assert seen(watch)["", "step"][1] == 3
        assert [note for note in watch.notes if "is compiled" in note] == watch.notes
        assert len(watch.notes) == 1


def test_data_parallel_without_devices(clock: Clock) -> None:
    model = nn.DataParallel(nn.Sequential(Layer(clock, 10)))
    with hr.torch.watch(model) as watch:
        train(model, Step(clock, model.parameters()), steps=1)
        assert seen(watch)["module.0", "forward"] == (10, 1)


def test_without_pytorch() -> None:
    program = (
        "import sys, headrace as hr; assert 'torch' not in sys.modules\n"
        "sys.modules['torch'] = None\n"
        "try: hr.torch.watch(1)\n"
        "except ImportError as error: print(error)\n"
        "print(hasattr(hr, 'torches'), 'torch' in hr.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    words = "hr.torch.watch needs torch, which is not here: pip install torch\nFalse False\n"
    assert (done.stdout, done.stderr) == (words, "")


def test_wrong_arguments() -> None:
    model = Convolutions()
    for options, error in (
        ({"phases": ("forwards",)}, "'forwards' is no phase"),
        ({"depth": -1}, "depth is a number of names"),
        ({"tasks": "steps"}, "'steps' is no task of a training: they are epoch, step"),
        ({"stats": ("weights",)}, "'weights' is no statistics"),
        ({"calls": 0}, "calls is a number of steps"),
        ({"resolve": "2"}, "share of run time"),
        ({"resolve": "much"}, "share of run time"),
        ({"resolve": 0.02, "period": 0}, "period is in seconds"),
    ):
        with pytest.raises(ValueError, match=error):
            hr.torch.watch(model, **options)
    with pytest.raises(TypeError, match="not str"):
        hr.torch.watch("model")


def test_events_of_a_device_that_lags(
    clock: Clock, rows: list[SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for torch.cuda: an event has the time at which it was put on the stream."""
    passed_ns, made = [0], []

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            assert enable_timing
            made.append(self)

        def record(self) -> None:
            self.at_ns = clock.now_ns

        def query(self) -> bool:
            return self.at_ns <= passed_ns[0]

        def synchronize(self) -> None:
            passed_ns[0] = max(passed_ns[0], self.at_ns)

        def elapsed_time(self, end: Event) -> float:
            assert end.query()
            return (end.at_ns - self.at_ns) / 1e6

    def choose_clock(watch: Any) -> None:
        watch.timeline = timelines.EventTimeline(watch.step_slot + 1, SimpleNamespace(Event=Event))

    monkeypatch.setattr(watching.Watch, "_choose_clock", choose_clock)
    model = nn.Sequential(Layer(clock, 10_000_000), Layer(clock, 5_000_000))
    watch = hr.torch.watch(model)
    optimiser = Step(clock, model.parameters())
    train(model, optimiser, steps=2)
    assert not rows  # the device has not come so far
    passed_ns[0] = clock.now_ns
    watch.step_ended()
    in_use = len(made)
    train(model, optimiser, steps=1)
    passed_ns[0] = clock.now_ns
    watch.step_ended()
    assert len(made) == in_use  # events are used again
    assert [row.since_ns for row in rows] == [122_000_000, 61_000_000]
    assert [dict(zip(row.names, row.self_ns, strict=True)) for row in rows] == [
        {
            "|forward": 0,
            "|backward": 0,
            "0|forward": 10_000_000 * steps,
            "0|backward": 30_000_000 * steps,
            "1|forward": 5_000_000 * steps,
            "1|backward": 15_000_000 * steps,
            "|step": 1_000_000 * steps,
        }
        for steps in (2, 1)
    ]
    train(model, optimiser, steps=1)
    watch.unwatch()  # waits for the device
    assert [row.since_ns for row in rows][2:] == [61_000_000]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu(rows: list[SimpleNamespace]) -> None:
    model = gpt().cuda()
    optimiser = torch.optim.AdamW(model.parameters())
    with hr.torch.watch(model) as watch:
        for _ in range(50):
            loss = model.loss(torch.randint(0, 256, (2, 17), device="cuda"))
            loss.backward()
            optimiser.step()
        torch.cuda.synchronize()
    assert seen(watch)["head", "backward"][1] == 50
    assert all(sum(row.self_ns) <= row.since_ns for row in rows)
