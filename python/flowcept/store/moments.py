"""Times of documents: seconds since the epoch as floats, as Flowcept's messages have them."""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Any

TIME_FIELDS = frozenset(
    ("started_at", "ended_at", "submitted_at", "registered_at", "utc_timestamp",
     "created_at", "updated_at")
)  # fmt: skip

_MILLISECONDS = 1e12  # from here on a number of seconds would be a year beyond 33,000


def seconds(value: Any) -> float | None:
    """Seconds of a datetime (without a zone: UTC), an ISO text, seconds or milliseconds."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value / 1000 if abs(value) >= _MILLISECONDS else value
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return moment.timestamp()
    if isinstance(value, str):
        try:
            return seconds(datetime.datetime.fromisoformat(value.replace("Z", "+00:00")))
        except ValueError:
            return None
    return None


def of_ns(ns: int) -> float:
    return ns / 1_000_000_000


def first_ns(least: float, beyond: bool) -> int:
    """The first ns whose seconds are `least` or more; with `beyond`, more than that."""
    low = int(Fraction(least) * 1_000_000_000) - 1024
    high = low + 4096

    def passes(ns: int) -> bool:
        value = of_ns(ns)
        return value > least if beyond else value >= least

    while low < high:
        middle = (low + high) // 2
        if passes(middle):
            high = middle
        else:
            low = middle + 1
    return low


def text_of_ns(ns: int) -> str:
    """2026-11-22T17:00:00.123456789Z"""
    whole, rest = divmod(ns, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(whole, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
