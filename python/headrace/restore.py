"""Captured values as they were: the other side of headrace/describe.py.

A typed text is turned back into the value that it says, of the standard library, or of numpy where
numpy is loaded; nothing of the program's own is imported or run. What could not be kept is an
`Unkept`.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import sys
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any


class Unkept(dict[str, Any]):
    """Stands for a value that could not be kept: which `type` it was, and for what `reason`.

    Further facts (a length, how it begins) are items: unkept["length"].
    """

    @property
    def type(self) -> str:
        return str(self.get("type", ""))

    @property
    def reason(self) -> str:
        return str(self.get("reason", ""))

    def __repr__(self) -> str:
        return f"Unkept({dict(self)!r})"


def _text(text: str) -> str:
    """Undoes the escapes of text that is not UTF-8."""
    parts = text.split("\\")
    out = [parts[0]]
    rest = iter(parts[1:])
    for part in rest:
        if part == "":  # a backslash, doubled
            out.append("\\" + next(rest, ""))
        elif part[0] == "u":
            out.append(chr(int(part[1:5], 16)) + part[5:])
        else:  # a byte that is no character: as Python's own file names have it
            out.append(chr(0xDC00 + int(part[1:3], 16)) + part[3:])
    return "".join(out)


def _range(text: str) -> range:
    return range(*map(int, text.split(",")))


def _slice(text: str) -> slice:
    return slice(*(int(part) if part else None for part in text.split(",")))


def _fraction(text: str) -> fractions.Fraction:
    above, below = text.split("/")
    return fractions.Fraction(int(above, 0), int(below, 0))


def _duration(text: str) -> datetime.timedelta:
    seconds = decimal.Decimal(text)
    return datetime.timedelta(microseconds=int(seconds * 1_000_000))


def _timezone(text: str) -> datetime.tzinfo:
    if text == "UTC":
        return datetime.timezone.utc
    offset = datetime.datetime.strptime(text.removeprefix("UTC"), "%z").utcoffset()
    return datetime.timezone(offset or datetime.timedelta(0))


def _numpy_time(kind: str) -> Callable[[str], Any]:
    def restore(text: str) -> Any:
        count, _, unit = text.removesuffix("]").partition("[")
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return f"{count} {unit}"
        make = getattr(numpy, kind)
        return make(count, unit) if count == "NaT" else make(int(count), unit)

    return restore


def _wide(kind: str) -> Callable[[str], Any]:
    def restore(text: str) -> Any:
        numpy = sys.modules.get("numpy")
        return text if numpy is None else getattr(numpy, kind)(text)

    return restore


def moment(text: str) -> Any:
    """A `$time` to the nanosecond, for which datetime has no room: pandas' where it is loaded."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        return pandas.Timestamp(text)
    return datetime.datetime.fromisoformat(text[:26] + "+00:00")


_BY_NAME: dict[str, Callable[[str], Any]] = {
    "text": _text,
    "decimal": decimal.Decimal,
    "fraction": _fraction,
    "complex": complex,
    "range": _range,
    "slice": _slice,
    "ellipsis": lambda text: ...,
    "datetime": datetime.datetime.fromisoformat,
    "date": datetime.date.fromisoformat,
    "clock": datetime.time.fromisoformat,
    "duration_s": _duration,
    "timezone": _timezone,
    "zoneinfo": zoneinfo.ZoneInfo,
    "uuid": uuid.UUID,
    "path": pathlib.PurePosixPath,
    "path_windows": pathlib.PureWindowsPath,
    "datetime64": _numpy_time("datetime64"),
    "timedelta64": _numpy_time("timedelta64"),
    "longdouble": _wide("longdouble"),
    "clongdouble": _wide("clongdouble"),
    "time": moment,
}


def typed(name: str, text: str) -> Any:
    """The value of a typed text; the text itself where it is of a type that is not known here."""
    restore = _BY_NAME.get(name)
    if restore is None and name.endswith("_escaped"):
        return typed(name.removesuffix("_escaped"), _text(text))
    if restore is None:
        return text
    try:
        return restore(text)
    except (ValueError, ArithmeticError, LookupError, OSError):
        return text
