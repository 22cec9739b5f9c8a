"""What trainers know of a training, as values that can be recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_VALUES = 300
MAX_PARAMETERS = 1 << 31


def metrics(found: Mapping[str, Any]) -> dict[str, float]:
    """Those that are numbers, also as tensors of one; reading one on a device waits for it."""
    out: dict[str, float] = {}
    for name, value in list(found.items())[:MAX_VALUES]:
        if isinstance(value, bool | int | float):
            out[str(name)] = value
        elif getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
            out[str(name)] = value.item()
    return out


def flat(found: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as `outer.inner`."""
    out: dict[str, Any] = {}
    for name, value in found.items():
        if isinstance(value, Mapping) and value and prefix.count(".") < 4:
            out |= flat(value, f"{prefix}{name}.")
        else:
            out[f"{prefix}{name}"] = value
        if len(out) >= MAX_VALUES:
            break
    return out


def of_model(model: Any) -> dict[str, Any]:
    """Class and number of parameters; what is not there yet (lazy modules) is not counted."""
    kind = type(model)
    found: dict[str, Any] = {"model": f"{kind.__module__}.{kind.__qualname__}"}
    parameters = [
        each for each in model.parameters() if type(each).__name__ != "UninitializedParameter"
    ]
    found["parameters"] = sum(each.numel() for each in parameters)
    found["trainable_parameters"] = sum(each.numel() for each in parameters if each.requires_grad)
    return found


def of_optimiser(optimiser: Any) -> dict[str, Any]:
    """Its class, and the options of its first group of parameters."""
    found: dict[str, Any] = {"optimizer": type(optimiser).__name__}
    groups = getattr(optimiser, "param_groups", None) or [{}]
    for name, value in groups[0].items():
        if name != "params" and isinstance(value, bool | int | float | str | tuple):
            found[f"optimizer.{name}"] = value
    return found


def of_loader(name: str, loader: Any) -> dict[str, Any]:
    """What a DataLoader reads, as an object where its content can be identified, and in which
    pieces."""
    if loader is None:
        return {}
    found: dict[str, Any] = {}
    dataset = getattr(loader, "dataset", None)
    if dataset is not None:
        kind = type(dataset)
        found[f"{name}_dataset"] = f"{kind.__module__}.{kind.__qualname__}"
        if hasattr(dataset, "__len__"):
            found[f"{name}_samples"] = len(dataset)
        if (identified := _identified(dataset)) is not None:
            found[f"{name}_data"] = identified
    size = getattr(loader, "batch_size", None)
    if isinstance(size, int):
        found[f"{name}_batch_size"] = size
    return found


def _identified(dataset: Any) -> Any:
    from headrace.torch.loaders import object_of  # PyTorch is there: the loader is its

    return object_of(dataset)
