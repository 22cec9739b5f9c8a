"""What is recorded of values that are no plain Python scalars or containers.

Called by the extension for every type it does not read itself. Only known facts are looked at: a
tensor's shape, a dataclass's fields, a date. `repr` is never called, and no package is imported:
one that isn't loaded cannot have made the value.
"""

from __future__ import annotations

import sys

# As typing.TYPE_CHECKING, without the 20 ms that importing typing takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Description = tuple[int, Any]
    Describer = Callable[[Any], Description]

KEEP, PLACEHOLDER, TIME = 0, 1, 2

# An array of at most this many elements is also summed up: microseconds, not milliseconds.
MAX_SUMMED = 65_536
MAX_NAMES = 64

# By type and by whether the program named the value for recording.
_describers: dict[tuple[type, bool], Describer] = {}
MAX_TYPES = 1024


def describe(value: Any, explicit: bool) -> Description:
    """(KEEP, plain value), (TIME, ns since the epoch) or (PLACEHOLDER, (type, reason))."""
    key = (type(value), explicit)
    describer = _describers.get(key)
    if describer is None:
        describer = _find(key[0])
        if explicit and describer is _torch_tensor:
            describer = _torch_value
        if len(_describers) >= MAX_TYPES:
            _describers.clear()
        _describers[key] = describer
    return describer(value)


def type_name(kind: type) -> str:
    module = kind.__module__
    if module in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{module}.{kind.__qualname__}"


def _loaded(module: str, name: str) -> tuple[type, ...]:
    """The class `module.name` if that module is loaded, for isinstance and issubclass."""
    found = getattr(sys.modules.get(module), name, None)
    return (found,) if isinstance(found, type) else ()


def _find(kind: type) -> Describer:
    for module, name, describer in _BY_CLASS:
        if issubclass(kind, _loaded(module, name)):
            return describer
    for base, describer in _BY_BUILTIN:
        if issubclass(kind, base):
            return describer
    if "__dataclass_fields__" in dir(kind):
        return _dataclass
    if isinstance(getattr(kind, "__pydantic_fields__", None), dict) or isinstance(
        getattr(kind, "model_fields", None), dict
    ):
        return _instance_dict
    if hasattr(kind, "__attrs_attrs__"):
        return _attrs
    return _unknown


def _unknown(value: Any) -> Description:
    return PLACEHOLDER, (type_name(type(value)), "no way to record this type is known")


# --- the standard library ---


def _enum(value: Any) -> Description:
    return KEEP, f"{type(value).__name__}.{value._name_}"


def _str(value: Any) -> Description:
    return KEEP, str.__str__(value)


def _int(value: Any) -> Description:
    return KEEP, int.__int__(value)


def _float(value: Any) -> Description:
    return KEEP, float.__float__(value)


def _bytes(value: Any) -> Description:
    return KEEP, bytes(memoryview(value)[:65_536])


def _dict(value: Any) -> Description:
    return KEEP, dict(dict.items(value))


def _list(value: Any) -> Description:
    return KEEP, list(list.__iter__(value))


def _tuple(value: Any) -> Description:
    names = getattr(type(value), "_fields", None)
    items = tuple(tuple.__iter__(value))
    if isinstance(names, tuple) and len(names) == len(items):
        return KEEP, dict(zip(names, items, strict=True))
    return KEEP, items


def _set(value: Any) -> Description:
    return KEEP, list(value)


def _complex(value: Any) -> Description:
    return KEEP, {"real": value.real, "imag": value.imag}


def _range(value: Any) -> Description:
    return KEEP, {"start": value.start, "stop": value.stop, "step": value.step}


def _as_text(value: Any) -> Description:
    return KEEP, str(value)


def _datetime(value: Any) -> Description:
    """A moment when its zone is known; text as it stands when it is not."""
    if value.tzinfo is None:
        return KEEP, value.isoformat()
    epoch = type(value).fromtimestamp(0, sys.modules["datetime"].timezone.utc)
    since = value - epoch
    return TIME, ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000


def _isoformat(value: Any) -> Description:
    return KEEP, value.isoformat()


def _timedelta(value: Any) -> Description:
    return KEEP, value.total_seconds()


def _dataclass(value: Any) -> Description:
    return KEEP, _members(value, type(value).__dataclass_fields__)


def _attrs(value: Any) -> Description:
    return KEEP, _members(value, [field.name for field in type(value).__attrs_attrs__])


def _members(value: Any, names: Iterable[str]) -> dict[str, Any]:
    """The declared fields that have a value."""
    # The instance's own dict first: a property of the class would run code of the program.
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict):
        return {name: own[name] for name in names if name in own}
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _instance_dict(value: Any) -> Description:
    return KEEP, dict(value.__dict__)


def _named(value: Any) -> Description:
    """Functions, classes, modules: their names."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    full = f"{module}.{name}" if isinstance(module, str) else str(name)
    return KEEP, {"type": type(value).__name__, "name": full}


# --- arrays, tensors, tables ---


def _numpy_scalar(value: Any) -> Description:
    item = value.item()
    if isinstance(item, sys.modules["numpy"].generic):  # a long double is its own item
        return PLACEHOLDER, (type_name(type(value)), "wider than a float")
    return KEEP, item


def _numpy_array(value: Any) -> Description:
    numpy = sys.modules["numpy"]
    facts: dict[str, Any] = {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "nbytes": int(value.nbytes),
    }
    if value.dtype.kind in "fiub" and 0 < value.size <= MAX_SUMMED:
        if value.dtype.kind == "f":
            bad = int(numpy.isnan(value).sum())
            facts["nan"] = bad
            if bad == value.size:
                return KEEP, facts
            lowest, highest = numpy.nanmin(value), numpy.nanmax(value)
            with numpy.errstate(all="ignore"):
                mean = numpy.nanmean(value, dtype=numpy.float64)
        else:
            lowest, highest = value.min(), value.max()
            mean = value.mean(dtype=numpy.float64)
        facts |= {"min": lowest.item(), "max": highest.item(), "mean": float(mean)}
    return KEEP, facts


def _torch_tensor(value: Any) -> Description:
    """A number on the CPU; else facts: reading a number from a device waits for the device."""
    if value.dim() == 0 and value.device.type == "cpu":
        return _torch_value(value)
    return KEEP, {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "dtype": str(value.dtype).removeprefix("torch."),
        "device": str(value.device),
        "nbytes": value.numel() * value.element_size(),
    }


def _torch_value(value: Any) -> Description:
    """A number wherever it is, because the program asked for it by name."""
    if value.dim() == 0 and value.device.type != "meta":
        return KEEP, value.detach().item()
    return _torch_tensor(value)


def _torch_module(value: Any) -> Description:
    return KEEP, {"type": type_name(type(value)), "of": "torch.nn.Module"}


def _frame(value: Any) -> Description:
    columns = [str(name) for name in value.columns[:MAX_NAMES]]
    return KEEP, {"type": type_name(type(value)), "shape": list(value.shape), "columns": columns}


def _series(value: Any) -> Description:
    name = value.name if isinstance(value.name, str) else None
    return KEEP, {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "name": name,
    }


def _arrow_table(value: Any) -> Description:
    return KEEP, {
        "type": type_name(type(value)),
        "shape": [value.num_rows, value.num_columns],
        "columns": [str(name) for name in value.schema.names[:MAX_NAMES]],
        "nbytes": int(value.nbytes),
    }


def _arrow_array(value: Any) -> Description:
    return KEEP, {
        "type": type_name(type(value)),
        "shape": [len(value)],
        "dtype": str(value.type),
        "nbytes": int(value.nbytes),
    }


# Looked through in this order; a subclass before its base.
_BY_CLASS: tuple[tuple[str, str, Describer], ...] = (
    ("enum", "Enum", _enum),
    ("numpy", "generic", _numpy_scalar),
    ("numpy", "ndarray", _numpy_array),
    ("torch", "Tensor", _torch_tensor),
    ("torch.nn", "Module", _torch_module),
    ("torch", "dtype", _as_text),
    ("torch", "device", _as_text),
    ("pandas", "Timestamp", _datetime),
    ("pandas", "DataFrame", _frame),
    ("pandas", "Series", _series),
    ("polars", "DataFrame", _frame),
    ("polars", "Series", _series),
    ("pyarrow", "Table", _arrow_table),
    ("pyarrow", "RecordBatch", _arrow_table),
    ("pyarrow", "Array", _arrow_array),
    ("pyarrow", "ChunkedArray", _arrow_array),
    ("pathlib", "PurePath", _as_text),
    ("datetime", "datetime", _datetime),
    ("datetime", "date", _isoformat),
    ("datetime", "time", _isoformat),
    ("datetime", "timedelta", _timedelta),
    ("decimal", "Decimal", _as_text),
    ("fractions", "Fraction", _as_text),
    ("uuid", "UUID", _as_text),
    ("argparse", "Namespace", _instance_dict),
    ("types", "SimpleNamespace", _instance_dict),
)
_BY_BUILTIN: tuple[tuple[type, Describer], ...] = (
    (str, _str),
    (int, _int),
    (float, _float),
    (bytes, _bytes),
    (bytearray, _bytes),
    (memoryview, _bytes),
    (dict, _dict),
    (list, _list),
    (tuple, _tuple),
    (set, _set),
    (frozenset, _set),
    (complex, _complex),
    (range, _range),
    (type, _named),
    (type(describe), _named),
    (type(len), _named),
    (type(sys), _named),
)
