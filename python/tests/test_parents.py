"""Whose child a task is, in every shape in which work moves to another thread or context."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import multiprocessing.pool
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import headrace as hr
import pytest
from recorded import Capture, Recorded, read


@hr.task
def leaf(n: int = 0) -> int:
    return n


def parents(recorded: Recorded, name: str = "leaf") -> dict[int, str | None]:
    """The activity of the parent of each task of `name`, by its n."""
    names = {task["task_id"]: task["activity"]["name"] for task in recorded.tasks}
    return {task["used"]["n"]: names.get(task["parent_task_id"]) for task in recorded.named(name)}


def in_new_thread(function: Callable[..., Any], *args: Any) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_a_thread_belongs_to_the_task_that_started_it(capture: Capture) -> None:
    class Own(threading.Thread):
        def run(self) -> None:
            leaf(2)

    @hr.task
    def outer() -> None:
        in_new_thread(leaf, 1)
        own = Own()
        own.start()
        own.join()
        timer = threading.Timer(0, leaf, [3])
        timer.start()
        timer.join()
        in_new_thread(in_new_thread, leaf, 4)

    outer()
    in_new_thread(leaf, 5)
    assert parents(capture.recorded()) == {1: "outer", 2: "outer", 3: "outer", 4: "outer", 5: None}


def test_a_thread_outlives_the_task_that_started_it(capture: Capture) -> None:
    go = threading.Event()

    @hr.task
    def later() -> None:
        leaf(1)

    def body() -> None:
        go.wait()
        leaf(2)
        later()

    @hr.task
    def outer() -> threading.Thread:
        thread = threading.Thread(target=body, daemon=True)
        thread.start()
        return thread

    thread = outer()
    go.set()
    thread.join()
    recorded = capture.recorded()
    assert parents(recorded) == {1: "later", 2: "outer"}
    assert recorded.parent("later") == "outer"


def test_each_call_of_a_pool_belongs_to_who_submitted_it(capture: Capture) -> None:
    with ThreadPoolExecutor(1) as pool:

        @hr.task
        def first() -> None:
            pool.submit(leaf, 1).result()

        @hr.task
        def second() -> None:
            assert list(pool.map(leaf, [2, 3])) == [2, 3]

            @hr.task
            def inner() -> None:
                leaf(4)

            pool.submit(inner).result()

        first()
        second()
        pool.submit(leaf, 5).result()
        first_again = hr.carry(leaf)
        assert first_again is leaf or pool.submit(first_again, 6).result() == 6
    recorded = capture.recorded()
    found = parents(recorded)
    found.pop(6, None)
    assert found == {1: "first", 2: "second", 3: "second", 4: "inner", 5: None}
    assert recorded.parent("inner") == "second"
    assert {task["workflow_id"] for task in recorded.tasks} == {capture.workflow.id}


def test_errors_of_pools_are_their_own() -> None:
    def fails() -> None:
        raise KeyError("x")

    pool = ThreadPoolExecutor(1)

    @hr.task
    def outer() -> None:
        with pytest.raises(KeyError):
            pool.submit(fails).result()
        pool.shutdown()
        with pytest.raises(RuntimeError, match="after shutdown"):
            pool.submit(fails)
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]

    outer()
    assert ThreadPoolExecutor.submit.__name__ == "submit"


def test_multiprocessings_thread_pool(capture: Capture) -> None:
    with multiprocessing.pool.ThreadPool(2) as pool:

        @hr.task
        def outer() -> None:
            assert pool.map(leaf, [1, 2]) == [1, 2]
            assert pool.apply(leaf, (3,)) == 3
            assert list(pool.imap_unordered(leaf, [4])) == [4]
            assert pool.starmap(leaf, [(5,)]) == [5]

        outer()
        pool.map(leaf, [6])
    expected: dict[int, str | None] = dict.fromkeys(range(1, 6), "outer")
    assert parents(capture.recorded()) == expected | {6: None}


def test_carry(capture: Capture) -> None:
    calls: list[Callable[..., int]] = []

    @hr.task
    def outer() -> None:
        calls.append(hr.carry(leaf))

    outer()
    (carried,) = calls
    assert carried(1) == 1
    with hr.task("other"):
        assert carried(2) == 2
        leaf(3)
    in_new_thread(carried, 4)
    assert hr.carry(leaf)(5) == 5
    assert parents(capture.recorded()) == {1: "outer", 2: "outer", 3: "other", 4: "outer", 5: None}
    with pytest.raises(TypeError, match="is called"):
        hr.carry(3)  # type: ignore[type-var]


def test_carried_functions_look_like_the_function() -> None:
    def documented(x: int) -> int:
        """Says what it does."""
        return x

    with hr.task("outer"):
        carried: Any = hr.carry(documented)
        assert hr.carry(carried) is carried
    assert carried is not documented
    assert carried.__name__ == "documented" and carried.__doc__ == "Says what it does."
    assert carried.__wrapped__ is documented
    assert repr(carried) == repr(documented)


def test_copied_context(capture: Capture) -> None:
    found: list[contextvars.Context] = []

    @hr.task
    async def coroutine() -> None:
        found.append(contextvars.copy_context())

    @hr.task
    def outer() -> None:
        contextvars.copy_context().run(leaf, 1)
        in_new_thread(contextvars.copy_context().run, leaf, 2)

    outer()
    asyncio.run(coroutine())
    found[0].run(leaf, 3)
    in_new_thread(found[0].run, leaf, 4)
    leaf(5)
    assert parents(capture.recorded()) == {
        1: "outer",
        2: "outer",
        3: "coroutine",
        4: "coroutine",
        5: None,
    }


def test_executors_of_an_event_loop(capture: Capture) -> None:
    @hr.task
    def step(n: int) -> None:
        leaf(n)

    @hr.task
    async def outer() -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, leaf, 1)
        await asyncio.to_thread(leaf, 2)
        await asyncio.to_thread(step, 3)
        with hr.task("block"):
            await loop.run_in_executor(None, leaf, 4)
            await asyncio.to_thread(leaf, 5)

    asyncio.run(outer())
    recorded = capture.recorded()
    assert parents(recorded) == {1: "outer", 2: "outer", 3: "step", 4: "block", 5: "block"}
    assert recorded.parent("step") == "outer"


def test_undecorated_coroutines_between_decorated_ones(capture: Capture) -> None:
    @hr.task
    async def inner(n: int) -> None:
        await asyncio.sleep(0)
        leaf(n)

    async def undecorated(n: int) -> None:
        await asyncio.sleep(0)
        await inner(n)
        await asyncio.create_task(inner(n + 10))

    @hr.task
    async def outer() -> None:
        background = asyncio.create_task(undecorated(1))
        await undecorated(2)
        await asyncio.gather(undecorated(3), undecorated(4))
        await asyncio.wait_for(undecorated(5), 60)
        if hasattr(asyncio, "TaskGroup"):
            async with asyncio.TaskGroup() as group:
                group.create_task(undecorated(6))
        else:
            await undecorated(6)
        await background

    asyncio.run(outer())
    recorded = capture.recorded()
    numbers = [n + tens for n in range(1, 7) for tens in (0, 10)]
    assert parents(recorded, "inner") == dict.fromkeys(numbers, "outer")
    assert parents(recorded) == dict.fromkeys(numbers, "inner")
    by_id = {task["task_id"]: task for task in recorded.tasks}
    for task in recorded.named("leaf"):
        assert by_id[task["parent_task_id"]]["used"] == task["used"]


def test_a_loop_in_another_thread(capture: Capture) -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def undecorated(n: int) -> None:
        leaf(n)

    @hr.task
    async def decorated(n: int) -> None:
        leaf(n)

    @hr.task
    async def outer() -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(undecorated(1), loop))

    @hr.task
    def plain() -> None:
        asyncio.run_coroutine_threadsafe(decorated(2), loop).result()

    asyncio.run(outer())
    plain()
    asyncio.run_coroutine_threadsafe(undecorated(3), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    recorded = capture.recorded()
    assert parents(recorded) == {1: "outer", 2: "decorated", 3: None}
    assert recorded.parent("decorated") == "plain"


def test_a_generator_consumed_elsewhere(capture: Capture) -> None:
    @hr.task
    def numbers() -> Iterator[int]:
        for n in range(10):
            leaf(n)
            yield n

    @hr.task
    async def consumer(running: Iterator[int]) -> None:
        next(running)
        leaf(101)
        await asyncio.sleep(0)
        next(running)

    @hr.task
    def maker() -> Iterator[int]:
        return numbers()

    running = maker()
    next(running)
    asyncio.run(consumer(running))
    in_new_thread(next, running)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(next, running).result()
        in_pool = pool.submit(lambda: hr.current_task()).result()
    assert in_pool is None
    leaf(102)
    running.close()  # type: ignore[attr-defined]
    recorded = capture.recorded()
    expected: dict[int, str | None] = dict.fromkeys(range(5), "numbers")
    assert parents(recorded) == expected | {101: "consumer", 102: None}
    assert recorded.parent("numbers") == "maker"
    assert recorded.one("numbers")["status"] == "cancelled"


def test_blocks_in_generators_stay_in_them(capture: Capture) -> None:
    @hr.task
    def numbers() -> Iterator[int]:
        with hr.task("block"):
            leaf(1)
            yield 1
            leaf(2)

    @hr.task
    async def stream() -> AsyncIterator[int]:
        with hr.task("async block"):
            leaf(3)
            yield 1
            leaf(4)
        leaf(5)

    @hr.task
    async def consumer() -> None:
        for _ in numbers():
            leaf(6)
        async for _ in stream():
            leaf(7)

    asyncio.run(consumer())
    recorded = capture.recorded()
    assert parents(recorded) == {
        1: "block",
        2: "block",
        3: "async block",
        4: "async block",
        5: "stream",
        6: "consumer",
        7: "consumer",
    }
    assert recorded.parent("block") == "numbers"
    assert recorded.parent("async block") == "stream"


def test_generators_closed_on_another_thread(capture: Capture) -> None:
    @hr.task
    def numbers() -> Iterator[int]:
        try:
            yield 1
        finally:
            leaf(1)

    with hr.task("outer"):
        running = numbers()
        next(running)
        holder = [running]
        del running
        in_new_thread(holder.clear)
        gc.collect()
        leaf(2)
    recorded = capture.recorded()
    assert parents(recorded) == {1: "numbers", 2: "outer"}
    assert recorded.one("numbers")["status"] == "cancelled"


def test_an_async_generator_closed_early(capture: Capture) -> None:
    @hr.task
    async def stream() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            leaf(1)

    @hr.task
    async def consumer() -> None:
        running = stream()
        async for _ in running:
            break
        await running.aclose()  # type: ignore[attr-defined]
        leaf(2)

    asyncio.run(consumer())
    recorded = capture.recorded()
    assert parents(recorded) == {1: "stream", 2: "consumer"}
    assert recorded.one("stream")["status"] == "cancelled"


def test_an_event_loop_inside_a_call_of_a_pool(capture: Capture) -> None:
    @hr.task
    async def coroutine(n: int) -> None:
        await asyncio.sleep(0)
        leaf(n)

    async def undecorated(n: int) -> None:
        await asyncio.gather(coroutine(n), coroutine(n + 1))
        leaf(n + 2)

    @hr.task
    async def outer() -> None:
        await asyncio.to_thread(lambda: asyncio.run(undecorated(1)))

    asyncio.run(outer())
    recorded = capture.recorded()
    assert parents(recorded) == {1: "coroutine", 2: "coroutine", 3: "outer"}
    assert parents(recorded, "coroutine") == {1: "outer", 2: "outer"}


def test_children_belong_to_their_parents_workflow(capture: Capture) -> None:
    begun = threading.Barrier(2, timeout=60)
    workflows: dict[int, str | None] = {}

    def run(n: int) -> None:
        with hr.workflow(f"w{n}") as workflow, ThreadPoolExecutor(1) as pool:
            workflows[n] = workflow.id
            begun.wait()

            @hr.task
            def outer() -> None:
                pool.submit(leaf, n).result()
                in_new_thread(leaf, n)

            outer()
            begun.wait()

    threads = [threading.Thread(target=run, args=(n,)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    hr.flush()
    for n in (1, 2):
        ours = [
            record
            for record in read(os.environ["HEADRACE_DIR"])
            if record["kind"] == "task" and record["workflow_id"] == workflows[n]
        ]
        assert sorted(task["activity"]["name"] for task in ours) == ["leaf", "leaf", "outer"]


def test_many_threads_at_once(capture: Capture) -> None:
    """Two hundred tasks submit to one pool at the same time; each gets its own children back."""
    with ThreadPoolExecutor(4) as inner_pool, ThreadPoolExecutor(4) as outer_pool:

        @hr.task
        def outer(n: int) -> int:
            return sum(future.result() for future in [inner_pool.submit(leaf, n) for _ in range(5)])

        assert sum(outer_pool.map(outer, range(200))) == 5 * sum(range(200))
    recorded = capture.recorded()
    by_id = {task["task_id"]: task for task in recorded.tasks}
    leaves = recorded.named("leaf")
    assert len(leaves) == 1000
    for task in leaves:
        assert by_id[task["parent_task_id"]]["used"] == task["used"]


def test_workflows_of_interleaved_coroutines(capture: Capture) -> None:
    ids: dict[int, str | None] = {}

    async def run(n: int, seconds: float) -> None:
        with hr.workflow(f"w{n}") as workflow:
            ids[n] = workflow.id
            leaf(n)
            await asyncio.sleep(seconds)
            leaf(n)
            await asyncio.gather(asyncio.to_thread(leaf, n), decorated(n))

    @hr.task
    async def decorated(n: int) -> None:
        await asyncio.sleep(0)
        leaf(n)

    @hr.task
    async def main() -> None:
        # The first to begin is the first to end.
        await asyncio.gather(run(1, 0.01), run(2, 0.05), run(3, 0.02))
        leaf(4)

    asyncio.run(main())
    leaf(5)
    hr.flush()
    all_tasks = Recorded(read(os.environ["HEADRACE_DIR"])).tasks
    by_id = {task["task_id"]: task for task in all_tasks}
    for n in (1, 2, 3):
        ours = [task for task in all_tasks if task["workflow_id"] == ids[n]]
        names = sorted(task["activity"]["name"] for task in ours)
        assert names == [decorated.activity.rpartition(".")[2], *["leaf"] * 4]  # type: ignore[attr-defined]
        above = [by_id[task["parent_task_id"]]["activity"]["name"] for task in ours]
        assert sorted(above) == ["decorated", "main", "main", "main", "main"]
    assert parents(capture.recorded()) == {4: "main", 5: None}
