"""The versions of a watched model: an object of kind model for each content of its state."""

from __future__ import annotations

from typing import Any

import headrace as hr
from headrace.adapters import Moment, current_task, is_capturing, now
from headrace.failures import is_from_signal
from headrace.torch.adapter import ADAPTER
from headrace.torch.architecture import architecture_of, size_bytes, state_sha256

# A larger state is hashed at checkpoints and when asked, not when a watch begins or ends.
MOST_UNASKED_BYTES = 256 << 20


class Versions:
    """What a watched model was and is. `steps` and `data`: what trained it since `current`."""

    def __init__(self, watch: Any) -> None:
        self._watch = watch
        self.current: hr.Object | None = None
        self.steps = 0
        self.total_steps = 0
        self.data: dict[str, Any] = {}
        self._since = now()

    def begin(self) -> None:
        """Records the model as it is when the watch begins, with its modules."""
        if is_capturing():
            self._guard(lambda: self._first())

    def end(self) -> None:
        """Records the model as it is when the watch ends, if it was trained since."""
        model = self._watch.model
        if model is None or not self.steps or not is_capturing():
            return
        self._guard(lambda: size_bytes(model) <= MOST_UNASKED_BYTES and self.now())

    def _guard(self, body: Any) -> None:
        try:
            body()
        except Exception as error:
            if is_from_signal(error):
                raise
            self._watch.note(f"its version is not recorded: {type(error).__name__}: {error}")

    def _first(self) -> None:
        model = self._watch.model
        told = architecture_of(model)
        sha256 = state_sha256(model) if told.size_bytes <= MOST_UNASKED_BYTES else None
        texts = list(told.texts())
        # Of one record only two texts of 15 KB fit; records of one object add up.
        for at in range(0, len(texts), 2):
            self._record(told, sha256, dict(texts[at : at + 2]))

    def _record(
        self, told: Any, sha256: str | None, more: dict[str, Any], origin: str = ""
    ) -> hr.Object:
        version = (sha256 or told.sha256)[:32] + origin
        attributes = told.attributes() | more | {"steps": self.total_steps} | ranks()
        self.current = ADAPTER.content(
            "model", self._watch.name, sha256, told.size_bytes, version=version, **attributes
        )
        return self.current

    def now(self, origin: dict[str, hr.Object] | None = None) -> hr.Object:
        """The model's version now. A new one is the outcome of a task: of what it was read from
        (`origin`), or of the steps since the last one."""
        model = self._watch.model
        told, sha256 = architecture_of(model), state_sha256(model)
        before, since = self.current, self._since
        steps, data = self.steps, self.data
        if origin is None and before is not None and before.sha256 == sha256:
            return before
        # What was read from a file is a version of its own: else it and the file would each have
        # been made from the other.
        place = "" if origin is None else "".join(f" of {each.id}" for each in origin.values())
        found = self._record(told, sha256, {}, place)
        self._since, self.steps, self.data = now(), 0, {}
        if origin is not None:
            record_task("torch.load_state_dict", now(), origin, {"model": found})
        elif steps and before is not None:
            used = {"model": before, "steps": steps, **data}
            record_task("torch.train", since, used, {"model": found})
        return found


def ranks() -> dict[str, int]:
    """Which process of a distributed training this is."""
    import torch

    distributed = torch.distributed
    if not (distributed.is_available() and distributed.is_initialized()):
        return {}
    return {"rank": distributed.get_rank(), "world_size": distributed.get_world_size()}


def record_task(
    activity: str, begin: Moment, used: dict[str, Any], generated: dict[str, Any]
) -> None:
    """Records a task from then until now, under the one that runs."""
    parent = current_task() or ""
    ADAPTER.record(
        activity, begin_ns=begin, end_ns=now(), parent=parent, used=used, generated=generated
    )
