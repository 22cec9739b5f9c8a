"""A worker or scheduler in a process of its own records into the client's folder and workflow."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from headrace.adapters import (
    current_campaign,
    current_workflow,
    directory,
    ensure_workflow,
    is_capturing,
)

logger = logging.getLogger("headrace.dask")


def told_here() -> dict[str, str]:
    """What other processes of the cluster need to know: HEADRACE_* variables and their values."""
    folder = directory()
    told = {} if folder is None else {"HEADRACE_DIR": str(Path(folder).absolute())}
    if campaign := current_campaign():
        told["HEADRACE_CAMPAIGN"] = campaign
    if workflow := current_workflow():
        told["HEADRACE_WORKFLOW"] = workflow
    return told


def join(told: dict[str, str]) -> bool:
    """Begins capture here, if it has not begun, with these variables; whether it captures."""
    if directory() is not None:
        return is_capturing()
    wanted = dict(told)
    folder = wanted.get("HEADRACE_DIR")
    if folder is not None and not Path(folder).is_dir():
        logger.warning(
            "headrace: %s, where the client records, is not here; this process records into the "
            "nearest .headrace: `headrace import` or a shared folder brings them together",
            folder,
        )
        del wanted["HEADRACE_DIR"]
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        captures = is_capturing()
        ensure_workflow()  # that of HEADRACE_WORKFLOW
        return captures
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
