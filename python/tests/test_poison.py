"""f13: values that break recorders. Each goes through spool, store and query among its neighbours.

The function that gets it runs once, nothing is raised, the neighbours are stored, and the value
comes back equal, or as a placeholder with the reason that is expected. Every poison is tried as an
argument, inside a list, under a key of a dict and as a result.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import math
import operator
import pathlib
import re
import struct
import sys
import threading
import time
import types
import uuid
import weakref
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import headrace as hr
import pytest
from headrace.restore import Unkept
from recorded import FOLDER

UTC = datetime.timezone.utc


def nan_of(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


class Colour(enum.Enum):
    RED = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: Any


@dataclasses.dataclass
class Config:
    lr: float
    inner: Any = None


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: int


class Slotted:
    __slots__ = ("a", "gone")
    __dataclass_fields__: ClassVar[dict[str, Any]] = {"a": None, "gone": None}

    def __init__(self) -> None:
        self.a = 1


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __len__ = __iter__ = encode = __str__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class Number(int):
    def __int__(self) -> int:
        raise RuntimeError

    __index__ = __repr__ = __str__ = bit_length = __int__  # type: ignore[assignment]


class Real(float):
    def __float__(self) -> float:
        raise RuntimeError


class Lying(dict[str, Any]):
    def items(self) -> Any:
        raise RuntimeError

    keys = values = __iter__ = __len__ = __getitem__ = items  # type: ignore[assignment]


class LyingList(list[Any]):
    def __iter__(self) -> Any:
        raise SystemExit

    __len__ = __getitem__ = __iter__


class LyingSet(set[Any]):
    def __iter__(self) -> Any:
        raise KeyboardInterrupt

    __len__ = __contains__ = __iter__  # type: ignore[assignment]


class Hostile:
    """Whatever it is asked, it raises what a program ends by."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(name)

    def __repr__(self) -> str:
        raise KeyboardInterrupt

    __str__ = __len__ = __iter__ = __hash__ = __eq__ = __bool__ = __repr__  # type: ignore[assignment]
    to_dict = __call__ = __index__ = __float__ = keys = __array__ = __repr__


class LiesAboutItsClass:
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        raise RuntimeError


class LiesAboutItsDict:
    __dataclass_fields__: ClassVar[dict[str, Any]] = {"a": None}

    def __init__(self) -> None:
        vars(type(self))["own"].__set__(self, 1)

    own = property(lambda self: None, lambda self, value: None)

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        raise SystemExit


class Meta(type):
    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError(name)

    def __instancecheck__(cls, other: Any) -> bool:
        raise RuntimeError

    def __subclasscheck__(cls, other: Any) -> bool:
        raise RuntimeError


class OfMeta(metaclass=Meta):
    pass


class Hooked:
    def __init__(self, answer: Callable[[], Any]) -> None:
        self.answer = answer

    def __headrace__(self) -> Any:
        return self.answer()


def raising(error: BaseException) -> Callable[[], Any]:
    def answer() -> Any:
        raise error

    return answer


class Itself:
    def __headrace__(self) -> Any:
        return self


class Another:
    """Describes itself by another of its kind, for ever."""

    def __headrace__(self) -> Any:
        return [Another()]


class Attrs:
    __attrs_attrs__ = (types.SimpleNamespace(name="lr"),)

    def __init__(self) -> None:
        self.lr = 0.1


class PydanticV1:
    __fields__: ClassVar[dict[str, Any]] = {"lr": None}

    def __init__(self) -> None:
        self.lr = 0.1


class PydanticV2:
    __pydantic_fields__: ClassVar[dict[str, Any]] = {"lr": None}

    def __init__(self) -> None:
        self.lr = 0.2


class Zone(datetime.tzinfo):
    def utcoffset(self, when: Any) -> Any:
        raise RuntimeError("no offset")


class Growing:
    """A value whose reading changes the container that it is in."""

    def __init__(self, container: Any) -> None:
        self.container = container

    def __headrace__(self) -> Any:
        if isinstance(self.container, dict):
            self.container.clear()
        elif isinstance(self.container, set):
            self.container.add(len(self.container))
        else:
            self.container.append(1)
        return 1


def cyclic_list() -> Any:
    items: list[Any] = [1]
    items.append(items)
    return items


def cyclic_dict() -> Any:
    table: dict[str, Any] = {"a": [1]}
    table["a"].append(table)
    return table


def cyclic_config() -> Any:
    config = Config(1.0)
    config.inner = config
    return config


def nested(depth: int, kind: type) -> Any:
    value: Any = "bottom"
    for _ in range(depth):
        value = [value] if kind is list else {"k": value}
    return value


def billion_laughs() -> Any:
    value: Any = "ha"
    for _ in range(40):
        value = [value, value]
    return value


def changing(kind: Any) -> Any:
    if kind is dict:
        table: dict[int, Any] = {}
        table |= {n: Growing(table) for n in range(50)}
        return table
    if kind is set:
        group: set[Any] = set()
        group |= {Growing(group) for _ in range(50)}
        return group
    items: list[Any] = []
    items += [Growing(items) for _ in range(50)]
    return items


def used_up() -> Any:
    return (n for n in range(3))


def closed_view() -> memoryview:
    view = memoryview(b"abc")
    view.release()
    return view


def deleted_reference() -> Any:
    class Gone:
        pass

    return weakref.ref(Gone())


def recursive_repr() -> Any:
    class Endless:
        def __repr__(self) -> str:
            return repr(self)

    return Endless()


SAME = object()


@dataclasses.dataclass
class Unreadable:
    """What is expected of a placeholder."""

    reason: str
    type: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Check:
    holds: Callable[[Any], bool]


def type_of(kind: Any) -> str:
    return f"{__name__}.{type.__dict__['__qualname__'].__get__(kind)}"


NO_WAY = "no way to record this type is known"

# name: (what makes it, what it comes back as)
POISONS: dict[str, tuple[Callable[[], Any], Any]] = {
    # numbers
    "nan": (lambda: math.nan, SAME),
    "negative nan": (lambda: nan_of(0xFFF8000000000000), SAME),
    "nan with a payload": (lambda: nan_of(0x7FF8000000000123), SAME),
    "signalling nan": (lambda: nan_of(0x7FF0000000000001), SAME),
    "infinity": (lambda: math.inf, SAME),
    "minus infinity": (lambda: -math.inf, SAME),
    "minus zero": (lambda: -0.0, SAME),
    "subnormal": (lambda: 5e-324, SAME),
    "largest float": (lambda: sys.float_info.max, SAME),
    "a third": (lambda: 1 / 3, SAME),
    "whole float": (lambda: 2.0, SAME),
    "int64 min": (lambda: -(2**63), SAME),
    "int64 max": (lambda: 2**63 - 1, SAME),
    "uint64": (lambda: 2**64 - 1, SAME),
    "2^63": (lambda: 2**63, SAME),
    "2^64": (lambda: 2**64, SAME),
    "2^127": (lambda: 2**127, SAME),
    "-2^127": (lambda: -(2**127), SAME),
    "2^128 negative": (lambda: -(2**128), SAME),
    "10^40": (lambda: 10**40, SAME),
    "10^400": (lambda: -(10**400), SAME),
    "10^5000": (lambda: 10**5000, Check(lambda x: x == 10**5000 or "16610 bits" in x.reason)),
    "2^1000000": (lambda: 1 << 1_000_000, Unreadable("1000001 bits", "int")),
    "true": (lambda: True, SAME),
    "one": (lambda: 1, SAME),
    "int subclass": (lambda: Number(5), 5),
    "float subclass": (lambda: Real(0.5), 0.5),
    "complex": (lambda: complex(1, -2), SAME),
    "complex of specials": (lambda: complex(-0.0, math.inf), SAME),
    "decimal": (lambda: decimal.Decimal("0.10"), SAME),
    "decimal exponent": (lambda: decimal.Decimal("1E+999999"), SAME),
    "decimal nan": (lambda: decimal.Decimal("-NaN123"), SAME),
    "decimal snan": (lambda: decimal.Decimal("sNaN"), SAME),
    "fraction": (lambda: fractions.Fraction(-1, 3), SAME),
    "fraction of 10^2000": (
        lambda: fractions.Fraction(10**2000, 7),
        Check(lambda x: x == fractions.Fraction(10**2000, 7) or "bytes inside" in x.reason),
    ),
    # text and bytes
    "empty": (lambda: "", SAME),
    "nul": (lambda: "a\0b", SAME),
    "controls": (lambda: "\x01\x1b[31m\x7f\u2028\ufeff", SAME),
    "lone surrogate": (lambda: "a\ud800b", SAME),
    "surrogates in the wrong order": (lambda: "\udc00\ud800", SAME),
    "surrogates that look like a pair": (lambda: "\ud83d\ude00", SAME),
    "undecodable file name": (lambda: b"caf\xe9\\x".decode("utf-8", "surrogateescape"), SAME),
    "looks escaped": (lambda: r"a\ud800 \\ \xff", SAME),
    "noncharacter": (lambda: "\uffff\U0010ffff", SAME),
    "looks like json": (lambda: '{"$float": "nan"}', SAME),
    "str subclass": (lambda: Text("plain"), "plain"),
    "long text": (
        lambda: "x" * 1_000_000,
        Unreadable("", "str", {"length": 1_000_000, "begins": "x" * 1024}),
    ),
    "long wide text": (lambda: "数" * 20_000, Unreadable("", "str")),
    "bytes": (lambda: b"\x00\xff", SAME),
    "no bytes": (lambda: b"", SAME),
    "bytes that are utf-8": (lambda: b"abc", SAME),
    "long bytes": (
        lambda: b"\xff" * 1_000_000,
        Unreadable("", "bytes", {"length_bytes": 1_000_000}),
    ),
    "bytearray": (lambda: bytearray(b"ab"), b"ab"),
    "memoryview": (lambda: memoryview(b"abcd")[::2], b"ac"),
    "long memoryview": (lambda: memoryview(bytes(100_000)), Unreadable("longer", "memoryview")),
    "released memoryview": (closed_view, Unreadable("reading it failed", "memoryview")),
    "array": (lambda: array.array("d", [1.0]), Unreadable(NO_WAY, "array.array")),
    # keys
    "keys 1 and '1'": (lambda: {1: "a", "1": "b"}, SAME),
    "key None": (lambda: {None: 1, "None": 2}, SAME),
    "key True": (lambda: {True: 1, "True": 2}, SAME),
    "key float": (lambda: {1.5: 1, math.inf: 2}, SAME),
    "key tuple": (lambda: {(1, ("a", None)): 1}, SAME),
    "key bytes": (lambda: {b"a": 1, "a": 2}, SAME),
    "key frozenset": (lambda: {frozenset({1, 2}): 1}, SAME),
    "key decimal": (lambda: {decimal.Decimal("1.5"): 1}, SAME),
    "key with a surrogate": (lambda: dict.fromkeys(("\ud800", "\ud801"), 1), SAME),
    "key empty": (lambda: {"": 1, " ": 2}, SAME),
    "key dotted": (lambda: {"a.b": 1, "a": {"b": 2}}, SAME),
    "key like ours": (lambda: {"$float": "nan"}, SAME),
    "keys like ours": (lambda: {"$float": "nan", "$unkept": {}}, SAME),
    "key unkept": (lambda: {"$unkept": {"type": "x"}}, SAME),
    "keys that differ by case": (lambda: {"LR": 1, "lr": 2}, SAME),
    "nested odd keys": (lambda: {1: {2: {None: [1]}}}, SAME),
    "key dataclass": (lambda: {Frozen(1): 1}, Check(lambda x: list(x.values()) == [1])),
    # containers
    "tuple": (lambda: (1, (2, [3])), [1, [2, [3]]]),
    "set": (lambda: {1, "a", None}, SAME),
    "frozenset": (lambda: frozenset({1, (2, 3)}), {1, (2, 3)}),
    "dict": (lambda: {"b": 1, "a": {"c": []}}, SAME),
    "OrderedDict": (
        lambda: collections.OrderedDict(b=1, a=2),
        Check(lambda x: list(x.items()) == [("b", 1), ("a", 2)]),
    ),
    "defaultdict": (lambda: collections.defaultdict(int, a=1), {"a": 1}),
    "Counter": (lambda: collections.Counter("aab"), {"a": 2, "b": 1}),
    "deque": (lambda: collections.deque([1, 2], maxlen=2), [1, 2]),
    "mappingproxy": (lambda: types.MappingProxyType({"a": 1}), {"a": 1}),
    "dict keys": (lambda: {"a": 1}.keys(), ["a"]),
    "namedtuple": (lambda: Point(1, Point(2, 3)), {"x": 1, "y": {"x": 2, "y": 3}}),
    "struct_time": (lambda: time.gmtime(0), Check(lambda x: x["tm_year"] == 1970)),
    "SimpleNamespace": (lambda: types.SimpleNamespace(a=1), {"a": 1}),
    "dict that lies": (lambda: Lying(a=1), {"a": 1}),
    "list that lies": (lambda: LyingList([1, 2]), [1, 2]),
    "set that lies": (lambda: LyingSet({1}), {1}),
    "cyclic list": (cyclic_list, Check(lambda x: x[0] == 1 and x[1] is x)),
    "cyclic dict": (cyclic_dict, Check(lambda x: x["a"][1] is x)),
    "cyclic dataclass": (cyclic_config, Check(lambda x: x["inner"] is x)),
    "600 lists deep": (lambda: nested(600, list), Check(lambda x: "deeper" in str(x))),
    "600 dicts deep": (lambda: nested(600, dict), Check(lambda x: "deeper" in str(x))),
    "100,000 deep": (lambda: nested(100_000, list), Check(lambda x: "deeper" in str(x))),
    "a billion laughs": (billion_laughs, Check(lambda x: "more" in str(x))),
    "a million items": (lambda: list(range(1_000_000)), Check(lambda x: x[:3] == [0, 1, 2])),
    "dict changed while read": (lambda: changing(dict), Check(lambda x: len(x) <= 50)),
    "list changed while read": (lambda: changing(list), Check(lambda x: x[0] == 1)),
    "set changed while read": (lambda: changing(set), Check(lambda x: len(x) <= 50)),
    # the standard library
    "aware datetime": (lambda: datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), SAME),
    "zoned datetime": (
        lambda: datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Etc/GMT-5")),
        datetime.datetime(2026, 6, 30, 19, tzinfo=UTC),
    ),
    "datetime of year 1": (lambda: datetime.datetime(1, 1, 1, tzinfo=UTC), SAME),
    "datetime of year 9999": (lambda: datetime.datetime.max.replace(tzinfo=UTC), SAME),
    "naive datetime": (lambda: datetime.datetime(2026, 1, 2, 3, 4, 5, 6), SAME),
    "datetime of a broken zone": (
        lambda: datetime.datetime(2026, 1, 1, tzinfo=Zone()),
        Unreadable("reading it failed", "datetime.datetime"),
    ),
    "date": (lambda: datetime.date.min, SAME),
    "time": (lambda: datetime.time(3, 4, 5, 6), SAME),
    "aware time": (lambda: datetime.time(3, 4, tzinfo=UTC), SAME),
    "timedelta": (lambda: datetime.timedelta(days=-1, microseconds=1), SAME),
    "largest timedelta": (lambda: datetime.timedelta.max, SAME),
    "timezone": (lambda: datetime.timezone(datetime.timedelta(hours=-5, minutes=-30)), SAME),
    "zoneinfo": (lambda: zoneinfo.ZoneInfo("Etc/UTC"), SAME),
    "enum": (lambda: Colour.RED, "Colour.RED"),
    "int enum": (lambda: Level.HIGH, "Level.HIGH"),
    "flags": (lambda: Access.READ | Access.WRITE, Check(lambda x: x.startswith("Access"))),
    "uuid": (lambda: uuid.UUID(int=2**128 - 1), SAME),
    "path": (lambda: pathlib.PurePosixPath("/a/b c"), SAME),
    "path that is no text": (lambda: pathlib.PurePosixPath("/a\udcff"), SAME),
    "windows path": (lambda: pathlib.PureWindowsPath("C:\\a"), SAME),
    "range": (lambda: range(10**30, 0, -7), SAME),
    "slice": (lambda: slice(None, -1, 2), SAME),
    "ellipsis": (lambda: ..., SAME),
    "NotImplemented": (lambda: NotImplemented, Unreadable(NO_WAY)),
    "dataclass": (
        lambda: Config(0.1, Config(0.2)),
        {"lr": 0.1, "inner": {"lr": 0.2, "inner": None}},
    ),
    "slots": (Slotted, {"a": 1}),
    "attrs": (Attrs, {"lr": 0.1}),
    "pydantic 1": (PydanticV1, {"lr": 0.1}),
    "pydantic 2": (PydanticV2, {"lr": 0.2}),
    "generator": (used_up, Unreadable("reading it would use it up", "generator")),
    "iterator": (lambda: iter([1, 2]), Unreadable("reading it would use it up", "list_iterator")),
    "map": (lambda: map(str, [1]), Unreadable("reading it would use it up", "map")),
    "file": (lambda: io.StringIO("x"), Unreadable("an open file", "_io.StringIO")),
    "lock": (threading.Lock, Unreadable("a lock")),
    "thread": (threading.current_thread, Unreadable(NO_WAY)),
    "module": (lambda: sys, {"type": "module", "name": "sys"}),
    "function": (lambda: nan_of, {"type": "function", "name": f"{__name__}.nan_of"}),
    "lambda": (lambda: lambda: 0, Check(lambda x: x["name"].endswith("<lambda>"))),
    "builtin": (lambda: len, Check(lambda x: x["name"] == "builtins.len")),
    "class": (lambda: Config, {"type": "type", "name": f"{__name__}.Config"}),
    "class of a metaclass": (lambda: OfMeta, {"type": "Meta", "name": f"{__name__}.OfMeta"}),
    "partial": (
        lambda: functools.partial(nan_of, 1),
        Check(lambda x: x["type"] == "functools.partial" and x["args"] == [1]),
    ),
    "weak reference": (deleted_reference, Unreadable("it does not keep", "weakref.ReferenceType")),
    "exception": (lambda: ValueError("x"), Unreadable(NO_WAY, "ValueError")),
    "pattern": (lambda: re.compile("a+"), Unreadable(NO_WAY, "re.Pattern")),
    "plain object": (object, Unreadable(NO_WAY, "object")),
    # objects that bite
    "hostile": (Hostile, Unreadable(NO_WAY, type_of(Hostile))),
    "lies about its class": (LiesAboutItsClass, Unreadable(NO_WAY, type_of(LiesAboutItsClass))),
    "lies about its dict": (LiesAboutItsDict, {}),
    "of a hostile metaclass": (
        lambda: object.__new__(OfMeta),
        Unreadable(NO_WAY, type_of(OfMeta)),
    ),
    "repr without end": (recursive_repr, Unreadable(NO_WAY)),
    "hook": (lambda: Hooked(lambda: {"a": (1, {2})}), {"a": [1, {2}]}),
    "hook raises": (
        lambda: Hooked(raising(ValueError())),
        Unreadable("__headrace__ raised ValueError"),
    ),
    "hook exits": (lambda: Hooked(raising(SystemExit(3))), Unreadable("raised SystemExit")),
    "hook interrupts": (
        lambda: Hooked(raising(KeyboardInterrupt())),
        Unreadable("raised KeyboardInterrupt"),
    ),
    "hook recurses": (
        lambda: Hooked(recursive_repr().__repr__),
        Unreadable("raised RecursionError"),
    ),
    "hook gives itself": (Itself, Unreadable("gave the value itself", type_of(Itself))),
    "hook gives another": (Another, Check(lambda x: "deeper" in str(x))),
    "hook gives a secret": (
        lambda: Hooked(lambda: {"password": "x1y2"}),
        Check(lambda x: x["password"].type == "redacted"),
    ),
    "attribute getter": (lambda: operator.attrgetter("a"), Unreadable(NO_WAY)),
}


def _numpy() -> dict[str, tuple[Callable[[], Any], Any]]:
    try:
        import numpy as np
    except ImportError:
        return {}

    def facts(**expected: Any) -> Check:
        return Check(lambda x: {key: x.get(key) for key in expected} == expected)

    class Sub(np.ndarray):  # type: ignore[type-arg]
        shape = property(lambda self: 1 / 0)  # type: ignore[assignment]

    record = np.dtype([("a", "i4"), ("b", "f8")])
    return {
        "float16": (lambda: np.float16(0.1), float(np.float16(0.1))),
        "float32": (lambda: np.float32(0.1), float(np.float32(0.1))),
        "float32 nan": (lambda: np.float32("nan"), Check(math.isnan)),
        "float64": (lambda: np.float64(0.1), 0.1),
        "longdouble": (lambda: np.longdouble(1) / 3, SAME),
        "longdouble that fits": (lambda: np.longdouble(0.5), 0.5),
        "int8": (lambda: np.int8(-128), -128),
        "uint64 of numpy": (lambda: np.uint64(2**64 - 1), 2**64 - 1),
        "bool of numpy": (lambda: np.bool_(True), True),
        "str of numpy": (lambda: np.str_("a\0b"), "a\0b"),
        "bytes of numpy": (lambda: np.bytes_(b"ab"), b"ab"),
        "complex64": (lambda: np.complex64(1 + 2j), 1 + 2j),
        "datetime64": (lambda: np.datetime64("2026-01-01T00:00:00.000000001"), SAME),
        "datetime64 in days": (lambda: np.datetime64("2026-01-01"), SAME),
        "not a time": (lambda: np.datetime64("NaT", "ns"), Check(np.isnat)),
        "timedelta64": (lambda: np.timedelta64(-5, "ms"), SAME),
        "structured": (lambda: np.zeros(1, record)[0], {"a": 0, "b": 0.0}),
        "array of floats": (lambda: np.array([1, np.nan, 3]), facts(shape=[3], nan=1, mean=2.0)),
        "array of infinities": (lambda: np.array([np.inf, -np.inf]), facts(min=-math.inf)),
        "array of nothing": (lambda: np.zeros((0, 3)), facts(shape=[0, 3], nbytes=0)),
        "array of no dimension": (lambda: np.array(5), facts(shape=[], max=5)),
        "array of objects": (lambda: np.array([object(), None]), facts(dtype="object")),
        "array that is strided": (lambda: np.arange(10)[::-3], facts(shape=[4], min=0, max=9)),
        "array that is transposed": (lambda: np.arange(6).reshape(2, 3).T, facts(shape=[3, 2])),
        "array that is masked": (
            lambda: np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0]),
            facts(masked=1, mean=2.0),
        ),
        "array of long doubles": (lambda: np.ones(2, np.longdouble), facts(mean=1.0)),
        "array of records": (lambda: np.zeros(2, record), facts(shape=[2])),
        "array of a lying class": (lambda: np.arange(3).view(Sub), facts(shape=[3], max=2)),
        "array of a gigabyte": (
            lambda: np.broadcast_to(np.float64(1), (1 << 14, 1 << 13)),
            facts(nbytes=1 << 30),
        ),
    }


def _tables() -> dict[str, tuple[Callable[[], Any], Any]]:
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError:
        return {}
    frame = pd.DataFrame({"a": [1, 2], 3: ["x", None]})
    ns = pd.Timestamp("2026-01-01T00:00:00.000000001Z")
    return {
        "frame": (
            lambda: frame,
            Check(lambda x: x["columns"] == ["a", "3"] and x["shape"] == [2, 2]),
        ),
        "series": (lambda: frame["a"], Check(lambda x: x["name"] == "a" and x["dtype"] == "int64")),
        "index": (lambda: frame.index, Check(lambda x: x["shape"] == [2])),
        "multi-index": (
            lambda: pd.MultiIndex.from_tuples([(1, 2)]),
            Check(lambda x: x["shape"] == [1]),
        ),
        "categorical": (
            lambda: pd.Categorical(["a", "b", "a"]),
            Check(lambda x: x["dtype"] == "category"),
        ),
        "timestamp": (lambda: ns, ns),
        "naive timestamp": (lambda: pd.Timestamp("2026-01-01"), datetime.datetime(2026, 1, 1)),
        "NaT": (lambda: pd.NaT, Check(pd.isna)),
        "NA": (lambda: pd.NA, Unreadable(NO_WAY)),
        "timedelta of pandas": (lambda: pd.Timedelta(5, "ns"), Check(lambda x: int(x) == 5)),
        "arrow table": (lambda: pa.table({"a": [1]}), Check(lambda x: x["shape"] == [1, 1])),
        "arrow array": (lambda: pa.array([1, None]), Check(lambda x: x["nulls"] == 1)),
        "arrow scalar": (lambda: pa.scalar(2**63 - 1), 2**63 - 1),
        "arrow null": (lambda: pa.scalar(None), None),
        "arrow list": (
            lambda: pa.scalar([1] * 9),
            Check(lambda x: x["dtype"] == "list<item: int64>"),
        ),
        "long arrow text": (lambda: pa.scalar("x" * 99_999), Unreadable("longer")),
    }


def _torch() -> dict[str, tuple[Callable[[], Any], Any]]:
    try:
        import torch
    except ImportError:
        return {}

    def facts(**expected: Any) -> Check:
        return Check(lambda x: {key: x.get(key) for key in expected} == expected)

    class Sub(torch.Tensor):
        @classmethod
        def __torch_function__(cls, *args: Any, **keywords: Any) -> Any:
            raise RuntimeError

    def lying() -> Any:
        return torch.zeros(2).as_subclass(Sub)

    return {
        "tensor": (lambda: torch.zeros(2, 3), facts(shape=[2, 3], device="cpu", nbytes=24)),
        "tensor of one": (lambda: torch.tensor(0.5, requires_grad=True), 0.5),
        "bfloat16": (lambda: torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
        "meta tensor": (lambda: torch.empty(2, device="meta"), facts(device="meta")),
        "meta tensor of one": (lambda: torch.empty((), device="meta"), facts(device="meta")),
        "sparse tensor": (
            lambda: torch.zeros(3, 3).to_sparse(),
            facts(layout="sparse_coo", stored=0),
        ),
        "quantised tensor": (
            lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
            facts(dtype="qint8", nbytes=2),
        ),
        "parameter": (lambda: torch.nn.Parameter(torch.ones(2)), facts(requires_grad=True)),
        "tensor of a lying class": (lying, facts(shape=[2])),
        "expanded tensor": (lambda: torch.zeros(1).expand(1 << 20), facts(shape=[1 << 20])),
        "torch.Size": (lambda: torch.Size([1, 2]), [1, 2]),
        "generator of torch": (torch.Generator, Unreadable(NO_WAY)),
    }


POISONS |= _numpy() | _tables() | _torch()


@pytest.fixture(scope="module")
def stored() -> Iterator[dict[tuple[str, str], dict[str, Any]]]:
    """(activity, poison) -> what a query of the store gives."""
    calls: collections.Counter[str] = collections.Counter()

    @hr.task
    def poison(which: str, x: Any, inside: Any, under: Any) -> Any:
        calls[which] += 1
        return x

    @hr.task
    def neighbour(which: str, number: int) -> int:
        return number + 1

    with hr.workflow("poisons") as workflow:
        for number, (which, (make, _)) in enumerate(POISONS.items()):
            value = make()
            neighbour(which, number)
            assert poison(which, value, [value], {"k": value}) is value
            neighbour(which + " after", number)
    assert set(calls.values()) == {1}
    assert len(calls) == len(POISONS)
    print(f"f13: {len(POISONS)} poison values")
    rows = hr.open(FOLDER).sql(
        f"SELECT activity, used, generated FROM task WHERE workflow_id = '{workflow.id}'"  # noqa: S608 - an id
    )
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for activity, used, generated in rows:
        key = (activity.rpartition(".")[2], used["which"])
        assert key not in found
        found[key] = {"used": used, "generated": generated}
    yield found


def same(a: Any, b: Any) -> bool:
    """Equal, of one type, and so are all their parts; NaN by its bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b) or (a != a and b != b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(map(repr, a)) == list(map(repr, b)) and all(map(same, a.values(), b.values()))
    if isinstance(a, decimal.Decimal):
        return a.as_tuple() == b.as_tuple()
    return repr(a) == repr(b) if isinstance(a, complex) else bool(a == b)


def agrees(found: Any, expected: Any, value: Any) -> bool:
    if isinstance(expected, Check):
        return bool(expected.holds(found))
    if isinstance(expected, Unreadable):
        return (
            isinstance(found, Unkept)
            and expected.reason in found.reason
            and found.type.startswith(expected.type)
        )
    return same(found, value if expected is SAME else expected)


@pytest.mark.parametrize("which", POISONS)
def test_poison(stored: dict[tuple[str, str], dict[str, Any]], which: str) -> None:
    make, expected = POISONS[which]
    row = stored["poison", which]
    value = make()
    used = row["used"]
    places = [used["x"]]
    # All three of a large value are more than a record's budget.
    if not isinstance(used["inside"], Unkept):
        places.append(used["inside"][0])
    if not isinstance(used["under"], Unkept):
        places.append(used["under"]["k"])
    for place in places:
        assert agrees(place, expected, value), place
    if isinstance(expected, Unreadable):
        assert row["used"]["x"].items() >= expected.facts.items()
    generated = row["generated"]
    over_budget = isinstance(generated.get("result"), Unkept) and expected is not SAME
    if "result" in generated and not (over_budget and "budget" in generated["result"].reason):
        assert agrees(generated["result"], expected, value)


def test_the_neighbours_are_all_stored(stored: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert len(POISONS) >= 120
    for number, which in enumerate(POISONS):
        for name in (which, which + " after"):
            row = stored["neighbour", name]
            assert row["used"] == {"which": name, "number": number}
            assert row["generated"] == {"result": number + 1}
    assert len(stored) == 3 * len(POISONS)


def test_a_generator_is_not_used_up() -> None:
    values = used_up()

    @hr.task
    def f(x: Any) -> None: ...

    f(values)
    assert list(values) == [0, 1, 2]


def test_a_text_of_600_mb_is_not_copied(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    text, data = "x" * 600_000_000, bytes(600_000_000)

    @hr.task
    def f(x: Any, y: Any) -> None: ...

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with hr.workflow("huge") as workflow:
        f(text, data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    del text, data
    asked = f"SELECT used FROM task WHERE workflow_id = '{workflow.id}'"  # noqa: S608 - an id
    ((used,),) = hr.open(FOLDER).sql(asked).rows()
    assert used["x"]["length"] == used["y"]["length_bytes"] == 600_000_000
