"""Calls of scikit-learn's functions that are work of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headrace.adapters import is_capturing
from headrace.fingerprint import is_estimator
from headrace.sklearn import identity, results
from headrace.sklearn.calls import Settings, data, open_, parameters, plain
from headrace.sklearn.identity import adapter

# Where they are defined, which is also what is put there while a watch is on.
FUNCTIONS = {
    "sklearn.model_selection._validation": (
        "cross_validate",
        "cross_val_score",
        "cross_val_predict",
    ),
    "sklearn.model_selection._split": ("train_test_split",),
}
_DATA = ("X", "y")


def captured_function(
    original: Callable[..., Any],
    name: str,
    names: tuple[str, ...],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """Calls `original(*args, **keywords)` as a task, unless it is part of another."""
    if not Settings.is_on or open_.calls or Settings.only_inside or not is_capturing():
        return original(*args, **keywords)
    used = _used(name, names, args, keywords) or {}
    open_.calls.append(original)
    try:
        with adapter.begin(name, used=used) as task:
            result = original(*args, **keywords)
            _generated(task, name, result)
            return result
    finally:
        open_.calls.pop()


@adapter.guarded
def _used(
    name: str, names: tuple[str, ...], args: tuple[Any, ...], keywords: dict[str, Any]
) -> dict[str, Any]:
    if name == "train_test_split":
        used = {key: value for key, value in keywords.items() if key != "stratify"}
        made = [identity.data_object(each, Settings.hash_bytes) for each in args]
        for i, (value, each) in enumerate(zip(args, made, strict=True)):
            used[f"array_{i}"] = _shape(value)
            if each is not None:
                used["dataset" if i == 0 else f"dataset_{i}"] = each
        return used
    given = dict(zip(names, args, strict=False)) | keywords
    used = {}
    for key, value in given.items():
        if is_estimator(value):
            used |= parameters(value)
            used["estimator"] = identity.title(value)
        elif key not in _DATA and value is not None:
            used[key] = plain(value)
    held = {key: given[key] for key in _DATA if key in given}
    return used | data(tuple(held), tuple(held.values()), {}, True)


@adapter.guarded
def _generated(task: Any, name: str, result: Any) -> None:
    if name == "train_test_split":
        for i, piece in enumerate(result):
            made = identity.data_object(piece, Settings.hash_bytes)
            task.generated({f"piece_{i}": _shape(piece) if made is None else made})
    elif name == "cross_val_predict":
        made = identity.data_object(result, Settings.hash_bytes, "predictions")
        if made is not None:
            task.generated(predictions=made)
    else:
        results.of_cross_validation(task, result)


def _shape(value: Any) -> Any:
    shape = identity.shape_of(value)
    return {"shape": list(shape)} if shape is not None else {"type": type(value).__name__}
