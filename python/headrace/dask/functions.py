"""What a Dask task is called and what its arguments are called, by the function that it runs."""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType
from typing import Any

from dask.utils import key_split

from headrace.adapters import Activity, Adapter

# Arguments and results merely go by: a number on a device is not fetched.
ADAPTER = Adapter("dask", reads_devices=False)

SCALARS = frozenset((int, float, str, bool))
# What Dask makes of a program: its own functions say little, the key says what it was.
_MACHINERY = ("dask", "distributed", "toolz", "tlz", "cytoolz")
MOST_KNOWN = 4096
_MOST_LAYERS = 8
_HAS_SURPLUS = 4  # code flag of *args


class Function:
    """What is known of a function; made once for each."""

    __slots__ = (
        "activity",
        "defaults",
        "is_of_function",
        "names",
        "records_arguments",
        "surplus",
    )

    def __init__(
        self,
        activity: Activity,
        names: tuple[str, ...] = (),
        surplus: str = "args",
        defaults: dict[str, Any] | None = None,
        records_arguments: bool = True,
        is_of_function: bool = False,
    ) -> None:
        self.activity = activity
        self.names = names
        self.surplus = surplus
        self.defaults = defaults or {}
        self.records_arguments = records_arguments
        self.is_of_function = is_of_function  # whatever the task's key is


_known: dict[tuple[Any, ...], Function] = {}


def _remember(identity: tuple[Any, ...], function: Function) -> Function:
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[identity] = function
    return function


def by_prefix(prefix: str, records_arguments: bool) -> Function:
    """A task that only its key names."""
    identity = (prefix, records_arguments)
    found = _known.get(identity)
    if found is None:
        activity = ADAPTER.activity(prefix)
        found = _remember(identity, Function(activity, records_arguments=records_arguments))
    return found


def _of_python(function: FunctionType, skipped: int, given: frozenset[str]) -> Function:
    code = function.__code__
    identity = (code.co_filename, code.co_firstlineno, function.__qualname__, skipped, given)
    found = _known.get(identity)
    if found is not None:
        return found
    count = code.co_argcount
    keyword_only = code.co_kwonlyargcount
    names = code.co_varnames[skipped:count]
    has_surplus = code.co_flags & _HAS_SURPLUS
    surplus = code.co_varnames[count + keyword_only] if has_surplus else "args"
    last = function.__defaults__ or ()
    defaults = dict(zip(code.co_varnames[count - len(last) : count], last, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    plain = {
        name: value
        for name, value in defaults.items()
        if type(value) in SCALARS and name not in given and name not in code.co_varnames[:skipped]
    }
    activity = ADAPTER.activity(function.__qualname__, code.co_filename, code.co_firstlineno)
    made = Function(activity, names, surplus, plain, is_of_function=True)
    return _remember(identity, made)


def of(function: Any, key: Any) -> Function:
    """What is known of the function of a task; of Dask's own functions the key says more."""
    skipped = 0
    given: frozenset[str] = frozenset()
    for _ in range(_MOST_LAYERS):
        kind = type(function)
        if kind is FunctionType:
            inner = function.__dict__.get("__wrapped__") if function.__dict__ else None
            if inner is None:
                break
            function = inner
        elif kind is partial:
            skipped += len(function.args)
            given |= frozenset(function.keywords)
            function = function.func
        elif kind is MethodType:
            skipped += 1
            function = function.__func__
        elif kind.__module__ in ("headrace._capture", "functools"):
            function = getattr(function, "__wrapped__", None)
        else:
            break
    module = str(getattr(function, "__module__", ""))
    if module.partition(".")[0] in _MACHINERY:
        return by_prefix(key_split(key), False)
    if type(function) is FunctionType:
        return _of_python(function, skipped, given)
    return by_prefix(key_split(key), True)
