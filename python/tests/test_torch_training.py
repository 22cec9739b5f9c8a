"""Trainings that are watched, in a process of their own, and what the store then says of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from asked import HEADRACE, outside, stored

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/llm_finetune"

# What a model really did, told by hooks of the program's own.
COMMON = f"""
import copy, io, json, pickle, sys
sys.path.append({str(EXAMPLES)!r})
import torch
from torch import nn
from sklearn.datasets import load_digits
import headrace as hr
torch.set_num_threads(1)
torch.manual_seed(3)

def digits(batch_size=300):
    found = load_digits()
    images = torch.tensor(found.images, dtype=torch.float32).unsqueeze(1) / 16
    data = torch.utils.data.TensorDataset(images[:900], torch.tensor(found.target)[:900])
    return torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)

def cnn():
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(), nn.Dropout(0.1), nn.Linear(36, 10))

def gpt():
    from model import GPT, Shape
    return GPT(Shape(width=16, blocks=2, heads=2, context=16))

def independently(model):
    seen = {{path: [] for path, _ in model.named_modules()}}
    for path, module in model.named_modules():
        def hook(module, inputs, output, path=path):
            seen[path].append([list(inputs[0].shape), list(output.shape)])
        module.register_forward_hook(hook)
    return seen

def train_cnn(model, epochs=2):
    losses, loader = [], digits()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for x, y in loader:
            loss = nn.functional.cross_entropy(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses

def train_gpt(model, steps=6):
    losses = []
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(steps):
        loss = model.loss(torch.randint(0, 256, (2, 17)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses
"""


@dataclass
class Trained:
    said: Any
    folder: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in stored(self.folder / ".headrace", sql)]


@pytest.fixture
def program(tmp_path: Path) -> Callable[..., Trained]:
    def run(source: str, command: tuple[str, ...] = (sys.executable,), **more: str) -> Trained:
        script = tmp_path / "program.py"
        script.write_text(COMMON + source)
        settings = {"HEADRACE_DIR": str(tmp_path / ".headrace"), "HEADRACE_TELEMETRY": "0"}
        done = subprocess.run(
            [*command, str(script)],
            env=outside() | settings | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout.splitlines()[-1]) if done.stdout.strip() else None
        return Trained(said, tmp_path)

    return run


MODELS = [
    ("cnn", 0), ("cnn", 1), ("cnn", None), ("gpt", 0), ("gpt", 2), ("gpt", None)
]  # fmt: skip


@pytest.mark.parametrize(("kind", "depth"), MODELS)
def test_layers_steps_and_losses_are_what_they_were(
    program: Callable[..., Trained], kind: str, depth: int | None
) -> None:
    found = program(
        f"""
model = {kind}()
seen = independently(model)
watch = hr.torch.watch(model, depth={depth}, name="it", tasks=("step", "epoch"), calls=1)
losses = train_{kind}(model)
watch.unwatch()
parameters = {{path: sum(p.numel() for p in module.parameters())
               for path, module in model.named_modules()}}
own = {{path: {{name: list(p.shape) for name, p in module.named_parameters(recurse=False)}}
       for path, module in model.named_modules()}}
print(json.dumps([list(watch.layers), losses, seen, parameters, own]))
"""
    )
    layers, losses, seen, parameters, own = found.said
    told = found.rows(
        "SELECT layer, parameters, shapes, forward_calls FROM layer ORDER BY position"
    )
    assert [row[0] for row in told] == list(parameters)  # every module, watched or not
    assert {row[0]: row[1] for row in told} == parameters
    for path, _, shapes, calls in told:
        assert own[path].items() <= shapes.items()
        if path in layers and seen[path]:
            assert calls == len(seen[path])

    steps = found.rows(
        "SELECT used.step, generated.loss FROM task WHERE activity = 'torch.step' ORDER BY 1"
    )
    assert [step for step, _ in steps] == list(range(len(losses)))
    assert [loss for _, loss in steps] == losses  # to the bit
    calls = found.rows(
        "SELECT t.used.layer AS a, t.used.input_0 AS b, t.generated.output AS c, p.activity, "
        "p.used.layer AS d "
        "FROM task t JOIN task p ON p.task_id = t.parent_task_id "
        "WHERE t.activity = 'torch.forward' ORDER BY t.started_at"
    )
    by_layer: dict[str, list[Any]] = {}
    for path, taken, given, over, layer_over in calls:
        shapes = [taken["shape"], given["shape"]]
        by_layer.setdefault(path, []).append(shapes)
        if path == "":
            assert over == "torch.step"
        else:
            around = max((p for p in layers if _is_around(p, path) and seen[p]), key=len)
            assert (over, layer_over) == ("torch.forward", around)
    assert by_layer == {path: shapes for path, shapes in seen.items() if path in layers and shapes}


def _is_around(outer: str, inner: str) -> bool:
    return outer != inner and (not outer or inner.startswith(outer + "."))


def test_epochs_data_and_checkpoints_have_lineage(program: Callable[..., Trained]) -> None:
    found = program("""
model = cnn()
hr.torch.watch(model, name="digits", tasks=("step", "epoch"))
with hr.task("experiment"):
    train_cnn(model, epochs=2)
    state = model.state_dict()
    plain = io.BytesIO(); torch.save(state, plain)
    torch.save({"epoch": 2, "model": state, "tensors": [torch.ones(2)]}, "first.pt")
    train_cnn(model, epochs=1)
    torch.save(model, "second.pt")
    torch.save(torch.ones(3), "other.pt")
first = torch.load("first.pt")
assert first["epoch"] == 2 and first["model"].keys() == state.keys()
hr.torch.unwatch(model)
print(json.dumps({"same": type(first["model"]).__name__}))
""")
    epochs = found.rows(
        "SELECT t.used.epoch, t.used.samples, t.used.batch_size, t.used.sampler, "
        "t.generated.steps, p.activity, (SELECT count(*) FROM task s WHERE s.parent_task_id = "
        "t.task_id AND s.activity = 'torch.step') FROM task t JOIN task p "
        "ON p.task_id = t.parent_task_id WHERE t.activity = 'torch.epoch' ORDER BY 1"
    )
    sampler, under = "torch.utils.data.RandomSampler", "experiment"
    assert epochs == [
        (0, 900, 300, sampler, 3, under, 3),
        (1, 900, 300, sampler, 3, under, 3),
        (2, 900, 300, sampler, 3, under, 3),
    ]
    models = found.rows("SELECT version, layers, parameters FROM model ORDER BY 1")
    assert models == [
        (
            version,
            9,
            418,
        )
        for version in (1, 2, 3)
    ]
    ways = found.rows(
        "SELECT t.activity, f.name AS a, f.version AS b, g.name AS c, g.version AS d FROM edge i "
        "JOIN edge o ON o.from_id = i.to_id AND o.relation = 'generated' AND i.relation = 'used' "
        "JOIN task t ON t.task_id = i.to_id JOIN object f ON f.object_id = i.from_id "
        "JOIN object g ON g.object_id = o.to_id WHERE f.kind = 'model' "
        "AND t.activity LIKE 'torch.%' ORDER BY t.started_at, 1"
    )
    assert [way for way in ways if way[0] == "torch.train"] == [
        ("torch.train", "digits", 1, "digits", 2),
        ("torch.train", "digits", 2, "digits", 3),
    ]
    assert [way for way in ways if way[0] == "torch.save"] == [
        ("torch.save", "digits", 2, "first.pt", 1),
        ("torch.save", "digits", 3, "second.pt", 1),
    ]
    [(kind, sha256)] = found.rows("SELECT kind, sha256 FROM object WHERE kind = 'dataset'")
    assert (kind, len(sha256)) == ("dataset", 64)
    used = found.rows(
        "SELECT count(*) FROM edge e JOIN object o ON o.object_id = e.from_id "
        "JOIN task t ON t.task_id = e.to_id WHERE o.kind = 'dataset' "
        "AND t.activity IN ('torch.train', 'torch.epoch')"
    )
    assert used == [(5,)]


def test_a_file_leads_to_the_model_that_reads_it(program: Callable[..., Trained]) -> None:
    program("torch.save(cnn().state_dict(), 'start.pt')")
    found = program("""
model = cnn()
hr.torch.watch(model, name="digits", phases="forward")
model.load_state_dict(torch.load("start.pt"))
train_cnn(model, epochs=1)
torch.save(model.state_dict(), "end.pt")
hr.torch.unwatch(model)
""")
    why = subprocess.run(
        [HEADRACE, "why", "end.pt"],
        env=outside() | {"HEADRACE_DIR": str(found.folder / ".headrace")},
        cwd=found.folder,
        capture_output=True,
        text=True,
    )
    assert "torch.load_state_dict" in why.stdout and "start.pt" in why.stdout, why
    assert "cycle" not in why.stdout


def test_statistics_are_those_of_the_tensors(program: Callable[..., Trained]) -> None:
    found = program("""
model = cnn()
kept = []
model[3].register_forward_hook(lambda m, i, o: kept.append([o.mean().item(), o.max().item()]))
hr.torch.watch(model, calls=4, stats=("activations", "gradients"))
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
grads = []
for i, (x, y) in zip(range(5), digits(100)):
    optimiser.zero_grad()
    nn.functional.cross_entropy(model(x), y).backward()
    grads.append(torch.cat([p.grad.flatten() for p in model[3].parameters()]).norm().item())
    optimiser.step()
hr.torch.unwatch(model)
print(json.dumps([kept[::4], grads[::4]]))
""")
    kept, grads = found.said
    activations = found.rows(
        "SELECT generated.mean, generated.max FROM task WHERE activity = 'torch.forward' "
        "AND used.layer = '3' ORDER BY started_at"
    )
    assert activations == [pytest.approx(row) for row in map(tuple, kept)]
    norms = found.rows(
        "SELECT generated.norm FROM task WHERE activity = 'torch.gradients' "
        "AND used.layer = '3' ORDER BY started_at"
    )
    assert [norm for (norm,) in norms] == pytest.approx(grads)
    phases = found.rows(
        "SELECT t.activity, count(*) FROM task t JOIN task p ON p.task_id = t.parent_task_id "
        "AND p.activity = 'torch.step' GROUP BY 1 ORDER BY 1"
    )
    assert dict(phases) == {
        "torch.backward": 2, "torch.forward": 2, "torch.gradients": 6, "torch.optimizer": 2
    }  # fmt: skip


PLAIN = """
import torch
from torch import nn

torch.manual_seed(1)
data = torch.utils.data.TensorDataset(torch.randn(12, 4), torch.randn(12, 2))
model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
for x, y in torch.utils.data.DataLoader(data, batch_size=4):
    optimiser.zero_grad()
    ((model(x) - y) ** 2).mean().backward()
    optimiser.step()
torch.save(model.state_dict(), "end.pt")
with torch.no_grad():
    print(sum(float(p.sum()) for p in model.parameters()))
"""


def test_a_program_that_knows_nothing_of_it(tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text(PLAIN)
    environment = outside() | {
        "HEADRACE_DIR": str(tmp_path / ".headrace"),
        "HEADRACE_TELEMETRY": "0",
    }
    bare = subprocess.run(
        [sys.executable, script], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    run = [str(HEADRACE), "run", "--torch", "--no-files", "--", sys.executable, str(script)]
    done = subprocess.run(run, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, bare.stdout), done.stderr
    found = Trained(None, tmp_path)
    tasks = found.rows(
        "SELECT t.activity, coalesce(p.activity, '') AS parent, count(*) AS n FROM task t "
        "LEFT JOIN task p ON p.task_id = t.parent_task_id WHERE t.activity LIKE 'torch.%' "
        "GROUP BY ALL ORDER BY 1"
    )
    assert tasks == [
        ("torch.epoch", "plain.py", 1),
        ("torch.save", "plain.py", 1),
        ("torch.step", "torch.epoch", 3),
        ("torch.train", "plain.py", 1),
    ]
    layers = found.rows(
        "SELECT layer, parameters, forward_calls, backward_calls FROM layer ORDER BY position"
    )
    assert layers == [("", 23, 3, 3), ("0", 15, 3, 3), ("1", 0, 3, 3), ("2", 8, 3, 3)]


def test_a_program_whose_python_has_no_headrace(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("value = 7\n")
    (tmp_path / "headrace.py").write_text("raise ImportError('not for this Python')\n")
    run = [str(HEADRACE), "run", "--torch", "--no-files", "--", sys.executable, "-c"]
    done = subprocess.run(
        [*run, "import torch; print(torch.value)"],
        env=outside() | {"HEADRACE_DIR": str(tmp_path / ".headrace"), "HEADRACE_TELEMETRY": "0"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "7\n")
    assert "the models are not watched" in done.stderr and "not for this Python" in done.stderr


def test_autocast_and_a_scaler_on_the_cpu(program: Callable[..., Trained]) -> None:
    found = program("""
model = cnn()
losses, optimiser = [], torch.optim.SGD(model.parameters(), lr=0.1)
hr.torch.watch(model, name="cast", tasks="step", calls=1)
scaler = torch.amp.GradScaler("cpu", init_scale=8.0) if hasattr(torch.amp, "GradScaler") else None
for i, (x, y) in enumerate(digits()):
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=i != 1):
        loss = nn.functional.cross_entropy(model(x), y)
    optimiser.zero_grad()
    if scaler is None:
        loss.backward()
        optimiser.step()
    else:
        scaler.scale(loss).backward()
        if i == 2:
            model[3].bias.grad[0] = float("inf")
        scaler.step(optimiser)
        scaler.update()
    losses.append(loss.item())
hr.torch.unwatch(model)
print(json.dumps([losses, scaler is not None]))
""")
    losses, has_scaler = found.said
    steps = found.rows(
        "SELECT used.autocast, (generated->>'$.loss')::DOUBLE AS loss, "
        "generated->>'$.skipped' AS skipped FROM task "
        "WHERE activity = 'torch.step' "
        "ORDER BY used.step"
    )
    assert [cast for cast, _, _ in steps] == ["bfloat16", None, "bfloat16"]
    assert [loss for _, loss, _ in steps] == losses  # not the scaled ones
    assert [skipped for _, _, skipped in steps] == [None, None, "true" if has_scaler else None]
    dtypes = found.rows(
        "SELECT generated.output->>'$.dtype' AS dtype FROM task WHERE activity = 'torch.forward' "
        "AND used.layer = '3' ORDER BY started_at"
    )
    assert dtypes == [("bfloat16",), ("float32",), ("bfloat16",)]


def test_two_ranks_of_ddp(program: Callable[..., Trained]) -> None:
    found = program("""
import os, tempfile
import torch.distributed as dist
import torch.multiprocessing as mp

def work(rank, place):
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2"}
    dist.init_process_group("gloo", init_method=f"file://{place}/meet", rank=rank, world_size=2)
    torch.manual_seed(1)
    model = nn.parallel.DistributedDataParallel(nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1)))
    hr.torch.watch(model, name="pair", tasks="step")
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for i in range(3):
        loss = (model(torch.full((2, 4), float(rank + i))) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    hr.torch.unwatch(model)
    with open(f"{place}/{rank}.json", "w") as file:
        json.dump([losses, sum(float(p.sum()) for p in model.parameters())], file)
    dist.destroy_process_group()

if __name__ == "__main__":
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    place = tempfile.mkdtemp(dir=os.getcwd())
    mp.spawn(work, args=(place,), nprocs=2)
    print(json.dumps([json.load(open(f"{place}/{rank}.json")) for rank in (0, 1)]))
""")
    assert found.said[0][1] == found.said[1][1]  # they trained one model
    steps = found.rows(
        "SELECT (attributes->>'$.rank')::INT AS rank, used.step, generated.loss, "
        "(attributes->>'$.world_size')::INT AS n FROM task WHERE activity = 'torch.step' "
        "ORDER BY 1, 2"
    )
    assert steps == [(rank, i, found.said[rank][0][i], 2) for rank in (0, 1) for i in range(3)]
    calls = found.rows(
        "SELECT layer, sum(calls)::INT AS n FROM layer_exposure WHERE phase = 'forward' "
        "GROUP BY 1 ORDER BY 1"
    )
    assert calls == [("", 6), ("module", 6), ("module.0", 6), ("module.1", 6)]
