"""Which modules of a model are layers of their own, and what cannot be seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import torch

PHASES = ("forward", "backward", "step")


def chosen_layers(
    model: Any, depth: int | None, pattern: str | Iterable[str] | None
) -> dict[str, Any]:
    """Path -> module, in the order of named_modules; the model itself, "", is always among them."""
    patterns = [pattern] if isinstance(pattern, str) else list(pattern or ["*"])
    return {
        path: module
        for path, module in model.named_modules()
        if not path
        or (
            (depth is None or path.count(".") < depth)
            and any(fnmatchcase(path, each) for each in patterns)
        )
    }


def is_called(module: Any) -> bool:
    """Whether it can run at all: a ModuleList, say, only holds others."""
    for kind in type(module).__mro__:
        if (forward := vars(kind).get("forward")) is not None:
            return getattr(forward, "__name__", "") != "_forward_unimplemented"
    return True


def _other_paths(model: Any, layers: dict[str, Any]) -> list[str]:
    first = {id(module): path for path, module in layers.items()}
    return [
        f"{path} is {first[id(module)]!r} too, and its time is counted there"
        for path, module in model.named_modules(remove_duplicate=False)
        if first.get(id(module), path) != path
    ]


def compiled_note(name: str) -> str:
    """About a module that torch.compile compiles."""
    return (
        f"{name} is compiled: while it is watched, its compiled code is cut at the calls of its "
        "layers, and what is not cut counts as the module around it"
    )


def notes_about(model: Any, layers: dict[str, Any]) -> list[str]:
    """What of this model cannot be seen by layer, one sentence each."""
    notes = _other_paths(model, layers)
    for path, module in layers.items():
        name = path or type(model).__name__
        inside = sum(1 for _ in module.modules()) - 1
        if isinstance(module, torch.jit.ScriptModule):
            parent = layers.get(path.rpartition(".")[0]) if path else None
            if inside and not isinstance(parent, torch.jit.ScriptModule):
                notes.append(
                    f"{name} is compiled by TorchScript: the {inside} modules in it count as it"
                )
        elif isinstance(module, torch.nn.DataParallel) and len(module.device_ids or ()) > 1:
            notes.append(
                f"{name} is DataParallel: what its copies do on other devices counts as it"
            )
        elif type(module).__name__ == "OptimizedModule":
            notes.append(compiled_note(name))
    return notes
