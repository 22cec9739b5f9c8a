"""A recorded call of a layer, and what runs it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from headrace.torch.casting import dtype_of, is_on
from headrace.torch.isolation import CannotCopyError, isolated, size_bytes
from headrace.torch.marks import tensors_in

# A layer whose parameters and inputs are more than this together is not copied.
MOST_BYTES = 256 << 20
_GRADIENT_SEED = 20_240_229


def _clones(value: Any) -> Any:
    """The same structure with tensors of its own, cut off from the graph."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(_clones(item) for item in value)
    if type(value) is dict:
        return {key: _clones(item) for key, item in value.items()}
    return value


def _fresh(value: Any) -> Any:
    """The same structure with copies in the graph, which the layer may change in place."""
    if isinstance(value, torch.Tensor):
        return value.clone()
    if type(value) in (list, tuple):
        return type(value)(_fresh(item) for item in value)
    if type(value) is dict:
        return {key: _fresh(item) for key, item in value.items()}
    return value


class RecordedCall:
    """What a layer was called with, kept apart from the program's tensors."""

    def __init__(self, layer: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        weights = [*layer.parameters(), *layer.buffers()]
        inputs = list(tensors_in([args, keywords]))
        if (size := size_bytes([*weights, *inputs])) > MOST_BYTES:
            raise CannotCopyError(f"it and its inputs take {size >> 20} MiB")
        with torch.no_grad():
            self._args, self._keywords = _clones(args), _clones(keywords)
        self._with_grad = torch.is_grad_enabled()
        devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
        self._casts = [(device, is_on(device), dtype_of(device)) for device in devices]
        self.uses_cuda = any(tensor.is_cuda for tensor in (*weights, *inputs))

    @contextmanager
    def _as_recorded(self, with_grad: bool) -> Iterator[None]:
        with ExitStack() as stack:
            for device, on, dtype in self._casts:
                if on or is_on("cpu") or is_on("cuda"):
                    stack.enter_context(
                        torch.autocast(device, dtype=dtype, enabled=on, cache_enabled=False)
                    )
            stack.enter_context(torch.set_grad_enabled(with_grad))
            yield

    def prepared(self, layer: Any, phase: str) -> Callable[[], None]:
        """What runs the phase once, on a copy of the layer as it is now; has run it once."""
        copied = isolated(layer)
        return self._forward(copied) if phase == "forward" else self._backward(copied)

    def _forward(self, copied: Any) -> Callable[[], None]:
        def again() -> None:
            with self._as_recorded(self._with_grad):
                copied.forward(*self._args, **self._keywords)

        def again_on_copies() -> None:
            with self._as_recorded(self._with_grad):
                copied.forward(*_fresh(self._args), **_fresh(self._keywords))

        try:
            again()
        except RuntimeError:  # a leaf of the graph is not changed in place
            again_on_copies()
            return again_on_copies
        return again

    def _backward(self, copied: Any) -> Callable[[], None]:
        with self._as_recorded(True):
            try:
                output = copied.forward(*self._args, **self._keywords)
            except RuntimeError:
                output = copied.forward(*_fresh(self._args), **_fresh(self._keywords))
        outputs = [tensor for tensor in tensors_in(output) if tensor.requires_grad]
        inputs = [*copied.parameters(), *tensors_in([self._args, self._keywords])]
        sources = [tensor for tensor in inputs if tensor.requires_grad]
        if not outputs or not sources:
            raise CannotCopyError("no gradient goes through it")
        gradients = [_gradient_like(tensor) for tensor in outputs]

        def again() -> None:
            torch.autograd.grad(outputs, sources, gradients, retain_graph=True, allow_unused=True)

        again()
        return again


def _gradient_like(tensor: Any) -> Any:
    """Numbers as irregular as gradients are, from a generator of their own."""
    generator = torch.Generator(tensor.device).manual_seed(_GRADIENT_SEED)
    numbers = torch.randn(tensor.shape, generator=generator, device=tensor.device)
    return numbers.to(tensor.dtype)
