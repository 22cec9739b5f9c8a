"""Decorators, tasks and loops."""

from __future__ import annotations

from typing import Any

from headrace import _capture, describe

from flowcept import configs

# Tables describe all their cells by to_dict; Headrace has a summary of them.
_SUMMARISED = frozenset(("pandas", "polars", "pyarrow", "xarray"))


def _describe(value: Any, explicit: bool) -> tuple[Any, ...]:
    """As Headrace describes a value; but one whose class says itself what it is, by a method
    to_flowcept_dict or to_dict, is that."""
    kind = type(value)
    method = vars(kind).get("to_flowcept_dict") or vars(kind).get("to_dict")
    if method is not None and kind.__module__.partition(".")[0] not in _SUMMARISED:
        try:
            told = method(value)
        except Exception:
            told = None
        if isinstance(told, dict):
            return 0, told
    return describe.describe(value, explicit)


if configs.INSTRUMENTATION_ENABLED:
    _capture.set_describe(_describe)
else:
    _capture.set_flowcept(False, None, None)
