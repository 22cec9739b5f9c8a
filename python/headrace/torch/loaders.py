"""DataLoaders: which data a training goes through, and when an iteration of it begins and ends."""

from __future__ import annotations

import os
import time
import weakref
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import dataloader

import headrace as hr
from headrace.adapters import current_task, now
from headrace.failures import is_from_signal
from headrace.torch import patches
from headrace.torch.adapter import ADAPTER
from headrace.torch.architecture import class_name, state_sha256

# Data in files is hashed up to this; beyond, it is known by its place alone.
MOST_HASHED_BYTES = 256 << 20
MOST_HASHED_FILES = 1000
_PLACES = ("root", "root_dir", "path", "data_dir", "filename", "file", "img_dir", "data_path")


class Iteration:
    """One way through a DataLoader."""

    def __init__(self, loader: Any) -> None:
        self.loader = weakref.ref(loader)
        self.begin = now()
        self.parent = current_task()
        self.task_id: str | None = None  # drawn by the first step in it
        self.batches = self.steps = 0
        self.wait_ns = 0
        self.losses: list[float] = []
        self.watch: Any = None  # whose steps are in it
        self.is_over = False


_running: weakref.WeakKeyDictionary[Any, Iteration] = weakref.WeakKeyDictionary()
_latest: Iteration | None = None
_objects: weakref.WeakKeyDictionary[Any, hr.Object | None] = weakref.WeakKeyDictionary()


def wrap_functions() -> None:
    """Of PyTorch, for as long as a model is watched."""
    patches.wrap(dataloader.DataLoader, "__iter__", _iterate)
    patches.wrap(dataloader._BaseDataLoaderIter, "__next__", _next)


def latest() -> Iteration | None:
    """The one whose batch was taken last, while it is not over."""
    return _latest if _latest is not None and not _latest.is_over else None


def _iterate(original: Any, self: Any) -> Any:
    iterator = original(self)
    try:
        # One that is used again (persistent workers), or was left by `break`, has ended.
        for old in [each for each in _running.values() if each.loader() is self]:
            over(old)
        _running[iterator] = Iteration(self)
    except Exception as error:
        if is_from_signal(error):
            raise
    return iterator


def _next(original: Any, self: Any) -> Any:
    global _latest
    iteration = _running.get(self)
    if iteration is None:
        return original(self)
    from_ns = time.perf_counter_ns()
    try:
        batch = original(self)
    except StopIteration:
        over(iteration)
        raise
    iteration.wait_ns += time.perf_counter_ns() - from_ns
    iteration.batches += 1
    _latest = iteration
    return batch


def over(iteration: Iteration) -> None:
    """No batch of it follows."""
    if iteration.is_over:
        return
    iteration.is_over = True
    if iteration.watch is not None:
        iteration.watch.progress.epoch_ended(iteration)


def leave(watch: Any) -> None:
    """The watch ends: so does each iteration that has steps of its model."""
    for iteration in [each for each in _running.values() if each.watch is watch]:
        over(iteration)


# --- what it is ---


def facts_of(loader: Any) -> dict[str, Any]:
    """What a DataLoader goes through, and how: numbers and names, and an object where its dataset
    can be identified."""
    dataset = loader.dataset
    facts: dict[str, Any] = {
        "dataset": class_name(type(dataset)),
        "sampler": class_name(type(loader.sampler)),
        "batch_size": loader.batch_size,
        "workers": loader.num_workers,
        "drop_last": loader.drop_last,
    }
    length = getattr(type(dataset), "__len__", None)
    if length is not None:
        facts["samples"] = length(dataset)
    found = object_of(dataset)
    return facts if found is None else facts | {"data": found}


def object_of(dataset: Any) -> hr.Object | None:
    """The dataset as an object: by its files where it names a place that exists, by its content
    where it is tensors in memory; else None."""
    try:
        if dataset not in _objects:
            _objects[dataset] = _made(dataset)
        return _objects[dataset]
    except TypeError:  # a list, say: it has no weak references
        return None


def _made(dataset: Any) -> hr.Object | None:
    name = class_name(type(dataset))
    if isinstance(dataset, torch.utils.data.Subset):
        return object_of(dataset.dataset)
    for key in _PLACES:
        place = vars(dataset).get(key)
        if isinstance(place, str | os.PathLike) and Path(place).exists():
            return _of_files(Path(place), name)
    tensors = vars(dataset).get("tensors")
    if type(tensors) is tuple and all(type(each) is torch.Tensor for each in tensors):
        return _of_tensors(tensors, name)
    return None


def _of_files(place: Path, name: str) -> hr.Object:
    if _is_small(place):
        return hr.object(place, kind="dataset", type=name)
    path = str(place.resolve())
    return ADAPTER.content("dataset", path, None, type=name, hashed=False)


def _is_small(place: Path) -> bool:
    if place.is_file():
        return place.stat().st_size <= MOST_HASHED_BYTES
    files = size = 0
    for file in place.rglob("*"):
        if file.is_file():
            files += 1
            size += file.stat().st_size
        if files > MOST_HASHED_FILES or size > MOST_HASHED_BYTES:
            return False
    return True


def _of_tensors(tensors: tuple[Any, ...], name: str) -> hr.Object | None:
    size = sum(each.numel() * each.element_size() for each in tensors)
    if size > MOST_HASHED_BYTES:
        return None
    holder = torch.nn.Module()
    for i, each in enumerate(tensors):
        holder.register_buffer(f"t{i}", each)
    sha256 = state_sha256(holder)
    shapes = [list(each.shape) for each in tensors]
    return ADAPTER.content("dataset", name, sha256, size, version=sha256[:32], shapes=shapes)
