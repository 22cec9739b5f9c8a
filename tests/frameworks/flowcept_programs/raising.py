"""Functions, tasks and loops that raise; the program goes on or ends as it would by itself."""

from __future__ import annotations

from flowcept import Flowcept, FlowceptLoop, FlowceptTask, flowcept_task


@flowcept_task
def divide(a: float, b: float) -> float:
    return a / b


@flowcept_task
def needs_two(a: int, b: int) -> int:
    return a + b


def main() -> None:
    with Flowcept(workflow_name="raising", campaign_id="study"):
        try:
            divide(1, 0)
        except ZeroDivisionError as error:
            print("divide:", error)
        try:
            needs_two(1)  # type: ignore[call-arg]
        except TypeError as error:
            print("needs_two:", error)
        try:
            with FlowceptTask(activity_id="block", used={"x": 1}):
                raise KeyError("gone")
        except KeyError as error:
            print("block:", error)
        for i in FlowceptLoop(5, loop_name="broken"):
            if i == 2:
                break
        divide(4, 2)


if __name__ == "__main__":
    main()
