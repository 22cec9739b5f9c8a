"""Which tasks were given out already."""

from __future__ import annotations

import bisect


class SeenTasks:
    """A set of task ids, as ranges of numbers for each producer: a few when all of its tasks are
    in it, however many they are."""

    def __init__(self) -> None:
        # Of each producer the numbers at which seen and unseen take turns: [begin, end, begin, ...]
        self._turns: dict[int, list[int]] = {}

    def __contains__(self, task_id: str) -> bool:
        producer, number = _parts(task_id)
        return bisect.bisect_right(self._turns.get(producer, []), number) % 2 == 1

    def add(self, task_id: str) -> bool:
        """False if it was there."""
        producer, number = _parts(task_id)
        turns = self._turns.setdefault(producer, [])
        at = bisect.bisect_right(turns, number)
        if at % 2 == 1:
            return False
        begins = at > 0 and turns[at - 1] == number  # right behind a range
        ends = at < len(turns) and turns[at] == number + 1  # right before one
        turns[at - begins : at + ends] = [number] * (not begins) + [number + 1] * (not ends)
        return True


def _parts(task_id: str) -> tuple[int, int]:
    """The halves of a task's UUID: its producer and its number."""
    bits = int(task_id.replace("-", ""), 16)
    return bits >> 64, bits & 0xFFFF_FFFF_FFFF_FFFF
