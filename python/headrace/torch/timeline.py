"""Whose turn it is: time goes to one slot at a time, so what all slots got is what has passed.

A slot is a layer in a phase; slot 0 is what runs outside of all layers. Layers are nested, so a
layer's own time is what passes between its begin and its end less what its children took.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace._capture import LayerClock

OUTSIDE = 0


class HostTimeline(LayerClock):
    """By this process's clock: what PyTorch does on the CPU is done when its call returns."""

    _by_host = True

    def __init__(self, slots: int, clock: Callable[[], int] | None = None) -> None:
        super().__init__(slots, clock, self._by_host)

    def close(self) -> tuple[int, list[int], list[int]]:
        """Ends the interval and begins the next: its length, and each slot's time and calls."""
        self.switch(self.current)
        since_ns = self.last_ns - self.begin_ns
        self.begin_ns = self.last_ns
        return since_ns, *self.take()

    def is_ready(self) -> bool:
        """Whether the interval can be closed now."""
        return True


class EventTimeline(HostTimeline):
    """By events on the device's stream, which are read once it has passed them: nothing waits.

    The time of a slot is then from when the stream got to its first kernel until the next slot's.
    """

    _by_host = False

    def __init__(self, slots: int, device: Any) -> None:
        super().__init__(slots)
        self._device = device
        self._pool: list[Any] = []
        self._tape: list[tuple[int, Any]] = []  # whose time ended, and where
        self._first = self._record()

    def _record(self) -> Any:
        event = self._pool.pop() if self._pool else self._device.Event(enable_timing=True)
        event.record()
        return event

    def switch(self, slot: int) -> None:
        """From now on time is this slot's."""
        self._tape.append((self.current, self._record()))
        self.set_current(slot)

    def forget(self, slot: int) -> None:
        """As switch, but nobody knows whose the time since the last one was."""
        self._tape.append((OUTSIDE, self._record()))
        self.set_current(slot)

    def is_ready(self) -> bool:
        """Whether the device has passed the interval."""
        return not self._tape or bool(self._tape[-1][1].query())

    def close(self) -> tuple[int, list[int], list[int]]:
        """Ends the interval and begins the next: its length, and each slot's time and calls."""
        passed_ns = 0
        if self._tape:
            self._tape[-1][1].synchronize()  # waits only where nobody asked is_ready
        for slot, event in self._tape:
            took_ns = round(self._first.elapsed_time(event) * 1e6)
            self.add(slot, took_ns)
            passed_ns += took_ns
            self._pool.append(self._first)
            self._first = event
        self._tape.clear()
        self.begin_ns = self.clock()
        return passed_ns, *self.take()
