"""FlowceptTask by hand: as a block, ended with values, sent, with parents and ids of its own."""

from __future__ import annotations

from flowcept import Flowcept, FlowceptTask


def main() -> None:
    with Flowcept(workflow_name="tasks", campaign_id="study"):
        with FlowceptTask(activity_id="block", used={"x": 1, "deep": {"y": [1, 2]}}) as block:
            block.end(generated={"y": 2.5}, stdout="done", custom_metadata={"k": "v"})
        with FlowceptTask(activity_id="without end", used={"x": 2}, tags=["t"]):
            pass
        FlowceptTask(activity_id="sent", used={"message": "hello"}, subtype="note").send()
        FlowceptTask(task_id="mine-1", activity_id="named", used={"z": None}).end(
            generated={"ok": True}
        )
        child = FlowceptTask(
            activity_id="child",
            parent_task_id="mine-1",
            agent_id="agent-7",
            source_agent_id="agent-6",
            adapter_id="by hand",
            hostname="node9",
        )
        child.end(stderr="it broke")
        FlowceptTask(
            task_id="mine-2",
            activity_id="whole",
            used={"a": 1},
            generated={"b": 2},
            started_at=1700000000.25,
            ended_at=1700000001.75,
        )


if __name__ == "__main__":
    main()
