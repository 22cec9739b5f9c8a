"""A Lightning training as tasks:

    trainer = Trainer(callbacks=[headrace.lightning.Callback()])

Of `lightning` or `pytorch_lightning`, whichever the program has loaded.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from headrace.adapters import Adapter, requires
from headrace.open_tasks import OpenTasks
from headrace.trained_values import flat, metrics, of_loader, of_model, of_optimiser

__all__ = ["Callback"]

VERSIONS = ">=2.0,<3"

adapter = Adapter("lightning")


def _base() -> Any:
    """The class of callbacks of the package that is loaded, else installed."""
    if "lightning.pytorch" not in sys.modules and "pytorch_lightning" in sys.modules:
        requires("pytorch-lightning", VERSIONS, extra="lightning", module="pytorch_lightning")
        import pytorch_lightning

        return pytorch_lightning.Callback
    requires("lightning", VERSIONS, extra="lightning")
    import lightning.pytorch

    return lightning.pytorch.Callback


class Callback(_base()):  # type: ignore[misc]
    """Records fits, epochs, steps, validations, tests and predictions of a Trainer as tasks.

    `fit` has the hyperparameters as used: of the module, of the data module, of trainer and
    optimizer. What the module logs are rows of metrics with `step` and `epoch`: every
    `log_every_n_steps` steps of the trainer, and after each epoch and validation. A checkpoint is a
    task with the file as an object; a fit that resumes used one. An exception makes what was open
    failed, Ctrl-C cancelled. `steps=False` leaves the steps out. Each rank records its own tasks,
    tagged with the rank.

    Nothing of it is kept in checkpoints, and training is the same to the bit.
    """

    def __init__(self, steps: bool = True) -> None:
        super().__init__()
        self._steps = steps
        self._tasks = OpenTasks(adapter)
        self._logged: dict[str, Any] = {"step": -1}
        self._validated: set[str] = set()

    # --- a run and its end ---

    @adapter.guarded
    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        if stage == "fit":
            _watch_checkpoints(trainer, self)

    @adapter.guarded
    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        used = of_model(pl_module) | _of_trainer(trainer)
        for part in (pl_module, trainer.datamodule):
            used |= flat(dict(getattr(part, "hparams", None) or {}))
        if trainer.ckpt_path:
            used["resumed_from"] = adapter.object(str(trainer.ckpt_path), "checkpoint")
        self._tasks.begin("fit", used, rank=trainer.global_rank)

    @adapter.guarded
    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        if (fit := self._tasks.task("fit")) is not None:
            for optimiser in trainer.optimizers[:1]:
                fit.used(of_optimiser(optimiser))
            fit.used(of_loader("train", trainer.train_dataloader))

    @adapter.guarded
    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        self._tasks.end("fit", metrics(trainer.callback_metrics) | {"steps": trainer.global_step})

    @adapter.guarded
    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._tasks.end_to(0, exception)
        _leave_checkpoints(trainer)

    @adapter.guarded
    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self._tasks.end_to(0)
        _leave_checkpoints(trainer)

    # --- epochs and steps ---

    @adapter.guarded
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._tasks.end("epoch")
        self._tasks.begin("epoch", {"epoch": trainer.current_epoch})

    @adapter.guarded
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self._log(trainer, "epoch")
        self._tasks.end("epoch", metrics(trainer.callback_metrics))

    @adapter.guarded
    def on_train_batch_start(
        self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        if self._steps:
            self._tasks.begin("step", {"batch": batch_idx, "step": trainer.global_step})

    @adapter.guarded
    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, *_: Any
    ) -> None:
        self._tasks.end("step")
        if trainer.log_every_n_steps and trainer.global_step % trainer.log_every_n_steps == 0:
            self._log(trainer, "step")

    def _log(self, trainer: Any, activity: str) -> None:
        # The trainer keeps what was logged before: at the same step that is no news, nor is what
        # a validation found at the steps after it.
        step = trainer.global_step
        logged = metrics(trainer.logged_metrics)
        logged.pop("epoch", None)
        known = self._logged
        fresh = {
            name: value
            for name, value in logged.items()
            if known.get(name) != value or not (known["step"] == step or name in self._validated)
        }
        if activity != "step":
            self._validated |= fresh.keys() - known.keys()
        self._logged = logged | {"step": step}
        if (task := self._tasks.task()) is not None and fresh:
            task.log(fresh | {"step": step, "epoch": trainer.current_epoch})

    # --- validation, test, prediction ---

    @adapter.guarded
    def on_sanity_check_start(self, trainer: Any, pl_module: Any) -> None:
        self._tasks.begin("sanity_check")

    @adapter.guarded
    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:
        self._tasks.end("sanity_check")

    @adapter.guarded
    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin_run("validation", trainer, pl_module)

    @adapter.guarded
    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        self._end_run("validation", trainer)

    @adapter.guarded
    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin_run("test", trainer, pl_module)

    @adapter.guarded
    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        self._end_run("test", trainer)

    @adapter.guarded
    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin_run("predict", trainer, pl_module)

    @adapter.guarded
    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        self._tasks.end("predict")

    def _begin_run(self, activity: str, trainer: Any, pl_module: Any) -> None:
        used: dict[str, Any] = {"epoch": trainer.current_epoch, "step": trainer.global_step}
        if self._tasks.task() is None:  # by itself, not within a fit
            used |= of_model(pl_module)
            if trainer.ckpt_path:
                used["checkpoint"] = adapter.object(str(trainer.ckpt_path), "checkpoint")
        used |= of_loader(activity, getattr(trainer, _LOADERS[activity], None))
        self._tasks.begin(activity, used, rank=trainer.global_rank)

    def _end_run(self, activity: str, trainer: Any) -> None:
        if not trainer.sanity_checking:
            self._log(trainer, activity)
        self._tasks.end(activity, metrics(trainer.callback_metrics))


_LOADERS = {
    "validation": "val_dataloaders",
    "test": "test_dataloaders",
    "predict": "predict_dataloaders",
}


def _of_trainer(trainer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("max_epochs", "max_steps", "precision", "world_size", "num_nodes", "num_devices"):
        value = getattr(trainer, name, None)
        if isinstance(value, int | float | str):
            found[name] = value
    for name in ("accumulate_grad_batches", "gradient_clip_val"):
        if (value := getattr(trainer, name, None)) is not None:
            found[name] = value
    for name in ("strategy", "accelerator"):
        found[name] = type(getattr(trainer, name, None)).__name__
    return found


def _watch_checkpoints(trainer: Any, callback: Callback) -> None:
    """Of every checkpoint, whoever asks for it: each of them goes through this method."""
    if "save_checkpoint" in vars(trainer):
        return
    original = trainer.save_checkpoint

    @functools.wraps(original)
    def save_checkpoint(filepath: Any, *args: Any, **keywords: Any) -> None:
        depth = callback._tasks.depth
        _begun(trainer, callback)
        try:
            original(filepath, *args, **keywords)
        except BaseException as error:
            _failed(callback, depth, error)
            raise
        _kept(trainer, callback, filepath)

    trainer.save_checkpoint = save_checkpoint


@adapter.guarded
def _begun(trainer: Any, callback: Callback) -> None:
    callback._tasks.begin("checkpoint", {"step": trainer.global_step})


@adapter.guarded
def _failed(callback: Callback, depth: int, error: BaseException) -> None:
    callback._tasks.end_to(depth, error)


@adapter.guarded
def _kept(trainer: Any, callback: Callback, filepath: Any) -> None:
    generated: dict[str, Any] = {}
    if trainer.is_global_zero:
        facts = {"step": trainer.global_step, "epoch": trainer.current_epoch}
        generated["checkpoint"] = adapter.object(str(filepath), "checkpoint", **facts)
    callback._tasks.end("checkpoint", generated)


def _leave_checkpoints(trainer: Any) -> None:
    vars(trainer).pop("save_checkpoint", None)
