"""The steps and epochs of a training as tasks, recorded when they end: they may span what the
program's own blocks do not."""

from __future__ import annotations

from typing import Any

import torch

from headrace.adapters import Moment, current_task, now
from headrace.torch import loaders
from headrace.torch.adapter import ADAPTER
from headrace.torch.casting import autocast
from headrace.torch.sampling import STEPS_APART, Sampling
from headrace.torch.versions import ranks

EPOCH, STEP = "torch.epoch", "torch.step"


class Progress:
    """Of one watch. A step lasts from the model's first call until the optimizer has stepped; an
    epoch is an iteration of a DataLoader with steps in it."""

    def __init__(
        self, watch: Any, tasks: tuple[str, ...], every: int | None, wanted: tuple[str, ...]
    ) -> None:
        self._watch = watch
        if wanted and every is None:
            every = STEPS_APART
        self.is_active = bool(tasks) or every is not None
        self.sampling = Sampling(watch, wanted)
        self._has_steps = "step" in tasks or every is not None
        self._has_epochs = "epoch" in tasks
        self._every = every
        self._number = -1  # of the step that runs or ran last
        self._epochs = 0
        self._task_id: str | None = None
        self._parent: str | None = None
        self._begin = now()
        self._autocast: str | None = None
        self._loss: float | None = None
        self._backwards = 0
        self.is_open = False
        self.is_sampled = False

    @property
    def task_id(self) -> str | None:
        """The id of the step that runs."""
        return self._task_id

    # --- steps ---

    def step_began(self) -> None:
        """The model is called for the first time since the last step."""
        if not torch.is_grad_enabled():
            return
        self.is_open = True
        self._number += 1
        self._begin = now()
        self._loss, self._backwards = None, 0
        self._autocast = autocast()
        if self._has_steps:
            self._task_id = ADAPTER.draw()
            self._parent = self._parent_now()
        self.is_sampled = self._every is not None and self._number % self._every == 0
        if self.is_sampled:
            self._watch.sample(True)

    def _parent_now(self) -> str | None:
        running = current_task()
        iteration = loaders.latest() if self._has_epochs else None
        # Of the program's own task that began within the epoch, the step is a part.
        if iteration is None or running != iteration.parent:
            return running
        if iteration.task_id is None:
            iteration.task_id = ADAPTER.draw()
        return iteration.task_id or running

    def backward_gave(self, loss: Any) -> None:
        """A backward from this number is over."""
        # Reading a number from a device waits for it, so that is done in recorded steps only.
        if loss.device.type == "cpu" or self.is_sampled:
            self._loss = float(loss)
        self._backwards += 1

    def step_ended(self, skipped: bool = False) -> None:
        """The optimizer has stepped, or would have, if the scaler had found finite gradients."""
        versions = self._watch.versions
        versions.steps += not skipped
        versions.total_steps += not skipped
        loss = self._loss if self.is_open else None
        self._count_in_epoch(loss)
        if not self.is_open:
            return
        self.is_open = False
        if self._has_steps and self._task_id is not None:
            self._record_step(self._task_id, loss, skipped)
        if self.is_sampled:
            self.sampling.step_ended()
            self._watch.sample(False)
        self._task_id, self.is_sampled = None, False

    def _record_step(self, task_id: str, loss: float | None, skipped: bool) -> None:
        used: dict[str, Any] = {"step": self._number}
        if self._autocast is not None:
            used["autocast"] = self._autocast
        generated: dict[str, Any] = {} if loss is None else {"loss": loss}
        if self._backwards > 1:
            generated["backwards"] = self._backwards
        if skipped:
            generated["skipped"] = True
        self._record(task_id, STEP, self._begin, self._parent, used, generated)

    def _count_in_epoch(self, loss: float | None) -> None:
        iteration = loaders.latest()
        if iteration is None:
            return
        iteration.steps += 1
        iteration.watch = self._watch
        if loss is not None:
            iteration.losses.append(loss)
        if not self._watch.versions.data and (loader := iteration.loader()) is not None:
            self._watch.versions.data = loaders.facts_of(loader)

    # --- epochs ---

    def epoch_ended(self, iteration: Any) -> None:
        """A DataLoader with steps of this model has no more batches, or was left."""
        if not iteration.steps or not self._has_epochs or not self._watch.is_on:
            return
        loader = iteration.loader()
        used = {"epoch": self._epochs} | (loaders.facts_of(loader) if loader is not None else {})
        self._epochs += 1
        generated: dict[str, Any] = {
            "steps": iteration.steps,
            "batches": iteration.batches,
            "data_wait_s": iteration.wait_ns / 1e9,
        }
        if iteration.losses:
            generated["mean_loss"] = sum(iteration.losses) / len(iteration.losses)
        task_id = iteration.task_id or ADAPTER.draw()
        if task_id is not None:
            parent, begin = iteration.parent, iteration.begin
            self._record(task_id, EPOCH, begin, parent, used, generated)

    def _record(
        self,
        task_id: str,
        activity: str,
        begin: Moment,
        parent: str | None,
        used: dict[str, Any],
        generated: dict[str, Any],
    ) -> None:
        ADAPTER.record(
            activity,
            begin_ns=begin,
            end_ns=now(),
            id=task_id,
            parent=parent or "",
            used=used,
            generated=generated,
            attributes={"model": self._watch.name} | ranks(),
        )
