"""The tasks that a trainer's callback has open: of a training, its epochs, steps, validations.

Frameworks tell beginnings and ends in different callbacks. What runs in between, on the same
thread, becomes a child of the innermost; an end closes what was left open inside.
"""

from __future__ import annotations

from typing import Any

from headrace.adapters import Adapter


class OpenTasks:
    """Open tasks, outermost first. Everything here is quiet where capture is off. A copy or a
    pickle of it has none open: tasks belong to the process that runs them."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._open: list[tuple[str, Any]] = []

    def begin(self, activity: str, used: dict[str, Any] | None = None, **tags: Any) -> Any:
        """Begins a task inside the innermost; returns it, for used(), generated() and log()."""
        task = self._adapter.begin(activity, used=used, tags=tags or None)
        task.__enter__()
        self._open.append((activity, task))
        return task

    def is_open(self, activity: str) -> bool:
        return any(name == activity for name, _ in self._open)

    def task(self, activity: str | None = None) -> Any:
        """The innermost open task (of that activity); None if there is none."""
        for name, task in reversed(self._open):
            if activity in (None, name):
                return task
        return None

    def end(self, activity: str, generated: dict[str, Any] | None = None) -> None:
        """Ends the innermost of that activity and what is open inside it."""
        if not self.is_open(activity):
            return
        while self._open:
            name, task = self._open.pop()
            if name == activity and generated:
                task.generated(generated)
            task.__exit__(None, None, None)
            if name == activity:
                return

    @property
    def depth(self) -> int:
        """How many are open."""
        return len(self._open)

    def end_to(self, depth: int, error: BaseException | None = None) -> None:
        """Ends all but so many: with an error, as failed (as cancelled after Ctrl-C)."""
        while len(self._open) > depth:
            _, task = self._open.pop()
            task.__exit__(None if error is None else type(error), error, None)

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, _: dict[str, Any]) -> None:
        self._open = []
