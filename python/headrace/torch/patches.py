"""Functions of PyTorch that are wrapped while a model is watched, and put back with the last."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_users = 0
_has_losses = False
_kept: list[tuple[Any, str, Any, Any]] = []  # where, name, what stood there, what stands there now


def wrap(place: Any, name: str, around: Callable[..., Any]) -> None:
    """Makes `place.name(...)` call `around(original, ...)` until the last user has left."""
    original = vars(place)[name]

    @functools.wraps(original)
    def wrapper(*args: Any, **keywords: Any) -> Any:
        return around(original, *args, **keywords)

    _kept.append((place, name, original, wrapper))
    setattr(place, name, wrapper)


def use(with_losses: bool) -> None:
    """One more watch: with the first, the functions are wrapped; those of losses with the first
    that wants steps."""
    global _users, _has_losses
    _users += 1
    if _users == 1:
        from headrace.torch import checkpoints, loaders, optimisers

        checkpoints.wrap_functions()
        loaders.wrap_functions()
        optimisers.wrap_functions()
    if with_losses and not _has_losses:
        from headrace.torch import losses

        _has_losses = True
        losses.wrap_functions()


def leave() -> None:
    """One watch less: with the last, everything is as it was, but for what others wrapped since."""
    global _users, _has_losses
    _users -= 1
    if _users == 0:
        for place, name, original, wrapper in reversed(_kept):
            if vars(place).get(name) is wrapper:
                setattr(place, name, original)
        _kept.clear()
        _has_losses = False
