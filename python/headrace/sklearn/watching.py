"""Puts captured methods into scikit-learn's classes and functions, and takes them out again.

A method is replaced in the class that defines it by a plain function, for scikit-learn looks at
signatures and asks whether it is one. Nothing is kept in an estimator, so pickles, clones and
copies of it are what they would be. cloudpickle copies classes of `__main__` with their methods:
the function it then meets refers to this package by name.
"""

from __future__ import annotations

import copy
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from types import FunctionType, TracebackType
from typing import Any

from headrace.sklearn.calls import METHODS, Settings, captured
from headrace.sklearn.functions import FUNCTIONS, captured_function
from headrace.sklearn.identity import adapter
from headrace.sklearn.parallel import sent

MARK = "__headrace_captured__"

_lock = threading.RLock()
_watch: Watch | None = None


def _names_of(function: Any, skip: int) -> tuple[str, ...]:
    """Of the parameters that may be given by position."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return () if code is None else tuple(code.co_varnames[skip : code.co_argcount])


def _dressed(wrapper: Any, original: Any) -> Any:
    """functools.wraps, with a mark that this is ours."""
    import functools

    functools.update_wrapper(wrapper, original)
    setattr(wrapper, MARK, True)
    return wrapper


def _method(original: Any, name: str) -> Any:
    names = _names_of(original, 1)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return captured(original, name, names, self, args, kwargs)

    return _dressed(method, original)


def _function(original: Any, name: str) -> Any:
    names = _names_of(original, 0)

    def function(*args: Any, **kwargs: Any) -> Any:
        return captured_function(original, name, names, args, kwargs)

    return _dressed(function, original)


def _in_its_place(found: Any, name: str) -> Any:
    """What stands for a method as it lies in a class; None for what is left alone."""
    if isinstance(found, FunctionType):
        return None if hasattr(found, MARK) else _method(found, name)
    # `available_if`: a descriptor that first asks whether the estimator has the method.
    inner = getattr(found, "__dict__", {}).get("fn")
    if isinstance(inner, FunctionType) and not hasattr(inner, MARK):
        descriptor = copy.copy(found)
        descriptor.fn = _method(inner, name)
        return descriptor
    return None


def _all_classes(base: type) -> Iterator[type]:
    """Of every estimator that is defined, with the mixins that they are made of."""
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        for each in waiting.pop().__mro__:
            if each not in seen and each is not object:
                seen.add(each)
                yield each
                waiting += type.__subclasses__(each) if issubclass(each, base) else []


class Watch:
    """What `hr.sklearn.watch()` gives; as a context manager it ends with the block."""

    def __init__(self) -> None:
        import sklearn.base
        import sklearn.model_selection
        import sklearn.utils.parallel

        self._base: type = sklearn.base.BaseEstimator
        # Owner, name, what was there, what is there now.
        self._replaced: list[tuple[Any, str, Any, Any]] = []
        self._functions: list[tuple[Any, Any]] = []  # original, ours
        self._making = threading.local()
        for kind in list(_all_classes(self._base)):
            self._dress(kind)
            self._follow(kind)
        parallel = sklearn.utils.parallel.Parallel
        self._replace(parallel, "__call__", _dispatch(parallel.__dict__["__call__"]))
        for module, names in FUNCTIONS.items():
            for name in names:
                original = getattr(sys.modules[module], name)
                self._functions.append((original, _function(original, name)))
        _exchange({id(original): ours for original, ours in self._functions})

    @property
    def is_on(self) -> bool:
        return _watch is self and Settings.is_on

    def unwatch(self) -> None:
        """Ends it: every class and function is what it was."""
        if _watch is self:
            end()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.unwatch()

    def __repr__(self) -> str:
        state = f"{len(self._replaced)} methods" if self.is_on else "ended"
        return f"<headrace watch of scikit-learn: {state}>"

    def _replace(self, owner: Any, name: str, ours: Any) -> None:
        was = owner.__dict__[name]
        type.__setattr__(owner, name, ours)
        self._replaced.append((owner, name, was, ours))

    def _dress(self, kind: type) -> None:
        for name in METHODS:
            found = kind.__dict__.get(name)
            if found is not None and (ours := _in_its_place(found, name)) is not None:
                self._replace(kind, name, ours)

    def _follow(self, kind: type) -> None:
        """Classes derived later are dressed as soon as they are whole: scikit-learn's own mixins
        wrap methods of a new class, one mixin after the other."""
        found = kind.__dict__.get("__init_subclass__")
        if not isinstance(found, classmethod):
            return
        original = found.__func__
        making = self._making

        def __init_subclass__(cls: Any, **kwargs: Any) -> None:  # noqa: N807
            # Only the outermost of these calls sees the class whole.
            if not hasattr(making, "kinds"):
                making.kinds = []
            making.kinds.append(cls)
            try:
                original(cls, **kwargs)
            finally:
                making.kinds.pop()
            if cls not in making.kinds:
                self._made(cls)

        self._replace(kind, "__init_subclass__", classmethod(_dressed(__init_subclass__, original)))

    @adapter.guarded
    def _made(self, kind: type) -> None:
        with _lock:
            if self.is_on and issubclass(kind, self._base):
                for each in kind.__mro__[:-1]:
                    self._dress(each)

    def _restore(self) -> None:
        for owner, name, was, ours in reversed(self._replaced):
            if owner.__dict__.get(name) is ours:  # else someone else's, which may call ours
                type.__setattr__(owner, name, was)
        self._replaced.clear()
        _exchange({id(ours): original for original, ours in self._functions})


def _dispatch(original: Callable[..., Any]) -> Any:
    def __call__(self: Any, iterable: Any) -> Any:  # noqa: N807
        return original(self, sent(iterable))

    return _dressed(__call__, original)


def _exchange(instead: dict[int, Any]) -> None:
    """Puts functions where others are, in every module: programs import them by name."""
    for module in list(sys.modules.values()):
        own = getattr(module, "__dict__", None)
        if type(own) is not dict:
            continue
        for name, value in list(own.items()):
            if type(value) is FunctionType and id(value) in instead:
                own[name] = instead[id(value)]


def begin(hash_bytes: int) -> Watch:
    """The watch of this process, begun if there is none."""
    global _watch
    with _lock:
        Settings.hash_bytes = hash_bytes
        if _watch is None:
            _watch = Watch()
            Settings.is_on = True
        return _watch


def end() -> None:
    global _watch
    with _lock:
        watch, _watch = _watch, None
        Settings.is_on = False
        if watch is not None:
            watch._restore()
