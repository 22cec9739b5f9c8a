"""What PyTorch casts to by itself here: asked as each version wants to be asked."""

from __future__ import annotations

from typing import Any

import torch

# Since 2.4 one function for every kind of device.
_BY_DEVICE = hasattr(torch, "get_autocast_dtype")


def is_on(device: str) -> bool:
    """Whether autocast is on for `"cpu"` or `"cuda"`."""
    if _BY_DEVICE:
        return bool(torch.is_autocast_enabled(device))
    return bool(torch.is_autocast_cpu_enabled() if device == "cpu" else torch.is_autocast_enabled())


def dtype_of(device: str) -> Any:
    """What it casts to there."""
    if _BY_DEVICE:
        return torch.get_autocast_dtype(device)
    return torch.get_autocast_cpu_dtype() if device == "cpu" else torch.get_autocast_gpu_dtype()


def autocast() -> str | None:
    """The dtype that it casts to, by name; None where it is off."""
    for device in ("cuda", "cpu"):
        if is_on(device):
            return str(dtype_of(device)).removeprefix("torch.")
    return None
