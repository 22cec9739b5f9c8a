"""What a model is made of: its modules with their types and shapes, and hashes of that and of its
state. Reads tensors; runs nothing of the model's."""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

# A text of a record is at most 16 KiB, all of them together 40 KiB.
_TEXT_BYTES = 15_000
_PART_BYTES = 16 << 20


def class_name(kind: type) -> str:
    """`torch.nn.modules.linear.Linear` as `torch.nn.Linear`; others with their module."""
    for inside, shown in (
        ("torch.nn.modules.", "torch.nn"),
        ("torch.utils.data.", "torch.utils.data"),
    ):
        if kind.__module__.startswith(inside):
            return f"{shown}.{kind.__qualname__}"
    return f"{kind.__module__}.{kind.__qualname__}"


def _own_tensors(module: Any) -> dict[str, Any]:
    """Parameters and buffers that stand in the module itself and are part of its state."""
    left_out = module._non_persistent_buffers_set
    own = {name: each for name, each in module._parameters.items() if each is not None}
    for name, each in module._buffers.items():
        if each is not None and name not in left_out:
            own[name] = each
    return own


def _shape(tensor: Any) -> list[int] | None:
    # A lazy module's parameter has no shape before the first call.
    return None if torch.nn.parameter.is_lazy(tensor) else list(tensor.shape)


def _count(tensor: Any) -> int:
    return 0 if torch.nn.parameter.is_lazy(tensor) else int(tensor.numel())


def _one(values: list[str]) -> str | None:
    return ", ".join(sorted(set(values))) or None


def _row(position: int, path: str, module: Any) -> list[Any]:
    own = _own_tensors(module)
    parameters = list(module.parameters())
    return [
        position,
        path,
        class_name(type(module)),
        sum(map(_count, parameters)),
        sum(_count(each) for each in parameters if each.requires_grad),
        {name: _shape(each) for name, each in own.items()},
        _one([str(each.dtype).removeprefix("torch.") for each in own.values()]),
        _one([str(each.device) for each in own.values()]),
    ]


@dataclass(frozen=True)
class Architecture:
    """The modules of a model at one moment. `rows` as docs/schema.md tells of the view `layer`."""

    rows: list[list[Any]]
    sha256: str
    size_bytes: int

    def attributes(self) -> dict[str, Any]:
        """What the model's object says of it."""
        whole = self.rows[0]
        return {
            "class": whole[2],
            "modules": len(self.rows),
            "parameters": whole[3],
            "trainable": whole[4],
            "dtypes": _one([row[6] for row in self.rows if row[6]]),
            "devices": _one([row[7] for row in self.rows if row[7]]),
            "architecture": self.sha256,
        }

    def texts(self) -> Iterator[tuple[str, str]]:
        """The rows as JSON texts under `modules_1`, `modules_2`, ..., short enough."""
        part: list[str] = []
        size = number = 0
        for text in (json.dumps(row, separators=(",", ":")) for row in self.rows):
            if len(text) > _TEXT_BYTES:
                continue
            if part and size + len(text) > _TEXT_BYTES:
                number += 1
                yield f"modules_{number}", f"[{','.join(part)}]"
                part, size = [], 0
            part.append(text)
            size += len(text) + 1
        yield f"modules_{number + 1}", f"[{','.join(part)}]"


def architecture_of(model: Any) -> Architecture:
    """Of all its modules. The hash is of paths, types, shapes and dtypes: not of devices, and not
    of what is trained."""
    rows = [_row(i, path, module) for i, (path, module) in enumerate(model.named_modules())]
    told = json.dumps([[row[1], row[2], row[5], row[6]] for row in rows])
    return Architecture(rows, hashlib.sha256(told.encode()).hexdigest(), size_bytes(model))


def _state(model: Any) -> Iterator[tuple[str, Any]]:
    for path, module in model.named_modules():
        for name, tensor in _own_tensors(module).items():
            if not torch.nn.parameter.is_lazy(tensor):
                yield f"{path}.{name}" if path else name, tensor


def size_bytes(model: Any) -> int:
    """What its state holds."""
    return sum(tensor.numel() * tensor.element_size() for _, tensor in _state(model))


def state_sha256(model: Any) -> str:
    """The hash of the names, types, shapes and bytes of its parameters and buffers. Copies what is
    on a device to the host, a tensor at a time, and waits for it."""
    digest = hashlib.sha256()
    with torch.no_grad():
        for name, tensor in _state(model):
            digest.update(f"{name}\0{tensor.dtype}\0{list(tensor.shape)}\0".encode())
            _add_bytes(digest, tensor.detach())
    return digest.hexdigest()


def _add_bytes(digest: Any, tensor: Any) -> None:
    plain = tensor.int_repr() if tensor.is_quantized else tensor
    plain = plain.to_dense() if plain.layout is not torch.strided else plain
    plain = plain.cpu().contiguous().resolve_conj().resolve_neg()
    size = plain.numel() * plain.element_size()
    for begin in range(0, size, _PART_BYTES):
        length = min(_PART_BYTES, size - begin)
        # Not by way of NumPy, which knows no bfloat16.
        digest.update((ctypes.c_char * length).from_address(plain.data_ptr() + begin))
