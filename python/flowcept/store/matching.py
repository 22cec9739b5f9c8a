"""What MongoDB's query documents, sorts and projections mean on plain dicts.

For what the store cannot decide by itself; store/narrowing.py says what it can. Source: MongoDB
manual 8.0, "Query Predicates", "Comparison/Sort Order", "Project Fields to Return from Query".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Document = dict[str, Any]
Test = Callable[[Any], bool]

COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
OPERATORS = (
    *COMPARISONS,
    *("$in", "$nin", "$exists", "$type", "$regex", "$options"),
    *("$not", "$elemMatch", "$size", "$all", "$mod"),
)
JOINERS = ("$and", "$or", "$nor", "$comment")


class FilterError(ValueError):
    """A query document that means nothing; the message says what and where."""


def matcher(filter: Mapping[str, Any] | None) -> Callable[[Document], bool]:
    """A test whether a document passes `filter`. Raises FilterError."""
    tests = [_joined(name, value) if name.startswith("$") else _field(name, value)
             for name, value in (filter or {}).items()]  # fmt: skip
    if len(tests) == 1:
        return tests[0]
    return lambda document: all(test(document) for test in tests)


def _joined(name: str, value: Any) -> Test:
    if name == "$comment":
        return lambda document: True
    if name not in JOINERS:
        known = ", ".join(JOINERS[:3])
        raise FilterError(f"{name} is no operator at the level of fields; there are {known}")
    if not isinstance(value, list | tuple) or not value:
        raise FilterError(f"{name} takes a list of one or more filters")
    tests = [matcher(part) for part in value]
    if name == "$and":
        return lambda document: all(test(document) for test in tests)
    if name == "$or":
        return lambda document: any(test(document) for test in tests)
    return lambda document: not any(test(document) for test in tests)


def has_operators(value: Any) -> bool:
    """Whether a field's condition is {"$operator": ...} and no value to compare with."""
    return isinstance(value, Mapping) and bool(value) and next(iter(value)).startswith("$")


def _field(path: str, condition: Any) -> Test:
    parts = path.split(".")
    test = _condition(condition)
    return lambda document: test(reached(document, parts))


def _condition(condition: Any) -> Test:
    """A test of the values that a path leads to."""
    if isinstance(condition, re.Pattern):
        return _operation("$regex", condition, {})
    if not has_operators(condition):
        return _operation("$eq", condition, {})
    tests = [_operation(name, value, condition) for name, value in condition.items()]
    return lambda values: all(test(values) for test in tests)


def _operation(name: str, operand: Any, around: Mapping[str, Any]) -> Test:
    if name == "$options":
        return lambda values: True
    if name == "$eq":
        return lambda values: _has(values, operand)
    if name in ("$ne", "$nin", "$not"):
        inner = (
            _condition(operand) if name == "$not" else _operation(_POSITIVE[name], operand, around)
        )
        return lambda values: not inner(values)
    if name == "$in":
        return _one_of(operand)
    if name in COMPARISONS:
        return lambda values: _compared(values, name, operand)
    if name == "$exists":
        return lambda values: (len(values) > 0) == bool(operand)
    if name in _SPECIAL:
        return _SPECIAL[name](operand, around)
    raise FilterError(f"{name} is no operator here; there are {', '.join(OPERATORS)}")


_POSITIVE = {"$ne": "$eq", "$nin": "$in"}


def _one_of(operand: Any) -> Test:
    if not isinstance(operand, list | tuple | set | frozenset):
        raise FilterError("$in and $nin take a list")
    tests = [_condition(one) if isinstance(one, re.Pattern) else _operation("$eq", one, {})
             for one in operand]  # fmt: skip
    return lambda values: any(test(values) for test in tests)


def _matched(operand: Any, around: Mapping[str, Any]) -> Test:
    pattern = operand
    if not isinstance(operand, re.Pattern):
        if not isinstance(operand, str):
            raise FilterError("$regex takes a text")
        options = str(around.get("$options", ""))
        if set(options) - set("imsx"):
            raise FilterError(f"$options of $regex are i, m, s and x, not {options}")
        flags = re.RegexFlag(0)
        for letter in options:
            flags |= {"i": re.I, "m": re.M, "s": re.S, "x": re.X}[letter]
        try:
            pattern = re.compile(operand, flags)
        except re.error as error:
            raise FilterError(f"$regex {operand!r} is no regular expression: {error}") from None
    return lambda values: any(
        isinstance(v, str) and pattern.search(v) is not None for v in _each(values)
    )


def _element(operand: Any, around: Mapping[str, Any]) -> Test:
    if not isinstance(operand, Mapping):
        raise FilterError("$elemMatch takes a filter of one element")
    if has_operators(operand) and next(iter(operand)) not in JOINERS:
        one = _condition(operand)
        return lambda values: any(
            one([element]) for v in values if isinstance(v, list) for element in v
        )
    test = matcher(operand)
    return lambda values: any(
        isinstance(element, dict) and test(element)
        for v in values
        if isinstance(v, list)
        for element in v
    )


def _size(operand: Any, around: Mapping[str, Any]) -> Test:
    if isinstance(operand, bool) or not isinstance(operand, int | float) or operand < 0:
        raise FilterError("$size takes a count")
    return lambda values: any(isinstance(v, list) and len(v) == operand for v in values)


def _all(operand: Any, around: Mapping[str, Any]) -> Test:
    if not isinstance(operand, list | tuple):
        raise FilterError("$all takes a list")
    tests = [_condition(one) if has_operators(one) else _operation("$eq", one, {})
             for one in operand]  # fmt: skip
    return lambda values: bool(tests) and all(test(values) for test in tests)


def _mod(operand: Any, around: Mapping[str, Any]) -> Test:
    if not isinstance(operand, list | tuple) or len(operand) != 2 or not operand[0]:
        raise FilterError("$mod takes [divisor, remainder], with a divisor that is not 0")
    divisor, remainder = int(operand[0]), int(operand[1])
    return lambda values: any(
        bracket(v) == "number" and math.isfinite(v) and math.fmod(int(v), divisor) == remainder
        for v in _each(values)
    )


_TYPES: dict[Any, Callable[[Any], bool]] = {
    "double": lambda v: isinstance(v, float),
    "string": lambda v: isinstance(v, str),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "binData": lambda v: isinstance(v, bytes),
    "bool": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "int": lambda v: bracket(v) == "number" and isinstance(v, int) and abs(v) < 2**31,
    "long": lambda v: bracket(v) == "number" and isinstance(v, int) and abs(v) >= 2**31,
    "number": lambda v: bracket(v) == "number",
}
_NUMBERED = {1: "double", 2: "string", 3: "object", 4: "array", 5: "binData", 8: "bool",
             10: "null", 16: "int", 18: "long"}  # fmt: skip


def _type(operand: Any, around: Mapping[str, Any]) -> Test:
    asked = operand if isinstance(operand, list | tuple) else [operand]
    tests = []
    for one in asked:
        test = _TYPES.get(_NUMBERED.get(one, one))
        if test is None:
            raise FilterError(f"$type knows {', '.join(_TYPES)} and their numbers, not {one!r}")
        tests.append(test)
    return lambda values: any(test(v) for v in _each(values) for test in tests)


_SPECIAL: dict[str, Callable[[Any, Mapping[str, Any]], Test]] = {
    "$regex": _matched,
    "$elemMatch": _element,
    "$size": _size,
    "$all": _all,
    "$mod": _mod,
    "$type": _type,
}


def reached(document: Any, path: Sequence[str]) -> list[Any]:
    """The values at a dotted path; a list on the way stands for each of its elements."""
    if not path:
        return [document]
    name, rest = path[0], path[1:]
    if isinstance(document, dict):
        return reached(document[name], rest) if name in document else []
    if not isinstance(document, list):
        return []
    found: list[Any] = []
    if name.isdigit() and int(name) < len(document):
        found += reached(document[int(name)], rest)
    for element in document:
        if isinstance(element, dict):
            found += reached(element, path)
    return found


def _each(values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        yield value
        if isinstance(value, list):
            yield from value


def bracket(value: Any) -> str:
    """Comparisons hold between values of one of these."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def _equal(a: Any, b: Any) -> bool:
    if bracket(a) != bracket(b):
        return False
    if bracket(a) == "number" and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def _has(values: list[Any], operand: Any) -> bool:
    return any(_equal(v, operand) for v in _each(values)) or (operand is None and not values)


def _compared(values: list[Any], op: str, operand: Any) -> bool:
    with_equal = op in ("$gte", "$lte")
    if operand is None:
        return with_equal and _has(values, None)
    kind = bracket(operand)
    for value in _each(values):
        if bracket(value) != kind or isinstance(value, dict | list):
            continue
        if with_equal and _equal(value, operand):
            return True
        if value > operand if op in ("$gt", "$gte") else value < operand:
            return True
    return False


# --- order ---------------------------------------------------------------------------------------

_ORDER = {"NoneType": 0, "number": 1, "str": 2, "dict": 3, "list": 4, "bytes": 5, "bool": 6}


def sort_key(path: str, descending: bool) -> Callable[[Document], tuple[int, Any]]:
    """What documents are sorted by: absent values and null come first, then numbers, text, ..."""
    parts = path.split(".")

    def one(value: Any) -> tuple[int, Any]:
        kind = bracket(value)
        if kind == "NoneType":
            return (0, 0)
        if kind == "number":
            return (1, -math.inf, 0) if math.isnan(value) else (1, value, 1)  # type: ignore[return-value]
        if kind in ("str", "bool", "bytes"):
            return (_ORDER[kind], value)
        return (_ORDER.get(kind, 7), repr(value))

    def key(document: Document) -> tuple[int, Any]:
        found: list[tuple[int, Any]] = []
        for value in reached(document, parts):
            found += [one(e) for e in value] if isinstance(value, list) and value else [one(value)]
        if not found:
            return (0, 0)
        return max(found) if descending else min(found)

    return key


def ordered(documents: list[Document], sort: Sequence[tuple[str, int]]) -> list[Document]:
    """The documents sorted as MongoDB does: [(field, 1 or -1), ...]."""
    out = list(documents)
    for path, direction in reversed(sort):
        out.sort(key=sort_key(path, direction < 0), reverse=direction < 0)
    return out


# --- projection ----------------------------------------------------------------------------------


def projected(document: Document, paths: Sequence[str]) -> Document:
    """Only these fields of a document, at their places."""
    out: Document = {}
    for path in paths:
        _keep(document, path.split("."), out)
    return out


def _keep(source: Document, path: list[str], out: Document) -> None:
    name = path[0]
    if name not in source:
        return
    value = source[name]
    if len(path) == 1:
        out[name] = value
    elif isinstance(value, dict):
        inner = out.setdefault(name, {})
        if isinstance(inner, dict) and inner is not value:
            _keep(value, path[1:], inner)
    elif isinstance(value, list):
        kept: list[Any] = []
        for element in value:
            if isinstance(element, dict):
                one: Document = {}
                _keep(element, path[1:], one)
                kept.append(one)
        out[name] = kept


def without(document: Document, paths: Iterable[str]) -> Document:
    """The document but for these fields."""
    out = dict(document)
    for path in paths:
        name, _, rest = path.partition(".")
        if rest and isinstance(out.get(name), dict):
            out[name] = without(out[name], [rest])
        elif not rest:
            out.pop(name, None)
    return out


def wanted(projection: Any) -> tuple[list[str], list[str]]:
    """(fields to keep, fields to leave out) of a list of names or {name: 1 or 0}."""
    if projection is None:
        return [], []
    if isinstance(projection, str):
        return [projection], []
    if isinstance(projection, Mapping):
        keep = [name for name, on in projection.items() if on]
        drop = [name for name, on in projection.items() if not on]
        if keep and [name for name in drop if name != "_id"]:
            raise FilterError("a projection keeps fields (1) or leaves fields out (0), not both")
        return keep, drop
    return [str(name) for name in projection], []
