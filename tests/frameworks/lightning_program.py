"""A small training with Lightning on the digits, as a user writes it; prints what it saw itself.

lightning_program.py PACKAGE [STRATEGY]     PACKAGE: lightning.pytorch or pytorch_lightning
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import warnings
from typing import Any

import headrace as hr
import torch
from sklearn.datasets import load_digits
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings("ignore")
pl: Any = importlib.import_module(sys.argv[1])
logging.getLogger(sys.argv[1]).setLevel(logging.ERROR)
torch.set_num_threads(1)

data, target = load_digits(return_X_y=True)
inputs = torch.tensor(data, dtype=torch.float32) / 16
labels = torch.tensor(target)
training = DataLoader(TensorDataset(inputs[:600], labels[:600]), batch_size=100)
held_out = DataLoader(TensorDataset(inputs[600:900], labels[600:900]), batch_size=100)


class Net(pl.LightningModule):  # type: ignore[misc]
    def __init__(self, width: int = 32, lr: float = 0.1, fails_at: int = -1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(
            torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, 10)
        )
        self.losses: list[float] = []

    def training_step(self, batch: Any, index: int) -> Any:
        if index == self.hparams["fails_at"]:
            raise ValueError("a broken batch")
        with hr.task("inside"):
            loss = functional.cross_entropy(self.net(batch[0]), batch[1])
        self.losses.append(loss.item())
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        self.log("val_loss", functional.cross_entropy(self.net(batch[0]), batch[1]))

    def test_step(self, batch: Any, index: int) -> None:
        right = self.net(batch[0]).argmax(1) == batch[1]
        self.log("test_accuracy", right.float().mean())

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=self.hparams["lr"], momentum=0.5)


def trained(callbacks: list[Any], resume: str | None = None, **options: Any) -> tuple[Any, Any]:
    torch.manual_seed(1)
    trainer = pl.Trainer(
        max_epochs=3 if resume else 2,
        callbacks=callbacks,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=3,
        **({"strategy": sys.argv[2], "devices": 2} if len(sys.argv) > 2 else {}),
    )
    model = Net(**options)
    trainer.fit(model, training, held_out, ckpt_path=resume)
    return trainer, model


def main() -> None:
    trainer, model = trained([hr.lightning.Callback()])
    if len(sys.argv) > 2:
        if trainer.is_global_zero:
            print(json.dumps({"steps": trainer.global_step}))
        return
    (tested,) = trainer.test(model, held_out, verbose=False)
    _, plain = trained([])
    same = zip(model.state_dict().values(), plain.state_dict().values(), strict=True)
    checkpoint = trainer.checkpoint_callback.best_model_path
    kept = torch.load(checkpoint, weights_only=False)
    raised = ""
    try:
        trained([hr.lightning.Callback()], fails_at=2)
    except ValueError as error:
        raised = str(error)
    trained([hr.lightning.Callback(steps=False)], resume=checkpoint)
    seen = {
        "losses": model.losses,
        "tested": tested,
        "same": all(torch.equal(one, other) for one, other in same),
        "checkpoint": checkpoint,
        "callbacks_in_checkpoint": [name for name in kept["callbacks"] if "Checkpoint" not in name],
        "left_on_trainer": "save_checkpoint" in vars(trainer),
        "raised": raised,
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main()
