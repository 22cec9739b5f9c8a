"""Flowcept's Python interface on Headrace: programs that say `from flowcept import ...` run
unchanged, and what they capture lands in `.headrace` as tasks, workflows, objects and agents.

docs/flowcept.md says what is different from the other package of this name, and why.
"""

from __future__ import annotations

import importlib

from flowcept.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where each name is defined. Nothing is imported before it is asked for.
_EXPORTS = {
    "AgentObject": "flowcept.commons.flowcept_dataclasses.agent_object",
    "BlobObject": "flowcept.commons.flowcept_dataclasses.blob_object",
    "Flowcept": "flowcept.flowcept_api.flowcept_controller",
    "FlowceptDaskWorkerAdapter": "flowcept.flowceptor.adapters.dask.dask_plugins",
    "FlowceptLightweightLoop": "flowcept.instrumentation.flowcept_loop",
    "FlowceptLoop": "flowcept.instrumentation.flowcept_loop",
    "FlowceptTask": "flowcept.instrumentation.task_capture",
    "SETTINGS_PATH": "flowcept.configs",
    "TaskObject": "flowcept.commons.flowcept_dataclasses.task_object",
    "WorkflowObject": "flowcept.commons.flowcept_dataclasses.workflow_object",
    "flowcept_task": "flowcept.instrumentation.flowcept_task",
    "flowcept_torch": "flowcept.instrumentation.flowcept_torch",
    "lightweight_flowcept_task": "flowcept.instrumentation.flowcept_task",
    "telemetry_flowcept_task": "flowcept.instrumentation.flowcept_task",
}

__all__ = ["__version__", *sorted(_EXPORTS)]  # noqa: PLE0604, RUF100 - all of them are strings


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_EXPORTS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_EXPORTS})
