"""What came out of searches and cross validations, as values and metrics."""

from __future__ import annotations

import sys
from typing import Any

# Rows of metrics of one search.
MAX_ROWS = 2000


def of_search(task: Any, search: Any) -> None:
    """Of GridSearchCV and the like: the best, and a row of metrics for each candidate."""
    held = getattr(search, "__dict__", {})
    found = held.get("cv_results_")
    if not isinstance(found, dict):
        return
    for name in ("best_score_", "best_params_", "best_index_", "n_splits_"):
        if name in held:
            task.generated({name.rstrip("_"): _number(held[name])})
    candidates = found.get("params") or []
    task.generated(candidates=len(candidates))
    columns = [
        name
        for name in found
        if name.startswith(("mean_", "std_", "rank_")) or name in ("iter", "n_resources")
    ]
    for i in range(min(len(candidates), MAX_ROWS)):
        row = {_named(name): _number(found[name][i]) for name in columns}
        task.log(candidate=i, **row)


def of_cross_validation(task: Any, result: Any) -> None:
    """Of cross_validate's dict or cross_val_score's array: a row for each fold, and the means."""
    numpy: Any = sys.modules["numpy"]
    if isinstance(result, numpy.ndarray):
        result = {"test_score": result}
    columns = {
        _named(name): values
        for name, values in result.items()
        if isinstance(values, numpy.ndarray) and values.ndim == 1 and values.dtype.kind in "fiu"
    }
    if not columns:
        return
    folds = min(len(values) for values in columns.values())
    for i in range(min(folds, MAX_ROWS)):
        task.log(fold=i, **{name: _number(values[i]) for name, values in columns.items()})
    for name, values in columns.items():
        task.generated({f"mean_{name}": float(values.mean()), f"std_{name}": float(values.std())})


def of_piece(task: Any, result: Any) -> str | None:
    """Of one fit of a search or of a cross validation; gives the text of its failure."""
    if not isinstance(result, dict):
        return None
    row: dict[str, Any] = {}
    for name in ("test", "train"):
        scores = result.get(f"{name}_scores")
        if isinstance(scores, dict):
            row |= {f"{name}_{key}": _number(score) for key, score in scores.items()}
        elif scores is not None:
            row[f"{name}_score"] = _number(scores)
    for name in ("fit_time", "score_time"):
        if name in result:
            row[f"{name}_s"] = _number(result[name])
    task.generated(row).log(row)
    error = result.get("fit_error")
    return error if isinstance(error, str) else None


def _named(column: str) -> str:
    return f"{column}_s" if column.endswith("_time") else column


def _number(value: Any) -> Any:
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "ndim", 1) == 0 else value
