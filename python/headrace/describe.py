"""What is recorded of values that are no plain Python scalars or containers.

Called by the extension for every type it does not read itself. Only known facts are looked at: a
tensor's shape, a dataclass's fields, a date. `repr` is never called, no attribute is asked for that
the value's class could answer with code of its own, and no package is imported: one that isn't
loaded cannot have made the value. Code of the program runs only where the program asked for it:
`__headrace__` and what `register` was given.
"""

from __future__ import annotations

import sys
from itertools import islice
from types import GetSetDescriptorType, MappingProxyType, MemberDescriptorType

from headrace import _capture

# As typing.TYPE_CHECKING, without the 20 ms that importing typing takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Description = tuple[int, Any]
    Describer = Callable[[Any], Description]

# BUILTIN: as the builtin type that it derives from. TYPED: (name, text), a value that its text says
# exactly; headrace.restore turns it back.
KEEP, PLACEHOLDER, TIME, BUILTIN, TYPED = 0, 1, 2, 3, 4

# An array of at most this many elements is also summed up: microseconds, not milliseconds.
MAX_SUMMED = 65_536
MAX_NAMES = 64
# Of other containers than lists, dicts and sets, this many items are looked at.
MAX_ITEMS = 2048
# Bytes of a buffer that are kept; of a longer one only how it begins.
MAX_BYTES = 16_384
MAX_BEGINS = 4096
# A moment further from 1970 is kept as text: its nanoseconds exceed 64 bits.
MAX_TIME_NS = 9_200_000_000_000_000_000

# By type and by whether the program named the value for recording.
_describers: dict[tuple[type, bool], Describer] = {}
MAX_TYPES = 1024

_registered: dict[type, Callable[[Any], Any]] = {}
_hashing = False


def describe(value: Any, explicit: bool) -> Description:
    """(KEEP, plain value), (TIME, ns since the epoch), (TYPED, (name, text)), (BUILTIN, None) or
    (PLACEHOLDER, (type, reason) or (type, reason, more facts))."""
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


# --- what the program says of its own types ---


def register(kind: type, function: Callable[[Any], Any]) -> None:
    """From now on `function(value)` says what is recorded of a `kind` or of a subclass of it.

    It returns a dict, list, text or number (or anything else that can be recorded). It is asked
    wherever a task's values are read, so it should be quick. What it raises makes a placeholder.
    The nearest class in the method resolution order wins; for one class, the last call.
    """
    if not isinstance(kind, type):
        raise TypeError(f"headrace.register wants a class, not {type_name(type(kind))}")
    if kind in _PLAIN:
        raise TypeError(f"{kind.__name__} is recorded as it is; register a class of your own")
    if not callable(function):
        raise TypeError("headrace.register wants a function of the value")
    _registered[kind] = function
    _describers.clear()


def unregister(kind: type) -> None:
    """Undoes register(kind, ...); KeyError where there is none."""
    del _registered[kind]
    _describers.clear()


def summary(*, hash: bool) -> None:
    """With `hash=True`, arrays, tensors and texts that are summed up also get the SHA-256 of their
    content, which reads all of it. Also HEADRACE_HASH=1."""
    global _hashing
    _hashing = bool(hash)
    _capture.set_content_hash(content_hash if _hashing else None)


def _asked(function: Callable[[Any], Any], name: str) -> Describer:
    def ask(value: Any) -> Description:
        try:
            answer = function(value)
        except BaseException as error:
            from headrace.failures import is_from_signal

            if is_from_signal(error):
                raise
            return PLACEHOLDER, (
                type_name(type(value)),
                f"its {name} raised {type_name(type(error))}",
            )
        if answer is value:
            return PLACEHOLDER, (type_name(type(value)), f"its {name} gave the value itself")
        return KEEP, answer

    return ask


# --- finding the way to describe a type ---

_mro_of = type.__dict__["__mro__"].__get__
_dict_of = type.__dict__["__dict__"].__get__
_qualname_of = type.__dict__["__qualname__"].__get__


def type_name(kind: type) -> str:
    """As it is called, whatever its metaclass says."""
    name: str = _qualname_of(kind)
    module = _dict_of(kind).get("__module__")
    if not isinstance(module, str) or module in ("builtins", "__main__"):
        # Classes written in C carry their module in their name instead.
        module = getattr(kind, "__module__", None) if type(kind) is type else None
    return f"{module}.{name}" if isinstance(module, str) and module not in _UNSAID else name


_UNSAID = ("builtins", "__main__")


def _of_class(kind: type, name: str) -> Any:
    """The attribute of the class or its bases, as it lies there; None if there is none."""
    for base in _mro_of(kind):
        found = _dict_of(base).get(name)
        if found is not None:
            return found
    return None


def _loaded(module: str, name: str) -> type | None:
    """The class `module.name` if that module is loaded."""
    # A module may be a lazy one that imports itself when it is asked for something.
    loaded = sys.modules.get(module)
    found = getattr(loaded, "__dict__", {}).get(name)
    return found if isinstance(found, type) else None


def _find(kind: type) -> Describer:
    bases = _mro_of(kind)
    for base in bases:
        if base in _registered:
            return _asked(_registered[base], f"function registered for {type_name(base)}")
    if (hook := _of_class(kind, "__headrace__")) is not None and kind is not type:
        return _hook(hook)
    # By identity: a metaclass may have its own idea of what is equal.
    addresses = set(map(id, bases))
    for module, name, describer in _BY_CLASS:
        if id(_loaded(module, name)) in addresses:
            return describer
    for builtin, describer in _BY_BUILTIN:
        if id(builtin) in addresses:
            return describer
    if isinstance(_of_class(kind, "__dataclass_fields__"), dict):
        return _dataclass(kind)
    for mark in ("__pydantic_fields__", "model_fields", "__fields__"):
        if isinstance(_of_class(kind, mark), dict):
            return _pydantic
    if isinstance(_of_class(kind, "__attrs_attrs__"), tuple):
        return _attrs(kind)
    for module, name, reason in _UNREAD:
        if id(_loaded(module, name)) in addresses:
            return _unread(reason)
    if _of_class(kind, "__next__") is not None:
        return _unread("reading it would use it up")
    return _unknown


def _hook(hook: Any) -> Describer:
    if isinstance(hook, (staticmethod, classmethod)):
        # Only what belongs to an instance can say what is in it.
        return _unread("its __headrace__ is no method of an instance")
    if callable(hook):
        return _asked(hook, "__headrace__")
    return _unread("its __headrace__ cannot be called")


def _unknown(value: Any) -> Description:
    return PLACEHOLDER, (type_name(type(value)), "no way to record this type is known")


def _unread(reason: str) -> Describer:
    return lambda value: (PLACEHOLDER, (type_name(type(value)), reason))


# --- the standard library ---


def _builtin(value: Any) -> Description:
    return BUILTIN, None


def _enum(value: Any) -> Description:
    own = _own_dict(value)
    kind = _qualname_of(type(value)).rpartition(".")[2]
    name = own.get("_name_")
    if isinstance(name, str):
        return KEEP, f"{kind}.{name}"
    # A combination of flags has no name of its own in Python 3.10.
    number = own.get("_value_")
    return KEEP, f"{kind}({number})" if type(number) is int else kind


class _Elided:
    """Stands in a list for items that were not looked at."""

    def __init__(self, count: int) -> None:
        self.count = count


def _elided(value: Any) -> Description:
    return PLACEHOLDER, ("elided", f"{value.count} more, beyond the record's budget")


def _items(values: Iterable[Any], count: int) -> list[Any]:
    items = list(islice(values, MAX_ITEMS))
    if count > len(items):
        items.append(_Elided(count - len(items)))
    return items


def _deque(value: Any) -> Description:
    deque = sys.modules["collections"].deque
    return KEEP, _items(deque.__iter__(value), deque.__len__(value))


def _ordered_dict(value: Any) -> Description:
    """In its own order, which is not that of the dict that it also is."""
    ordered = sys.modules["collections"].OrderedDict
    if dict.__len__(value) > MAX_ITEMS:
        return BUILTIN, None
    return KEEP, {key: dict.__getitem__(value, key) for key in ordered.__iter__(value)}


def _mapping_proxy(value: Any) -> Description:
    return KEEP, dict(islice(value.items(), MAX_ITEMS))


def _view(value: Any) -> Description:
    return KEEP, _items(iter(value), len(value))


def _buffer(value: Any) -> Description:
    """A bytearray or memoryview: of a long one only its beginning is copied."""
    view = memoryview(value)
    if view.nbytes <= MAX_BYTES:
        return KEEP, view.tobytes()
    facts: dict[str, Any] = {"length_bytes": view.nbytes}
    if view.contiguous:
        flat = view.cast("B")
        facts["begins"] = bytes(flat[:MAX_BEGINS])
        if _hashing:
            facts["sha256"] = content_hash(flat)
    return PLACEHOLDER, (type_name(type(value)), "longer than a record keeps", facts)


def _tuple(value: Any) -> Description:
    names = _of_class(type(value), "_fields")
    length = tuple.__len__(value)
    if type(names) is tuple and len(names) == length and all(type(name) is str for name in names):
        return KEEP, dict(zip(names, tuple.__iter__(value), strict=True))
    if length <= MAX_ITEMS and (names := _structseq_names(type(value), length)) is not None:
        return KEEP, dict(zip(names, tuple.__iter__(value), strict=True))
    return BUILTIN, None


def _structseq_names(kind: type, length: int) -> list[str] | None:
    """os.stat_result and its like: fields that are members of the type, in order."""
    if kind.__module__ in _UNSAID or not isinstance(_dict_of(kind).get("n_fields"), int):
        return None
    names = [n for n, m in _dict_of(kind).items() if type(m) is MemberDescriptorType]
    return names[:length] if len(names) >= length else None


def _complex(value: Any) -> Description:
    return TYPED, ("complex", complex.__repr__(value))


def _range(value: Any) -> Description:
    return TYPED, ("range", f"{value.start},{value.stop},{value.step}")


def _slice(value: Any) -> Description:
    parts = (value.start, value.stop, value.step)
    if all(part is None or type(part) is int for part in parts):
        return TYPED, ("slice", ",".join("" if part is None else str(part) for part in parts))
    return KEEP, {"start": parts[0], "stop": parts[1], "step": parts[2]}


def _ellipsis(value: Any) -> Description:
    return TYPED, ("ellipsis", "...")


def _decimal(value: Any) -> Description:
    text = sys.modules["decimal"].Decimal.__str__(value)
    if len(text) > MAX_BYTES:
        return PLACEHOLDER, (type_name(type(value)), f"{len(text)} digits")
    return TYPED, ("decimal", text)


def _fraction(value: Any) -> Description:
    own = sys.modules["fractions"].Fraction
    parts = (own.numerator.fget(value), own.denominator.fget(value))
    if any(part.bit_length() > 32 * MAX_BEGINS for part in parts):
        return PLACEHOLDER, (type_name(type(value)), "more digits than a record keeps")
    return TYPED, (
        "fraction",
        f"{parts[0]:#x}/{parts[1]:#x}"
        if max(map(abs, parts)) >> 4096
        else f"{parts[0]}/{parts[1]}",
    )


def _uuid(value: Any) -> Description:
    return TYPED, ("uuid", sys.modules["uuid"].UUID.__str__(value))


def _path(value: Any) -> Description:
    pathlib = sys.modules["pathlib"]
    is_windows = issubclass(type(value), pathlib.PureWindowsPath)
    return TYPED, ("path_windows" if is_windows else "path", pathlib.PurePath.__str__(value))


def _as_text(value: Any) -> Description:
    return KEEP, str(value)


def _datetime(value: Any) -> Description:
    """A moment when its zone is known; text as it stands when it is not."""
    module = sys.modules["datetime"]
    own = module.datetime
    if own.tzinfo.__get__(value) is None:
        return TYPED, ("datetime", own.isoformat(value))
    since = own.__sub__(value, own(1970, 1, 1, tzinfo=module.timezone.utc))
    ns = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1000
    if abs(ns) > MAX_TIME_NS:
        return TYPED, ("datetime", own.isoformat(value))
    return TIME, ns


def _date(value: Any) -> Description:
    return TYPED, ("date", sys.modules["datetime"].date.isoformat(value))


def _time(value: Any) -> Description:
    own = sys.modules["datetime"].time
    return TYPED, ("clock", own.isoformat(value))


def _timedelta(value: Any) -> Description:
    """In seconds, exactly."""
    own = sys.modules["datetime"].timedelta
    days, seconds, us = (part.__get__(value) for part in (own.days, own.seconds, own.microseconds))
    all_us = (days * 86_400 + seconds) * 1_000_000 + us
    whole, part = divmod(abs(all_us), 1_000_000)
    text = f"{'-' if all_us < 0 else ''}{whole}"
    return TYPED, ("duration_s", f"{text}.{part:06}" if part else text)


def _timezone(value: Any) -> Description:
    return TYPED, ("timezone", sys.modules["datetime"].timezone.__str__(value))


def _zoneinfo(value: Any) -> Description:
    key = value.key
    if not isinstance(key, str):
        return PLACEHOLDER, (type_name(type(value)), "it has no name")
    return TYPED, ("zoneinfo", key)


def _dataclass(kind: type) -> Describer:
    fields = _of_class(kind, "__dataclass_fields__")
    return _members_of(kind, [name for name in fields if type(name) is str])


def _attrs(kind: type) -> Describer:
    return _members_of(kind, [field.name for field in _of_class(kind, "__attrs_attrs__")])


def _pydantic(value: Any) -> Description:
    """The fields, and what else a model that allows it was given."""
    fields = dict(islice(_own_dict(value).items(), MAX_ITEMS))
    more = _of_class(type(value), "__pydantic_extra__")
    extra = more.__get__(value) if type(more) is MemberDescriptorType else None
    return KEEP, fields | extra if type(extra) is dict else fields


_MISSING: Any = object()
_dict_getters: dict[type, Any] = {}


def _own_dict(value: Any) -> dict[str, Any]:
    """The instance's dict itself: a class may have put a property in its place."""
    kind = type(value)
    get = _dict_getters.get(kind, _MISSING)
    if get is _MISSING:
        get = None
        for base in _mro_of(kind):
            found = _dict_of(base).get("__dict__")
            if type(found) in (GetSetDescriptorType, MemberDescriptorType):
                get = found.__get__
                break
        if len(_dict_getters) >= MAX_TYPES:
            _dict_getters.clear()
        _dict_getters[kind] = get
    own = get(value) if get is not None else None
    return own if isinstance(own, dict) else {}


def _members_of(kind: type, names: list[str]) -> Describer:
    """The declared fields that have a value. No property is asked: it would run code."""
    names = [name for name in names if isinstance(name, str)][:MAX_ITEMS]
    slots = {}
    for name in names:
        member = _of_class(kind, name)
        if type(member) is MemberDescriptorType:
            slots[name] = member.__get__

    def read(value: Any) -> Description:
        own = _own_dict(value)
        if not slots:
            return KEEP, {name: own[name] for name in names if name in own}
        found = {}
        for name in names:
            if name in own:
                found[name] = own[name]
            elif name in slots:
                try:
                    found[name] = slots[name](value)
                except AttributeError:
                    continue  # it has no value
        return KEEP, found

    return read


def _instance_dict(value: Any) -> Description:
    return KEEP, dict(_own_dict(value))


def _class(value: Any) -> Description:
    module = _dict_of(value).get("__module__")
    if not isinstance(module, str):
        module = "builtins"
    return KEEP, {"type": _qualname_of(type(value)), "name": f"{module}.{_qualname_of(value)}"}


def _named(value: Any) -> Description:
    """Functions and modules: their names."""
    if isinstance(value, type(sys)):
        name = _own_dict(value).get("__name__")
        return KEEP, {"type": "module", "name": str(name) if type(name) is str else "?"}
    module = getattr(value, "__module__", None)
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    full = f"{module}.{name}" if isinstance(module, str) else str(name)
    return KEEP, {"type": type(value).__name__, "name": full}


def _partial(value: Any) -> Description:
    partial = sys.modules["functools"].partial
    parts = (getattr(partial, name).__get__(value) for name in ("func", "args", "keywords"))
    function, args, keywords = parts
    return KEEP, {"type": "functools.partial", "function": function, "args": args} | (
        {"keywords": keywords} if keywords else {}
    )


def content_hash(content: Any) -> str:
    """SHA-256 of bytes, or of a text's UTF-8, piece by piece."""
    import hashlib

    digest = hashlib.sha256()
    if isinstance(content, str):
        for begin in range(0, str.__len__(content), 1 << 20):
            piece = str.__getitem__(content, slice(begin, begin + (1 << 20)))
            digest.update(piece.encode("utf-8", "surrogatepass"))
    else:
        digest.update(content)
    return digest.hexdigest()


# --- arrays, tensors, tables ---


def _numpy_scalar(value: Any) -> Description:
    numpy = sys.modules["numpy"]
    kind = value.dtype.kind
    if kind in "Mm":
        unit, count = numpy.datetime_data(value.dtype)
        text = "NaT" if numpy.isnat(value) else str(value.astype(numpy.int64))
        name = "datetime64" if kind == "M" else "timedelta64"
        return TYPED, (name, f"{text}[{count if count > 1 else ''}{unit}]")
    if kind == "V":
        if value.dtype.names is None:
            return _buffer(value.tobytes())
        return KEEP, {name: value[name] for name in value.dtype.names[:MAX_NAMES]}
    item = value.item()
    if not isinstance(item, numpy.generic):
        return KEEP, item
    # A long double is its own item.
    if kind == "c":
        wide = complex(item)
        is_exact = wide == item or wide != wide
        return TYPED, ("complex", repr(wide)) if is_exact else ("clongdouble", str(item))
    narrow = float(item)
    if narrow == item or narrow != narrow:
        return KEEP, narrow
    return TYPED, ("longdouble", numpy.format_float_scientific(item, unique=True))


def _numpy_array(value: Any) -> Description:
    numpy = sys.modules["numpy"]
    # A subclass may have its own idea of everything; its memory is an array's.
    array = numpy.ndarray.view(value, numpy.ndarray)
    facts: dict[str, Any] = {
        "type": type_name(type(value)),
        "shape": list(array.shape),
        "dtype": str(array.dtype) if len(array.dtype) <= MAX_NAMES else "many fields",
        "nbytes": int(array.nbytes),
    }
    if (masked := _loaded("numpy.ma", "MaskedArray")) and isinstance(value, masked):
        facts["masked"] = int(numpy.ma.count_masked(value))
        if array.size <= MAX_SUMMED:
            array = numpy.ma.compressed(value)
    if array.dtype.kind in "fiub" and 0 < array.size <= MAX_SUMMED:
        facts |= _numpy_sums(numpy, array)
    if _hashing and array.dtype.kind != "O":
        facts["sha256"] = _array_hash(numpy, numpy.ndarray.view(value, numpy.ndarray))
    return KEEP, facts


def _numpy_sums(numpy: Any, array: Any) -> dict[str, Any]:
    with numpy.errstate(all="ignore"):
        if array.dtype.kind != "f":
            lowest, highest = array.min(), array.max()
            mean = array.mean(dtype=numpy.float64)
            return {"min": lowest.item(), "max": highest.item(), "mean": float(mean)}
        bad = int(numpy.isnan(array).sum())
        if bad == array.size:
            return {"nan": bad}
        lowest, highest = numpy.nanmin(array), numpy.nanmax(array)
        mean = numpy.nanmean(array, dtype=numpy.float64)
    return {"nan": bad, "min": float(lowest), "max": float(highest), "mean": float(mean)}


def _array_hash(numpy: Any, array: Any) -> str:
    """Of the elements in C order, whatever their order in memory; never a copy of all of them."""
    import hashlib

    digest = hashlib.sha256()
    if array.flags.c_contiguous:
        digest.update(array.reshape(-1).view(numpy.uint8) if array.nbytes else b"")
    elif array.ndim > 1:
        for part in array:
            digest.update(bytes.fromhex(_array_hash(numpy, part)))
    else:
        digest.update(numpy.ascontiguousarray(array).view(numpy.uint8))
    return digest.hexdigest()


def _torch_tensor(value: Any) -> Description:
    """A number on the CPU; else facts: reading a number from a device waits for the device."""
    torch = sys.modules["torch"]
    # A subclass may answer for itself; what is asked here are facts of its memory.
    with _torch_alone(torch):
        if value.dim() == 0 and value.device.type == "cpu" and not value.is_sparse:
            return _torch_number(value)
        return KEEP, _torch_facts(value)


def _torch_value(value: Any) -> Description:
    """A number wherever it is, because the program asked for it by name; a small tensor on the CPU
    is summed up."""
    torch = sys.modules["torch"]
    with _torch_alone(torch):
        if value.dim() == 0 and value.device.type != "meta" and not value.is_sparse:
            return _torch_number(value)
        facts = _torch_facts(value)
        is_plain = value.device.type == "cpu" and value.layout is torch.strided
        if is_plain and value.is_floating_point() and 0 < value.numel() <= MAX_SUMMED:
            with torch.no_grad():
                array = value.detach().double()
                good = array[~array.isnan()]
                facts["nan"] = value.numel() - good.numel()
                if good.numel():
                    facts["min"], facts["max"] = good.min().item(), good.max().item()
                    facts["mean"] = good.mean().item()
        return KEEP, facts


def _torch_alone(torch: Any) -> Any:
    """In which no subclass of Tensor answers for itself."""
    found = getattr(torch._C, "DisableTorchFunctionSubclass", None)
    return (found or torch._C.DisableTorchFunction)()  # as it was called before PyTorch 2.0


def _torch_number(value: Any) -> Description:
    """Of a quantised number its value; facts of one that has none yet, as in a traced program."""
    try:
        return KEEP, value.detach().item()
    except Exception:
        return KEEP, _torch_facts(value)


def _torch_facts(value: Any) -> dict[str, Any]:
    torch = sys.modules["torch"]
    facts: dict[str, Any] = {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "dtype": str(value.dtype).removeprefix("torch."),
        "device": str(value.device),
        "nbytes": value.numel() * value.element_size(),
    }
    if value.layout is not torch.strided:
        facts["layout"] = str(value.layout).removeprefix("torch.")
        if value.is_sparse:
            facts["stored"] = value._nnz()
    if value.requires_grad:
        facts["requires_grad"] = True
    if _hashing and value.device.type == "cpu" and value.layout is torch.strided:
        facts["sha256"] = _torch_hash(torch, value)
    return facts


def _torch_hash(torch: Any, value: Any) -> str:
    import ctypes
    import hashlib

    plain = (value.int_repr() if value.is_quantized else value.detach()).contiguous()
    plain = plain.resolve_conj().resolve_neg()
    size = plain.numel() * plain.element_size()
    if size == 0:
        return hashlib.sha256().hexdigest()
    return hashlib.sha256((ctypes.c_char * size).from_address(plain.data_ptr())).hexdigest()


def _torch_module(value: Any) -> Description:
    return KEEP, {"type": type_name(type(value)), "of": "torch.nn.Module"}


def _frame(value: Any) -> Description:
    columns = [str(name) for name in value.columns[:MAX_NAMES]]
    dtypes = [str(dtype) for dtype in list(value.dtypes[:MAX_NAMES])]
    return KEEP, {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "columns": columns,
        "dtypes": dtypes,
    }


def _series(value: Any) -> Description:
    """Of a Series, an Index or what else has one type and a length."""
    name = getattr(value, "name", None)
    facts: dict[str, Any] = {
        "type": type_name(type(value)),
        "shape": list(value.shape),
        "dtype": str(value.dtype),
        "name": name if isinstance(name, str) else None,
    }
    nbytes = getattr(value, "nbytes", None)
    if isinstance(nbytes, int):
        facts["nbytes"] = nbytes
    if facts["dtype"] == "category" and (categories := getattr(value, "categories", None)) is None:
        categories = value.cat.categories
        facts["categories"] = len(categories)
    return KEEP, facts


def _pandas_time(value: Any) -> Description:
    """To the nanosecond."""
    if value.tzinfo is None:
        return TYPED, ("datetime", value.isoformat())
    ns = value.as_unit("ns").value
    return TIME, int(ns)


def _pandas_duration(value: Any) -> Description:
    return TYPED, ("timedelta64", f"{value.as_unit('ns').value}[ns]")


def _not_a_time(value: Any) -> Description:
    return TYPED, ("datetime64", "NaT[ns]")


def _pandas_text(value: Any) -> Description:
    """An Interval, a Period: known facts that print as such."""
    return TYPED, (type(value).__name__.lower(), str(value))


def _arrow_table(value: Any) -> Description:
    return KEEP, {
        "type": type_name(type(value)),
        "shape": [value.num_rows, value.num_columns],
        "columns": [str(name) for name in value.schema.names[:MAX_NAMES]],
        "dtypes": [str(kind) for kind in value.schema.types[:MAX_NAMES]],
        "nbytes": int(value.nbytes),
    }


def _arrow_array(value: Any) -> Description:
    return KEEP, {
        "type": type_name(type(value)),
        "shape": [len(value)],
        "dtype": str(value.type),
        "nbytes": int(value.nbytes),
        "nulls": int(value.null_count),
    }


def _arrow_scalar(value: Any) -> Description:
    """The value itself, unless it is large or has parts."""
    kind = str(value.type)
    facts = {"type": type_name(type(value)), "dtype": kind}
    if (
        any(mark in kind for mark in ("<", "[", "dictionary", "extension"))
        and "timestamp" not in kind
    ):
        return KEEP, facts
    if ("string" in kind or "binary" in kind) and value.is_valid:
        size = value.as_buffer().size
        if size > MAX_BYTES:
            return PLACEHOLDER, (
                facts["type"],
                "longer than a record keeps",
                {"length_bytes": size},
            )
    return KEEP, value.as_py()


# Types that are recorded without a look at the rest: nothing is to be registered for them.
_PLAIN = (int, float, str, bool, bytes, type(None), dict, list, tuple, set, frozenset, object, type)

# Looked through in this order; a subclass before its base.
_BY_CLASS: tuple[tuple[str, str, Describer], ...] = (
    ("enum", "Enum", _enum),
    ("numpy", "generic", _numpy_scalar),
    ("numpy", "ndarray", _numpy_array),
    ("torch", "Tensor", _torch_tensor),
    ("torch.nn", "Module", _torch_module),
    ("torch", "dtype", _as_text),
    ("torch", "device", _as_text),
    ("torch", "Size", _builtin),
    ("pandas._libs.tslibs.nattype", "NaTType", _not_a_time),
    ("pandas", "Timestamp", _pandas_time),
    ("pandas", "Timedelta", _pandas_duration),
    ("pandas", "Interval", _pandas_text),
    ("pandas", "Period", _pandas_text),
    ("pandas", "DataFrame", _frame),
    ("pandas", "Series", _series),
    ("pandas", "Index", _series),
    ("pandas", "Categorical", _series),
    ("polars", "DataFrame", _frame),
    ("polars", "Series", _series),
    ("pyarrow", "Table", _arrow_table),
    ("pyarrow", "RecordBatch", _arrow_table),
    ("pyarrow", "Array", _arrow_array),
    ("pyarrow", "ChunkedArray", _arrow_array),
    ("pyarrow", "Scalar", _arrow_scalar),
    ("pathlib", "PurePath", _path),
    ("datetime", "datetime", _datetime),
    ("datetime", "date", _date),
    ("datetime", "time", _time),
    ("datetime", "timedelta", _timedelta),
    ("datetime", "timezone", _timezone),
    ("zoneinfo", "ZoneInfo", _zoneinfo),
    ("decimal", "Decimal", _decimal),
    ("fractions", "Fraction", _fraction),
    ("uuid", "UUID", _uuid),
    ("argparse", "Namespace", _instance_dict),
    ("types", "SimpleNamespace", _instance_dict),
    ("collections", "OrderedDict", _ordered_dict),
    ("collections", "deque", _deque),
    ("functools", "partial", _partial),
)
_BY_BUILTIN: tuple[tuple[type, Describer], ...] = (
    (_Elided, _elided),
    (tuple, _tuple),
    (str, _builtin),
    (int, _builtin),
    (float, _builtin),
    (bytes, _builtin),
    (dict, _builtin),
    (list, _builtin),
    (set, _builtin),
    (frozenset, _builtin),
    (bytearray, _buffer),
    (memoryview, _buffer),
    (type({}.keys()), _view),
    (type({}.values()), _view),
    (type({}.items()), _view),
    (MappingProxyType, _mapping_proxy),
    (complex, _complex),
    (range, _range),
    (slice, _slice),
    (type(...), _ellipsis),
    (type, _class),
    (type(describe), _named),
    (type(len), _named),
    (type(sys), _named),
)
# Known, and left alone.
_UNREAD: tuple[tuple[str, str, str], ...] = (
    ("_io", "_IOBase", "an open file"),
    ("types", "GeneratorType", "reading it would use it up"),
    ("types", "CoroutineType", "it has not run"),
    ("types", "AsyncGeneratorType", "reading it would use it up"),
    ("weakref", "ReferenceType", "it does not keep what it refers to"),
    ("_thread", "LockType", "a lock"),
    ("_thread", "RLock", "a lock"),
)
