"""The training loop that pretraining and fine-tuning share, captured down to the step."""

from __future__ import annotations

from dataclasses import dataclass, field

import headrace as hr
import torch
from torch import Tensor, nn

from data import batches
from model import GPT


@dataclass
class History:
    """What the loop itself did, kept beside what was captured."""

    step_loss: list[float] = field(default_factory=list)
    epoch_val_loss: list[float] = field(default_factory=list)


def mean_loss(model: GPT, tokens: Tensor, batch: int) -> float:
    """Nats per byte over a whole dataset."""
    with torch.no_grad():
        losses = [float(model.loss(w)) for w in batches(tokens, batch, model.shape.context)]
    return sum(losses) / len(losses)


def train(
    model: GPT,
    tokens: Tensor,
    validation: Tensor,
    *,
    lr: float,
    epochs: int,
    batch: int,
    seed: int,
) -> History:
    """Trains `model` in place: AdamW, warm-up then cosine decay, clipped gradients."""
    history = History()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=lr, betas=(0.9, 0.99), weight_decay=0.1)
    total_steps = epochs * len(list(batches(tokens, batch, model.shape.context)))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=lr, total_steps=total_steps, pct_start=0.1, cycle_momentum=False
    )
    for epoch in range(epochs):
        with hr.task("epoch", used={"epoch": epoch}) as this_epoch:
            losses = []
            for windows in batches(tokens, batch, model.shape.context, seed + epoch):
                with hr.task("step", used={"step": len(history.step_loss)}) as step:
                    loss = model.loss(windows)
                    optimiser.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(trained, 1.0)
                    optimiser.step()
                    schedule.step()
                    step.generated(loss=loss.item())
                losses.append(loss.item())
                history.step_loss.append(loss.item())
            history.epoch_val_loss.append(mean_loss(model, validation, batch))
            hr.log(epoch=epoch, epoch_val_loss=history.epoch_val_loss[-1])
            this_epoch.generated(loss=sum(losses) / len(losses))
    return history
