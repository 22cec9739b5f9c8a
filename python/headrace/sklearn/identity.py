"""Data and models as objects: known by the hash of what they hold, wherever they are met."""

from __future__ import annotations

import hashlib
import sys
import weakref
from typing import Any

from headrace import Object
from headrace.adapters import Adapter, is_capturing
from headrace.fingerprint import TooLargeError, fingerprint, is_estimator

adapter = Adapter("sklearn")

# The data sets that come with scikit-learn, by the SHA-256 of their elements.
_KNOWN = {
    "20def7f70a702f0af9732fbba4375e147a7d54fe70d8c45569b8e7c1c7010c10": ("digits", "data"),
    "a3c91c262eddcf7ba8f0e37507c30284493c9b20412ffe4af30d536401f7ba21": ("digits", "target"),
    "012f498fe9c8b3b34212c3c5d98e1f03f2f79931cd49349beb1bad64dcf164a7": ("iris", "data"),
    "734737f11162991213afc3a96aa5e8823b2d9cdcfb8992df1e85a0bae44b2395": ("iris", "target"),
    "8edcf3903afd97c64d51e0212eb10b213f7943da650574d1c055b836c5c35d37": ("wine", "data"),
    "b6514e07a6d27854e0da000ca82d8d8cc3d0cb904c51600344ca34f1ee04884b": ("wine", "target"),
    "6b202a2072f9a0385f405a8f8605b1b06f6f36ae6d23d9cd6cbbc0974a416bc7": ("breast_cancer", "data"),
    "1763c0f8cd3f454b9eda72031113884593bb382411c0cd511e3ec6e7ac85cddb": ("breast_cancer", "target"),
    "3108d770fbdb92eb6386b2f489879a126bc8c379a2d9f8bbd931ca876b9e2320": ("diabetes", "data"),
    "4911e8747aff95aa1cd523fea86dd91cfd1cd14c1a8ead274f1913b14fa853c4": ("diabetes", "target"),
    "4f8510729f4a42a709b45ef7b8ccb01250cb26dd048c6e247c4ed7ed353806e3": ("linnerud", "data"),
    "ab5c629598b0a46b4c1a2d19087e58501088096fc7a362351323ba61080b06ff": ("linnerud", "target"),
}
# Cells of lists and of arrays of Python objects, which are read one by one.
MAX_CELLS = 100_000
MAX_MODEL_BYTES = 256 << 20
MAX_MET = 10_000

_met: dict[str, Object] = {}  # data by name and hash, as they were called first
_models: dict[int, tuple[weakref.ref[Any], Object]] = {}  # fitted estimators, by identity


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of an array, table or sparse matrix; None of anything else."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(extent, int) for extent in shape):
        return shape
    return None


def data_object(value: Any, most_bytes: int, kind: str = "dataset") -> Object | None:
    """The object that stands for data, recorded; None where it is no data, or too large."""
    if most_bytes <= 0 or not is_capturing():
        return None
    found = _content(value, most_bytes)
    if found is None:
        return None
    sha256, size_bytes, what, facts = found
    name, part = _KNOWN.get(sha256, ("", ""))
    if part:
        facts["part"] = part
        name = name if part == "data" else f"{name}.{part}"
    name = name or f"{what} {sha256[:8]}"
    # Predictions that others learn from are still those predictions.
    key = f"{name} {sha256}"
    known = _met.get(key)
    if known is not None:
        kind = known.kind
    elif len(_met) >= MAX_MET:
        _met.clear()
    made = adapter.content(kind, name, sha256, size_bytes, **facts)
    _met[key] = made
    return made


def _content(value: Any, most_bytes: int) -> tuple[str, int, str, dict[str, Any]] | None:
    """Hash, bytes, what it is in a few words, more facts."""
    numpy: Any = sys.modules["numpy"]
    facts: dict[str, Any] = {}
    pandas: Any = sys.modules.get("pandas")
    if pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series):
        if numpy.sum(value.memory_usage(index=False)) > most_bytes:
            return None
        if isinstance(value, pandas.DataFrame):
            facts["columns"] = [str(name) for name in value.columns[:64]]
        # Data are the same as an array and as a table with names.
        value = value.to_numpy()
    if isinstance(value, list | tuple):
        cells = len(value) * (len(value[0]) if value and isinstance(value[0], list | tuple) else 1)
        if not 0 < cells <= MAX_CELLS:
            return None
        value = numpy.asarray(value)
    shape = shape_of(value)
    if shape is None:
        return None
    what = f"{getattr(value, 'dtype', '')}{list(shape)}".replace(" ", "")
    facts |= {"shape": list(shape), "dtype": str(getattr(value, "dtype", ""))}
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "fiubcUSMm":
        array = numpy.ndarray.view(value, numpy.ndarray)
        if array.nbytes > most_bytes:
            return None
        flat = numpy.ascontiguousarray(array).reshape(-1)
        content = memoryview(flat.view(numpy.uint8)) if array.nbytes else b""
        return hashlib.sha256(content).hexdigest(), array.nbytes, what, facts
    if isinstance(value, numpy.ndarray) and (value.dtype.kind != "O" or value.size > MAX_CELLS):
        return None
    try:
        found = fingerprint(value, most_bytes)
    except TooLargeError:
        return None
    if not found.is_whole:
        return None
    return found.sha256, found.size_bytes, what, facts


def fitted(estimator: Any, task_id: str | None = None) -> Object:
    """Records the model that an estimator has become, and keeps it in mind."""
    sha256, size_bytes, version = None, None, None
    facts: dict[str, Any] = {}
    try:
        known = fingerprint(estimator, MAX_MODEL_BYTES)
        sha256, size_bytes = known.sha256, known.size_bytes
        if known.unknown:
            facts["hash_leaves_out"] = known.unknown
    except TooLargeError:
        facts["hash_leaves_out"] = ["more than is read"]
    if facts:  # what is not known whole is told apart by the task that fitted it
        version = f"{sha256 or 'unread'} {task_id or 'in part'}"
    kind = type(estimator)
    facts["class"] = f"{kind.__module__}.{kind.__qualname__}"
    held = getattr(estimator, "__dict__", {})
    for name in ("n_features_in_", "n_iter_", "n_outputs_", "best_score_"):
        found = held.get(name)
        if isinstance(found, int | float):
            facts[name.rstrip("_")] = found
    made = adapter.content("model", title(estimator), sha256, size_bytes, version=version, **facts)
    _remember(estimator, made)
    return made


def title(estimator: Any) -> str:
    """Its class, and those of the steps of a pipeline or of what a search varies."""
    held = getattr(estimator, "__dict__", {})
    name = type(estimator).__name__
    if isinstance(steps := held.get("steps"), list):
        return f"{name}({', '.join(_of_step(step) for step in steps[:8])})"
    if is_estimator(inner := held.get("estimator")):
        return f"{name}({title(inner)})"
    return name


def _of_step(step: Any) -> str:
    inner = step[1] if isinstance(step, tuple) and len(step) > 1 else step
    return title(inner) if is_estimator(inner) else str(inner)[:40]


def _remember(estimator: Any, made: Object) -> None:
    key = id(estimator)
    try:
        reference = weakref.ref(estimator, lambda _: _models.pop(key, None))
    except TypeError:  # a class with slots and none for that
        return
    _models[key] = (reference, made)


def model_of(estimator: Any) -> Object | None:
    """What `fitted` recorded for this very estimator, while it lives."""
    known = _models.get(id(estimator))
    return known[1] if known is not None and known[0]() is estimator else None


def forget(estimator: Any) -> None:
    """It is being fitted again."""
    _models.pop(id(estimator), None)


def model_used(estimator: Any) -> Object | None:
    """The model that an estimator is: one fitted before the watch, loaded or copied is known by
    what it holds."""
    return model_of(estimator) or fitted(estimator)
