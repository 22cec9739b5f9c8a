"""What scikit-learn hands to joblib: fits of candidates and folds, steps, trees.

Each piece runs as a child of the task that handed it out, on whichever thread or process. In a
process that joblib started, the first piece begins a watch there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from headrace import carry
from headrace.adapters import is_capturing
from headrace.propagation import child_environment
from headrace.sklearn import results
from headrace.sklearn.calls import Settings, open_, plain
from headrace.sklearn.identity import adapter


def sent(iterable: Iterable[Any]) -> Iterable[Any]:
    """The same pieces of work, each of which knows whose it is."""
    if not Settings.is_on or not open_.calls or not is_capturing():
        return iterable
    found: Iterable[Any] | None = _sent(iterable)
    return iterable if found is None else found


@adapter.guarded
def _sent(iterable: Iterable[Any]) -> Iterable[Any]:
    # joblib takes the pieces later, and on threads of its own.
    carried = carry(run_piece)
    settings = {
        "pid": os.getpid(),
        "hash_bytes": Settings.hash_bytes,
        "environment": child_environment({}),
    }

    def pieces() -> Iterator[Any]:
        for index, piece in enumerate(iterable):
            call: Any = piece[0] if isinstance(piece, tuple) and piece else None
            function = getattr(call, "__dict__", {}).get("function")
            # scikit-learn's own wrapper of a delayed function: made for this piece alone.
            if function is not None and type(call).__name__ == "_FuncWrapper":
                call.function = Sent(function, carried, settings, index)
            yield piece

    return pieces()


class Sent:
    """A function of a piece of work, on its way."""

    def __init__(
        self,
        function: Callable[..., Any],
        carried: Callable[..., Any],
        settings: dict[str, Any],
        index: int,
    ) -> None:
        self.function = function
        self.index = index
        self.carried = carried
        self.settings = settings
        self.__name__ = getattr(function, "__name__", "piece")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if os.getpid() != self.settings["pid"]:
            _join(self.settings)
        return self.carried(self.function, self.index, args, keywords)


@adapter.guarded
def _join(settings: dict[str, Any]) -> None:
    """In another process: records where the program records, and watches there too."""
    for name, value in settings["environment"].items():
        os.environ.setdefault(name, value)
    if not Settings.is_on:
        from headrace.sklearn.watching import begin

        Settings.only_inside = True
        begin(settings["hash_bytes"])


def run_piece(
    function: Callable[..., Any], index: int, args: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    """Runs a piece; a fit of a search or of a cross validation is a task of its own."""
    open_.calls.append(None)
    try:
        if getattr(function, "__name__", "") != "_fit_and_score" or not Settings.is_on:
            return function(*args, **keywords)
        used = _used(index, keywords) or {}
        is_candidate = isinstance(keywords.get("parameters"), dict)
        with adapter.begin("candidate" if is_candidate else "fold", used=used) as task:
            result = function(*args, **keywords)
            error = _generated(task, result)
            if error:  # the search goes on with a score for it
                task.end("failed", error=error.strip()[-500:])
            return result
    finally:
        open_.calls.pop()


@adapter.guarded
def _used(index: int, keywords: dict[str, Any]) -> dict[str, Any]:
    used: dict[str, Any] = {"split": index}
    for name, value in (keywords.get("parameters") or {}).items():
        used[name] = plain(value)
    for name in ("split", "candidate"):
        progress = keywords.get(f"{name}_progress")
        if isinstance(progress, tuple) and progress:
            used[name] = progress[0]
    for name in ("train", "test"):
        indices: Any = keywords.get(name)
        if hasattr(indices, "__len__"):
            used[f"n_{name}"] = len(indices)
    return used


@adapter.guarded
def _generated(task: Any, result: Any) -> str | None:
    return results.of_piece(task, result)
