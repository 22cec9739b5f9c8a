"""Decorators: calls of a function as tasks.

With the default handler of arguments a call is recorded natively. A handler of the program's own
runs for each call, around the same native task.
"""

from __future__ import annotations

import argparse
import functools
import inspect
from collections.abc import Callable
from typing import Any

from headrace import _capture

from flowcept import configs
from flowcept.commons.utils import replace_non_serializable

_Function = Callable[..., Any]


def default_args_handler(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Values by name: keywords under their own, positional ones as `arg_0`, `arg_1`, …; a leading
    argparse.Namespace by its attributes."""
    handled: dict[str, Any] = {}
    if args and isinstance(args[0], argparse.Namespace):
        handled.update(vars(args[0]))
        args = args[1:]
    handled.update((f"arg_{i}", value) for i, value in enumerate(args))
    handled.update(kwargs)
    if configs.REPLACE_NON_JSON_SERIALIZABLE:
        return replace_non_serializable(handled)
    return handled


def get_current_context_task_id() -> str | None:
    """The id of the task that runs here: of the function, block or iteration around the caller.
    Each coroutine has its own."""
    task = _capture.current_task()
    return None if task is None else task.id


def attributes_of(**fields: Any) -> dict[str, Any] | None:
    """What every task of a function has beside its values; None where that is nothing."""
    given = {
        name: getattr(value, "value", value) if name == "subtype" else value
        for name, value in fields.items()
        if value is not None
    }
    return given or None


def flowcept_task(func: _Function | None = None, **decorator_kwargs: Any) -> Any:
    """Records calls of a function, a coroutine function or a generator function.

    output_names: a name or names for what it returns; tags, subtype, custom_metadata, agent_id,
    source_agent_id: fields of every task; args_handler: makes the recorded values of arguments and
    results; capture_telemetry: False leaves telemetry out.
    """

    def decorate(function: _Function) -> _Function:
        if not configs.INSTRUMENTATION_ENABLED:
            return function
        options = decorator_kwargs
        fields = {
            "subtype": options.get("subtype"),
            "custom_metadata": options.get("custom_metadata"),
            "agent_id": options.get("agent_id"),
            "source_agent_id": options.get("source_agent_id"),
        }
        if options.get("capture_telemetry") is False:
            fields["capture_telemetry"] = False
        handler = options.get("args_handler", default_args_handler)
        if handler is not default_args_handler:
            return handled_task(function, handler, options.get("output_names"), fields, options)
        return _capture.flowcept_task(
            function,
            _name(function),
            options.get("output_names") or None,
            "arg_0",
            options.get("tags"),
            attributes_of(**fields),
        )

    return decorate if func is None else decorate(func)


def _name(function: Any) -> str | None:
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)  # of a classmethod or staticmethod
    return getattr(function, "__name__", None)


def handled_task(
    function: _Function,
    handler: _Function,
    output_names: Any,
    fields: dict[str, Any],
    options: dict[str, Any],
) -> _Function:
    """Calls of `function` as tasks whose values `handler` makes. A handler that raises costs the
    values, not the call."""
    signature = inspect.signature(function)
    activity = _name(function)

    def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        try:
            used = handler(**bound.arguments)
        except Exception:
            used = _or_none(handler, *args, **kwargs)
        return _capture.FlowceptTask(
            activity_id=activity,
            used=used,
            tags=options.get("tags"),
            **{name: value for name, value in fields.items() if value is not None},
        )

    def end(task: Any, result: Any) -> None:
        if result is None:
            return task.end()
        if isinstance(result, dict):
            generated = _or_none(lambda: handler(**result))
            return task.end(generated=result if generated is None else generated)
        names = [output_names] if isinstance(output_names, str) else list(output_names or [])
        if len(names) == 1:
            return task.end(generated=_or_none(lambda: handler(**{names[0]: result})))
        if names and isinstance(result, list | tuple) and len(names) == len(result):
            named = dict(zip(names, result, strict=True))
            return task.end(generated=_or_none(lambda: handler(**named)))
        return task.end(generated=_or_none(handler, result))

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with begin(args, kwargs) as task:
                result = await function(*args, **kwargs)
                end(task, result)
            return result

        return run_async

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with begin(args, kwargs) as task:
            result = function(*args, **kwargs)
            end(task, result)
        return result

    return run


def _or_none(handler: _Function, *args: Any, **kwargs: Any) -> Any:
    try:
        return handler(*args, **kwargs)
    except Exception:
        return None


def telemetry_flowcept_task(func: _Function | None = None) -> Any:
    """Records calls under the function's qualified name."""

    def decorate(function: _Function) -> _Function:
        if not configs.INSTRUMENTATION_ENABLED:
            return function
        name = getattr(function, "__qualname__", None) or _name(function)
        return _capture.flowcept_task(function, name, None, "arg0", None, None)

    return decorate if func is None else decorate(func)


def lightweight_flowcept_task(func: _Function | None = None) -> Any:
    """Records calls as flowcept_task does: there is nothing lighter."""

    def decorate(function: _Function) -> _Function:
        if not configs.INSTRUMENTATION_ENABLED:
            return function
        return _capture.flowcept_task(function, _name(function), None, "arg0", None, None)

    return decorate if func is None else decorate(func)
