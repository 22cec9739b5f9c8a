"""The layer for Flowcept programs: what each of its ways of capturing records, as documents."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import decimal
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import headrace as hr
import pytest
import recorded  # noqa: F401 - a folder of its own, before headrace is imported

pytest.importorskip("flowcept.buffer")

from flowcept import (
    AgentObject,
    BlobObject,
    Flowcept,
    FlowceptLightweightLoop,
    FlowceptLoop,
    FlowceptTask,
    TaskObject,
    WorkflowObject,
    flowcept_task,
    lightweight_flowcept_task,
    telemetry_flowcept_task,
)
from flowcept.commons.utils import replace_non_serializable, sanitize_json_like, to_epoch
from flowcept.commons.vocabulary import Status
from flowcept.instrumentation.flowcept_agent_task import (
    agent_flowcept_task,
    extract_llm_usage,
    get_current_context_task,
    set_agent_id,
)
from flowcept.instrumentation.flowcept_decorator import flowcept
from flowcept.instrumentation.flowcept_task import get_current_context_task_id
from headrace import _capture

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Buffer files are written to the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def started() -> Iterator[Flowcept]:
    with Flowcept(campaign_id="campaign", workflow_name="test") as controller:
        yield controller


def tasks(controller: Flowcept) -> list[Document]:
    return [document for document in controller.get_buffer() if document["type"] == "task"]


def one(controller: Flowcept, activity: str) -> Document:
    (document,) = [task for task in tasks(controller) if task["activity_id"] == activity]
    return document


# --- decorators ---


def test_a_task_has_the_fields_of_a_document(started: Flowcept) -> None:
    @flowcept_task(output_names="o4")
    def sum_one(i1: int, step: float = 0.5) -> int:
        return i1 + 1

    before = time.time()
    assert sum_one(3) == 4
    document = one(started, "sum_one")
    assert list(document) == [
        "activity_id", "workflow_id", "campaign_id", "used", "started_at", "hostname", "task_id",
        "status", "ended_at", "generated", "type",
    ]  # fmt: skip
    assert document["workflow_id"] == Flowcept.current_workflow_id == started.current_workflow_id
    assert document["campaign_id"] == Flowcept.campaign_id == "campaign"
    assert document["used"] == {"i1": 3, "step": 0.5}
    assert document["generated"] == {"o4": 4}
    assert document["status"] == "FINISHED"
    assert before - 0.01 <= document["started_at"] <= document["ended_at"] <= time.time() + 0.01


@pytest.mark.parametrize(
    ("output_names", "result", "generated"),
    [
        (None, 5, {"arg_0": 5}),
        (None, {"a": 1, "b": [2]}, {"a": 1, "b": [2]}),
        (None, None, None),
        (None, (1, 2), {"arg_0": [1, 2]}),
        ("x", (1, 2), {"x": [1, 2]}),
        (["x", "y"], (1, 2), {"x": 1, "y": 2}),
        (["x"], [1, 2], {"x": [1, 2]}),
        (["x", "y"], (1, 2, 3), {"arg_0": [1, 2, 3]}),
    ],
)
def test_results_stand_under_names(
    started: Flowcept, output_names: Any, result: Any, generated: Any
) -> None:
    @flowcept_task(output_names=output_names)
    def f() -> Any:
        return result

    f()
    assert one(started, "f").get("generated") == generated


def test_fields_of_a_decorator_stand_in_every_task_failed_ones_too(started: Flowcept) -> None:
    @flowcept_task(
        subtype="learning", tags=["a", "b"], custom_metadata={"k": {"n": 1}}, agent_id="me",
        source_agent_id="you",
    )  # fmt: skip
    def f(is_bad: bool) -> None:
        if is_bad:
            raise KeyError("lost")

    f(False)
    with pytest.raises(KeyError, match="lost"):
        f(True)
    finished, failed = tasks(started)
    for document in finished, failed:
        assert document["subtype"] == "learning"
        assert document["tags"] == ["a", "b"]
        assert document["custom_metadata"] == {"k": {"n": 1}}
        assert (document["agent_id"], document["source_agent_id"]) == ("me", "you")
    assert failed["status"] == "ERROR"
    assert failed["stderr"] == "'lost'"
    assert "stderr" not in finished


def test_arguments_that_say_where_a_task_belongs_are_no_used_values(started: Flowcept) -> None:
    @flowcept_task
    def f(x: int, workflow_id: str | None = None, agent_id: str | None = None) -> None: ...

    f(1, workflow_id="other", agent_id="me")
    document = one(started, "f")
    assert document["used"] == {"x": 1}
    assert (document["workflow_id"], document["agent_id"]) == ("other", "me")


def test_a_handler_of_the_programs_own_makes_the_values(started: Flowcept) -> None:
    def handler(*args: Any, **kwargs: Any) -> dict[str, Any]:
        return {f"my_{key}": str(value) for key, value in kwargs.items()}

    @flowcept_task(args_handler=handler, output_names=["a", "b"])
    def f(x: int, y: int = 2) -> tuple[int, int]:
        return x, y

    assert f(1) == (1, 2)
    with pytest.raises(TypeError):
        f()
    document = one(started, "f")
    assert document["used"] == {"my_x": "1", "my_y": "2"}
    assert document["generated"] == {"my_a": "1", "my_b": "2"}


def test_coroutines_and_their_current_tasks(started: Flowcept) -> None:
    @flowcept_task
    async def outer(n: int) -> str | None:
        mine = get_current_context_task_id()
        await asyncio.sleep(0.01)
        await inner(n)
        assert get_current_context_task_id() == mine
        return mine

    @flowcept_task
    async def inner(n: int) -> None:
        await asyncio.sleep(0)

    async def both() -> list[str | None]:
        return await asyncio.gather(outer(1), outer(2))

    ids = asyncio.run(both())
    assert len(set(ids)) == 2
    found = {(d["activity_id"], d["used"]["n"]): d for d in tasks(started)}
    for n, task_id in zip((1, 2), ids, strict=True):
        assert found["outer", n]["task_id"] == task_id
        assert found["inner", n]["parent_task_id"] == task_id


def test_nested_calls_have_parents(started: Flowcept) -> None:
    @flowcept_task
    def inner() -> None: ...

    @flowcept_task
    def outer() -> str | None:
        inner()
        return get_current_context_task_id()

    task_id = outer()
    assert one(started, "inner")["parent_task_id"] == task_id == one(started, "outer")["task_id"]
    assert "parent_task_id" not in one(started, "outer")
    assert get_current_context_task_id() is None


def test_no_decorator_swallows_an_exception(started: Flowcept) -> None:
    for decorator in (
        flowcept_task,
        telemetry_flowcept_task,
        lightweight_flowcept_task,
        agent_flowcept_task,
    ):

        @decorator
        def bad(x: int) -> None:
            raise RuntimeError("as it is")

        with pytest.raises(RuntimeError, match="as it is"):
            bad(x=1)
    assert [d["status"] for d in tasks(started)] == ["ERROR"] * 4
    assert all(d["used"] == {"x": 1} and d["stderr"] == "as it is" for d in tasks(started))
    assert len({d["task_id"] for d in tasks(started)}) == 4


def test_light_decorators_lose_neither_ids_nor_times(started: Flowcept) -> None:
    @lightweight_flowcept_task
    def light(x: int) -> dict[str, int]:
        return {"y": x}

    @telemetry_flowcept_task
    def measured(x: int) -> int:
        return x

    light(x=1)
    measured(x=2)
    document = one(started, "light")
    assert document["generated"] == {"y": 1}
    assert document["ended_at"] >= document["started_at"]
    qualified = measured.__qualname__
    assert one(started, qualified)["generated"] == {"arg0": 2}


def test_tools_of_agents(started: Flowcept) -> None:
    @agent_flowcept_task
    def tool(question: str) -> str:
        task = get_current_context_task()
        assert task is not None and task.task_id == get_current_context_task_id()
        return question

    set_agent_id("agent-7")
    try:
        tool("why")
    finally:
        set_agent_id(None)
    tool("how")
    first, second = tasks(started)
    assert (first["subtype"], first["agent_id"]) == ("agent_tool", "agent-7")
    assert "agent_id" not in second


def test_a_function_in_a_workflow_of_its_own() -> None:
    seen = []

    @flowcept(campaign_id="c", workflow_name="w", save_workflow=True)
    def main(x: int) -> int:
        seen.append(Flowcept.get_current_instance())
        return x

    assert main(2) == 2
    assert Flowcept.get_current_instance() is None and not Flowcept.is_started
    (controller,) = seen
    documents = Flowcept.read_buffer_file()
    assert [(d["type"], d["status"]) for d in documents] == [
        ("workflow", "RUNNING"),
        ("workflow", "FINISHED"),
    ]
    assert documents[1]["workflow_id"] == controller.current_workflow_id
    assert Flowcept.current_workflow_id == controller.current_workflow_id


# --- values ---


def test_values_are_kept_or_summarised_and_never_an_address(started: Flowcept) -> None:
    @flowcept_task
    def f(**values: Any) -> None: ...

    f(
        path=pathlib.Path("/data/x.csv"),
        moment=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        exact=decimal.Decimal("0.10"),
        options=argparse.Namespace(lr=0.1, layers=[1, 2]),
        some={1, 2},
        nan=float("nan"),
        raw=b"\x00\x01",
        big=2**80,
        keys={1: "one", "two": 2},
    )
    used = one(started, "f")["used"]
    assert used["path"] == "/data/x.csv"
    assert used["moment"].startswith("2026-01-02T03:04:05")
    assert used["exact"] == "0.10"
    assert used["options"] == {"lr": 0.1, "layers": [1, 2]}
    assert sorted(used["some"]) == [1, 2]
    assert used["nan"] is None
    assert used["raw"] == "AAE="
    assert used["big"] == 2**80
    assert used["keys"] == {"1": "one", "two": 2}
    assert "instance_id" not in json.dumps(used)


def test_objects_that_describe_themselves(started: Flowcept) -> None:
    class Model:
        def to_dict(self) -> dict[str, Any]:
            return {"width": 8}

    class Both(Model):
        def to_flowcept_dict(self) -> dict[str, Any]:
            return {"kind": "both", "inner": [Model()]}

    class Broken:
        def to_dict(self) -> dict[str, Any]:
            raise RuntimeError("not now")

    class Quitting:
        def to_dict(self) -> dict[str, Any]:
            raise KeyboardInterrupt

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise RuntimeError(name)

    class OfMeta(metaclass=Meta):
        pass

    @flowcept_task
    def f(model: Any, both: Any, broken: Any, quitting: Any, of_meta: Any) -> None: ...

    f(Model(), Both(), Broken(), Quitting(), OfMeta())
    used = one(started, "f")["used"]
    assert used["model"] == {"width": 8}
    assert used["both"] == {"kind": "both", "inner": [{"width": 8}]}
    assert "Broken" in json.dumps(used["broken"])
    assert "Quitting" in json.dumps(used["quitting"])
    assert "OfMeta" in json.dumps(used["of_meta"])


def test_values_of_numpy_and_pandas(started: Flowcept) -> None:
    numpy = pytest.importorskip("numpy")

    @flowcept_task
    def f(whole: Any, half: Any, array: Any) -> Any:
        return numpy.float32(0.5)

    f(numpy.int64(7), numpy.float64(0.25), numpy.arange(6).reshape(2, 3))
    document = one(started, "f")
    assert (document["used"]["whole"], document["used"]["half"]) == (7, 0.25)
    assert document["used"]["array"]["shape"] == [2, 3]
    assert document["generated"] == {"arg_0": 0.5}
    assert replace_non_serializable(numpy.int64(7)) == 7

    pandas = pytest.importorskip("pandas")

    @flowcept_task
    def g(frame: Any) -> None: ...

    g(pandas.DataFrame({"a": [1, 2, 3], "b": [0.1, 0.2, 0.3]}))
    frame = one(started, "g")["used"]["frame"]
    assert "DataFrame" in json.dumps(frame) and "instance_id" not in json.dumps(frame)


# --- tasks that the program begins and ends ---


def test_a_block_is_a_task_and_the_parent_of_what_is_in_it(started: Flowcept) -> None:
    @flowcept_task
    def inner() -> None: ...

    with FlowceptTask(activity_id="block", used={"a": 1}, tags=["t"]) as task:
        inner()
        task.end(generated={"b": 2}, stdout="said")
    document = one(started, "block")
    assert document["task_id"] == task.get_id()
    assert document["used"] == {"a": 1} and document["generated"] == {"b": 2}
    assert (document["stdout"], document["tags"]) == ("said", ["t"])
    assert one(started, "inner")["parent_task_id"] == task.get_id()
    assert task.get_workflow_id() == started.current_workflow_id
    assert task.get_campaign_id() == "campaign" and task.get_agent_id() is None


def test_a_block_that_raises_is_an_error(started: Flowcept) -> None:
    with pytest.raises(ZeroDivisionError), FlowceptTask(activity_id="block"):
        _ = 1 / 0
    document = one(started, "block")
    assert document["status"] == "ERROR"
    assert document["stderr"] == "division by zero"


def test_ids_times_and_metadata_that_the_program_gives(started: Flowcept) -> None:
    parent = FlowceptTask(task_id="my-parent", activity_id="parent")
    child = FlowceptTask(
        task_id="my-child", parent_task_id="my-parent", workflow_id="my workflow",
        campaign_id="my campaign", activity_id="child", agent_id="a", source_agent_id="b",
        adapter_id="c", hostname="elsewhere", subtype="s", custom_metadata={"k": 1, "l": 1},
        started_at=1000.5, ended_at=1002.0, generated={"y": 1},
    )  # fmt: skip
    assert child._ended
    parent.end(custom_metadata={"m": 1})
    document = one(started, "child")
    assert document["task_id"] == child.get_id() == "my-child"
    assert document["workflow_id"] == child.get_workflow_id() == "my workflow"
    assert document["campaign_id"] == child.get_campaign_id() == "my campaign"
    assert (document["agent_id"], document["source_agent_id"]) == ("a", "b")
    assert (document["adapter_id"], document["subtype"]) == ("c", "s")
    assert (document["started_at"], document["ended_at"]) == (1000.5, 1002.0)
    assert document["hostname"] == "elsewhere"
    assert document["custom_metadata"] == {"k": 1, "l": 1}
    assert one(started, "parent")["custom_metadata"] == {"m": 1}
    assert document["parent_task_id"] == "my-parent" == parent.get_id()


def test_ends_by_what_is_given(started: Flowcept) -> None:
    FlowceptTask(activity_id="stderr", stderr="it broke")
    FlowceptTask(activity_id="status", stderr="", status=Status.ERROR)
    FlowceptTask(activity_id="said").end(status="ERROR", stderr={"exception": "E"})
    message = FlowceptTask(activity_id="message", used={"x": 1})
    message.send()
    message.send()
    message.end(generated={"y": 1})
    merged = FlowceptTask(activity_id="merged", custom_metadata={"a": 1, "b": 1})
    merged.end(custom_metadata={"b": 2}, data="payload")
    open_one = FlowceptTask(activity_id="open")
    found = {d["activity_id"]: d for d in tasks(started)}
    assert (found["stderr"]["status"], found["stderr"]["stderr"]) == ("ERROR", "it broke")
    assert found["status"]["status"] == "ERROR"
    assert found["said"]["stderr"] == {"exception": "E"}
    assert found["message"]["status"] == "FINISHED"
    assert found["message"]["started_at"] == found["message"]["ended_at"]
    assert "generated" not in found["message"]
    assert found["merged"]["custom_metadata"] == {"a": 1, "b": 2}
    assert found["merged"]["data"] == "payload"
    assert "open" not in found
    open_one.end()
    assert one(started, "open")["status"] == "FINISHED"


def test_wrong_arguments_are_type_errors() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'activity'"):
        FlowceptTask(activity="x")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="multiple values for argument 'task_id'"):
        FlowceptTask("a", task_id="b")  # type: ignore[misc]
    with pytest.raises(TypeError):
        FlowceptTask().end(1, 2, 3, 4, 5, 6, 7, 8)  # type: ignore[call-arg, arg-type]

    class Mine(FlowceptTask):
        pass

    assert isinstance(Mine(activity_id="mine"), FlowceptTask)


def test_a_task_that_spans_awaits_is_its_own_contexts_parent(started: Flowcept) -> None:
    @flowcept_task
    def inner(n: int) -> None: ...

    async def block(n: int) -> str | None:
        with FlowceptTask(activity_id="block", used={"n": n}) as task:
            await asyncio.sleep(0.01)
            inner(n)
            return task.get_id()

    async def both() -> list[str | None]:
        return await asyncio.gather(block(1), block(2))

    ids = asyncio.run(both())
    parents = {d["used"]["n"]: d["parent_task_id"] for d in tasks(started) if "n" in d["used"]
               and d["activity_id"] == "inner"}  # fmt: skip
    assert [parents[1], parents[2]] == ids


# --- loops ---


@pytest.mark.parametrize("kind", [FlowceptLoop, FlowceptLightweightLoop])
def test_iterations_are_tasks(started: Flowcept, kind: Any) -> None:
    loop = kind([10, 20, 30], loop_name="epochs", item_name="epoch")
    assert len(loop) == 3 and loop.enabled and loop.get_current_iteration_id() is None
    ids = []
    for item in loop:
        ids.append(loop.get_current_iteration_id())
        loop.end_iter({"loss": item / 10})
    documents = tasks(started)
    assert [d["task_id"] for d in documents] == ids
    assert [d["used"] for d in documents] == [
        {"i": n, "epoch": item} for n, item in enumerate((10, 20, 30))
    ]
    assert [d["generated"] for d in documents] == [{"loss": 1.0}, {"loss": 2.0}, {"loss": 3.0}]
    assert {d["activity_id"] for d in documents} == {"epochs_iteration"}
    assert len({d["group_id"] for d in documents}) == 1
    assert all(d["status"] == "FINISHED" and "ended_at" in d for d in documents)


def test_a_loop_that_is_left_loses_nothing(started: Flowcept) -> None:
    for item in FlowceptLoop(5, loop_name="broken"):
        if item == 1:
            break
    with pytest.raises(ValueError, match="no more"):
        for item in FlowceptLoop(5, loop_name="raised"):
            if item == 1:
                raise ValueError("no more")
    broken = [d for d in tasks(started) if d["activity_id"] == "broken_iteration"]
    raised = [d for d in tasks(started) if d["activity_id"] == "raised_iteration"]
    assert [d["status"] for d in broken] == ["FINISHED", "FINISHED"]
    assert [d["status"] for d in raised] == ["FINISHED", "ERROR"]
    assert raised[1]["stderr"] == "no more"


def test_loops_nest_and_take_iterators(started: Flowcept) -> None:
    epochs = FlowceptLoop(iter([1, 2]), loop_name="epoch", items_length=2)
    assert len(epochs) == 2
    for _ in epochs:
        parent = epochs.get_current_iteration_id()
        for _ in FlowceptLoop("ab", loop_name="batch", parent_task_id=parent, workflow_id="sub"):
            pass
    batches = [d for d in tasks(started) if d["activity_id"] == "batch_iteration"]
    epoch_ids = [d["task_id"] for d in tasks(started) if d["activity_id"] == "epoch_iteration"]
    assert [d["parent_task_id"] for d in batches] == [i for i in epoch_ids for _ in "ab"]
    assert {d["workflow_id"] for d in batches} == {"sub"}
    assert len({d["group_id"] for d in batches}) == 2
    unknown = FlowceptLoop(x for x in range(4))
    assert next(unknown) == 0 and len(unknown) == 4 and list(unknown) == [1, 2, 3]
    off = FlowceptLoop(3, capture_enabled=False, loop_name="off")
    assert list(off) == [0, 1, 2] and not off.enabled
    assert not [d for d in tasks(started) if d["activity_id"] == "off_iteration"]
    with pytest.raises(TypeError):
        FlowceptLoop(3.5)  # type: ignore[arg-type]


def test_a_loop_may_be_derived_from(started: Flowcept) -> None:
    seen = []

    class Epochs(FlowceptLoop):
        def __next__(self) -> Any:
            item = super().__next__()
            seen.append(self.get_current_iteration_id())
            return item

    assert list(Epochs(3)) == [0, 1, 2]
    assert seen == [d["task_id"] for d in tasks(started)]


# --- threads and processes ---


def test_threads(started: Flowcept) -> None:
    @flowcept_task
    def f(n: int) -> None: ...

    def work(thread: int) -> None:
        for n in range(50):
            f(1000 * thread + n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    documents = tasks(started)
    assert len({d["task_id"] for d in documents}) == len(documents) == 200
    assert {d["workflow_id"] for d in documents} == {started.current_workflow_id}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
def test_forked_children_belong_to_the_workflow(started: Flowcept) -> None:
    @flowcept_task
    def f(n: int) -> None: ...

    for n in range(3):
        pid = os.fork()
        if pid == 0:
            f(n)
            _capture.stop("finished", None)
            os._exit(0)
        os.waitpid(pid, 0)
    f(3)
    deadline = time.monotonic() + 20
    while len(tasks(started)) < 4 and time.monotonic() < deadline:
        time.sleep(0.1)
    documents = tasks(started)
    assert sorted(d["used"]["n"] for d in documents) == [0, 1, 2, 3]
    assert {d["workflow_id"] for d in documents} == {started.current_workflow_id}
    assert len({d["task_id"] for d in documents}) == 4


# --- the controller ---


def test_a_workflow_from_begin_to_end(folder: pathlib.Path) -> None:
    controller = Flowcept(
        workflow_id="0f0e0d0c-0b0a-4a4b-8c8d-0e0f00010203", workflow_name="sweep",
        workflow_args={"lr": 0.1}, workflow_description="said", workflow_subtype="ml_workflow",
        campaign_id="c", agent_name="planner", parent_workflow_id="above",
    )  # fmt: skip
    assert controller.get_buffer() is None and not controller.is_started
    assert controller.start() is controller is controller.start()
    assert Flowcept.is_started and Flowcept.buffer is controller.buffer
    assert controller.agent_id is not None
    other = controller.save_agent(name="other")
    controller.stop()
    controller.stop()
    assert Flowcept.buffer is None and not Flowcept.is_started
    documents = Flowcept.read_buffer_file()
    first, *agents, last = documents
    assert [agent["type"] for agent in agents] == ["agent", "agent"]
    assert [agent["name"] for agent in agents] == ["planner", "other"]
    assert agents[1]["agent_id"] == other and agents[1]["campaign_id"] == "c"
    for document in first, last:
        assert document["type"] == "workflow"
        assert document["workflow_id"] == "0f0e0d0c-0b0a-4a4b-8c8d-0e0f00010203"
        assert (document["name"], document["campaign_id"]) == ("sweep", "c")
        assert (document["used"], document["subtype"]) == ({"lr": 0.1}, "ml_workflow")
        assert document["workflow_description"] == "said"
        assert document["parent_workflow_id"] == "above"
    assert (first["status"], last["status"]) == ("RUNNING", "FINISHED")
    assert last["ended_at"] >= last["started_at"] == first["started_at"]


def test_a_workflow_that_raises_is_an_error_and_one_unsaved_has_no_document() -> None:
    with pytest.raises(OSError, match="gone"), Flowcept():
        raise OSError("gone")
    assert Flowcept.read_buffer_file()[-1]["status"] == "ERROR"
    with Flowcept(save_workflow=False, workflow_id="any text"):
        FlowceptTask(activity_id="a").end()
    (document,) = Flowcept.read_buffer_file()
    assert (document["activity_id"], document["workflow_id"]) == ("a", "any text")


def test_the_buffer_is_a_list_of_documents(started: Flowcept) -> None:
    assert Flowcept.buffer is not None and started.buffer is not None
    started.buffer.append({"activity_id": "mine", "task_id": "t1", "status": "FINISHED",
                           "used": {"x": 1}, "group_id": "g", "type": "task"})  # fmt: skip
    assert started.buffer[-1]["task_id"] == "t1" and started.buffer[-1]["group_id"] == "g"
    assert len(started.buffer) == len(list(started.buffer)) == 2
    assert [d["type"] for d in started.buffer.new_documents()] == ["workflow", "task"]
    assert started.buffer.new_documents() == []
    FlowceptTask(activity_id="next").end()
    assert [d["activity_id"] for d in started.buffer.new_documents()] == ["next"]


def test_new_documents_reads_only_what_is_new_of_the_spool(started: Flowcept) -> None:
    @flowcept_task
    def counted(n: int, shown: object) -> int:
        return n

    assert started.buffer is not None
    names = []
    for n in range(60):
        counted(n, pathlib.Path("x") if n % 3 == 0 else n)  # a path takes more than the native way
        if n % 7 == 0:
            names += [d["used"]["n"] for d in started.buffer.new_documents() if "used" in d]
    names += [d["used"]["n"] for d in started.buffer.new_documents() if "used" in d]
    assert names == list(range(60))
    # What has been read whole is not read again.
    directory = _capture.directory()
    assert directory is not None
    read: dict[str, int] = {}
    assert _capture.read_segments(directory, 0, True, read) != ""
    assert _capture.read_segments(directory, 0, True, read) == ""
    until = dict(read)
    counted(60, None)
    _capture.flush()
    assert _capture.read_segments(directory, 0, True, {}, until).count('"counted"') == 60
    assert _capture.read_segments(directory, 0, True, read).count('"counted"') == 61


def test_the_child_of_a_task_with_an_id_of_its_own_names_that(started: Flowcept) -> None:
    @flowcept_task
    def inner(value: object) -> None: ...

    assert started.buffer is not None
    with FlowceptTask(task_id="mine", activity_id="outer"):
        inner(1)
        inner(pathlib.Path("x"))
        # It ends before its parent is in the record.
        children = [d for d in started.buffer.new_documents() if d["type"] == "task"]
    assert [child["parent_task_id"] for child in children] == ["mine", "mine"]
    started.dump_buffer("told.jsonl")
    told = [d for d in Flowcept.read_buffer_file("told.jsonl") if d["type"] == "task"]
    assert [d.get("parent_task_id") for d in told] == ["mine", "mine", None]
    assert [d["task_id"] for d in told if d["activity_id"] == "outer"] == ["mine"]


def test_documents_of_a_running_task_become_one(started: Flowcept) -> None:
    assert started._first_interceptor is not None
    intercept = started._first_interceptor.intercept
    intercept({"task_id": "k", "activity_id": "f", "used": {"x": 1}, "status": "RUNNING",
               "address": "tcp://w"})  # fmt: skip
    intercept({"task_id": "k", "status": "ERROR", "stderr": {"exception": "E"},
               "generated": {"y": 2}})  # fmt: skip
    document = one(started, "f")
    assert (document["task_id"], document["status"]) == ("k", "ERROR")
    assert document["used"] == {"x": 1} and document["generated"] == {"y": 2}
    assert document["address"] == "tcp://w" and document["stderr"] == {"exception": "E"}


def test_buffer_files_are_appended_joined_and_removed(folder: pathlib.Path) -> None:
    def line(n: int) -> str:
        return json.dumps({"n": n}) + "\n"

    (folder / "b_wf_1.jsonl").write_text(line(1))
    (folder / "b_wf_2.jsonl").write_text(line(2) + "\n")
    documents = Flowcept.read_buffer_file("b.jsonl", consolidate=True, workflow_id="wf")
    assert [d["n"] for d in documents] == [1, 2]
    assert sorted(path.name for path in folder.iterdir()) == ["b_wf.jsonl"]
    with pytest.raises(ValueError, match="workflow_id"):
        Flowcept.read_buffer_file("b.jsonl", consolidate=True)
    with pytest.raises(FileNotFoundError, match=r"none\.jsonl"):
        Flowcept.read_buffer_file("none.jsonl")
    (folder / "cut.jsonl").write_text(line(1) + '{"n": ')
    with pytest.raises(ValueError, match=r"cut\.jsonl, line 2"):
        Flowcept.read_buffer_file("cut.jsonl")
    with Flowcept(delete_buffer_file=False) as controller:
        controller.dump_buffer("mine.jsonl")
    assert len(Flowcept.read_buffer_file("mine.jsonl")) == 1
    Flowcept.delete_buffer_file("mine.jsonl")
    Flowcept.delete_buffer_file("mine.jsonl")
    assert not (folder / "mine.jsonl").exists()


def test_data_frames_of_the_buffer(started: Flowcept) -> None:
    pytest.importorskip("pandas")
    FlowceptTask(activity_id="a", used={"x": {"y": 1}}).end()
    frame = started.get_buffer(return_df=True)
    assert frame["used.x.y"].dropna().tolist() == [1.0]


def test_services_without_any() -> None:
    assert Flowcept.services_status() == {}
    assert Flowcept.services_alive()


# --- settings ---


def run(folder: pathlib.Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(pathlib.Path(hr.__file__).parents[1]),
            "HEADRACE_DIR": str(folder / ".headrace"),
            "HOME": str(folder),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


SETTINGS = """
project: {db_flush_mode: offline, enrich_messages: true,
          dump_buffer: {enabled: true, path: my.jsonl, append_workflow_id_to_path: true}}
experiment: {user: "${oc.env:WHO,nobody}"}
mq: {enabled: false, port: "${kv_db.port}"}
kv_db: {port: 7000}
telemetry_capture: {cpu: true, per_cpu: true, mem: true, disk: true, network: true,
                    process_info: true, machine_info: true}
"""


def test_settings_of_a_file_and_of_the_environment(folder: pathlib.Path) -> None:
    (folder / "settings.yaml").write_text(SETTINGS)
    program = "\n".join([
        "import json, flowcept; from flowcept import configs as c",
        "print(json.dumps([flowcept.SETTINGS_PATH, c.FLOWCEPT_USER, c.MQ_PORT, c.MQ_CHANNEL,"
        " c.TELEMETRY_ENABLED, c.ENRICH_MESSAGES, c.DUMP_BUFFER_PATH]))",
    ])  # fmt: skip
    path = str(folder / "settings.yaml")
    told = run(folder, program, FLOWCEPT_SETTINGS_PATH=path, MQ_CHANNEL="mine", WHO="me")
    assert told.stderr == ""
    assert json.loads(told.stdout) == [path, "me", 7000, "mine", True, True, "my.jsonl"]
    told = run(folder, program, FLOWCEPT_SETTINGS_PATH=path, FLOWCEPT_USE_DEFAULT="1")
    assert json.loads(told.stdout)[:3] == ["FLOWCEPT_DEFAULT_SETTINGS", "blank_user", 6379]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [1", "not valid YAML"),
        ("- 1", "holds a list"),
        ("mq: 5", "'mq' is a int"),
        ("mq: {host: '${oc.env:NOT_SET_ANYWHERE}'}", "'NOT_SET_ANYWHERE' is not set"),
        ("!!python/object/apply:os.system ['touch it']", "not valid YAML"),
    ],
)
def test_broken_settings_say_why_and_defaults_hold(
    folder: pathlib.Path, text: str, why: str
) -> None:
    (folder / "settings.yaml").write_text(text)
    told = run(
        folder,
        "from flowcept import configs; print(configs.MQ_ENABLED, configs.SETTINGS_PATH)",
        FLOWCEPT_SETTINGS_PATH=str(folder / "settings.yaml"),
    )
    assert told.stdout.split() == ["False", "FLOWCEPT_DEFAULT_SETTINGS"]
    assert why in told.stderr and "settings.yaml" in told.stderr
    assert "defaults hold" in told.stderr
    assert not (folder / "it").exists()


def test_settings_that_contradict_each_other(folder: pathlib.Path) -> None:
    program = "from flowcept import Flowcept; Flowcept()"
    assert "mq.enabled is false" in run(folder, program, DB_FLUSH_MODE="online").stderr
    assert "persistent DBs" in run(folder, program, MONGO_ENABLED="true").stderr
    assert "check_safe_stops=True" in run(folder, program, MQ_ENABLED="true").stderr


def test_telemetry_and_enriched_workflows(folder: pathlib.Path) -> None:
    (folder / "settings.yaml").write_text(SETTINGS)
    program = "\n".join([
        "import time; from flowcept import Flowcept, flowcept_task",
        "@flowcept_task",
        "def f(x): time.sleep(0.25)",
        "@flowcept_task(capture_telemetry=False)",
        "def without(x): pass",
        "with Flowcept(workflow_id='w', workflow_name='n'): f(1); without(2)",
    ])  # fmt: skip
    told = run(
        folder,
        program,
        FLOWCEPT_SETTINGS_PATH=str(folder / "settings.yaml"),
        MY_API_TOKEN="hush",  # noqa: S106
    )
    assert (told.returncode, told.stderr) == (0, "")
    text = (folder / "my_w.jsonl").read_text()
    assert "hush" not in text
    documents = [json.loads(line) for line in text.splitlines()]
    (task,) = [d for d in documents if d.get("activity_id") == "f"]
    begin, end = task["telemetry_at_start"], task["telemetry_at_end"]
    assert set(begin) == {"cpu", "process", "memory", "disk", "network"}
    assert set(begin["cpu"]) >= {"times_avg", "percent_all", "times_per_cpu", "percent_per_cpu"}
    assert begin["process"]["pid"] > 0 and begin["process"]["memory"]["rss"] > 0
    assert set(begin["memory"]) == {"virtual", "swap"}
    assert set(begin["disk"]["disk_usage"]) == {"total", "used", "free", "percent"}
    assert "bytes_sent" in begin["network"]["netio_sum"]
    assert end["cpu"]["times_avg"]["user"] >= begin["cpu"]["times_avg"]["user"]
    assert end != begin  # a sample lies between them
    (bare,) = [d for d in documents if d.get("activity_id") == "without"]
    assert "telemetry_at_start" not in bare and "telemetry_at_end" not in bare
    workflow = documents[-1]
    assert workflow["type"] == "workflow" and workflow["flowcept_version"] == "1.0.3"
    assert workflow["user"] and workflow["utc_timestamp"] and workflow["flowcept_settings"]
    (machine,) = workflow["machine_info"].values()
    assert machine["platform"]["system"] == "Linux"


def test_instrumentation_that_is_off(folder: pathlib.Path) -> None:
    (folder / "settings.yaml").write_text("instrumentation: {enabled: false}")
    program = "\n".join([
        "from flowcept import Flowcept, FlowceptLoop, FlowceptTask",
            "from flowcept import flowcept_task, lightweight_flowcept_task",
        "def g(x): return x",
        "assert flowcept_task(g) is g and lightweight_flowcept_task(g) is g",
        "with Flowcept() as f:",
        "    with FlowceptTask(activity_id='a') as t: t.end()",
        "    assert list(FlowceptLoop(2)) == [0, 1]",
        "    assert f.get_buffer() is None and not f.is_started",
    ])  # fmt: skip
    told = run(folder, program, FLOWCEPT_SETTINGS_PATH=str(folder / "settings.yaml"))
    assert (told.returncode, told.stderr) == (0, "")
    assert not (folder / ".headrace").exists()


def test_the_package_is_light_and_knows_its_names(folder: pathlib.Path) -> None:
    program = "\n".join([
        "import sys, flowcept",
        "assert not {'flowcept.configs', 'numpy', 'yaml', 'headrace'} & set(sys.modules)",
        "assert 'Flowcept' in dir(flowcept) and flowcept.__version__ == '1.0.3'",
        "try: flowcept.nothing",
        "except AttributeError as error: print(error)",
    ])  # fmt: skip
    told = run(folder, program)
    assert told.stderr == "" and "nothing" in told.stdout


# --- documents as objects ---


def test_objects_make_documents_and_back() -> None:
    task = TaskObject.from_dict(
        {"task_id": "t", "status": "FINISHED", "no_field": 1, "tags": ["a"]}
    )
    assert task.status is Status.FINISHED and not hasattr(task, "no_field")
    assert task.to_dict() == {
        "task_id": "t", "status": "FINISHED", "tags": ["a"], "type": "task",
    }  # fmt: skip
    workflow = WorkflowObject("w", name="n", used={"a": 1})
    workflow.status = Status.RUNNING
    back = WorkflowObject.from_dict(workflow.to_dict())
    assert back.status is Status.RUNNING and not back.workflow_is_finished()
    workflow.flowcept_settings = {"mq": {"password": "p", "port": 1}}
    assert workflow.to_dict()["flowcept_settings"] == {"mq": {"password": "REDACTED", "port": 1}}
    agent = AgentObject("a", "name", "w", "c")
    assert AgentObject.from_dict(agent.to_dict()).to_dict() == agent.to_dict()
    blob = BlobObject("o", object_type="ml_model", version=None)
    assert blob.to_dict() == {"object_id": "o", "object_type": "ml_model", "version": 0}
    assert BlobObject.from_dict({"version": None}).version == 0


def test_functions_of_utils() -> None:
    assert to_epoch(1.5) == 1.5 and to_epoch(1_500_000_000_000) == 1_500_000_000.0
    assert to_epoch("2026-01-01T00:00:00Z") == to_epoch("2026-01-01T00:00:00") == 1767225600.0
    assert to_epoch(datetime.datetime(2026, 1, 1)) == 1767225600.0
    assert to_epoch("no date") is None and to_epoch(None) is None
    told = {"api_key": "x", "n": [{"text": "sk-abc"}], "a.b": 1}
    assert sanitize_json_like(told) == {
        "api_key": "REDACTED",
        "n": [{"text": "REDACTED"}],
        "a.b": 1,
    }
    assert "api_key" not in sanitize_json_like(told, drop_sensitive_keys=True)
    assert "a_b" in sanitize_json_like(told, mongo_safe_keys=True)


# --- language models ---


class Answer:
    def __init__(self, content: str, **facts: Any) -> None:
        self.content = content
        self.usage_metadata = facts.pop("usage_metadata", None)
        self.response_metadata = facts


class Model:
    def dict(self) -> dict[str, Any]:
        return {"model": "tiny", "api_key": "sk-secret"}

    def invoke(self, messages: Any, **options: Any) -> Answer:
        if messages == "fail":
            raise TimeoutError("no answer")
        return Answer("hello", model_name="tiny-2", usage_metadata={"input_tokens": 3})


def test_questions_to_a_model_are_tasks(started: Flowcept) -> None:
    from flowcept.instrumentation.flowcept_agent_task import FlowceptLLM

    model = FlowceptLLM(Model(), agent_id="me")
    assert model([{"role": "user", "content": "Hi"}, "there"]) == "hello"
    with pytest.raises(TimeoutError):
        model.invoke("fail")
    answered, failed = tasks(started)
    assert answered["used"] == {"prompt": "User: Hi\nthere"}
    assert answered["generated"] == {"response": "hello"}
    assert (answered["activity_id"], answered["subtype"]) == (
        "llm_interaction",
        "ai_model_invocation",
    )
    metadata = answered["custom_metadata"]
    assert metadata["class_name"] == "Model" and metadata["config"] == {"model": "tiny"}
    usage = metadata["llm_usage"]
    assert (usage["model"], usage["input_tokens"], usage["output_tokens"]) == ("tiny-2", 3, 1)
    assert usage["token_count_source"] in {"provider"} and usage["llm_total_tokens"] == 4
    assert failed["status"] == "ERROR" and failed["agent_id"] == "me"


def test_tokens_that_nobody_tells_are_estimated() -> None:
    usage = extract_llm_usage("text", "m", input_text="x" * 10, output_text="")
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (2, 0, 2)
    assert usage["token_count_source"] in {"estimated_from_chars"} and usage["model"] == "m"
