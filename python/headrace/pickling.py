"""Captured functions in cloudpickle: by name where a name leads to them, else by value.

Plain pickle refers to a function of `__main__` by name, and so does it to a Task, since the other
side has the same `__main__`. cloudpickle (of Dask, joblib, Spark, Ray) copies such functions; it
asks its dispatch table about other types, and there Task does the same.
"""

from __future__ import annotations

import sys

from headrace import _capture, imports

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# The package, and the copies of it that others carry.
_MODULES = (
    "cloudpickle.cloudpickle",
    "joblib.externals.cloudpickle.cloudpickle",
    "pyspark.cloudpickle.cloudpickle",
    "ray.cloudpickle.cloudpickle",
)


def _register(module: ModuleType) -> None:
    copied: Any = getattr(module, "_PICKLE_BY_VALUE_MODULES", ())

    def reduce(task: Any) -> Any:
        home = task.__module__
        if home == "__main__" or home in copied or home not in sys.modules:
            return task.reduce_by_value()
        return task.__reduce__()

    module.CloudPickler.dispatch_table[_capture.Task] = reduce


def begin() -> None:
    for name in _MODULES:
        imports.after(name, _register)
