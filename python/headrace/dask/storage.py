"""What a worker does with results beside computing them: fetches them from others, is given them by
a client, writes them to disk and reads them again."""

from __future__ import annotations

import logging
from typing import Any

from headrace.adapters import Activity, Object
from headrace.dask.functions import ADAPTER

logger = logging.getLogger("headrace.dask")

_ACTIVITIES = ("spill to disk", "read from disk")


def text_of(key: Any) -> str:
    """A key as it is recorded: text; a tuple such as ('sum-1f', 0) as Python writes it."""
    return key if type(key) is str else str(key)


def result_object(key: Any, scheduler_id: str) -> Object:
    """The object that is a key's result, whoever computes it; not recorded by this."""
    return ADAPTER.named("result", text_of(key), scheduler_id)


class Storage:
    """Of one worker. `fetched`: what came over the network for a task that has not begun yet."""

    def __init__(self, worker: Any, scheduler_id: str, place: str) -> None:
        self.fetched: dict[Any, dict[str, Any]] = {}
        self._worker = worker
        self._scheduler_id = scheduler_id
        self._place = place
        self._received = worker._update_metrics_received_data
        worker._update_metrics_received_data = self._receive
        self._given = worker.handlers["update_data"]
        worker.handlers["update_data"] = self._give
        self._disk = worker.data if hasattr(worker.data, "fast_to_slow_callbacks") else None
        if self._disk is not None:
            self._spill, self._unspill = map(ADAPTER.activity, _ACTIVITIES)
            self._disk.fast_to_slow_callbacks.append(self._spilled)
            self._disk.slow_to_fast_callbacks.append(self._read_again)

    def remove(self) -> None:
        """The worker is as it was."""
        self._worker.__dict__.pop("_update_metrics_received_data", None)
        if self._worker.handlers["update_data"] == self._give:
            self._worker.handlers["update_data"] = self._given
        if self._disk is not None:
            for callbacks, ours in (
                (self._disk.fast_to_slow_callbacks, self._spilled),
                (self._disk.slow_to_fast_callbacks, self._read_again),
            ):
                if ours in callbacks:
                    callbacks.remove(ours)

    def _receive(self, *args: Any, **keywords: Any) -> Any:
        result = self._received(*args, **keywords)
        try:
            told = dict(zip(("start", "stop", "data", "cause", "worker"), args, strict=False))
            self._note_fetch(**{**told, **keywords})
        except Exception as error:
            logger.debug("headrace: a transfer is not recorded", exc_info=error)
        return result

    def _note_fetch(self, start: float, stop: float, data: Any, cause: Any, worker: str) -> None:
        tasks = self._worker.state.tasks
        size_bytes = sum(tasks[key].get_nbytes() for key in data if key in tasks)
        so_far = self.fetched.setdefault(
            cause.key, {"fetched_bytes": 0, "fetched_s": 0.0, "fetched": 0, "fetched_from": []}
        )
        so_far["fetched_bytes"] += size_bytes
        so_far["fetched_s"] += max(0.0, stop - start)
        so_far["fetched"] += len(data)
        if worker not in so_far["fetched_from"]:
            so_far["fetched_from"].append(worker)

    def _give(self, *args: Any, **keywords: Any) -> Any:
        try:
            for key, value in (keywords.get("data") or {}).items():
                kind = f"{type(value).__module__}.{type(value).__qualname__}"
                name, version = text_of(key), self._scheduler_id
                ADAPTER.content("result", name, None, version=version, type=kind, scattered=True)
        except Exception as error:
            logger.debug("headrace: scattered data are not recorded", exc_info=error)
        return self._given(*args, **keywords)

    def _spilled(self, key: Any, value: Any) -> None:
        self._moved(self._spill, key)

    def _read_again(self, key: Any, value: Any) -> None:
        self._moved(self._unspill, key)

    # An exception here would be taken for one of the disk's.
    def _moved(self, activity: Activity, key: Any) -> None:
        try:
            sizes: dict[str, Any] = {}
            slow = getattr(self._disk, "_slow_uncached", None)
            weight = getattr(slow, "weight_by_key", {}).get(key)
            if weight is not None:
                sizes = {"memory_bytes": int(weight.memory), "disk_bytes": int(weight.disk)}
            used = {"dask_key": result_object(key, self._scheduler_id)}
            about = {"worker": self._worker.address}
            task = ADAPTER.begin(activity, parent=self._place, used=used, attributes=about)
            task.end(generated=sizes)
        except Exception as error:
            logger.debug("headrace: a spill is not recorded", exc_info=error)
