"""Small questions about documents and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowcept.store.matching import FilterError, matcher
from flowcept.store.moments import seconds as to_epoch

__all__ = ["get_nested", "to_epoch", "validate_filter"]


def validate_filter(filter_doc: Mapping[str, Any] | None) -> None:
    """Raises ValueError where a filter means nothing; $where and the like are not among what
    means something."""
    try:
        matcher(filter_doc)
    except FilterError as error:
        raise ValueError(str(error)) from None


def get_nested(item: Mapping[str, Any], field: str) -> Any:
    """The value at a dotted path of dicts, or None."""
    current: Any = item
    for part in field.split("."):
        if not isinstance(current, Mapping):
            return None
        current = current.get(part)
    return current
