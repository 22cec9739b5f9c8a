"""`watch` with its arguments checked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import torch

from headrace.torch import unwatch
from headrace.torch.choice import PHASES
from headrace.torch.watching import Watch


def share_of(text: str | float) -> float:
    """`"2%"` or 0.02 as a share of 1."""
    try:
        share = (
            float(text[:-1]) / 100 if isinstance(text, str) and text[-1:] == "%" else float(text)
        )
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise ValueError(f'resolve is a share of run time such as "2%" or 0.02, not {text!r}')
    return share


def begin(
    model: Any,
    depth: int | None,
    pattern: str | Iterable[str] | None,
    phases: Iterable[str],
    resolve: str | float | None,
    name: str | None,
    period_s: float,
) -> Watch:
    """Checks what was asked for and begins. Wrong arguments raise; nothing does later."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"watch takes a torch.nn.Module, not {type(model).__name__}")
    wanted = (phases,) if isinstance(phases, str) else tuple(phases)
    for phase in wanted:
        if phase not in PHASES:
            raise ValueError(f"{phase!r} is no phase: they are {', '.join(PHASES)}")
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of names, 0 for the model alone, not {depth}")
    if not period_s > 0:
        raise ValueError(f"period is in seconds, above 0, not {period_s}")
    share = None if resolve is None else share_of(resolve)
    unwatch(model)
    watch = Watch(model, depth, pattern, wanted, name or type(model).__name__)
    if os.environ.get("HEADRACE_DISABLED", "0") not in ("", "0"):
        watch.note("capture is off (HEADRACE_DISABLED)")
        watch.unwatch()
    elif share is not None:
        from headrace.torch.repeats import Repeats

        watch.repeats = Repeats(watch, share, period_s)
    return watch
