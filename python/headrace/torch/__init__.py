"""What the layers of a PyTorch model take: forward, backward and step, each by itself.

    import headrace as hr

    hr.torch.watch(model)                  # before the training; nothing else changes
    hr.torch.watch(model, resolve="2%")    # and repeats single layers now and then

PyTorch is loaded when `watch` is called, not with headrace.
"""

from __future__ import annotations

from headrace.needed import needed

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from headrace.torch.watching import Watch

__all__ = ["unwatch", "watch"]


def watch(
    model: Any,
    depth: int | None = None,
    pattern: str | Iterable[str] | None = None,
    phases: Iterable[str] = ("forward", "backward", "step"),
    resolve: str | float | None = None,
    *,
    name: str | None = None,
    period: float = 0.1,
    tasks: Iterable[str] = (),
    calls: int | None = None,
    stats: Iterable[str] = (),
) -> Watch:
    """Measures from now on how long each layer of a model runs itself, by step, and records the
    model as a versioned object, its checkpoints and the data that it is trained with.

    A layer is a module by its path in `named_modules()`: all of them, those at most `depth` names
    deep, or those that match a `pattern` such as `"blocks.*.mlp"` (or one of several). The time of
    modules left out counts as the nearest layer around them. `name` is the model's in the record,
    else its class's.

    `resolve`: the share of run time, `"2%"` or 0.02, that short repeats of single layers may take,
    for sensors that refresh every `period` seconds. Training stays the same to the bit.

    `tasks`: `"step"`, `"epoch"` or both: each is a task then. `calls=100`: in one step of a hundred
    each call of a layer is a task too, with what it took and gave. `stats`: `"activations"`,
    `"gradients"`: their statistics by layer in those steps (of `calls`; else one of a hundred).

    The watch ends with the model, or by `unwatch()`. A model that is watched again is watched anew.
    """
    needed("torch", "hr.torch.watch")
    from headrace.torch.beginning import begin

    return begin(model, depth, pattern, phases, resolve, name, period, tasks, calls, stats)


def unwatch(model: Any) -> None:
    """Ends the watch of a model; without one it does nothing."""
    needed("torch", "hr.torch.unwatch")
    from headrace.torch.watching import watched

    if (found := watched.get(id(model))) is not None and found.model is model:
        found.unwatch()
