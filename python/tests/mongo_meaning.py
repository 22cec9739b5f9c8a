"""What a Mongo filter means on plain dicts, as MongoDB documents it, for the tests alone."""

from __future__ import annotations

import math
import re
from typing import Any

MISSING = object()


def reached(document: Any, path: list[str]) -> list[Any]:
    """The values at a dotted path; a list on the way stands for each of its elements."""
    if not path:
        return [document]
    name, rest = path[0], path[1:]
    found: list[Any] = []
    if isinstance(document, dict) and name in document:
        found += reached(document[name], rest)
    if isinstance(document, list):
        if name.isdigit() and int(name) < len(document):
            found += reached(document[int(name)], rest)
        for element in document:
            if isinstance(element, dict):
                found += reached(element, path)
    return found


def bracket(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def equal(a: Any, b: Any) -> bool:
    if bracket(a) != bracket(b):
        return False
    if bracket(a) == "number" and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def compare(a: Any, op: str, b: Any) -> bool:
    if bracket(a) != bracket(b) or a is None or isinstance(a, list | dict):
        return a is None and b is None and op in ("$gte", "$lte")
    if op in ("$gte", "$lte") and equal(a, b):
        return True
    return bool(a > b if op in ("$gt", "$gte") else a < b)


def condition(document: Any, path: str, op: str, operand: Any) -> bool:
    values = reached(document, path.split("."))
    each = values + [e for v in values if isinstance(v, list) for e in v]
    if op == "$eq":
        return any(equal(v, operand) for v in each) or (operand is None and len(values) == 0)
    if op == "$ne":
        return not condition(document, path, "$eq", operand)
    if op == "$in":
        return any(condition(document, path, "$eq", one) for one in operand)
    if op == "$nin":
        return not condition(document, path, "$in", operand)
    if op == "$exists":
        return (len(values) > 0) is operand
    if op == "$regex":
        return any(isinstance(v, str) and re.search(operand, v) is not None for v in each)
    if op == "$not":
        return not all(condition(document, path, o, x) for o, x in operand.items())
    if operand is None and not values:
        return op in ("$gte", "$lte")
    return any(compare(v, op, operand) for v in each)


def matches(document: Any, filter: dict[str, Any]) -> bool:
    for name, value in filter.items():
        if name == "$and":
            ok = all(matches(document, f) for f in value)
        elif name == "$or":
            ok = any(matches(document, f) for f in value)
        elif name == "$nor":
            ok = not any(matches(document, f) for f in value)
        elif isinstance(value, dict) and value and next(iter(value)).startswith("$"):
            ok = all(condition(document, name, op, x) for op, x in value.items())
        else:
            ok = condition(document, name, "$eq", value)
        if not ok:
            return False
    return True
