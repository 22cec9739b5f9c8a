"""`headrace run --torch`: watches each model of a program that says nothing of Headrace.

A model is a module with parameters that is called outside of every other one. It is watched from
its first call on, with its steps and epochs as tasks.
"""

from __future__ import annotations

import functools
import sys
import weakref
from typing import Any

from torch.nn.modules import module as modules

from headrace.adapters import describe, is_capturing
from headrace.failures import is_from_signal
from headrace.torch import patches, watch

# A program that makes models without end is watched in its first ones.
MOST_MODELS = 256

_CALL_CODE = modules.Module._call_impl.__code__
# Modules that need no further look, by identity, while they live.
_known: dict[int, weakref.ref[Any]] = {}
_watches: list[weakref.ref[Any]] = []
_handle: Any = None


def begin() -> None:
    """From now on, in this process."""
    global _handle
    if _handle is None and is_capturing():
        patches.use(True)  # what is loaded before the first call is seen, too
        _handle = modules.register_module_forward_pre_hook(_look)


def end() -> None:
    """Watches no further model."""
    global _handle
    if _handle is not None:
        _handle.remove()
        _handle = None
        patches.leave()


def _look(module: Any, inputs: Any) -> None:
    if id(module) in _known:
        return
    try:
        if _is_outermost(sys._getframe(1)):
            _watch(module, inputs)
    except Exception as error:
        if is_from_signal(error):
            raise
        describe("torch.automatic", f"{type(error).__name__}: {error}")
        end()


def _is_outermost(frame: Any) -> bool:
    calls = 0
    while frame is not None:
        calls += frame.f_code is _CALL_CODE
        frame = frame.f_back
    return calls == 1


def _know(module: Any) -> None:
    _known[id(module)] = weakref.ref(module, functools.partial(_forget, id(module)))


def _forget(key: int, _: Any) -> None:
    _known.pop(key, None)


def _watch(module: Any, inputs: Any) -> None:
    parts = list(module.modules())
    for part in parts:
        _know(part)
    if next(module.parameters(), None) is None or _is_watched(module):
        return
    inside = {id(part) for part in parts}
    for reference in list(_watches):
        earlier = reference()
        if earlier is None or not earlier.is_on:
            _watches.remove(reference)
        elif id(earlier.model) in inside:  # a part of this model was called by itself before
            earlier.unwatch()
    made = watch(module, tasks=("epoch", "step"))
    _watches.append(weakref.ref(made))
    # The hooks of this call were chosen before there was a watch.
    hooks = made.forward.hooks
    if sys._getframe(2).f_locals.get("kwargs"):
        hooks.wants_inputs = False
    hooks.pre_hook(module, inputs)
    if len(_watches) >= MOST_MODELS:
        made.note(f"models after the first {MOST_MODELS} of this process are not watched")
        end()


def _is_watched(module: Any) -> bool:
    from headrace.torch.watching import watched

    return any(
        found.model is not None and any(part is module for part in found.model.modules())
        for found in list(watched.values())
    )
