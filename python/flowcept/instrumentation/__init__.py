"""Decorators, tasks and loops."""

from __future__ import annotations

from typing import Any

from headrace import _capture, describe
from headrace.failures import is_from_signal

from flowcept import configs

# Tables describe all their cells by to_dict; Headrace has a summary of them.
_SUMMARISED = frozenset(("pandas", "polars", "pyarrow", "xarray"))
# vars() of a class, whatever its metaclass makes of it.
_own_of = type.__dict__["__dict__"].__get__


def _describe(value: Any, explicit: bool) -> tuple[Any, ...]:
    """As Headrace describes a value; but one whose class says itself what it is, by a method
    to_flowcept_dict or to_dict, is that."""
    kind = type(value)
    own = _own_of(kind)
    method = own.get("to_flowcept_dict") or own.get("to_dict")
    if method is not None and str(own.get("__module__")).partition(".")[0] not in _SUMMARISED:
        try:
            told = method(value)
        except BaseException as error:
            if is_from_signal(error):
                raise
            told = None
        if isinstance(told, dict):
            return 0, told
    return describe.describe(value, explicit)


if configs.INSTRUMENTATION_ENABLED:
    _capture.set_describe(_describe)
else:
    _capture.set_flowcept(False, None, None)
