"""Mongo's filters on documents as filters on Headrace's rows, so that the store decides.

    narrow(filter, TASKS) -> Narrowed(document={"activity": "train"}, is_exact=True)

`document` passes every row whose document passes `filter`; `is_exact` says that it passes no other,
so that limits and counts can be left to the store too. What has no place among the store's columns
(a whole dict, an element of a list by its number, $elemMatch, $size, $type, $mod) is not narrowed
by: the documents that are left are then tested one by one (store/matching.py).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flowcept.store import moments
from flowcept.store.matching import COMPARISONS, FilterError, has_operators


@dataclass(frozen=True)
class Narrowed:
    document: dict[str, Any] = field(default_factory=dict)
    is_exact: bool = False


EVERYTHING = Narrowed({}, True)
UNKNOWN = Narrowed({}, False)
NOTHING = Narrowed({"id": {"$in": []}}, True)

# A condition on one field, {"$operator": operand} -> rows.
Translation = Callable[[str, Mapping[str, Any]], Narrowed]


@dataclass(frozen=True)
class Places:
    """Where the fields of a kind of document stand in its rows."""

    fields: Mapping[str, Translation]
    otherwise: Translation


def narrow(filter: Mapping[str, Any] | None, places: Places) -> Narrowed:
    parts = [_part(name, value, places) for name, value in (filter or {}).items()]
    return _all(parts)


def both(a: Narrowed, b: Narrowed) -> Narrowed:
    return _all([a, b])


def _all(parts: list[Narrowed]) -> Narrowed:
    if NOTHING in parts:
        return NOTHING
    told = [part.document for part in parts if part.document]
    exact = all(part.is_exact for part in parts)
    if not told:
        return Narrowed({}, exact)
    return Narrowed(told[0] if len(told) == 1 else {"$and": told}, exact)


def _part(name: str, value: Any, places: Places) -> Narrowed:
    if name == "$comment":
        return EVERYTHING
    if name.startswith("$"):
        if name not in ("$and", "$or", "$nor") or not isinstance(value, list | tuple) or not value:
            raise FilterError(f"{name} is $and, $or or $nor with a list of one or more filters")
        parts = [narrow(one, places) for one in value]
        return {"$and": _all, "$or": _any, "$nor": _none}[name](parts)
    operators = value if has_operators(value) else {"$eq": value}
    if isinstance(value, re.Pattern):
        operators = {"$regex": value}
    top, _, _ = name.partition(".")
    translate = places.fields.get(name) or places.fields.get(top) or places.otherwise
    return _all([_operation(name, op, operand, operators, translate)
                 for op, operand in operators.items() if op != "$options"])  # fmt: skip


def _any(parts: list[Narrowed]) -> Narrowed:
    parts = [part for part in parts if part != NOTHING]
    if not parts:
        return NOTHING
    if any(not part.document for part in parts):
        # One of them takes every row as far as the store can tell.
        return Narrowed({}, any(not part.document and part.is_exact for part in parts))
    return Narrowed({"$or": [part.document for part in parts]}, all(p.is_exact for p in parts))


def _none(parts: list[Narrowed]) -> Narrowed:
    return _not(_any(parts))


def _not(part: Narrowed) -> Narrowed:
    if not part.is_exact or part == NOTHING:
        return EVERYTHING if part == NOTHING else UNKNOWN
    return Narrowed({"$nor": [part.document]}, True) if part.document else NOTHING


def _operation(
    name: str, op: str, operand: Any, around: Mapping[str, Any], translate: Translation
) -> Narrowed:
    if op == "$not":
        inner = operand if has_operators(operand) else {"$regex": operand}
        return _not(_all([_operation(name, o, x, inner, translate)
                          for o, x in inner.items() if o != "$options"]))  # fmt: skip
    if op == "$ne":
        return _not(_operation(name, "$eq", operand, around, translate))
    if op == "$nin":
        return _not(_operation(name, "$in", operand, around, translate))
    if op == "$in":
        if not isinstance(operand, list | tuple | set | frozenset):
            raise FilterError("$in and $nin take a list")
        if not operand:
            return NOTHING
        if any(isinstance(one, re.Pattern | dict | list) for one in operand):
            return _any([_operation(name, "$regex" if isinstance(one, re.Pattern) else "$eq",
                                    one, {}, translate) for one in operand])  # fmt: skip
        return translate(name, {"$in": list(operand)})
    if op == "$all":
        if not isinstance(operand, list | tuple) or any(has_operators(one) for one in operand):
            return UNKNOWN
        each = [_operation(name, "$eq", one, {}, translate) for one in operand]
        return _all(each) if each else NOTHING
    if op == "$regex":
        return translate(name, _regex(operand, around)) if _is_re2(operand, around) else UNKNOWN
    if op in ("$exists", *COMPARISONS):
        return translate(name, {op: operand})
    return UNKNOWN


def _regex(operand: Any, around: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(operand, re.Pattern):
        flags = ((re.I, "i"), (re.M, "m"), (re.S, "s"))
        options = "".join(letter for flag, letter in flags if operand.flags & flag)
        return {"$regex": operand.pattern, "$options": options}
    return {"$regex": operand, "$options": str(around.get("$options", ""))}


def _is_re2(operand: Any, around: Mapping[str, Any]) -> bool:
    """Whether the store's engine reads the expression as Python's does: no look-around, no back
    references, and no classes that differ beyond ASCII."""
    told = _regex(operand, around)
    text = told["$regex"]
    if not isinstance(text, str) or "x" in told["$options"]:
        return False
    return re.search(r"\(\?[^:imsP]|\(\?P=|\\[1-9]|\\[wWdDsSbBZuUN]|[*+?}]\+", text) is None


# --- columns -------------------------------------------------------------------------------------


def column(name: str) -> Translation:
    """A column that holds what the document's field does, plain."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        if "." in path:
            return _below_plain(condition)
        return Narrowed({name: dict(condition)}, True) if _is_plain(condition) else UNKNOWN

    return translate


def values(prefix: str) -> Translation:
    """Captured values, by their own names: `prefix` and the path."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        parts = path.split(".")
        if len(parts) == 1 and not prefix.endswith("."):
            return UNKNOWN  # the dict as a whole
        if any(not part or part.isdigit() for part in parts) or not _is_plain(condition):
            return UNKNOWN
        told = prefix + path if prefix.endswith(".") else path
        return Narrowed({told: dict(condition)}, True)

    return translate


def _is_plain(condition: Mapping[str, Any]) -> bool:
    """Whether the operands are of types that a column has."""
    for operand in condition.values():
        each = operand if isinstance(operand, list | tuple) else [operand]
        if any(not isinstance(one, str | int | float | bool | None) for one in each):
            return False
    return True


def _below_plain(condition: Mapping[str, Any]) -> Narrowed:
    """A path below a field that is no dict leads nowhere."""
    (op, operand), *_ = condition.items()
    meets_absent = (op in ("$eq", "$gte", "$lte") and operand is None) or (
        op == "$in" and None in operand) or (op == "$exists" and not operand)  # fmt: skip
    return EVERYTHING if meets_absent else NOTHING


def time(name: str) -> Translation:
    """A column of times, which documents have as seconds."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        if "." in path:
            return _below_plain(condition)
        (op, operand), *_ = condition.items()
        if op == "$exists":
            return Narrowed({name: {"$exists": bool(operand)}}, True)
        if op == "$in":
            return _any([translate(path, {"$eq": one}) for one in operand])
        if operand is None:
            return Narrowed({name: {"$exists": False}}, True) if op in (
                "$eq", "$gte", "$lte") else NOTHING  # fmt: skip
        at = moments.seconds(operand)
        if at is None or not 0 <= at < 9.2e9 or op not in _BOUNDS:
            return UNKNOWN
        told = {bound: {"$date": moments.text_of_ns(moments.first_ns(at, beyond))}
                for bound, beyond in _BOUNDS[op]}  # fmt: skip
        return Narrowed({name: told}, True)

    return translate


# Each as bounds on the first ns whose seconds are at least, or beyond, the operand.
_BOUNDS: dict[str, tuple[tuple[str, bool], ...]] = {
    "$gte": (("$gte", False),),
    "$gt": (("$gte", True),),
    "$lt": (("$lt", False),),
    "$lte": (("$lt", True),),
    "$eq": (("$gte", False), ("$lt", True)),
}


def chosen(name: str, meanings: Mapping[str, tuple[str, ...]]) -> Translation:
    """A column of a few words that documents say otherwise: {"FINISHED": ("finished",)}."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        if "." in path:
            return _below_plain(condition)
        (op, operand), *_ = condition.items()
        if op == "$exists":
            return EVERYTHING if operand else NOTHING
        from flowcept.store.matching import matcher

        test = matcher({"word": dict(condition)})
        words = [word for said, meant in meanings.items() if test({"word": said}) for word in meant]
        if len(words) == sum(map(len, meanings.values())):
            return EVERYTHING
        return Narrowed({name: {"$in": words}}, True) if words else NOTHING

    return translate


def flag(name: str, words: tuple[str, ...]) -> Translation:
    """A field that is True in rows whose column is one of these words, and absent in others."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        if "." in path:
            return _below_plain(condition)
        from flowcept.store.matching import matcher

        test = matcher({"flag": dict(condition)})
        with_it, without = test({"flag": True}), test({})
        if with_it and without:
            return EVERYTHING
        inside = Narrowed({name: {"$in": list(words)}}, True)
        return inside if with_it else _not(inside) if without else NOTHING

    return translate


def constant(value: Any) -> Translation:
    """A field that every document has alike."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        from flowcept.store.matching import matcher

        return EVERYTHING if matcher({path: dict(condition)})({path: value}) else NOTHING

    return translate


def labels(name: str) -> Translation:
    """A list of labels, which rows have as tags."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        (op, operand), *_ = condition.items()
        if op == "$in":
            return _any([translate(path, {"$eq": one}) for one in operand])
        if op == "$eq" and isinstance(operand, str) and operand and "." not in path + operand:
            # A tag with a value shows as text of both.
            return UNKNOWN if "=" in operand else Narrowed({f"{name}.{operand}": True}, True)
        return UNKNOWN

    return translate


def identity(name: str, attributes: tuple[str, ...]) -> Translation:
    """An id: the row's own, unless one of the attributes has another one."""

    def translate(path: str, condition: Mapping[str, Any]) -> Narrowed:
        (op, operand), *_ = condition.items()
        wanted_ids = {"$eq": [operand], "$in": operand}.get(op)
        if "." in path or wanted_ids is None or any(not isinstance(o, str) for o in wanted_ids):
            if op == "$exists" and "." not in path and name:
                return EVERYTHING if operand else NOTHING
            return UNKNOWN
        places: list[dict[str, Any]] = [
            {f"attributes.{attribute}": {"$in": list(wanted_ids)}} for attribute in attributes
        ]
        own = [one for one in wanted_ids if is_uuid(one)]
        if own and name:
            without = [{f"attributes.{a}": {"$exists": True}} for a in attributes]
            places.append({"$and": [{name: {"$in": own}}, {"$nor": without}]} if without
                          else {name: {"$in": own}})  # fmt: skip
        if not places:
            return NOTHING
        return Narrowed(places[0] if len(places) == 1 else {"$or": places}, len(attributes) < 2)

    return translate


def is_uuid(text: str) -> bool:
    if len(text) != 36:
        return False
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False
