"""A Hugging Face training as tasks:

trainer = Trainer(model, args, callbacks=[headrace.transformers.Callback()])
"""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

from headrace.adapters import Adapter, requires
from headrace.open_tasks import OpenTasks
from headrace.trained_values import metrics, of_loader, of_model, of_optimiser

requires("transformers", ">=4.40,<6", extra="transformers")

from transformers import TrainerCallback  # noqa: E402

__all__ = ["Callback"]

adapter = Adapter("transformers")


class Callback(TrainerCallback):  # type: ignore[misc]
    """Records trainings, epochs, steps and evaluations of a Trainer as tasks.

    `train` has the arguments as used, the model's facts, the optimizer's. What the Trainer logs are
    rows of metrics with `step` and `epoch`. A checkpoint is a task with its folder as an object; a
    training that resumes used one. An exception makes what was open failed, Ctrl-C cancelled.
    `steps=False` leaves the steps out. Each rank records its own tasks, tagged with the rank.

    Give it to the Trainer when that is made: added later, exceptions outside a training step are
    not seen, and what was open then ends as lost. Training is the same to the bit.
    """

    def __init__(self, steps: bool = True) -> None:
        self._steps = steps
        self._tasks = OpenTasks(adapter)
        self._resumed: str | None = None

    # --- a training and its end ---

    @adapter.guarded
    def on_init_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._find_trainer(running=False)

    @adapter.guarded
    def on_train_begin(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        optimizer: Any = None,
        train_dataloader: Any = None,
        **_: Any,
    ) -> None:
        self._find_trainer(running=True)
        used: dict[str, Any] = dict(args.to_dict())
        if model is not None:
            used |= of_model(model)
            used["model_type"] = getattr(getattr(model, "config", None), "model_type", None)
        if optimizer is not None:
            used |= of_optimiser(getattr(optimizer, "optimizer", optimizer))
        used |= of_loader("train", train_dataloader)
        used |= {"max_steps": state.max_steps, "world_size": args.world_size}
        if self._resumed:
            used["resumed_from"] = adapter.object(self._resumed, "checkpoint")
        self._tasks.end("train")
        self._tasks.begin("train", used, rank=args.process_index)

    @adapter.guarded
    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        generated: dict[str, Any] = {"steps": state.global_step}
        if state.best_metric is not None:
            generated["best_metric"] = state.best_metric
        self._tasks.end("train", generated)

    # --- epochs and steps ---

    @adapter.guarded
    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._tasks.end("epoch")
        self._tasks.begin("epoch", {"epoch": int(state.epoch or 0)})

    @adapter.guarded
    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._tasks.end("epoch")

    @adapter.guarded
    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._steps:
            self._tasks.end("step")
            self._tasks.begin("step", {"step": state.global_step})

    @adapter.guarded
    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._tasks.end("step")

    @adapter.guarded
    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        found = metrics(logs or {})
        task = self._tasks.task("train") or self._tasks.task()
        if task is not None and found:
            task.log({"step": state.global_step} | found)

    # --- evaluation, checkpoints ---

    @adapter.guarded
    def on_prediction_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        # The only word of an evaluation before its end, unless the trainer's method is wrapped.
        if not self._tasks.is_open("evaluation") and not self._tasks.is_open("predict"):
            self._tasks.begin("evaluation", {"step": state.global_step})

    @adapter.guarded
    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **others: Any
    ) -> None:
        self._read("evaluation", others)
        self._tasks.end("evaluation", _numbers(metrics))

    @adapter.guarded
    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Any = None, **others: Any
    ) -> None:
        self._read("predict", others)
        self._tasks.end("predict", _numbers(metrics))

    def _read(self, activity: str, others: dict[str, Any]) -> None:
        """Which data it went through, which the trainer tells at its end."""
        if (task := self._tasks.task(activity)) is not None:
            task.used(of_loader("eval", others.get("eval_dataloader")))

    @adapter.guarded
    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.exists():
            facts = {"step": state.global_step, "epoch": state.epoch}
            self._tasks.begin("checkpoint", {"step": state.global_step})
            self._tasks.end(
                "checkpoint", {"checkpoint": adapter.object(folder, "checkpoint", **facts)}
            )

    # --- exceptions, of which no event tells ---

    def _find_trainer(self, running: bool) -> None:
        """The Trainer whose event this is stands in a frame further out."""
        frame: Any = sys._getframe(1)
        for _ in range(40):
            frame = frame.f_back
            if frame is None:
                return
            found = frame.f_locals.get("self")
            handler = getattr(found, "callback_handler", None)
            if handler is not None and any(each is self for each in handler.callbacks):
                self._wrap(found, running)
                return

    def _wrap(self, trainer: Any, running: bool) -> None:
        if "train" in vars(trainer):
            return
        # In a training that runs already, its steps are what can still be seen to fail.
        for name in ("train", "evaluate", "predict", *(["training_step"] if running else [])):
            setattr(trainer, name, _seen(self, trainer, name))


_BEGINS = {"evaluate": "evaluation", "predict": "predict"}


def _seen(callback: Callback, trainer: Any, name: str) -> Any:
    original = getattr(trainer, name)

    @functools.wraps(original)
    def method(*args: Any, **keywords: Any) -> Any:
        depth = 0 if name == "training_step" else callback._tasks.depth
        _began(callback, trainer, name, args, keywords)
        try:
            result = original(*args, **keywords)
        except BaseException as error:
            _ended(callback, depth, error)
            raise
        if name != "training_step":
            _ended(callback, depth, None)
        return result

    return method


@adapter.guarded
def _began(callback: Callback, trainer: Any, name: str, args: Any, keywords: Any) -> None:
    if name == "train":
        resumed = args[0] if args else keywords.get("resume_from_checkpoint")
        callback._resumed = resumed if isinstance(resumed, str) else None
    elif name in _BEGINS:
        callback._tasks.begin(_BEGINS[name], {"step": trainer.state.global_step})


@adapter.guarded
def _ended(callback: Callback, depth: int, error: BaseException | None) -> None:
    callback._tasks.end_to(depth, error)


def _numbers(found: Any) -> dict[str, float]:
    return metrics(found or {})
