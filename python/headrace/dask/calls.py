"""What a Dask task was called with: its arguments by name, and the results of others among them.

An argument that is the result of another task is an object, which makes the edge to that task; a
single number or text is recorded as the value that it is. Every other dependency stands in the list
`dask_keys`, so that the edges of a task are exactly those of the scheduler's graph.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from dask.utils import key_split

from headrace.adapters import Object
from headrace.dask import functions
from headrace.dask.versions import HAS_NODES

# Of the one or the other the names mean something, by the version of Dask.
nodes: Any = importlib.import_module("dask._task_spec") if HAS_NODES else None
Task: Any = nodes.Task if HAS_NODES else None
execute_task: Any = getattr(importlib.import_module("distributed.worker"), "execute_task", None)

# A task's own record has room for so many; the rest are edges apart.
MOST_DEPENDENCIES = 500
_ABSENT = object()
# An argument's value (_ABSENT: not at hand, or not to be recorded), and whose result it is.
Pair = tuple[Any, Any]


def _pair_of_node(arg: Any, data: dict[Any, Any]) -> Pair:
    kind = type(arg)
    if kind in functions.SCALARS:
        return arg, None
    if isinstance(arg, nodes.TaskRef):
        return data.get(arg.key, _ABSENT), arg.key
    if not isinstance(arg, nodes.GraphNode):
        return arg, None
    if kind is nodes.Alias:
        return data.get(arg.target, _ABSENT), arg.target
    return (arg.value, None) if kind is nodes.DataNode else (_ABSENT, None)


def _from_node(spec: Any, data: Any) -> tuple[Any, list[Pair], dict[str, Pair]]:
    if type(spec) is not nodes.Task:
        return None, [], {}
    positional = [_pair_of_node(arg, data) for arg in spec.args]
    keywords = spec.kwargs
    named = {k: _pair_of_node(v, data) for k, v in keywords.items()} if keywords else {}
    return spec.func, positional, named


def _pair_of_legacy(raw: Any, value: Any, keys: Any) -> Pair:
    kind = type(raw)
    if keys and kind in (str, tuple, bytes, int, float):
        try:
            if raw in keys:
                return value, raw
        except TypeError:  # a tuple of what has no hash is no key
            return _ABSENT, None
    # What may hold results of others inside is theirs to describe.
    return (_ABSENT, None) if keys and kind in (list, tuple, dict, set) else (raw, None)


def _from_tuple(
    spec: Any, data: tuple[Any, Any] | None, keys: Any
) -> tuple[Any, list[Pair], dict[str, Pair]]:
    function, args, keywords = spec
    if function is execute_task:
        return None, [], {}
    given, named_given = data if data is not None else ((), {})
    if len(given) != len(args):
        given = (_ABSENT,) * len(args)
    positional = [_pair_of_legacy(a, b, keys) for a, b in zip(args, given, strict=True)]
    named = {k: _pair_of_legacy(v, named_given.get(k, _ABSENT), keys) for k, v in keywords.items()}
    return function, positional, named


# What a task runs, its used values, and the results it uses that they have no room for. A plain
# tuple, which is made for each task.
Call = tuple[functions.Function, dict[str, Any], list[Object]]


def call_of(task: Any, data: Any, key: Any, result_of: Callable[[Any], Object]) -> Call:
    """Of a worker's task, which has this key.

    `data`: what the worker handed to the task: results by key or, before task nodes, arguments and
    keywords; None where that is not at hand. `result_of`: the object of a key's result.
    """
    keys = {each.key for each in task.dependencies} if task.dependencies else set()
    if HAS_NODES:
        function, positional, named = _from_node(task.run_spec, data or {})
    else:
        function, positional, named = _from_tuple(task.run_spec, data, keys)
    if function is None:
        known = functions.by_prefix(key_split(key), False)
    else:
        known = functions.of(function, key)
    used: dict[str, Any] = dict(known.defaults)

    def recorded(value: Any, key: Any) -> Any:
        if key is None or type(value) in functions.SCALARS:
            return value
        keys.discard(key)
        return result_of(key)

    if known.records_arguments:
        names = known.names
        surplus: list[Any] = []
        for i, (value, key) in enumerate(positional):
            if (value := recorded(value, key)) is _ABSENT:
                continue
            if i < len(names):
                used[names[i]] = value
            else:
                surplus.append(value)
        for name, (value, key) in named.items():
            if (value := recorded(value, key)) is not _ABSENT:
                used[name] = value
        if surplus:
            used[known.surplus] = surplus
    if not keys:
        return known, used, []
    others = [result_of(key) for key in keys]
    used["dask_keys"] = others[:MOST_DEPENDENCIES]
    return known, used, others[MOST_DEPENDENCIES:]
