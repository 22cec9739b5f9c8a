"""Captured values as documents have them."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """The value in types that JSON has. What Headrace could not keep is a dict that says so."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, set | frozenset):
        return [plain(inner) for inner in sorted(value, key=repr)]
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal | fractions.Fraction):
        return float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, pathlib.PurePath | uuid.UUID | complex):
        return str(value)
    return str(value)


def labels(tags: Any) -> list[str]:
    """Headrace's tags as a list: a label by its name, one with a value as name=value."""
    if not isinstance(tags, Mapping):
        return []
    return [name if value is True else f"{name}={value}" for name, value in tags.items()]
