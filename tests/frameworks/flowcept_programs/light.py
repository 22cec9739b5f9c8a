"""The decorators that record less."""

from __future__ import annotations

from flowcept import Flowcept, lightweight_flowcept_task, telemetry_flowcept_task


@lightweight_flowcept_task
def light(x: int, name: str) -> dict[str, int]:
    return {"y": x + 1}


@telemetry_flowcept_task
def measured(x: int) -> dict[str, int]:
    return {"y": sum(i * i for i in range(x))}


def main() -> None:
    with Flowcept(workflow_name="light", campaign_id="study"):
        for x in range(3):
            light(x=x, name="n")
        measured(x=1000)


if __name__ == "__main__":
    main()
