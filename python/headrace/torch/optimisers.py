"""The optimizers of a model: found where they live, their `step` wrapped on the instance.

PyTorch 1.13 has no hooks around a step; the ones of 2.x are not used, so that all versions do the
same.
"""

from __future__ import annotations

import functools
import gc
import types
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch

from headrace.torch import patches


def optimisers_of(parameters: Iterable[Any]) -> list[Any]:
    """The live optimizers that hold any of these parameters. Looks at every object: tens of ms."""
    wanted = list(parameters)
    is_one: dict[type, bool] = {}
    found = []
    for thing in gc.get_objects():
        kind = type(thing)
        if kind not in is_one:
            is_one[kind] = torch.optim.Optimizer in kind.__mro__
        if is_one[kind] and trains(thing, wanted):
            found.append(thing)
    return found


def trains(optimiser: Any, parameters: Iterable[Any]) -> bool:
    """Whether it holds any of these parameters."""
    wanted = {id(parameter) for parameter in parameters}
    groups = vars(optimiser).get("param_groups") or []
    return any(id(parameter) in wanted for group in groups for parameter in group["params"])


def wrap_functions() -> None:
    """So that an optimizer is known as soon as it is made, while a model is watched."""
    patches.wrap(torch.optim.Optimizer, "__init__", _made)


def _made(original: Any, self: Any, *args: Any, **keywords: Any) -> None:
    original(self, *args, **keywords)
    from headrace.torch.watching import watched

    for watch in list(watched.values()):
        watch.optimiser_made(self)


class WrappedStep:
    """`optimizer.step` of one instance, with something before and after it, until restored."""

    def __init__(
        self, optimiser: Any, before: Callable[[], None], after: Callable[[bool], None]
    ) -> None:
        self._optimiser = weakref.ref(optimiser)
        own = vars(optimiser)
        self._had_own = "step" in own
        original = own["step"] if self._had_own else type(optimiser).step
        call = original if self._had_own else None

        @functools.wraps(original)
        def step(self: Any, *args: Any, **keywords: Any) -> Any:
            before()
            ended = False
            try:
                given = (
                    original(self, *args, **keywords) if call is None else call(*args, **keywords)
                )
                ended = True
                return given
            finally:
                after(ended)

        # A method: what PyTorch's schedulers wrap in their turn is the function in it.
        self._original = original
        self._step = types.MethodType(step, optimiser)
        optimiser.step = self._step
        # Only the weak reference stays here, so that the optimizer lives as long as without this.
        self._function = step
        del self._step

    @property
    def optimiser(self) -> Any:
        """None when it is gone."""
        return self._optimiser()

    def restore(self) -> None:
        """Takes it off again, unless something else was put around it since: then it only passes
        calls on."""
        optimiser = self._optimiser()
        if optimiser is None:
            return
        own = vars(optimiser)
        if getattr(own.get("step"), "__func__", None) is not self._function:
            return
        if self._had_own:
            own["step"] = self._original
        else:
            del own["step"]
