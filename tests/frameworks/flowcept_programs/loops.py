"""Loops: full and lightweight, with values and without, one inside the other."""

from __future__ import annotations

from flowcept import Flowcept, FlowceptLightweightLoop, FlowceptLoop


def main() -> None:
    with Flowcept(workflow_name="loops", campaign_id="study"):
        epochs = FlowceptLoop(3, loop_name="epochs", item_name="epoch", parent_task_id="train")
        for epoch in epochs:
            epochs.end_iter({"loss": 1 / (1 + epoch)})
        for _ in FlowceptLoop(["a", "b"], loop_name="letters", item_name="letter"):
            pass
        light = FlowceptLightweightLoop(range(4), loop_name="light", item_name="n")
        for n in light:
            light.end_iter({"square": n * n})


if __name__ == "__main__":
    main()
