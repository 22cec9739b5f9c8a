"""Captured functions: what is recorded of a call, and that the program notices nothing."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref
from collections import namedtuple
from typing import Any

import headrace as hr
import pytest
from recorded import Capture


@hr.task
def module_level(x: int) -> int:
    """Says what it does."""
    return x + 1


def test_records_arguments_and_result(capture: Capture) -> None:
    @hr.task
    def train(lr: float, steps: int = 3, *, name: str = "sgd", verbose: Any = None) -> float:
        return lr * steps

    assert train(0.5, name="adam") == 1.5
    task = capture.recorded().one("train")
    assert task["used"] == {"lr": 0.5, "name": "adam", "steps": 3}
    assert task["generated"] == {"result": 1.5}
    assert task["status"] == "finished"
    assert task["activity"]["file"] == __file__
    assert task["end_ticks"] >= task["begin_ticks"] > 0


def test_surplus_arguments(capture: Capture) -> None:
    @hr.task
    def f(a: int, *rest: int, **more: int) -> None:
        return None

    f(1, 2, 3, x=4)
    f(a=5, **{"".join(["no", "t_interned"]): 6})
    first, second = capture.recorded().named("f")
    assert first["used"] == {"a": 1, "rest": [2, 3], "x": 4}
    assert second["used"] == {"a": 5, "not_interned": 6}
    assert "generated" not in first


def test_wrong_arguments_raise_the_functions_own_error(capture: Capture) -> None:
    @hr.task
    def f(a: int) -> None:
        return None

    with pytest.raises(TypeError, match=r"f\(\) takes 1 positional argument but 2 were given"):
        f(1, 2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        f()  # type: ignore[call-arg]
    assert [task["status"] for task in capture.recorded().named("f")] == ["failed", "failed"]


def test_arguments_are_read_before_the_call(capture: Capture) -> None:
    @hr.task
    def consume(items: list[int]) -> None:
        items.clear()

    consume([1, 2])
    assert capture.recorded().one("consume")["used"] == {"items": [1, 2]}


def test_results(capture: Capture) -> None:
    Pair = namedtuple("Pair", ["left", "right"])

    @hr.task(name="keys")
    def keys() -> dict[str, float]:
        return {"loss": 0.5, "accuracy": 0.25}

    @hr.task(name="one", outputs="loss")
    def one() -> float:
        return 0.5

    @hr.task(name="two", outputs=["loss", "accuracy"])
    def two() -> tuple[float, float]:
        return 0.5, 0.25

    @hr.task(name="other number", outputs=["loss", "accuracy"])
    def other() -> tuple[float, float, float]:
        return 1.0, 2.0, 3.0

    @hr.task(name="fields")
    def fields() -> Any:
        return Pair(1, 2)

    @hr.task(name="number keys")
    def number_keys() -> dict[int, int]:
        return {1: 2}

    for function in (keys, one, two, other, fields, number_keys):
        function()
    recorded = capture.recorded()
    assert recorded.one("keys")["generated"] == {"loss": 0.5, "accuracy": 0.25}
    assert recorded.one("one")["generated"] == {"loss": 0.5}
    assert recorded.one("two")["generated"] == {"loss": 0.5, "accuracy": 0.25}
    assert recorded.one("other number")["generated"] == {"result": [1.0, 2.0, 3.0]}
    assert recorded.one("fields")["generated"] == {"left": 1, "right": 2}
    assert recorded.one("number keys")["generated"] == {"result": {"$map": [[1, 2]]}}


def test_names_and_tags(capture: Capture) -> None:
    @hr.task("by position", tags=["a", "b"])
    def first() -> None: ...

    @hr.task(name="by keyword", tags={"level": 3})
    def second() -> None: ...

    first()
    second()
    recorded = capture.recorded()
    assert recorded.one("by position")["tag"] == {"a": True, "b": True}
    assert recorded.one("by keyword")["tag"] == {"level": 3}


def test_methods(capture: Capture) -> None:
    class Model:
        @hr.task
        def fit(self, x: int) -> int:
            return x

        @hr.task
        @classmethod
        def above(cls, x: int) -> type:
            return cls

        @classmethod
        @hr.task
        def below(cls, x: int) -> type:
            return cls

        @hr.task
        @staticmethod
        def static(x: int) -> int:
            return x

        @staticmethod
        @hr.task
        def static_below(x: int) -> int:
            return x

    class Small(Model):
        @hr.task
        def fit(self, x: int) -> int:
            return super().fit(x) + 1

    model = Small()
    assert model.fit(1) == 2
    assert Small.above(1) is Small and model.above(1) is Small
    assert Small.below(1) is Small and model.below(1) is Small
    assert Model.static(3) == model.static(3) == Model.static_below(3) == 3
    bound = model.fit
    assert bound.__self__ is model  # type: ignore[attr-defined]
    assert functools.partial(Model.fit, model)(x=4) == 4
    recorded = capture.recorded()
    assert recorded.named("Model.fit")[0]["used"] == {"x": 1}
    assert recorded.parent("Small.fit") is None
    inner, by_partial = recorded.named("Model.fit")
    assert inner["parent_task_id"] == recorded.one("Small.fit")["task_id"]
    assert by_partial["used"] == {"x": 4}
    for name, calls in (("Model.above", 2), ("Model.below", 2), ("Model.static", 2)):
        assert len(recorded.named(name)) == calls


def test_recursion_nests(capture: Capture) -> None:
    @hr.task
    def factorial(n: int) -> int:
        return 1 if n == 0 else n * factorial(n - 1)

    assert factorial(50) == functools.reduce(int.__mul__, range(1, 51))
    tasks = sorted(capture.recorded().named("factorial"), key=lambda task: task["begin_ticks"])
    assert len(tasks) == 51
    assert [task["parent_task_id"] for task in tasks[1:]] == [t["task_id"] for t in tasks[:-1]]


def test_recursion_without_end(capture: Capture) -> None:
    @hr.task
    def endless(n: int) -> int:
        return endless(n + 1)

    with pytest.raises(RecursionError):
        endless(0)
    tasks = capture.recorded().named("endless")
    assert len(tasks) > 100
    assert {task["status"] for task in tasks} == {"failed"}
    assert hr.current_task() is None


def test_exception_goes_on_unchanged(capture: Capture) -> None:
    class OurError(ValueError):
        pass

    error = OurError("no such thing")

    @hr.task
    def fails() -> None:
        raise error

    with pytest.raises(OurError) as caught:
        fails()
    assert caught.value is error
    # The frames are the caller's and the function's; none of ours.
    assert [entry.name for entry in caught.traceback] == [
        "test_exception_goes_on_unchanged",
        "fails",
    ]
    assert error.__context__ is None and error.__cause__ is None
    task = capture.recorded().one("fails")
    assert task["status"] == "failed"
    assert task["error"]["type"].endswith("test_exception_goes_on_unchanged.<locals>.OurError")
    assert task["error"]["message"] == "no such thing"
    assert "in fails\n    raise error" in task["error"]["traceback"]
    assert __file__ in task["error"]["traceback"]


def test_exception_from_c_code(capture: Capture) -> None:
    @hr.task
    def parse(text: str) -> int:
        return int(text)

    captured_int = hr.task(int.from_bytes, name="from_bytes")  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="invalid literal"):
        parse("x")
    with pytest.raises(TypeError):
        captured_int()
    error = capture.recorded().one("parse")["error"]
    assert error["type"] == "ValueError"
    assert error["message"] == "invalid literal for int() with base 10: 'x'"


def test_causes_are_in_the_traceback(capture: Capture) -> None:
    @hr.task
    def outer() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise RuntimeError("second") from error

    with pytest.raises(RuntimeError):
        outer()
    assert "caused by KeyError: 'first'" in capture.recorded().one("outer")["error"]["traceback"]


def test_an_exception_that_cannot_be_told(capture: Capture) -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not telling")

    @hr.task
    def fails() -> None:
        raise MuteError

    with pytest.raises(MuteError):
        fails()
    error = capture.recorded().one("fails")["error"]
    assert error["message"] == {"$unkept": {"type": "str", "reason": "str() of it failed"}}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), "cancelled"),
        (SystemExit(), "finished"),
        (SystemExit(0), "finished"),
        (SystemExit(3), "cancelled"),
        (SystemExit("text"), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (MemoryError(), "failed"),
    ],
)
def test_status_of_what_ends_programs(capture: Capture, error: BaseException, status: str) -> None:
    @hr.task
    def ends() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        ends()
    assert caught.value is error
    assert capture.recorded().one("ends")["status"] == status


def test_looks_like_the_function() -> None:
    assert module_level.__name__ == "module_level"
    assert module_level.__qualname__ == "module_level"
    assert module_level.__doc__ == "Says what it does."
    assert module_level.__module__ == __name__
    assert str(inspect.signature(module_level)) == "(x: 'int') -> 'int'"
    assert inspect.unwrap(module_level) is module_level.__wrapped__  # type: ignore[attr-defined]
    assert inspect.getsource(module_level).startswith("@hr.task")
    assert callable(module_level)
    module_level.note = "kept"  # type: ignore[attr-defined]
    assert module_level.note == "kept"  # type: ignore[attr-defined]
    assert weakref.ref(module_level)() is module_level
    assert functools.wraps(module_level)(lambda: 1).__name__ == "module_level"


def test_pickles_by_name() -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        text = pickle.dumps(module_level, protocol)
        assert pickle.loads(text) is module_level  # noqa: S301 - made one line above
    assert copy.deepcopy(module_level) is module_level


def test_decorating_twice_is_once() -> None:
    assert hr.task(module_level) is module_level


@pytest.mark.parametrize("bad", [3, None, object(), int])
def test_only_functions_become_tasks(bad: Any) -> None:
    with pytest.raises(TypeError, match="a task is made of a function"):
        hr.task(bad)


@pytest.mark.parametrize(
    "options", [{"name": 3}, {"outputs": [1]}, {"outputs": 3}, {"unknown": 1}, {"used": 3}]
)
def test_bad_options(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        hr.task(lambda: None, **options)


def test_frees_what_it_holds(capture: Capture) -> None:
    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)

    @hr.task
    def holds(x: Any) -> Any:
        return [x, lambda: holds]

    holds(big)
    task_gone = weakref.ref(holds)
    del big
    holds = None  # type: ignore[assignment]
    gc.collect()
    assert gone() is None
    assert task_gone() is None


def test_disable_and_enable(capture: Capture) -> None:
    @hr.task
    def f() -> int:
        return 1

    hr.disable()
    try:
        assert f() == 1
        with hr.task("off") as task:
            assert task.id is None
            task.generated(x=1)
        hr.log(x=1)
        assert list(hr.loop([1, 2], "off")) == [1, 2]
    finally:
        hr.enable()
    assert f() == 1
    recorded = capture.recorded()
    assert len(recorded.tasks) == 1
    assert not recorded.of("log")


def test_copies_are_the_same(capture: Capture) -> None:
    @hr.task
    def local() -> None: ...

    assert copy.copy(local) is local and copy.deepcopy([local])[0] is local
    assert copy.copy(module_level) is module_level


CLOUDPICKLED = """
import sys
import cloudpickle
import headrace as hr

def check(task):
    return cloudpickle.dumps(task)

@hr.task(name="in main", outputs="y", sample=1)
def in_main(x):
    return x + offset

@hr.task
def factorial(n):
    return 1 if n == 0 else n * factorial(n - 1)

@hr.task
async def later(x):
    return x

def closure(k):
    @hr.task
    def add(x):
        return x + k
    return add

offset = 10
blobs = [cloudpickle.dumps(task) for task in (in_main, factorial, later, closure(5))]
import subprocess
reader = '''
import asyncio, pickle, sys
import headrace as hr
in_main, factorial, later, add = [pickle.loads(bytes.fromhex(line)) for line in sys.stdin]
print(in_main(1), factorial(5), asyncio.run(later(3)), add(2), type(add).__name__)
print(in_main.__name__, add.__qualname__)
'''
with hr.task("outer"):
    done = subprocess.run([sys.executable, "-c", reader], capture_output=True, text=True,
                          input="\\n".join(blob.hex() for blob in blobs))
print(done.stdout, done.stderr)
import json
assert b"json" in cloudpickle.dumps(hr.task(json.dumps))
"""


def test_cloudpickle_copies_what_no_name_leads_to(run: Any) -> None:
    pytest.importorskip("cloudpickle")
    recorded = run(CLOUDPICKLED)
    assert recorded.stderr == "" and recorded.exit_code == 0
    assert recorded.stdout.split("\n")[:2] == ["11 120 3 7 Task", "in_main closure.<locals>.add"]
    task = recorded.one("in main")
    assert task["generated"] == {"y": 11}
    assert recorded.parent("in main") == "outer"
    assert len(recorded.named("factorial")) == 6
    assert recorded.one("add")["used"] == {"x": 2}


def test_parameters_of_what_is_no_function(capture: Capture) -> None:
    class Callable_:  # noqa: N801
        def __call__(self, x: int, y: int = 2) -> int:
            return x + y

    class Thing:
        def method(self, x: int, y: int = 3) -> int:
            return x + y

        part = functools.partialmethod(method, 5)
        captured_part = hr.task(functools.partialmethod(method, 6))
        part_of_task = functools.partialmethod(hr.task(method, name="inner"), 7)

    @functools.lru_cache
    def cached(x: int, *, z: int = 4) -> int:
        return x + z

    def function(a: int, b: int, c: int = 9, *, d: int = 8) -> int:
        return a + b + c + d

    thing = Thing()
    assert hr.task(Callable_(), name="callable")(1) == 3
    assert hr.task(thing.method, name="bound")(1) == 4
    assert hr.task(cached, name="cached")(1) == 5
    partial = functools.partial(function, 1, d=2)
    assert hr.task(partial, name="partial")(3) == 15
    assert hr.task(partial, name="partial again")(b=3, d=4) == 17
    assert hr.task(max, name="builtin")(3, 4) == 4
    assert thing.captured_part(1) == 7 and thing.part_of_task(1) == 8 and thing.part(1) == 6
    recorded = capture.recorded()
    expected = {
        "callable": {"x": 1, "y": 2},
        "bound": {"x": 1, "y": 3},
        "cached": {"x": 1, "z": 4},
        "partial": {"b": 3, "c": 9, "d": 2},
        "partial again": {"b": 3, "c": 9, "d": 4},
        "builtin": {"args": [3, 4]},
        "inner": {"x": 7, "y": 1},
    }
    for name, used in expected.items():
        assert recorded.one(name)["used"] == used, name


def test_stacks_with_other_decorators(capture: Capture) -> None:
    def doubled(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(*args: Any, **keywords: Any) -> Any:
            return 2 * function(*args, **keywords)

        return wrapper

    @hr.task
    @doubled
    def below(x: int, y: int = 1) -> int:
        return x + y

    @doubled
    @hr.task
    def above(x: int, y: int = 1) -> int:
        return x + y

    @hr.task
    @functools.cache
    def once(x: int) -> int:
        return x

    assert below(1) == 4 and above(1) == 4 and once(1) + once(1) == 2
    recorded = capture.recorded()
    below_task, above_task = (
        recorded.one(f"test_stacks_with_other_decorators.<locals>.{name}".rpartition(".")[2])
        for name in ("below", "above")
    )
    assert below_task["used"] == above_task["used"] == {"x": 1, "y": 1}
    assert (below_task["generated"], above_task["generated"]) == ({"result": 4}, {"result": 2})
    assert len(recorded.named("once")) == 2
    assert above.__wrapped__.__wrapped__.__name__ == "above"


def test_looks_like_a_function_to_inspect() -> None:
    @hr.task
    async def coroutine(x: int = 1) -> int:
        return x

    @hr.task
    def generator() -> Any:
        yield 1

    @hr.task
    async def stream() -> Any:
        yield 1

    if sys.version_info >= (3, 11):  # before, inspect knows no functions but Python's own
        assert inspect.iscoroutinefunction(coroutine)
        assert inspect.isgeneratorfunction(generator)
        assert inspect.isasyncgenfunction(stream)
    assert not inspect.iscoroutinefunction(module_level)
    assert coroutine.__defaults__ == (1,) and coroutine.__code__.co_name == "coroutine"
    assert inspect.getfullargspec(coroutine).args == ["x"]


def test_keywords_from_many_places(capture: Capture) -> None:
    @hr.task
    def f(a: int, b: int = 2, *, c: int = 3, **more: int) -> None: ...

    for n in range(3):
        f(a=n, c=5)
        f(n, b=4)
        f(**{"a": n, "b": 1, f"extra{n}": n})
    used = [task["used"] for task in capture.recorded().named("f")]
    for n in range(3):
        assert used[3 * n] == {"a": n, "b": 2, "c": 5}
        assert used[3 * n + 1] == {"a": n, "b": 4, "c": 3}
        assert used[3 * n + 2] == {"a": n, "b": 1, "c": 3, f"extra{n}": n}


def test_what_is_recorded_can_be_chosen(capture: Capture) -> None:
    @hr.task(args=["lr", "rest"], results=False)
    def some(data: list[int], lr: float = 0.5, *rest: int, **more: int) -> int:
        return 1

    @hr.task(args=False)
    def no_arguments(data: int, *rest: int, **more: int) -> int:
        return data

    @hr.task(args="data", name="one")
    def one(data: int, lr: int = 3) -> None: ...

    some([1], 0.25, 7, x=1)
    some([1])
    no_arguments(1, 2, x=3)
    one(4)
    recorded = capture.recorded()
    first, second = recorded.named("some")
    assert first["used"] == {"lr": 0.25, "rest": [7]} and second["used"] == {"lr": 0.5}
    assert "generated" not in first
    task = recorded.one("no_arguments")
    assert "used" not in task and task["generated"] == {"result": 1}
    assert recorded.one("one")["used"] == {"data": 4}


@pytest.mark.parametrize(
    "options",
    [
        {"sample": 0},
        {"sample": 0.0},
        {"sample": 1.5},
        {"sample": -1},
        {"sample": "x"},
        {"sample": True},
        {"min_duration": -1},
        {"min_duration": "x"},
        {"args": [1]},
        {"args": 3},
    ],
)
def test_bad_choices(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"sample|min_duration|args|iterable"):
        hr.task(lambda: None, **options)
    if "args" not in options:
        with pytest.raises(TypeError, match="belong to a decorated"), hr.task("block", **options):
            pass


def test_a_sample_adds_up(capture: Capture) -> None:
    @hr.task(sample=10, name="tenth")
    def tenth(n: int) -> int:
        return module_level(n)

    @hr.task(sample=0.25, name="quarter")
    def quarter() -> None: ...

    before = hr.capture_stats()["sampled_out"]
    with hr.task("outer"):
        for n in range(95):
            assert tenth(n) == n + 1
    for _ in range(4000):
        quarter()
    recorded = capture.recorded()
    tasks = recorded.named("tenth")
    assert [task["used"]["n"] for task in tasks] == list(range(0, 95, 10))
    assert "sampled_out" not in tasks[0].get("attribute", {})  # cpu_s may be, where it was slow
    assert {task["attribute"]["sampled_out"] for task in tasks[1:]} == {9}
    inner = recorded.named("module_level")
    assert len(inner) == 95  # what is not recorded is no parent: the next outer one is
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    assert {names[task["parent_task_id"]] for task in inner} == {"tenth", "outer"}
    quarters = recorded.named("quarter")
    assert 700 < len(quarters) < 1300
    counted = sum(task.get("attribute", {}).get("sampled_out", 0) for task in quarters)
    total = hr.capture_stats()["sampled_out"] - before
    assert total == 85 + 4000 - len(quarters)
    assert counted <= 4000 - len(quarters)


def test_short_calls_can_be_left_out(capture: Capture) -> None:
    @hr.task(min_duration=3600, name="short")  # no load makes a call here a long one
    def work(how: str = "") -> None:
        if how == "fails":
            raise ValueError
        if how == "has a child":
            module_level(1)
        if how == "logs":
            hr.log(x=1)
        if how == "starts a thread":
            import threading

            thread = threading.Thread(target=module_level, args=(2,))
            thread.start()
            thread.join()

    before = hr.capture_stats()["too_short"]
    work()
    work()
    with pytest.raises(ValueError):
        work("fails")
    work()
    for how in ("has a child", "logs", "starts a thread"):
        work(how)
    recorded = capture.recorded()
    tasks = recorded.named("short")
    kept = [(task["used"]["how"], task.get("attribute", {}).get("too_short")) for task in tasks]
    assert kept == [
        ("fails", 2),
        ("has a child", 1),
        ("logs", None),
        ("starts a thread", None),
    ]
    assert hr.capture_stats()["too_short"] - before == 3
    ids = {task["task_id"] for task in recorded.tasks}
    assert all(task["parent_task_id"] in ids for task in recorded.named("module_level"))


def test_long_calls_are_kept_and_tell_how_many_were_left_out_before(capture: Capture) -> None:
    @hr.task(min_duration=0.05, name="waits")
    def wait(number: int, seconds: float) -> None:
        import time

        time.sleep(seconds)

    before = hr.capture_stats()["too_short"]
    calls = [0, 0, 0.1, 0]
    for number, seconds in enumerate(calls):
        wait(number, seconds)
    tasks = capture.recorded().named("waits")
    kept = [task["used"]["number"] for task in tasks]
    assert 2 in kept  # the others too, where the machine let them take as long
    assert len(kept) + hr.capture_stats()["too_short"] - before == len(calls)
    told = [task.get("attribute", {}).get("too_short", 0) for task in tasks]
    assert told == [number - last - 1 for last, number in zip([-1, *kept], kept, strict=False)]


def test_what_is_left_out_stands_in_the_processs_facts(run: Any) -> None:
    recorded = run(
        """
import headrace as hr, os, sys
@hr.task(sample=10)
def sampled(): ...
@hr.task(min_duration=10)
def short(): ...
for _ in range(100): sampled()
for _ in range(7): short()
"""
    )
    import json

    said = [r["facts"]["left_out"] for r in recorded.of("producer") if "left_out" in r["facts"]]
    assert json.loads(said[-1]) == {"sampled": [90, 0], "short": [0, 7]}


def test_processor_time_of_long_calls(capture: Capture) -> None:
    import time

    @hr.task
    def spins(seconds: float) -> None:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    @hr.task
    def sleeps() -> None:
        time.sleep(0.01)

    spins(0.02)
    for _ in range(3):
        sleeps()
    for _ in range(20):
        module_level(1)
    with hr.task("block"):
        spins(0.005)
    recorded = capture.recorded()
    first, second = recorded.named("spins")
    assert first["attribute"]["cpu_s"] >= 0.02
    assert recorded.one("block")["attribute"]["cpu_s"] >= second["attribute"]["cpu_s"] >= 0.005
    assert all(0 < task["attribute"]["cpu_s"] < 0.01 for task in recorded.named("sleeps"))
    # Of the first few calls those are kept that a busy machine made long.
    assert all("attribute" not in task for task in recorded.named("module_level")[4:])
