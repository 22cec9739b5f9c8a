"""`watch` with its arguments checked."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import torch

from headrace.torch import unwatch
from headrace.torch.checkpoints import came_from, origin_of
from headrace.torch.choice import PHASES
from headrace.torch.sampling import STATISTICS
from headrace.torch.watching import Watch

TASKS = ("epoch", "step")
# With these the tests run.
OLDEST, TESTED = (1, 13), ("1.13", "2.15")


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


def check_version(version: str) -> str | None:
    """What is to be said of this PyTorch. Raises ImportError where it is too old."""
    numbers = tuple(int(part) for part in version.split("+")[0].split(".")[:2] if part.isdigit())
    known = " and ".join(TESTED)
    if numbers < OLDEST:
        raise ImportError(
            f"hr.torch.watch needs PyTorch 1.13 or later, and this is {version}; "
            f"tested are {known}: pip install -U torch"
        )
    if ".".join(map(str, numbers)) not in TESTED:
        return f"PyTorch {version} is not among the tested versions, {known}"
    return None


def _chosen(given: str | Iterable[str], known: tuple[str, ...], what: str) -> tuple[str, ...]:
    wanted = (given,) if isinstance(given, str) else tuple(given)
    for each in wanted:
        if each not in known:
            raise ValueError(f"{each!r} is no {what}: they are {', '.join(known)}")
    return wanted


def begin(
    model: Any,
    depth: int | None,
    pattern: str | Iterable[str] | None,
    phases: Iterable[str],
    resolve: str | float | None,
    name: str | None,
    period_s: float,
    tasks: str | Iterable[str] = (),
    calls: int | None = None,
    stats: str | Iterable[str] = (),
) -> Watch:
    """Checks what was asked for and begins. Wrong arguments raise; nothing does later."""
    if not isinstance(model, torch.nn.Module):
        raise TypeError(f"watch takes a torch.nn.Module, not {type(model).__name__}")
    untested = check_version(torch.__version__)
    wanted = _chosen(phases, PHASES, "phase")
    wanted_tasks = _chosen(tasks, TASKS, "task of a training")
    wanted_stats = _chosen(stats, STATISTICS, "statistics")
    if calls is not None and (isinstance(calls, bool) or not isinstance(calls, int) or calls < 1):
        raise ValueError(f"calls is a number of steps, 1 for every step, not {calls!r}")
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of names, 0 for the model alone, not {depth}")
    if not period_s > 0:
        raise ValueError(f"period is in seconds, above 0, not {period_s}")
    share = None if resolve is None else share_of(resolve)
    unwatch(model)
    name = name or type(model).__name__
    watch = Watch(model, depth, pattern, wanted, name, wanted_tasks, calls, wanted_stats)
    if untested is not None:
        watch.note(untested)
    if os.environ.get("HEADRACE_DISABLED", "0") not in ("", "0"):
        watch.note("capture is off (HEADRACE_DISABLED)")
        watch.unwatch()
        return watch
    watch.versions.begin()
    if (origin := origin_of(model)) is not None:
        came_from(watch, origin)
    if share is not None:
        from headrace.torch.repeats import Repeats

        watch.repeats = Repeats(watch, share, period_s)
    return watch
