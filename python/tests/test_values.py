"""Values: each survives exactly or becomes a placeholder that says why."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import signal
import sys
import types
import uuid
from collections import OrderedDict, defaultdict, deque
from typing import Any, ClassVar, NamedTuple

import headrace as hr
import pytest
from headrace import _capture, describe
from recorded import Capture, kept


def placeholder(kind: str, reason: str) -> dict[str, Any]:
    return {"$unkept": {"type": kind, "reason": reason}}


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Config:
    lr: float
    inner: Any = None


class Point(NamedTuple):
    x: int
    y: int


class Text(str):
    def __str__(self) -> str:
        raise RuntimeError("user code")


class Number(int):
    pass


UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (-(2**63), -(2**63)),
        (2**63, {"$int": str(2**63)}),
        (-(10**40), {"$int": str(-(10**40))}),
        (0.1, 0.1),
        (math.inf, {"$float": "inf"}),
        (-math.inf, {"$float": "-inf"}),
        (math.nan, {"$float": "nan"}),
        ("", ""),
        ("text", "text"),
        ("zwölf 数 🙂", "zwölf 数 🙂"),
        ("nul\0tab\t", "nul\0tab\t"),
        (b"\x00\xff", {"$bytes": "00ff"}),
        (bytearray(b"ab"), {"$bytes": "6162"}),
        (memoryview(b"ab"), {"$bytes": "6162"}),
        ([], []),
        ((), []),
        ({}, {}),
        ([1, (2, [3])], [1, [2, [3]]]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ({1: "a", "b": 2}, {"$map": [[1, "a"], ["b", 2]]}),
        ({(1, 2): 3}, {"$map": [[[1, 2], 3]]}),
        ({7}, {"$set": [7]}),
        (frozenset({7}), {"$set": [7]}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(int, a=1), {"a": 1}),
        (complex(1, -2), {"$complex": "(1-2j)"}),
        (range(1, 9, 2), {"$range": "1,9,2"}),
        (Colour.RED, "Colour.RED"),
        (Level.HIGH, "Level.HIGH"),
        (Config(0.1, Config(0.2)), {"lr": 0.1, "inner": {"lr": 0.2, "inner": None}}),
        (Point(1, 2), {"x": 1, "y": 2}),
        (Text("plain"), "plain"),
        (Number(5), 5),
        (pathlib.PurePosixPath("/a/b"), {"$path": "/a/b"}),
        (decimal.Decimal("0.10"), {"$decimal": "0.10"}),
        (fractions.Fraction(1, 3), {"$fraction": "1/3"}),
        (uuid.UUID(int=1), {"$uuid": "00000000-0000-0000-0000-000000000001"}),
        (datetime.date(2026, 1, 2), {"$date": "2026-01-02"}),
        (datetime.time(3, 4), {"$clock": "03:04:00"}),
        (datetime.timedelta(seconds=90), {"$duration_s": "90"}),
        (datetime.datetime(2026, 1, 2, 3, 4, 5), {"$datetime": "2026-01-02T03:04:05"}),
        (
            datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
            {"$time": "2026-01-02T03:04:05.000006000Z"},
        ),
        (argparse.Namespace(lr=0.1), {"lr": 0.1}),
        (types.SimpleNamespace(a=[1]), {"a": [1]}),
        (math.sqrt, {"type": "builtin_function_or_method", "name": "math.sqrt"}),
        (Config, {"type": "type", "name": f"{__name__}.Config"}),
        (sys, {"type": "module", "name": "sys"}),
    ],
    ids=repr,
)
def test_kept(capture: Capture, value: Any, expected: Any) -> None:
    assert kept(capture, value) == expected


def test_minus_zero(capture: Capture) -> None:
    assert math.copysign(1, kept(capture, -0.0)) == -1


def test_lone_surrogates_are_escaped_in_json(capture: Capture) -> None:
    assert kept(capture, "a\udc80\\b") == {"$text": "a\\udc80\\\\b"}


def test_unknown_types_are_named_never_asked(capture: Capture) -> None:
    asked = []

    class Hostile:
        def __repr__(self) -> str:
            asked.append("repr")
            raise RuntimeError

        __str__ = __bool__ = __len__ = __iter__ = __hash__ = __eq__ = __repr__  # type: ignore[assignment]

        def __getattribute__(self, name: str) -> Any:
            asked.append(name)
            raise RuntimeError

    kind = kept(capture, Hostile())["$unkept"]["type"]
    assert kind.endswith("test_unknown_types_are_named_never_asked.<locals>.Hostile")
    assert asked == []


def test_values_whose_reading_fails(capture: Capture) -> None:
    class Broken(NamedTuple):
        x: int

    class Zone(datetime.tzinfo):
        def utcoffset(self, when: Any) -> Any:
            raise RuntimeError("no offset")

    before = hr.capture_stats()["unreadable_values"]
    moment = datetime.datetime(2026, 1, 1, tzinfo=Zone())
    assert kept(capture, moment) == placeholder("datetime.datetime", "reading it failed")
    assert hr.capture_stats()["unreadable_values"] == before + 2
    assert kept(capture, Broken(1)) == {"x": 1}


@pytest.mark.parametrize(
    "answer", [None, (), (0,), (9, 1), (1, "text"), (1, (1, 2)), (2, "text"), ("x", 1)]
)
def test_a_description_that_is_none(capture: Capture, answer: Any) -> None:
    _capture.set_describe(lambda value, explicit: answer)
    try:
        assert kept(capture, deque()) == placeholder("collections.deque", "reading it failed")
    finally:
        _capture.set_describe(describe.describe)


class Asked:
    """Runs a function where its value is read."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def __headrace__(self) -> Any:
        return self.run()


def interrupt() -> dict[str, Any]:
    signal.raise_signal(signal.SIGINT)
    return {"lr": sum(range(10))}


def test_ctrl_c_while_a_value_is_read_reaches_the_program(capture: Capture) -> None:
    calls = []

    @hr.task
    def f(x: Any) -> int:
        calls.append(x)
        return sum(range(10))

    with pytest.raises(KeyboardInterrupt):
        f(Asked(interrupt))
        sum(range(10))
    assert capture.recorded().one("f")["used"]["x"]["$unkept"]["type"].endswith("Asked")


def test_a_timeout_while_a_value_is_read_reaches_the_program(capture: Capture) -> None:
    """A handler's exception, raised wherever the program happens to be, is the program's."""

    def handler(number: int, frame: Any) -> None:
        raise TimeoutError("too slow")

    def slow() -> None:
        signal.raise_signal(signal.SIGALRM)
        _ = sum(n for n in range(1000))

    @hr.task
    def f(x: Any) -> None: ...

    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(TimeoutError, match="too slow"):
            f(Asked(slow))
            _ = sum(n for n in range(1000))
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit, BaseException])
def test_what_a_value_raises_itself_stays_with_it(
    capture: Capture, kind: type[BaseException]
) -> None:
    def fail() -> None:
        raise kind

    value = kept(capture, Asked(fail))
    assert value["$unkept"]["reason"] == f"its __headrace__ raised {kind.__name__}"


def test_cycles(capture: Capture) -> None:
    items: list[Any] = [1]
    items.append(items)
    table: dict[str, Any] = {}
    table["self"] = table
    config = Config(1.0)
    config.inner = config

    @hr.task
    def f(items: Any, table: Any, config: Any) -> None: ...

    f(items, table, config)
    used = capture.recorded().one("f")["used"]
    assert used["items"] == [1, {"$ref": 0}]
    assert used["table"] == {"self": {"$ref": 0}}
    assert used["config"] == {"lr": 1.0, "inner": {"$ref": 0}}


def test_shared_values_are_no_cycles(capture: Capture) -> None:
    shared = [1]
    assert kept(capture, [shared, shared]) == [[1], [1]]


def test_depth(capture: Capture) -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]

    @hr.task
    def f(x: Any) -> None: ...

    f(deep)
    value, depth = capture.recorded().one("f")["used"]["x"], 0
    while isinstance(value, list):
        (value,) = value
        depth += 1
    assert 55 < depth < 64
    assert value == placeholder("elided", "nested deeper than a record keeps")


@pytest.mark.parametrize(
    "value",
    [
        list(range(1_000_000)),
        dict.fromkeys(map(str, range(100_000))),
        set(range(100_000)),
        tuple("text" for _ in range(100_000)),
        [["x" * 900] * 1000] * 1000,
        [[[{"k": "y" * 1000}] * 50] * 50] * 50,
    ],
    ids=["list", "dict", "set", "tuple", "texts", "nested"],
)
def test_large_containers_are_cut(capture: Capture, value: Any) -> None:
    @hr.task
    def f(x: Any, after: int) -> None: ...

    f(value, 7)
    task = capture.recorded().one("f")
    assert task["used"]["after"] == 7
    assert "more, beyond the record's budget" in str(task["used"]["x"])


def test_long_texts_are_cut(capture: Capture) -> None:
    @hr.task
    def f(**values: Any) -> None: ...

    f(ascii="a" * 1_000_000, wide="数" * 1_000_000, data=b"x" * 1_000_000, number=1 << 100_000)
    used = capture.recorded().one("f")["used"]
    assert used["ascii"]["$unkept"]["type"] == "str"
    assert used["wide"]["$unkept"]["length"] == 1_000_000
    assert used["wide"]["$unkept"]["begins"] == "数" * 341
    assert used["data"]["$unkept"]["length_bytes"] == 1_000_000
    assert used["data"]["$unkept"]["begins"] == {"$bytes": "78" * 1024}
    assert used["data"]["$unkept"]["type"] == "bytes"
    assert used["number"]["$unkept"]["type"] == "int"
    inside = kept_inside(capture, ["a" * 5000, b"x" * 5000, 1 << 100_000])
    assert [value["$unkept"]["type"] for value in inside] == ["str", "bytes", "int"]


def kept_inside(capture: Capture, value: Any) -> Any:
    @hr.task
    def inside(x: Any) -> None: ...

    inside(value)
    return capture.recorded().one("inside")["used"]["x"]


def test_many_values(capture: Capture) -> None:
    @hr.task
    def f(**values: int) -> dict[str, int]:
        return values

    f(**{f"name_{n}": n for n in range(250)})
    task = capture.recorded().one("f")
    assert task["used"] == task["generated"] == {f"name_{n}": n for n in range(250)}


PLAIN: dict[Any, Any] = {"a": 1, "b": 2.5, "c": "text", "d": True, "e": None, "f": False, "g": -7}


@pytest.mark.parametrize(
    "value",
    [
        {},
        PLAIN,
        {"k" * 41: 1, "l" * 42: 2, "m" * 200: 3, "": 4, "größe": 5, "数": 6, "a=b": 7, "x:y z": 8},
        {"t" * n: "x" * n for n in (1, 4, 7, 8, 15, 16, 31, 32, 63, 64, 65, 256, 257, 1000)},
        {"empty": "", "wide": "数", "latin": "ß", "small": -(2**30) + 1, "large": 2**62, "one": 1},
        {f"name {n}": n for n in range(100)},
        {"first": PLAIN, "list": [PLAIN, PLAIN], "last": 1},
        {**PLAIN, "late": [1]},
    ],
    ids=["empty", "plain", "keys", "texts", "values", "many", "nested", "mixed"],
)
def test_dicts(capture: Capture, value: dict[str, Any]) -> None:
    """As one value and as results; first with keys that are new, then with known ones."""

    @hr.task
    def f(x: Any, again: Any) -> Any:
        return x

    for _ in range(2):
        assert kept(capture, value) == value
        f(value, value)
        task = capture.recorded().named("f")[-1]
        assert task["used"] == {"x": value, "again": value}
        assert task.get("generated", {}) == value


def test_dicts_with_holes_and_other_keys(capture: Capture) -> None:
    holed = {str(n): n for n in range(9)}
    for gone in ("0", "4", "8"):
        del holed[gone]
    assert kept(capture, holed) == holed
    assert kept(capture, {Text("a"): 1, "b": Text("c")}) == {"a": 1, "b": "c"}

    class Owner:
        def __init__(self) -> None:
            self.a, self.b = 1, "text"

    owner = Owner()
    assert kept(capture, owner.__dict__) == {"a": 1, "b": "text"}


def test_secrets_in_dicts_of_plain_values(capture: Capture) -> None:
    canary = "canary-4711"
    hidden = placeholder("redacted", "its name says that it is a secret")
    given = {"lr": 0.1, "password": 7, "token": 7, "auth": canary, "url": f"a://b:{canary}@c"}
    shown = {"lr": 0.1, "password": hidden, "token": 7, "auth": hidden, "url": "a://b:[redacted]@c"}

    @hr.task
    def f(x: Any) -> Any:
        return x

    for _ in range(2):
        f(given)
        recorded = capture.recorded()
        task = recorded.named("f")[-1]
        assert task["used"] == {"x": shown}
        assert task["generated"] == shown
        assert canary not in str(recorded.records)


def test_a_container_that_changes_while_it_is_read(capture: Capture) -> None:
    table: dict[str, Any] = {}
    items: list[Any] = []

    class Zone(datetime.tzinfo):
        def utcoffset(self, when: Any) -> Any:
            table.clear()
            items.clear()
            return datetime.timedelta(0)

    moment = datetime.datetime(2026, 1, 1, tzinfo=Zone())
    table |= {str(n): moment for n in range(100)}
    items += [moment] * 100

    @hr.task
    def f(x: Any) -> None: ...

    f(table)
    f(items)
    first, second = (task["used"]["x"] for task in capture.recorded().named("f"))
    assert len(first) <= 2
    assert len(second) == 0 or second == [{"$time": "2026-01-01T00:00:00.000000000Z"}]


def test_secrets_are_redacted(capture: Capture) -> None:
    canary = "canary-4711"
    hidden = placeholder("redacted", "its name says that it is a secret")

    @hr.task
    def connect(user: str, password: str, token: Any = None, **more: Any) -> dict[str, Any]:
        return {"api_key": canary, "nested": {"Authorization": canary, "tokens": 5}}

    connect("me", canary, token=7, hf_token=canary, config={"client_secret": canary, "lr": 0.1})
    with hr.task("block", used={"secret": canary}) as task:
        task.generated(passwd=[canary], max_tokens=9)
        hr.log(secret_key=canary)
    recorded = capture.recorded()
    used = recorded.one("connect")["used"]
    assert used == {
        "user": "me",
        "password": hidden,
        "token": 7,
        "hf_token": hidden,
        "config": {"client_secret": hidden, "lr": 0.1},
    }
    generated = recorded.one("connect")["generated"]
    assert generated == {"api_key": hidden, "nested": {"Authorization": hidden, "tokens": 5}}
    assert recorded.one("block")["generated"]["max_tokens"] == 9
    assert canary not in str(recorded.records)


def test_numpy(capture: Capture) -> None:
    numpy = pytest.importorskip("numpy")
    assert kept(capture, numpy.float32(0.5)) == 0.5
    assert kept(capture, numpy.float64(0.1)) == 0.1
    assert kept(capture, numpy.int64(7)) == 7
    assert kept(capture, numpy.bool_(True)) is True
    assert kept(capture, numpy.str_("text")) == "text"
    assert kept(capture, numpy.arange(6.0).reshape(2, 3)) == {
        "type": "numpy.ndarray",
        "shape": [2, 3],
        "dtype": "float64",
        "nbytes": 48,
        "nan": 0,
        "min": 0.0,
        "max": 5.0,
        "mean": 2.5,
    }
    assert kept(capture, numpy.array([1, numpy.nan, 3]))["nan"] == 1
    assert "mean" not in kept(capture, numpy.full(3, numpy.nan))
    assert "mean" not in kept(capture, numpy.zeros(100_000))
    assert "mean" not in kept(capture, numpy.array([]))
    assert kept(capture, numpy.array(["a"], dtype=object))["dtype"] == "object"


def test_torch(capture: Capture) -> None:
    torch = pytest.importorskip("torch")
    assert kept(capture, torch.tensor(0.5, requires_grad=True)) == 0.5
    assert kept(capture, torch.zeros(2, 3)) == {
        "type": "torch.Tensor",
        "shape": [2, 3],
        "dtype": "float32",
        "device": "cpu",
        "nbytes": 24,
    }
    assert kept(capture, torch.float16) == "torch.float16"
    assert kept(capture, torch.device("cpu")) == "cpu"
    assert kept(capture, torch.nn.Linear(2, 2))["of"] == "torch.nn.Module"
    assert kept(capture, torch.empty((), device="meta"))["device"] == "meta"


def test_no_value_makes_the_program_wait_for_a_device(capture: Capture) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    tensors = [torch.ones(1 << 20, device="cuda"), torch.ones((), device="cuda").sum()]
    torch.cuda.set_sync_debug_mode("error")
    try:
        facts = [kept(capture, tensor) for tensor in tensors]
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert [fact["shape"] for fact in facts] == [[1 << 20], []]
    assert facts[0]["device"].startswith("cuda")
    assert facts[0]["nbytes"] == 4 << 20


def test_tables(capture: Capture) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert kept(capture, frame)["columns"] == ["a", "b"]
    assert kept(capture, frame)["shape"] == [2, 2]
    assert kept(capture, frame["a"])["dtype"] == "int64"
    moment = pandas.Timestamp("2026-01-01", tz="UTC")
    assert kept(capture, moment) == {"$time": "2026-01-01T00:00:00.000000000Z"}
    assert isinstance(kept(capture, pandas.NaT), (str, dict))
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({"a": [1, 2, 3]})
    assert kept(capture, table)["shape"] == [3, 1]
    assert kept(capture, pyarrow.array([1, 2]))["dtype"] == "int64"


def test_nothing_is_imported_for_values(run: Any) -> None:
    recorded = run(
        "import headrace as hr, sys\n"
        "@hr.task\n"
        "def f(x): return object()\n"
        "f([1, {'a': object()}])\n"
        "named = ('numpy', 'torch', 'pandas', 'typing', 'asyncio')\n"
        "print([m for m in named if m in sys.modules])\n"
    )
    assert recorded.stdout == "[]\n"


def test_declared_fields_of_other_libraries(capture: Capture) -> None:
    """attrs and pydantic are told by what their classes carry; neither need be installed."""

    class Attrs:
        __attrs_attrs__ = (types.SimpleNamespace(name="lr"), types.SimpleNamespace(name="gone"))

        def __init__(self) -> None:
            self.lr = 0.1

    class Pydantic:
        model_fields: ClassVar[dict[str, Any]] = {"lr": None}

        def __init__(self) -> None:
            self.lr = 0.2

    assert kept(capture, Attrs()) == {"lr": 0.1}
    assert kept(capture, Pydantic()) == {"lr": 0.2}


def test_models_of_pydantic(capture: Capture) -> None:
    pydantic = pytest.importorskip("pydantic")
    old = pytest.importorskip("pydantic.v1")

    class Model(pydantic.BaseModel):  # type: ignore[misc]
        model_config: ClassVar[dict[str, Any]] = {"extra": "allow"}
        lr: float = 0.1
        key: pydantic.SecretStr = pydantic.SecretStr("canary")
        inner: Any = None

    class Old(old.BaseModel):  # type: ignore[misc]
        lr: float = 0.2

    @pydantic.dataclasses.dataclass
    class Checked:
        lr: float

    recorded = kept(capture, Model(inner=Old(), more=[1]))
    assert recorded.pop("key")["$unkept"]["type"].endswith("SecretStr")
    assert recorded == {"lr": 0.1, "inner": {"lr": 0.2}, "more": [1]}
    assert kept(capture, Checked(lr=0.5)) == {"lr": 0.5}
    assert kept(capture, Model)["type"] == "ModelMetaclass"


def test_classes_of_attrs(capture: Capture) -> None:
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Slots:
        a: int
        b: Any = attrs.Factory(list)

    @attrs.define(slots=False)
    class Plain:
        a: Any

    assert kept(capture, Plain(Slots(1))) == {"a": {"a": 1, "b": []}}
