"""A call of an estimator's method, as a task."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

from headrace.adapters import is_capturing
from headrace.fingerprint import is_estimator
from headrace.sklearn import identity, results
from headrace.sklearn.identity import adapter

FITTING = ("fit", "partial_fit", "fit_transform", "fit_predict")
PREDICTING = (
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "transform",
    "inverse_transform",
    "score",
)
METHODS = FITTING + PREDICTING
# Parameters that hold data, whatever they are called.
_TARGETS = ("y", "Y", "y_true")
MAX_PARAMETERS = 200


class Settings:
    """What all calls look at."""

    is_on = False
    hash_bytes = 64 << 20
    # In a process that scikit-learn started: only what it was sent to do is recorded.
    only_inside = False


class _Open(threading.local):
    """What runs on this thread, outermost first: estimators, or None for a piece of a search."""

    def __init__(self) -> None:
        self.calls: list[Any] = []


open_ = _Open()
_names: dict[tuple[type, str], str] = {}


def activity(kind: type, method: str) -> str:
    # The same text each time: activities are found by its address.
    name = _names.get((kind, method))
    if name is None:
        if len(_names) > 4096:
            _names.clear()
        name = _names[kind, method] = f"{kind.__name__}.{method}"
    return name


def captured(
    original: Callable[..., Any],
    method: str,
    names: tuple[str, ...],
    estimator: Any,
    args: tuple[Any, ...],
    keywords: dict[str, Any],
) -> Any:
    """Calls `original(estimator, *args, **keywords)` as a task; its result and its exception are
    the program's."""
    calls = open_.calls
    if (
        not Settings.is_on
        or (Settings.only_inside and not calls)
        or any(each is estimator for each in calls)  # part of what it was asked for
        or not is_capturing()
    ):
        return original(estimator, *args, **keywords)
    is_outermost = not calls
    used = _used(method, names, estimator, args, keywords, is_outermost) or {}
    calls.append(estimator)
    try:
        with adapter.begin(activity(type(estimator), method), used=used) as task:
            result = original(estimator, *args, **keywords)
            _generated(task, method, estimator, result, is_outermost)
            return result
    finally:
        calls.pop()


@adapter.guarded
def _used(
    method: str,
    names: tuple[str, ...],
    estimator: Any,
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    is_outermost: bool,
) -> dict[str, Any]:
    kind = type(estimator)
    used: dict[str, Any] = {}
    if method in FITTING:
        identity.forget(estimator)
        used |= parameters(estimator)
        used["estimator"] = f"{kind.__module__}.{kind.__qualname__}"
    elif is_outermost and (model := identity.model_used(estimator)) is not None:
        used["model"] = model
    used |= data(names, args, keywords, is_outermost)
    return used


def data(
    names: tuple[str, ...], args: tuple[Any, ...], keywords: dict[str, Any], is_outermost: bool
) -> dict[str, Any]:
    """Arguments: what they are like, and from outside the objects that stand for data."""
    used: dict[str, Any] = {}
    given = list(zip(names, args, strict=False))
    given += [(name, value) for name, value in keywords.items() if name not in names[: len(args)]]
    for i, (name, value) in enumerate(given):
        if value is None or is_estimator(value):
            continue
        used[name] = summary(value, is_outermost)
        if is_outermost and (i == 0 or name in _TARGETS):
            made = identity.data_object(value, Settings.hash_bytes)
            if made is not None:
                used["target" if name in _TARGETS else "dataset"] = made
    return used


def summary(value: Any, is_full: bool) -> Any:
    """Of data inside another call only type, shape and dtype: looking at the elements takes longer
    than many a fit. A list of rows is no list of values."""
    shape = identity.shape_of(value)
    if shape is not None and not is_full:
        kind = type(value)
        facts: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__name__}", "shape": list(shape)}
        if (dtype := getattr(value, "dtype", None)) is not None:
            facts["dtype"] = str(dtype)
        return facts
    if (
        shape is not None
        and len(shape)
        and not hasattr(value, "__array__")
        and hasattr(value, "nnz")
    ):
        kind = type(value)
        return {
            "type": f"{kind.__module__}.{kind.__name__}",
            "shape": list(shape),
            "dtype": str(value.dtype),
            "stored": int(value.nnz),
        }
    if isinstance(value, list | tuple) and len(value) > 16:
        return {"type": type(value).__name__, "shape": [len(value)]}
    return value


def parameters(estimator: Any) -> dict[str, Any]:
    """get_params(), with estimators by their classes; of nested ones under `step__name`."""
    found = _parameters(estimator)
    out: dict[str, Any] = {}
    for name, value in found.items():
        if len(out) >= MAX_PARAMETERS:
            out["parameters_left_out"] = len(found) - MAX_PARAMETERS
            break
        out[name] = plain(value)
    return out


_parameter_names: dict[type, tuple[str, ...]] = {}


def _parameters(estimator: Any) -> dict[str, Any]:
    """get_params(), without reading the signature again for each call where nothing is nested."""
    kind = type(estimator)
    base = sys.modules["sklearn.base"].BaseEstimator
    if kind.get_params is base.get_params:
        names = _parameter_names.get(kind)
        if names is None:
            if len(_parameter_names) > 4096:
                _parameter_names.clear()
            names = _parameter_names[kind] = tuple(kind._get_param_names())
        found = {name: getattr(estimator, name) for name in names}
        if not any(hasattr(value, "get_params") for value in found.values()):
            return found
    nested: dict[str, Any] = estimator.get_params()
    return nested


def plain(value: Any) -> Any:
    """A parameter as it is recorded: estimators by what they are."""
    if is_estimator(value):
        return identity.title(value)
    if isinstance(value, list | tuple) and any(_holds_estimator(each) for each in value[:64]):
        return [plain(each) for each in value]
    if isinstance(value, dict) and any(_holds_estimator(each) for each in value.values()):
        return {key: plain(each) for key, each in value.items()}
    return value


def _holds_estimator(value: Any) -> bool:
    return is_estimator(value) or (
        isinstance(value, list | tuple) and any(is_estimator(each) for each in value[:8])
    )


@adapter.guarded
def _generated(task: Any, method: str, estimator: Any, result: Any, is_outermost: bool) -> None:
    if method in FITTING and is_outermost:
        task.generated(model=identity.fitted(estimator, task.id))
        results.of_search(task, estimator)
    if method == "score":
        if isinstance(result, int | float):  # numpy's float64 is a float
            task.generated(score=float(result)).log(score=float(result))
    elif method not in ("fit", "partial_fit") and result is not estimator:
        task.generated(result=summary(result, is_outermost))
        if is_outermost:
            kind = "dataset" if "transform" in method else "predictions"
            made = identity.data_object(result, Settings.hash_bytes, kind)
            if made is not None:
                task.generated({kind: made})
