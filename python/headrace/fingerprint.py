"""What a fitted estimator holds, as one hash: equal for equal parameters and fitted values, in any
process, whatever pickle would make of them.

The walk knows numbers, text, containers, arrays, sparse matrices, random states, functions and
classes by name, estimators, and the compiled parts of scikit-learn and scipy. Code that is the
user's is not called. What it does not know counts by its type only, and is said.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_DEPTH = 64
MAX_UNKNOWN = 8
# Of a search: the times that its fits took differ each time, and its best model says what it is.
_OF_A_SEARCH = frozenset({"cv_results_", "refit_time_"})
# Packages whose compiled objects say by __getstate__ or __reduce__ what they hold.
_PACKAGES = ("sklearn.", "scipy.", "numpy.")


@dataclass
class Fingerprint:
    """The hash; the bytes that went into it; types of which only the name did."""

    sha256: str = ""
    size_bytes: int = 0
    unknown: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """True when nothing was left out, so that equal hashes mean equal models."""
        return not self.unknown


class TooLargeError(Exception):
    """There is more to read than was allowed."""


def fingerprint(value: Any, most_bytes: int | None = None) -> Fingerprint:
    """Reads all of it, about 1 GB/s; raises TooLargeError beyond `most_bytes`."""
    walk = _Walk(most_bytes)
    walk.add(value, 0)
    return Fingerprint(walk.digest.hexdigest(), walk.size_bytes, walk.unknown)


class _Walk:
    def __init__(self, most_bytes: int | None) -> None:
        self.digest = hashlib.sha256()
        self.size_bytes = 0
        self.most_bytes = most_bytes
        self.unknown: list[str] = []
        self.open: set[int] = set()

    def put(self, mark: str, content: Any = b"") -> None:
        # Marks and lengths, so that no two different values give the same bytes.
        length = memoryview(content).nbytes
        self.size_bytes += length
        if self.most_bytes is not None and self.size_bytes > self.most_bytes:
            raise TooLargeError
        self.digest.update(f"{mark}:{length};".encode())
        if length:
            self.digest.update(content)

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)
        if value is None or kind is bool or kind is int:
            self.put("n", repr(value).encode())
        elif kind is float:
            self.put("f", value.hex().encode())
        elif kind is complex:
            self.put("c", repr(value).encode())
        elif isinstance(value, str):
            self.put("s", str.encode(value, "utf-8", "surrogatepass"))
        elif isinstance(value, bytes | bytearray):
            self.put("b", value)
        elif depth > MAX_DEPTH or id(value) in self.open:
            self.put("again")
        else:
            self.open.add(id(value))
            self.add_other(kind, value, depth + 1)
            self.open.discard(id(value))

    def add_other(self, kind: type, value: Any, depth: int) -> None:
        numpy: Any = sys.modules.get("numpy")
        sparse: Any = sys.modules.get("scipy.sparse")
        if isinstance(value, list | tuple):
            self.put("l", str(len(value)).encode())
            for each in value:
                self.add(each, depth)
        elif isinstance(value, dict):
            self.add_pairs("d", value.items(), depth)
        elif isinstance(value, set | frozenset):
            self.add_pairs("e", ((each, None) for each in value), depth)
        elif numpy is not None and isinstance(value, numpy.ndarray):
            self.add_array(numpy, value, depth)
        elif numpy is not None and isinstance(value, numpy.generic):
            self.add_array(numpy, numpy.asarray(value), depth)
        elif numpy is not None and isinstance(value, numpy.random.RandomState):
            self.put("random")
            self.add(value.get_state(legacy=False), depth)
        elif numpy is not None and isinstance(value, numpy.random.Generator):
            self.put("random")
            self.add(value.bit_generator.state, depth)
        elif numpy is not None and isinstance(value, numpy.dtype):
            self.put("t", str(value).encode())
        elif sparse is not None and sparse.issparse(value):
            self.add_sparse(sparse, value, depth)
        elif isinstance(value, type) or hasattr(value, "__code__") or kind is type(len):
            self.put("name", f"{value.__module__}.{value.__qualname__}".encode())
        elif is_estimator(value):
            self.add_estimator(value, depth)
        elif (state := _state_of(kind, value)) is not None:
            self.put("o", _name(kind).encode())
            self.add(state, depth)
        else:
            self.put("?", _name(kind).encode())
            if len(self.unknown) < MAX_UNKNOWN and _name(kind) not in self.unknown:
                self.unknown.append(_name(kind))

    def add_pairs(self, mark: str, pairs: Iterable[tuple[Any, Any]], depth: int) -> None:
        """By the hashes of the keys: neither a set nor a dict differs by its order."""
        found = []
        for key, each in pairs:
            inner = _Walk(None)
            inner.add(key, depth)
            found.append((inner.digest.digest(), each))
        self.put(mark, str(len(found)).encode())
        for digest, each in sorted(found, key=lambda pair: pair[0]):
            self.put("k", digest)
            self.add(each, depth)

    def add_array(self, numpy: Any, value: Any, depth: int) -> None:
        array = numpy.ndarray.view(value, numpy.ndarray)
        self.put(
            "a", f"{array.dtype.str if array.dtype.names is None else ''}{array.shape}".encode()
        )
        if array.dtype.names is not None:  # between the fields lies what happened to be there
            for name in array.dtype.names:
                self.put("field", name.encode())
                self.add_array(numpy, array[name], depth)
        elif array.dtype.kind == "O":
            for each in array.reshape(-1):
                self.add(each, depth)
        elif array.size:
            flat = numpy.ascontiguousarray(array).reshape(-1)
            self.put("v", memoryview(flat.view(numpy.uint8)))

    def add_sparse(self, sparse: Any, value: Any, depth: int) -> None:
        form = value if value.format in ("csr", "csc") else sparse.csr_matrix(value)
        self.put("sparse", f"{form.format}{form.shape}".encode())
        for part in (form.data, form.indices.astype("int64"), form.indptr.astype("int64")):
            self.add(part, depth)

    def add_estimator(self, value: Any, depth: int) -> None:
        self.put("o", _name(type(value)).encode())
        held = vars(value)
        if "best_estimator_" in held:
            held = {key: each for key, each in held.items() if key not in _OF_A_SEARCH}
        self.add_pairs("d", held.items(), depth)


def is_estimator(value: Any) -> bool:
    """An instance of scikit-learn's BaseEstimator, or of a class that behaves so."""
    base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
    return base is not None and isinstance(value, base)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _state_of(kind: type, value: Any) -> Any:
    """What an object of a known package holds; None if it doesn't say."""
    if not _name(kind).startswith(_PACKAGES):
        return None
    if held := getattr(value, "__dict__", None):
        return dict(held)
    for name in ("__getstate__", "__reduce__"):
        read = getattr(kind, name, None)
        if read is None or read is getattr(object, name, None):
            continue
        with contextlib.suppress(Exception):
            return read(value)
    return None
