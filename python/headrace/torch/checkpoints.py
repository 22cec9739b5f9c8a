"""Checkpoints: which file came from which version of a model, and the other way round.

`torch.save`, `torch.load` and `load_state_dict` do what they do; what they were given is looked at.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import torch

import headrace as hr
from headrace.adapters import Moment, is_capturing, now
from headrace.failures import is_from_signal
from headrace.torch import patches
from headrace.torch.marks import tensors_in
from headrace.torch.versions import record_task

_MOST_TENSORS = 100_000

# Tensors that came from a file, by identity, while they live; and modules that got such ones before
# they were watched.
_read: dict[int, tuple[weakref.ref[Any], str]] = {}
_filled: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def wrap_functions() -> None:
    """Of PyTorch, for as long as a model is watched."""
    patches.wrap(torch, "save", _save)
    patches.wrap(torch, "load", _load)
    patches.wrap(torch.nn.Module, "load_state_dict", _load_state_dict)


def _watches() -> list[Any]:
    from headrace.torch.watching import watched

    return [watch for watch in list(watched.values()) if watch.model is not None]


def _quietly(look: Callable[[], None]) -> None:
    try:
        if is_capturing():
            look()
    except Exception as error:
        if is_from_signal(error):
            raise
        for watch in _watches():
            watch.note(f"a checkpoint is not recorded: {type(error).__name__}: {error}")


def _path_of(file: Any) -> str | None:
    return os.path.realpath(file) if isinstance(file, str | os.PathLike) else None


# --- saving ---


def _save(original: Any, obj: Any, f: Any, *args: Any, **keywords: Any) -> Any:
    begin = now()
    given = original(obj, f, *args, **keywords)
    _quietly(lambda: _saved(obj, f, begin))
    return given


def _saved(obj: Any, file: Any, begin: Moment) -> None:
    if not (found := _models_in(obj)):
        return
    if (path := _path_of(file)) is None:
        for watch in found:
            watch.note("what is saved to an open file is not recorded: give torch.save a path")
        return
    models = {_numbered("model", i): watch.versions.now() for i, watch in enumerate(found)}
    names = ", ".join(watch.name for watch in found)
    steps = max(watch.versions.total_steps for watch in found)
    checkpoint = hr.object(path, kind="checkpoint", model=names, steps=steps)
    record_task("torch.save", begin, models, {"checkpoint": checkpoint})


def _numbered(name: str, i: int) -> str:
    return name if i == 0 else f"{name}_{i + 1}"


def _models_in(obj: Any) -> list[Any]:
    """The watches whose models are in what is saved: by the memory of their parameters, or, of
    copies, by all their names and shapes."""
    if isinstance(obj, torch.nn.Module):
        saved = {id(module) for module in obj.modules()}
        return [watch for watch in _watches() if id(watch.model) in saved]
    if not (states := list(_dicts_of_tensors(obj))):
        return []
    places = {each.data_ptr() for state in states for each in state.values() if _has_place(each)}
    found = [
        watch
        for watch in _watches()
        if any(_has_place(p) and p.data_ptr() in places for p in watch.model.parameters())
    ]
    if not found:
        found = [watch for watch in _watches() if any(_is_state_of(watch, s) for s in states)]
        found = found if len(found) == 1 else []
    return found


def _has_place(tensor: Any) -> bool:
    return tensor.layout is torch.strided and tensor.device.type != "meta" and tensor.numel() > 0


def _dicts_of_tensors(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and depth < 4:
        tensors = {k: v for k, v in value.items() if isinstance(v, torch.Tensor)}
        if tensors:
            yield tensors
        for item in value.values():
            yield from _dicts_of_tensors(item, depth + 1)
    elif isinstance(value, list | tuple) and depth < 4:
        for item in value:
            yield from _dicts_of_tensors(item, depth + 1)


def _is_state_of(watch: Any, state: dict[str, Any]) -> bool:
    named = {name: p.shape for name, p in watch.model.named_parameters()}
    return bool(named) and all(
        name in state and state[name].shape == shape for name, shape in named.items()
    )


# --- loading ---


def _load(original: Any, f: Any, *args: Any, **keywords: Any) -> Any:
    given = original(f, *args, **keywords)
    if (path := _path_of(f)) is not None:
        _quietly(lambda: _remember(given, path))
    return given


def _remember(given: Any, path: str) -> None:
    if isinstance(given, torch.nn.Module):
        _filled[given] = path
        return
    for i, tensor in enumerate(tensors_in(given)):
        if i >= _MOST_TENSORS:
            break
        _read[id(tensor)] = weakref.ref(tensor, functools.partial(_forget, id(tensor))), path


def _forget(key: int, _: Any) -> None:
    _read.pop(key, None)


def _load_state_dict(original: Any, self: Any, state_dict: Any, *args: Any, **keywords: Any) -> Any:
    given = original(self, state_dict, *args, **keywords)
    _quietly(lambda: _loaded(self, state_dict))
    return given


def _loaded(module: Any, state_dict: Any) -> None:
    path = None
    for tensor in state_dict.values() if isinstance(state_dict, dict) else ():
        known = _read.get(id(tensor))
        if known is not None and known[0]() is tensor:
            path = known[1]
            break
    if path is None:
        return
    _filled[module] = path
    inside = {id(each) for each in module.modules()}
    for watch in _watches():
        if id(watch.model) in inside or any(each is module for each in watch.model.modules()):
            came_from(watch, path)


def came_from(watch: Any, path: str) -> None:
    """Records that the model's state is what a file held."""
    _quietly(lambda: watch.versions.now({"checkpoint": hr.object(path, kind="checkpoint")}))


def origin_of(model: Any) -> str | None:
    """The file that a model's state was read from before it was watched, where that was seen."""
    return _filled.get(model)
