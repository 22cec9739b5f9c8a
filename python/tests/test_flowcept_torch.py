"""flowcept_torch and the loops of training: layers, parents, times; and a module that stays as it
was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import outside

pytest.importorskip("torch")
pytest.importorskip("yaml")

SETTINGS = """
project: {dump_buffer: {enabled: false}}
instrumentation:
  enabled: true
  torch: {what: WHAT, children_mode: MODE, epoch_loop: default, batch_loop: default,
          capture_epochs_at_every: 1, register_workflow: true}
"""

TRAINING = """
import copy
import json
import pickle
import torch
from torch import nn
from flowcept import Flowcept, flowcept_torch
from flowcept.instrumentation.flowcept_torch import (
    FlowceptBatchLoop, FlowceptEpochLoop, get_torch_model_profile)


class Plain(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, width), nn.ReLU())
        self.head = nn.Linear(width, 1)

    def forward(self, x, scale=1.0):
        if x.shape[0] == 13:
            raise ValueError("thirteen")
        return self.head(self.body(x)) * scale


@flowcept_torch
class Net(Plain):
    pass


def train(model, epochs, batches):
    losses = []
    step = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in epochs:
        for batch in batches(epoch):
            loss = model(batch).pow(2).sum()
            step.zero_grad()
            loss.backward()
            step.step()
            losses.append(loss.item())
    return losses


torch.manual_seed(0)
data = [torch.randn(2, 3) for _ in range(3)]
torch.manual_seed(1)
plain = Plain()
expected = train(plain, range(2), lambda epoch: data)
said = {}
with Flowcept(workflow_name="training", campaign_id="c") as flow:
    torch.manual_seed(1)
    model = Net(get_profile=True, custom_metadata={"note": "first"})
    epochs = FlowceptEpochLoop(2, model)
    losses = train(model, epochs,
                   lambda epoch: FlowceptBatchLoop(data, epochs_loop=epochs, items_length=3))
    said["equal"] = losses == expected and all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), model.state_dict().values()))
    said["keys"] = list(model.state_dict()) == list(plain.state_dict())
    try:
        model(torch.zeros(13, 3))
    except ValueError as error:
        said["raised"] = str(error)
    said["hooks"] = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    copies = [copy.deepcopy(model), pickle.loads(pickle.dumps(model))]
    said["copies"] = [type(one) is Net for one in copies]
    saved = Flowcept.insert_or_update_torch_model(model, custom_metadata={"loss": losses[-1]})
    empty = Net(capture_enabled=False)
    Flowcept.db.load_torch_model(empty, saved)
    said["loaded"] = all(torch.equal(a, b) for a, b in
                         zip(empty.state_dict().values(), model.state_dict().values()))
    said["object"] = {k: v for k, v in empty._flowcept_model_object.items()}
    said["profile"] = get_torch_model_profile(model)
    before = len(flow.get_buffer())
    empty(data[0])
    said["uncaptured"] = len(flow.get_buffer()) - before
said["workflows"] = Flowcept.db.workflow_query({})
said["tasks"] = Flowcept.db.task_query({}, sort=[("started_at", 1)])
said["current"] = flow.current_workflow_id
print(json.dumps(said))
"""


def trained(folder: Path, what: str, mode: str) -> dict[str, Any]:
    (folder / "settings.yaml").write_text(SETTINGS.replace("WHAT", what).replace("MODE", mode))
    script = folder / "training.py"
    script.write_text(TRAINING)
    environment = outside() | {
        "HEADRACE_DIR": str(folder / ".headrace"),
        "HEADRACE_TELEMETRY": "0",
        "FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml"),
    }
    done = subprocess.run([sys.executable, str(script)], env=environment, cwd=folder, timeout=300,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_layers_epochs_and_batches(tmp_path: Path) -> None:
    said = trained(tmp_path, "parent_and_children", "tensor_inspection")
    assert said["equal"] is True and said["keys"] is True
    assert said["raised"] == "thirteen" and set(said["hooks"]) == {0}
    assert said["copies"] == [True, True] and said["uncaptured"] == 0

    training, *models = said["workflows"]
    assert training["workflow_id"] == said["current"]
    net = next(flow for flow in models if flow["name"] == "Net")
    assert net["parent_workflow_id"] == said["current"] and net["campaign_id"] == "c"
    assert net["custom_metadata"]["workflow_type"] == "TorchModule"
    assert net["custom_metadata"]["note"] == "first"
    assert net["custom_metadata"]["model_profile"]["params"] == 21

    tasks = said["tasks"]
    by_id = {task["task_id"]: task for task in tasks}
    forwards = [task for task in tasks if task.get("subtype") == "parent_forward"]
    children = [task for task in tasks if task.get("subtype") == "child_forward"]
    finished = [task for task in forwards if task["status"] == "FINISHED"]
    assert len(finished) == 6 and len(children) == 4 * 6
    assert all(task["workflow_id"] == net["workflow_id"] for task in finished + children)
    assert all(task["ended_at"] >= task["started_at"] for task in forwards + children)
    above = [by_id[task["parent_task_id"]]["activity_id"] for task in finished]
    assert above == ["train_batch_iteration"] * 6
    epochs = [task for task in tasks if task["activity_id"] == "epochs_loop_iteration"]
    batches = [task for task in tasks if task["activity_id"] == "train_batch_iteration"]
    assert [task["used"]["epoch"] for task in epochs] == [0, 1] and len(batches) == 6
    assert {task["parent_task_id"] for task in batches} == {task["task_id"] for task in epochs}

    named = [(task["activity_id"], task["custom_metadata"]["layer"]) for task in children[:4]]
    assert named == [("Sequential", "body"), ("Linear", "body.0"), ("ReLU", "body.1"),
                     ("Linear", "head")]  # fmt: skip
    parents = [by_id[task["parent_task_id"]]["activity_id"] for task in children[:4]]
    assert parents == ["Net", "Sequential", "Sequential", "Net"]
    linear = children[1]
    assert linear["used"]["in_features"] == 3 and linear["used"]["tensor"]["shape"] == [2, 3]
    assert linear["generated"]["tensor"]["shape"] == [2, 4]
    assert 0 <= children[2]["generated"]["tensor"]["density"] <= 1
    # Tensors are looked at in the first epoch.
    assert "used" not in children[-1] and "generated" not in finished[-1]
    (failed,) = [task for task in forwards if task["status"] == "ERROR"]
    assert failed["stderr"] == "thirteen"

    profile = said["profile"]
    assert (profile["params"], profile["max_width"], profile["n_modules"]) == (21, 4, 5)
    layers = {one.get("layer"): one["type"] for one in profile["modules"].values()}
    assert layers["body.0"] == "Linear" and layers[None] == "Net"
    assert said["loaded"] is True and said["object"]["object_type"] == "ml_model"
    assert said["object"]["custom_metadata"]["class"] == "Net"
    assert said["object"]["custom_metadata"]["loss"] > 0


def test_only_the_model_itself(tmp_path: Path) -> None:
    said = trained(tmp_path, "parent_only", "lightweight")
    assert said["equal"] is True
    subtypes = [task.get("subtype") for task in said["tasks"]]
    assert subtypes.count("parent_forward") == 7 and subtypes.count("child_forward") == 0


def test_a_mode_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="children_mode is one of lightweight"):
        trained(tmp_path, "parent_and_children", "everything")
