"""Which versions of `distributed` can be watched, and what differs between them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import distributed.worker as worker_module
from distributed import Client
from distributed.scheduler import Scheduler

FIRST, LAST = (2024, 10), "2026.8.0"
# Function that a worker's thread runs a task with -> its leading parameters.
_RUNNERS = {
    "_run_task": ("task", "data", "execution_state", "key"),
    "apply_function": ("function", "args", "kwargs", "execution_state", "key"),
}


def _begins_with(function: Any, names: tuple[str, ...]) -> bool:
    try:
        return tuple(inspect.signature(function).parameters)[: len(names)] == names
    except (TypeError, ValueError):
        return False


def _runner() -> str:
    """Its name in `distributed.worker`; empty: none that is known."""
    for name, parameters in _RUNNERS.items():
        function = getattr(worker_module, name, None)
        function = getattr(function, "__wrapped__", function)
        if _begins_with(function, parameters):
            return name
    return ""


def _problem() -> str:
    version = VERSION
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    known = f"hr.dask.watch works with distributed 2024.10.0 to {LAST}"
    if numbers < FIRST:
        return f"{known}; this is {version}: pip install 'distributed>=2024.10.0'"
    needs = ((Client, "_graph_to_futures"), (Scheduler, "_TRANSITIONS_TABLE"))
    if not RUNNER or not all(hasattr(owner, name) for owner, name in needs):
        return f"{known}; this is {version}, which runs tasks in another way"
    return ""


VERSION: str = importlib.import_module("distributed").__version__
RUNNER = _runner()
# Asked for on every machine of a cluster: what keeps it from being watched; empty: nothing.
PROBLEM = _problem()
# Graphs are of dask._task_spec's nodes, and not of tuples.
HAS_NODES = RUNNER == "_run_task"
