"""Runs a function once a module is there: now if it is loaded, else right after it is executed.

    imports.after("subprocess", wrap_popen)      # wrap_popen(module)

Nothing is imported for it. A function that fails is noted in the process's facts, and the program
goes on.
"""

from __future__ import annotations

import sys

from headrace import _capture

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

_waiting: dict[str, Callable[[ModuleType], None]] = {}


def after(name: str, function: Callable[[ModuleType], None]) -> None:
    """Calls function(module) as soon as the module `name` is loaded; one function for a name."""
    _waiting[name] = function
    if (module := sys.modules.get(name)) is not None:
        _call(name, module)
    elif _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def _call(name: str, module: ModuleType) -> None:
    function = _waiting.pop(name, None)
    if function is None:
        return
    try:
        function(module)
    except Exception as error:
        _capture.describe(f"after import of {name}", f"{type(error).__name__}: {error}")


class _Finder:
    """Lets the other finders find, and sees the modules that are waited for executed."""

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec: ModuleSpec | None = finder.find_spec(name, path, target)
            if spec is not None:
                self._watch(name, spec.loader)
                return spec
        return None

    def _watch(self, name: str, loader: Any) -> None:
        execute = getattr(loader, "exec_module", None)
        if execute is None or not hasattr(loader, "__dict__"):
            return

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            _call(name, module)

        loader.exec_module = exec_module


_finder = _Finder()
