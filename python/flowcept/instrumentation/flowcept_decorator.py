"""`@flowcept`: a function that runs inside a workflow of its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from flowcept.flowcept_api.flowcept_controller import Flowcept

_DEFAULTS = {"start_persistence": False, "save_workflow": False, "check_safe_stops": False}


def flowcept(func: Callable[..., Any] | None = None, **flowcept_constructor_kwargs: Any) -> Any:
    """Each call of the function runs inside `with Flowcept(...)`, of the arguments given here."""
    arguments = _DEFAULTS | flowcept_constructor_kwargs

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                with Flowcept(**arguments):
                    return await function(*args, **kwargs)

            return run_async

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with Flowcept(**arguments):
                return function(*args, **kwargs)

        return run

    return decorate if func is None else decorate(func)
