"""Generators, coroutines, async generators: one task each, with the right parent."""

from __future__ import annotations

import asyncio
import collections.abc
import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import headrace as hr
import pytest
from recorded import Capture


@hr.task
def leaf(n: int = 0) -> int:
    return n


@hr.task
def numbers(n: int) -> Iterator[int]:
    for i in range(n):
        leaf(i)
        yield i


@hr.task
async def answer(n: int) -> int:
    await asyncio.sleep(0)
    leaf(n)
    return n


@hr.task
async def stream(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        leaf(i)
        yield i


def test_generator(capture: Capture) -> None:
    assert list(numbers(3)) == [0, 1, 2]
    recorded = capture.recorded()
    task = recorded.one("numbers")
    assert task["used"] == {"n": 3}
    assert task["attribute"] == {"yields": 3}
    assert task["status"] == "finished"
    assert {t["parent_task_id"] for t in recorded.named("leaf")} == {task["task_id"]}


def test_generator_is_current_only_while_it_runs(capture: Capture) -> None:
    running = numbers(2)
    assert hr.current_task() is None
    next(running)
    assert hr.current_task() is None
    with hr.task("between"):
        leaf(7)
        next(running)
    del running
    recorded = capture.recorded()
    between, generator = recorded.one("between"), recorded.one("numbers")
    parents = {t["used"]["n"]: t["parent_task_id"] for t in recorded.named("leaf")}
    assert parents == {0: generator["task_id"], 7: between["task_id"], 1: generator["task_id"]}
    assert generator["parent_task_id"] is None


def test_generator_closed_early(capture: Capture) -> None:
    for _ in numbers(5):
        break
    running = numbers(5)
    next(running)
    running.close()  # type: ignore[attr-defined]
    numbers(5)  # never begun: no task
    gc.collect()
    tasks = capture.recorded().named("numbers")
    assert [task["status"] for task in tasks] == ["cancelled", "cancelled"]
    assert [task["attribute"]["yields"] for task in tasks] == [1, 1]
    assert "error" not in tasks[0]


def test_generator_protocol(capture: Capture) -> None:
    @hr.task
    def echo() -> Any:
        try:
            got = yield 1
            assert got == "sent"
            try:
                yield 2
            except KeyError:
                yield 3
        finally:
            leaf()
        return "done"

    @hr.task
    def outer() -> Any:
        return (yield from echo())

    running = outer()
    assert isinstance(running, collections.abc.Generator)
    assert next(running) == 1
    assert running.send("sent") == 2
    assert running.throw(KeyError("x")) == 3
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "done"
    assert running.gi_frame is None
    recorded = capture.recorded()
    assert recorded.one("echo")["generated"] == {"result": "done"}
    assert recorded.parent("echo") == "outer"
    assert recorded.parent("leaf") == "echo"


def test_generator_that_fails(capture: Capture) -> None:
    @hr.task
    def fails() -> Iterator[int]:
        yield 1
        raise ValueError("second")

    with pytest.raises(ValueError, match="second"):
        list(fails())
    task = capture.recorded().one("fails")
    assert (task["status"], task["error"]["message"]) == ("failed", "second")


def test_coroutine(capture: Capture) -> None:
    assert asyncio.run(answer(3)) == 3
    task = capture.recorded().one("answer")
    assert (task["used"], task["generated"]) == ({"n": 3}, {"result": 3})
    assert capture.recorded().parent("leaf") == "answer"


def test_coroutine_looks_like_one() -> None:
    coroutine = answer(1)
    try:
        assert asyncio.iscoroutine(coroutine)
        assert isinstance(coroutine, collections.abc.Coroutine)
        assert inspect.isawaitable(coroutine)
        assert inspect.getcoroutinestate(coroutine) == "CORO_CREATED"
        assert coroutine.__qualname__ == "answer"
        assert coroutine.cr_code.co_name == "answer"
    finally:
        coroutine.close()
    assert asyncio.iscoroutinefunction(answer)
    assert not asyncio.iscoroutinefunction(leaf)


def parents_of(recorded: Any, name: str) -> list[str | None]:
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    return [names.get(task["parent_task_id"]) for task in recorded.named(name)]


def test_awaited_and_gathered(capture: Capture) -> None:
    @hr.task
    async def outer() -> list[int]:
        first = await answer(1)
        return [first, *await asyncio.gather(answer(2), answer(3))]

    assert asyncio.run(outer()) == [1, 2, 3]
    recorded = capture.recorded()
    assert parents_of(recorded, "answer") == ["outer"] * 3
    by_id = {task["task_id"]: task for task in recorded.tasks}
    for task in recorded.named("leaf"):
        assert by_id[task["parent_task_id"]]["used"] == task["used"]


def test_create_task_of_undecorated_code(capture: Capture) -> None:
    async def undecorated() -> None:
        await asyncio.sleep(0)
        await answer(1)
        leaf(2)

    @hr.task
    async def outer() -> None:
        background = asyncio.create_task(undecorated())
        await asyncio.sleep(0.01)
        await background

    @hr.task
    def main() -> None:
        asyncio.run(outer())
        asyncio.run(undecorated())

    main()
    recorded = capture.recorded()
    assert recorded.parent("outer") == "main"
    assert sorted(map(str, parents_of(recorded, "answer"))) == ["main", "outer"]
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    of_leaf = [names[t["parent_task_id"]] for t in recorded.named("leaf") if t["used"]["n"] == 2]
    assert sorted(of_leaf) == ["main", "outer"]


def test_blocks_in_interleaved_coroutines(capture: Capture) -> None:
    """Open blocks of coroutines on one loop are not each other's parents."""

    async def worker(n: int) -> None:
        with hr.task(f"block {n}"):
            for _ in range(3):
                await asyncio.sleep(0)
                leaf(n)
            hr.log(n=n)

    async def main() -> None:
        await asyncio.gather(worker(0), worker(1))

    asyncio.run(main())
    recorded = capture.recorded()
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    for task in recorded.named("leaf"):
        assert names[task["parent_task_id"]] == f"block {task['used']['n']}"
    for row in recorded.of("log"):
        assert names[row["task_id"]] == f"block {row['generated']['n']}"
    assert recorded.parent("block 0") is None
    assert recorded.one("block 1")["generated"] == {"n": 1}


def test_loop_in_a_coroutine(capture: Capture) -> None:
    async def main() -> None:
        async def worker(n: int) -> None:
            for _ in hr.loop(range(2), f"loop {n}"):
                await asyncio.sleep(0)
                leaf(n)

        await asyncio.gather(worker(0), worker(1))

    asyncio.run(main())
    recorded = capture.recorded()
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    for task in recorded.named("leaf"):
        assert names[task["parent_task_id"]] == f"loop {task['used']['n']}"


def test_to_thread_keeps_the_parent(capture: Capture) -> None:
    @hr.task
    async def outer() -> int:
        return await asyncio.to_thread(leaf, 5)

    assert asyncio.run(outer()) == 5
    assert capture.recorded().parent("leaf") == "outer"


def test_cancelled_coroutine(capture: Capture) -> None:
    @hr.task
    async def sleeps() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            leaf()

    async def main() -> None:
        task = asyncio.create_task(sleeps())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(sleeps(), 0.01)

    asyncio.run(main())
    recorded = capture.recorded()
    assert [task["status"] for task in recorded.named("sleeps")] == ["cancelled", "cancelled"]
    assert parents_of(recorded, "leaf") == ["sleeps", "sleeps"]


def test_coroutine_that_fails(capture: Capture) -> None:
    error = ValueError("bad")

    @hr.task
    async def fails() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ValueError, match="bad") as caught:
        asyncio.run(fails())
    assert caught.value is error
    assert capture.recorded().one("fails")["status"] == "failed"


def test_coroutine_never_awaited(capture: Capture) -> None:
    with pytest.warns(RuntimeWarning, match="never awaited"):
        answer(1)
        gc.collect()
    assert not capture.recorded().named("answer")


def test_async_generator(capture: Capture) -> None:
    async def main() -> list[int]:
        found = []
        async for n in stream(3):
            found.append(n)
            leaf(100 + n)
        return found

    assert asyncio.run(main()) == [0, 1, 2]
    recorded = capture.recorded()
    task = recorded.one("stream")
    assert (task["status"], task["attribute"]) == ("finished", {"yields": 3})
    for inner in recorded.named("leaf"):
        inside = inner["used"]["n"] < 100
        assert inner["parent_task_id"] == (task["task_id"] if inside else None)


def test_async_generator_closed_early_and_failing(capture: Capture) -> None:
    @hr.task
    async def fails() -> AsyncIterator[int]:
        yield 1
        raise ValueError("second")

    async def main() -> None:
        running = stream(5)
        assert await running.__anext__() == 0
        await running.aclose()  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="second"):
            async for _ in fails():
                pass

    asyncio.run(main())
    recorded = capture.recorded()
    assert recorded.one("stream")["status"] == "cancelled"
    assert recorded.one("fails")["status"] == "failed"


def test_async_generator_protocol(capture: Capture) -> None:
    @hr.task
    async def echo() -> Any:
        got = yield 1
        try:
            yield got
        except KeyError:
            yield "caught"

    async def main() -> None:
        running = echo()
        assert isinstance(running, collections.abc.AsyncGenerator)
        assert await running.asend(None) == 1
        assert await running.asend("sent") == "sent"
        assert await running.athrow(KeyError("x")) == "caught"
        with pytest.raises(StopAsyncIteration):
            await running.__anext__()

    asyncio.run(main())
    assert capture.recorded().one("echo")["attribute"] == {"yields": 3}


def test_asynchronous_methods(capture: Capture) -> None:
    class Client:
        @hr.task
        async def get(self, n: int) -> int:
            return n

        @hr.task
        def each(self, n: int) -> Iterator[int]:
            yield n

    async def main() -> int:
        return await Client().get(4)

    assert asyncio.run(main()) == 4
    assert list(Client().each(2)) == [2]
    recorded = capture.recorded()
    assert recorded.one("Client.get")["used"] == {"n": 4}
    assert recorded.one("Client.each")["used"] == {"n": 2}
