"""Tensors and arrays as bytes and back, with nothing in them that runs.

The layout is that of safetensors (https://huggingface.co/docs/safetensors, "Format"): 8 bytes with
the length of a JSON header, the header with type, shape and place of each tensor, then their
elements. So other tools read the tensors. What safetensors has no words for, the containers around
them, stands in the header's `__metadata__` under `headrace`, as JSON:

    null, true, 1, "text"            themselves
    {"float": "0x1.8p+1"}            a float, exactly; also "nan", "inf"
    {"list": [...]}, {"tuple": …}    their items
    {"dict": [[key, value], ...]}    "ordered" for an OrderedDict
    {"state_dict": [pairs, value]}   an OrderedDict with the versions that PyTorch notes beside it
    {"torch": name}, {"numpy": name} the tensor of that name in the header
    {"scalar": name}                 a numpy scalar, kept as an array of one
    {"bytes": name}                  bytes, kept as uint8
    {"dtype": "float32"}             a torch.dtype

Equal content gives equal bytes.
"""

from __future__ import annotations

import io
import json
import math
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# safetensors' words for types, by torch's and numpy's.
_WORDS = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "uint16": "U16",
    "float16": "F16",
    "bfloat16": "BF16",
    "int32": "I32",
    "uint32": "U32",
    "float32": "F32",
    "float64": "F64",
    "int64": "I64",
    "uint64": "U64",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
}
_TYPES = {word: name for name, word in _WORDS.items()}
MAX_HEADER_BYTES = 100_000_000  # as safetensors'
MAX_DEPTH = 64


class UnkeptError(TypeError):
    """A value that is no tensor, array, number, text or container of them."""


class _Writer:
    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.buffers: list[Any] = []
        self.offset = 0

    def place(self, path: str, word: str, shape: list[int], buffer: Any, size_bytes: int) -> str:
        name, count = path or "tensor", 1
        while name in self.entries or name == "__metadata__":
            count += 1
            name = f"{path}#{count}"
        end = self.offset + size_bytes
        self.entries[name] = {"dtype": word, "shape": shape, "data_offsets": [self.offset, end]}
        self.buffers.append(buffer)
        self.offset = end
        return name

    def structure(self, value: Any, path: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise UnkeptError(f"{path} lies more than {MAX_DEPTH} containers deep")
        kind = type(value)
        if value is None or kind in (bool, int, str):
            return value
        if kind is float:
            return {"float": value.hex() if value - value == 0 else str(value)}
        if isinstance(value, dict):
            pairs = [self.pair(key, each, path, depth) for key, each in value.items()]
            if isinstance(metadata := getattr(value, "_metadata", None), dict):
                return {"state_dict": [pairs, self.structure(metadata, "metadata", depth + 1)]}
            return {"ordered" if isinstance(value, OrderedDict) else "dict": pairs}
        if isinstance(value, list | tuple):
            items = [self.structure(e, _join(path, i), depth + 1) for i, e in enumerate(value)]
            return {"list" if isinstance(value, list) else "tuple": items}
        if isinstance(value, bytes | bytearray):
            return {"bytes": self.place(path, "U8", [len(value)], value, len(value))}
        numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
        if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
            return self.array(numpy, value, path)
        if torch is not None and isinstance(value, torch.Tensor):
            return self.tensor(torch, value, path)
        if torch is not None and isinstance(value, torch.dtype):
            return {"dtype": str(value).removeprefix("torch.")}
        raise UnkeptError(
            f"{path or 'it'} is a {kind.__module__}.{kind.__qualname__}: a state is made of "
            "tensors, arrays, numbers, text and containers of them"
        )

    def pair(self, key: Any, value: Any, path: str, depth: int) -> list[Any]:
        if key is not None and type(key) not in (str, int, bool, float):
            raise UnkeptError(f"{path or 'it'} has a key of type {type(key).__qualname__}")
        return [
            self.structure(key, path, depth),
            self.structure(value, _join(path, key), depth + 1),
        ]

    def array(self, numpy: Any, value: Any, path: str) -> Any:
        array = numpy.ascontiguousarray(value).reshape(numpy.shape(value))
        word = _WORDS.get(array.dtype.name)
        if word is None or array.dtype.byteorder == ">":
            raise UnkeptError(f"{path or 'it'} is an array of {array.dtype}, which is not kept")
        flat = array.reshape(-1).view(numpy.uint8)
        name = self.place(path, word, list(array.shape), memoryview(flat), array.nbytes)
        return {"scalar" if isinstance(value, numpy.generic) else "numpy": name}

    def tensor(self, torch: Any, value: Any, path: str) -> Any:
        word = _WORDS.get(str(value.dtype).removeprefix("torch."))
        if word is None or value.layout is not torch.strided or value.device.type == "meta":
            about = f"{value.dtype}, {value.layout}, on {value.device}"
            raise UnkeptError(f"{path or 'it'} is a tensor ({about}) that is not kept")
        plain = value.detach().cpu().contiguous()
        flat = _as_bytes(torch, plain).numpy()
        size_bytes = plain.numel() * plain.element_size()
        return {"torch": self.place(path, word, list(plain.shape), memoryview(flat), size_bytes)}


def _join(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _as_bytes(torch: Any, plain: Any) -> Any:
    """The elements of a contiguous tensor on the CPU as uint8, in the same memory."""
    flat = plain.resolve_conj().resolve_neg().reshape(-1)
    if flat.is_complex():
        flat = torch.view_as_real(flat).reshape(-1)
    return flat.view(torch.uint8)


def pieces(value: Any) -> Iterator[Any]:
    """The bytes that keep `value`, header first, without a copy of what lies on the CPU.

    Raises UnkeptError before the first piece for what no state is made of.
    """
    writer = _Writer()
    structure = writer.structure(value, "", 0)
    metadata = {"headrace": json.dumps(structure, separators=(",", ":"))}
    header = {"__metadata__": metadata, **writer.entries}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that elements are aligned
    if len(text) > MAX_HEADER_BYTES:
        raise UnkeptError("it has more names than a header holds")

    def each() -> Iterator[Any]:
        yield len(text).to_bytes(8, "little") + text
        yield from writer.buffers

    return each()


class MalformedError(ValueError):
    """Bytes that are not what `pieces` writes."""


def _check(name: str, wanted_bytes: int, size_bytes: int) -> None:
    if wanted_bytes != size_bytes:
        raise MalformedError(f"{name} has {size_bytes} bytes, and its shape wants {wanted_bytes}")


class _Reader:
    def __init__(self, file: io.FileIO, size_bytes: int) -> None:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(MAX_HEADER_BYTES, size_bytes - 8):
            raise MalformedError("the length of its header is none")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise MalformedError(f"its header is no JSON: {error}") from error
        if not isinstance(header, dict):
            raise MalformedError("its header is no object")
        self.file = file
        self.begin = 8 + length
        self.room = size_bytes - self.begin
        metadata = header.pop("__metadata__", {})
        self.metadata = metadata if isinstance(metadata, dict) else {}
        self.entries = header

    def find(self, name: str) -> tuple[str, list[int], int]:
        """Type, shape and bytes of a tensor; the file stands at its first element."""
        entry: Any = self.entries.get(name)
        try:
            dtype = _TYPES[entry["dtype"]]
            shape = [int(extent) for extent in entry["shape"]]
            begin, end = (int(offset) for offset in entry["data_offsets"])
        except (TypeError, KeyError, ValueError) as error:
            raise MalformedError(f"its header does not say what {name} is") from error
        if not 0 <= begin <= end <= self.room or any(extent < 0 for extent in shape):
            raise MalformedError(f"{name} lies outside the file")
        self.file.seek(self.begin + begin)
        return dtype, shape, end - begin

    def value(self, structure: Any) -> Any:
        if structure is None or isinstance(structure, bool | int | str):
            return structure
        if not isinstance(structure, dict) or len(structure) != 1:
            raise MalformedError("its structure has something that is no value")
        ((word, inside),) = structure.items()
        if word in ("dict", "ordered"):
            found = ((self.value(key), self.value(each)) for key, each in inside)
            return OrderedDict(found) if word == "ordered" else dict(found)
        if word == "state_dict":
            state: Any = OrderedDict((self.value(key), self.value(each)) for key, each in inside[0])
            state._metadata = self.value(inside[1])
            return state
        if word in ("list", "tuple"):
            items = [self.value(each) for each in inside]
            return items if word == "list" else tuple(items)
        if word == "float":
            return float(inside) if inside in ("nan", "inf", "-inf") else float.fromhex(inside)
        if word == "torch":
            return self.tensor(inside)
        if word in ("numpy", "scalar"):
            array = self.array(inside)
            return array[()] if word == "scalar" else array
        if word == "bytes":
            return self.file.read(self.find(inside)[2])
        if word == "dtype":
            import torch

            return getattr(torch, inside) if inside in _WORDS else None
        raise MalformedError(f"its structure has a {word}, which this version does not know")

    def array(self, name: str) -> Any:
        import numpy

        dtype, shape, size_bytes = self.find(name)
        wanted = numpy.dtype(dtype)
        _check(name, math.prod(shape) * wanted.itemsize, size_bytes)
        array: Any = numpy.empty(shape, dtype=wanted)
        self.fill(name, memoryview(array.reshape(-1).view(numpy.uint8)))
        return array

    def tensor(self, name: str) -> Any:
        dtype, shape, size_bytes = self.find(name)
        import torch

        wanted = getattr(torch, dtype, None)
        if wanted is None:
            raise MalformedError(f"{name} is of {dtype}, which this PyTorch does not have")
        item_bytes = torch.empty(0, dtype=wanted).element_size()
        _check(name, math.prod(shape) * item_bytes, size_bytes)
        tensor = torch.empty(shape, dtype=wanted)
        self.fill(name, memoryview(_as_bytes(torch, tensor).numpy()))
        return tensor

    def fill(self, name: str, room: memoryview) -> None:
        if room.nbytes and self.file.readinto(room) != room.nbytes:
            raise MalformedError(f"{name} is cut short")


def read(path: Path) -> Any:
    """What `pieces` kept in this file; of another tool's safetensors file the tensors by name.

    Tensors come on the CPU. Raises MalformedError, OSError.
    """
    with io.FileIO(path) as file:
        reader = _Reader(file, path.stat().st_size)
        structure = reader.metadata.get("headrace")
        if structure is None:
            return {name: reader.tensor(name) for name in reader.entries}
        try:
            return reader.value(json.loads(structure))
        except MalformedError:
            raise
        except (TypeError, ValueError, RecursionError) as error:
            raise MalformedError(f"its structure cannot be read: {error}") from error
