"""Captured functions: what is recorded of a call, and that the program notices nothing."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import pickle
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
