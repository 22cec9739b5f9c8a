"""Loops whose iterations are tasks: native, so that an iteration costs as much as a task."""

from __future__ import annotations

from headrace import _capture


class FlowceptLoop(_capture.FlowceptLoop):
    """`for item in FlowceptLoop(items, loop_name="epochs", item_name="epoch"): ...`

    Each iteration is a task of the activity `<loop_name>_iteration`. It begins when its item is
    handed out and ends when the next one is asked for, or when the loop is left: by its end, by
    `break`, or by an exception, which makes it ERROR.
    """

    __slots__ = ()


class FlowceptLightweightLoop(_capture.FlowceptLoop):
    """The same: there is nothing lighter."""

    __slots__ = ()
