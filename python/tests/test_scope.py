"""Blocks, loops, the current task, rows of values."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import headrace as hr
import pytest
from recorded import Capture


def test_block(capture: Capture) -> None:
    with hr.task("epoch", used={"n": 1}, tags=["t"]) as task:
        assert task.id is not None
        task.used(m=2).generated({"loss": 1.0}, accuracy=0.5).generated(loss=0.5)
        task.tag("late", level=2)
        inside = hr.current_task()
        assert inside is not None and inside.id == task.id
        inside.generated(seen=True)
    recorded = capture.recorded().one("epoch")
    assert recorded["task_id"] == task.id
    assert recorded["used"] == {"n": 1, "m": 2}
    assert recorded["generated"] == {"loss": 0.5, "accuracy": 0.5, "seen": True}
    assert recorded["tag"] == {"t": True, "late": True, "level": 2}
    assert hr.current_task() is None


def test_block_that_fails(capture: Capture) -> None:
    error = ValueError("bad")
    with pytest.raises(ValueError) as caught, hr.task("fails"):
        raise error
    assert caught.value is error
    task = capture.recorded().one("fails")
    assert (task["status"], task["error"]["message"]) == ("failed", "bad")


def test_block_is_used_once_at_a_time() -> None:
    scope = hr.task("once")
    with scope, pytest.raises(RuntimeError, match="open already"):
        scope.__enter__()


def test_values_after_the_end_are_told(capture: Capture) -> None:
    with hr.task("short") as task:
        pass
    with pytest.warns(RuntimeWarning, match="has ended"):
        task.generated(late=1)
    assert "generated" not in capture.recorded().one("short")


def test_nesting(capture: Capture) -> None:
    @hr.task
    def step() -> None: ...

    with hr.task("outer"), hr.task("inner"):
        step()
    recorded = capture.recorded()
    assert recorded.parent("step") == "inner"
    assert recorded.parent("inner") == "outer"
    assert recorded.parent("outer") is None


def test_block_left_on_another_thread(capture: Capture) -> None:
    """A generator with an open block is closed by another thread; this one goes on."""

    def generator() -> Iterator[int]:
        with hr.task("inside"):
            yield 1

    @hr.task
    def after() -> None: ...

    running = generator()
    next(running)
    closer = threading.Thread(target=running.close)  # type: ignore[attr-defined]
    closer.start()
    closer.join()
    after()
    recorded = capture.recorded()
    assert recorded.one("inside")["status"] == "cancelled"
    assert recorded.parent("after") is None


def test_log(capture: Capture) -> None:
    with hr.task("train") as task:
        for step in range(3):
            hr.log({"extra": "x"}, step=step, loss=1.0 / (step + 1))
    hr.log(outside=True)
    recorded = capture.recorded()
    inside, outside = recorded.of("log")[:3], recorded.of("log")[3]
    assert [row["generated"] for row in inside] == [
        {"extra": "x", "step": step, "loss": 1.0 / (step + 1)} for step in range(3)
    ]
    assert {row["task_id"] for row in inside} == {task.id}
    assert outside["task_id"] is None
    assert recorded.one("train")["generated"] == {"extra": "x", "step": 2, "loss": 1.0 / 3}


def test_log_of_long_texts_does_not_lose_the_task(capture: Capture) -> None:
    with hr.task("chatty"):
        for number in range(1000):
            hr.log(number=number, text="x" * 500)
    recorded = capture.recorded()
    assert recorded.one("chatty")["status"] == "finished"
    assert len(recorded.of("log")) == 1000


def test_loop(capture: Capture) -> None:
    @hr.task
    def step(x: int) -> None: ...

    loop = hr.loop([10, 20], "batch", tags=["b"])
    assert len(loop) == 2
    for item in loop:
        step(item)
    first, second = capture.recorded().named("batch")
    assert first["used"] == {"index": 0, "item": 10}
    assert second["used"] == {"index": 1, "item": 20}
    assert first["tag"] == {"b": True}
    parents = [task["parent_task_id"] for task in capture.recorded().named("step")]
    assert parents == [first["task_id"], second["task_id"]]
    assert hr.current_task() is None


def test_loop_left_by_break_and_return(capture: Capture) -> None:
    for index in hr.loop(range(5), "broken"):
        if index == 1:
            break
    assert hr.current_task() is None

    def returns() -> int:
        for index in hr.loop(range(5), "returned"):
            if index == 1:
                return index
        return -1

    assert returns() == 1
    recorded = capture.recorded()
    for name in ("broken", "returned"):
        assert [task["status"] for task in recorded.named(name)] == ["finished", "finished"]


def test_loop_whose_body_fails(capture: Capture) -> None:
    error = ValueError("third")

    def body() -> None:
        for index in hr.loop(range(5), "fails"):
            if index == 2:
                raise error

    with pytest.raises(ValueError, match="third") as caught:
        body()
    assert caught.value is error
    try:
        for _ in hr.loop(range(5), "fails here"):
            raise error
    except ValueError:
        pass
    for index in hr.loop(range(2), "handled"):
        try:
            raise KeyError(index)
        except KeyError:
            continue
    recorded = capture.recorded()
    assert [t["status"] for t in recorded.named("fails")] == ["finished", "finished", "failed"]
    assert recorded.named("fails")[2]["error"]["message"] == "third"
    assert recorded.one("fails here")["status"] == "failed"
    assert [t["status"] for t in recorded.named("handled")] == ["finished", "finished"]


def test_loop_whose_items_fail(capture: Capture) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        for _ in hr.loop(items(), "items"):
            pass
    assert capture.recorded().one("items")["status"] == "finished"
    with pytest.raises(TypeError, match="not iterable"):
        for _ in hr.loop(3, "bad"):  # type: ignore[call-overload]
            pass


def test_nested_loops(capture: Capture) -> None:
    for _ in hr.loop(range(2), "epoch"):
        for _ in hr.loop(range(3), "batch"):
            pass
    recorded = capture.recorded()
    epochs = [task["task_id"] for task in recorded.named("epoch")]
    assert [t["parent_task_id"] for t in recorded.named("batch")] == epochs[:1] * 3 + epochs[1:] * 3


def test_threads_have_their_own_current_task(capture: Capture) -> None:
    @hr.task
    def work(n: int) -> int:
        inner(n)
        return n

    @hr.task
    def inner(n: int) -> None: ...

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    with hr.task("main"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    recorded = capture.recorded()
    by_id: dict[str, Any] = {task["task_id"]: task for task in recorded.tasks}
    assert len(recorded.named("inner")) == 8
    for task in recorded.named("inner"):
        assert by_id[task["parent_task_id"]]["used"] == task["used"]
    assert len({task["ring"] for task in recorded.named("work")}) >= 1
