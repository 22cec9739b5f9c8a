"""Running a layer once more without a trace: on a copy of it, with everything around put back."""

from __future__ import annotations

import enum
import functools
import pathlib
import random
import sys
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import is_dataclass
from typing import Any

import torch
from torch.nn.modules import module as modules

# What is never changed by who has it, or is nothing of a layer's.
_SHARED: tuple[type, ...] = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type, frozenset, enum.Enum,
    pathlib.PurePath, types.FunctionType, types.BuiltinFunctionType, types.ModuleType,
    weakref.ref, torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format,
)  # fmt: skip
_CONTAINERS = (list, dict, set, tuple, OrderedDict, deque)
_HOOKS = tuple(
    name
    for name, value in vars(torch.nn.Module()).items()
    if name.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called"))
    and isinstance(value, dict)
)
_GLOBAL_HOOKS = tuple(
    value
    for name, value in vars(modules).items()
    if name.startswith("_global_") and isinstance(value, dict)
)


class CannotCopyError(Exception):
    """Why a layer is not repeated."""


def size_bytes(tensors: Any) -> int:
    """What they hold together."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


class _Copier:
    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}

    def of_tensor(self, value: Any) -> Any:
        kind = type(value)
        if kind not in (torch.Tensor, torch.nn.Parameter):
            raise CannotCopyError(f"it has a {kind.__name__}")
        copied = value.detach().clone()
        if kind is torch.nn.Parameter:
            return torch.nn.Parameter(copied, requires_grad=value.requires_grad)
        return copied.requires_grad_(value.requires_grad)

    def of_module(self, value: Any) -> Any:
        place = f"{type(value).__module__}.{type(value).__name__}"
        if isinstance(value, torch.jit.ScriptModule) or place.startswith(
            ("torch.distributed", "torch.nn.parallel", "torch.nn.modules.batchnorm.SyncBatchNorm")
        ):
            raise CannotCopyError(f"it has a {type(value).__name__}")
        copied = object.__new__(type(value))
        self._copies[id(value)] = copied
        for name, item in vars(value).items():
            vars(copied)[name] = OrderedDict() if name in _HOOKS else self.of(item)
        return copied

    def of(self, value: Any) -> Any:
        if id(value) in self._copies:
            return self._copies[id(value)]
        kind = type(value)
        if isinstance(value, torch.Tensor):
            copied = self.of_tensor(value)
        elif isinstance(value, torch.nn.Module):
            copied = self.of_module(value)
        elif kind in (dict, OrderedDict):
            copied = kind((key, self.of(item)) for key, item in value.items())
        elif kind in _CONTAINERS:
            copied = kind(self.of(item) for item in value)
        elif isinstance(value, torch.Generator):
            copied = torch.Generator(value.device)
            copied.set_state(value.get_state())
        elif kind is functools.partial:
            copied = functools.partial(value.func, *self.of(value.args), **self.of(value.keywords))
        elif isinstance(value, _SHARED) or _is_frozen(value):
            copied = value
        else:
            raise CannotCopyError(f"it keeps a {kind.__name__}, which its forward may change")
        self._copies[id(value)] = copied
        return copied


def _is_frozen(value: Any) -> bool:
    return is_dataclass(value) and bool(
        getattr(type(value), "__dataclass_params__").frozen  # noqa: B009 - mypy knows it not
    )


def isolated(layer: Any) -> Any:
    """A copy of a layer without hooks, which shares nothing that its forward could change."""
    with torch.no_grad():
        return _Copier().of(layer)


@contextmanager
def preserved() -> Iterator[None]:
    """Puts random states and PyTorch's global hooks back as they were, whatever happens inside."""
    hooks = [(place, dict(place)) for place in _GLOBAL_HOOKS]
    host = torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    python = random.getstate()
    numpy: Any = sys.modules.get("numpy.random")
    numpys = numpy.get_state() if numpy is not None else None
    try:
        for place, _ in hooks:
            place.clear()
        yield
    finally:
        for place, items in hooks:
            place.clear()
            place.update(items)
        torch.set_rng_state(host)
        if devices is not None:
            torch.cuda.set_rng_state_all(devices)
        random.setstate(python)
        if numpy is not None:
            numpy.set_state(numpys)
