"""Agents as records, their tools and the tasks that others asked them for."""

from __future__ import annotations

from flowcept import Flowcept, flowcept_task
from flowcept.instrumentation.flowcept_agent_task import agent_flowcept_task


@agent_flowcept_task
def tool(question: str) -> dict[str, str]:
    return {"answer": question.upper()}


@flowcept_task(agent_id="planner", source_agent_id="user")
def plan(steps: int) -> dict[str, int]:
    return {"planned": steps}


def main() -> None:
    with Flowcept(
        workflow_name="agents", campaign_id="study", agent_id="planner", agent_name="The planner"
    ) as running:
        running.save_agent(name="A helper of the planner", agent_id="second")
        plan(3)
        tool(question="why")


if __name__ == "__main__":
    main()
