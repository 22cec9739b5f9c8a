"""The losses that backward begins from, and what a GradScaler does to them."""

from __future__ import annotations

import weakref
from typing import Any

import torch

from headrace.torch import patches

# What a scaler gave last, and of which loss.
_scaled: tuple[weakref.ref[Any], Any] | None = None


def scaler_class() -> Any:
    """Where GradScaler's methods are defined: in 1.13 torch.cuda.amp, later torch.amp."""
    kind = getattr(torch.amp, "GradScaler", None) or torch.cuda.amp.GradScaler
    return next(each for each in kind.__mro__ if "scale" in vars(each))


def wrap_functions() -> None:
    """Of PyTorch, for as long as a model is watched whose steps are wanted."""
    patches.wrap(torch.Tensor, "backward", _backward)
    patches.wrap(scaler_class(), "scale", _scale)
    patches.wrap(scaler_class(), "step", _step)


def _watches() -> list[Any]:
    from headrace.torch.watching import watched

    return [watch for watch in list(watched.values()) if watch.progress.is_active]


def _backward(original: Any, self: Any, *args: Any, **keywords: Any) -> Any:
    before = [(watch, watch.backwards) for watch in _watches()]
    given = original(self, *args, **keywords)
    for watch, backwards in before:
        if watch.backwards != backwards and self.numel() == 1:
            loss = self
            if _scaled is not None and _scaled[0]() is self:
                loss = _scaled[1]
            watch.progress.backward_gave(loss.detach())
    return given


def _scale(original: Any, self: Any, outputs: Any) -> Any:
    global _scaled
    given = original(self, outputs)
    if isinstance(given, torch.Tensor) and given is not outputs:
        _scaled = weakref.ref(given), outputs
    return given


def _step(original: Any, self: Any, optimizer: Any, *args: Any, **keywords: Any) -> Any:
    global _scaled
    before = [(watch, watch.steps_seen) for watch in _watches() if watch.steps_with(optimizer)]
    given = original(self, optimizer, *args, **keywords)
    _scaled = None
    for watch, seen in before:
        if watch.steps_seen == seen:  # gradients were not finite
            watch.step_skipped()
    return given
