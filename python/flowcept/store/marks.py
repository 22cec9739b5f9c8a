"""What no longer answers: documents that were deleted, and tasks that a later one stands for.

A finished task is never changed in the store, so a document that is inserted again under its id is
a new task, and the one before is marked. A mark is an object of kind `deleted_document`, whose last
word holds. The rows themselves go with their workflow: `headrace rm`, `headrace prune`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flowcept.store import asking
from flowcept.store.narrowing import EVERYTHING, Narrowed

KIND = "deleted_document"


def hidden(collection: str) -> set[str]:
    """Rows' ids that do not answer."""
    document = {"$and": [{"kind": KIND}, {"attributes.collection": collection}]}
    return of_rows(asking.select("objects", documents=[document], columns=["attributes"]))


def of_rows(marked: Iterable[dict[str, Any]]) -> set[str]:
    return {row["attributes"]["row"] for row in marked if row["attributes"].get("deleted")}


def answering(collection: str) -> Narrowed:
    """The rows that do."""
    gone = hidden(collection)
    return Narrowed({"id": {"$nin": sorted(gone)}}, True) if gone else EVERYTHING


def delete(collection: str, rows: Iterable[str]) -> int:
    return _mark(collection, rows, True)


def restore(collection: str, rows: Iterable[str]) -> int:
    gone = hidden(collection)
    return _mark(collection, [row for row in rows if row in gone], False)


def _mark(collection: str, rows: Iterable[str], deleted: bool) -> int:
    from headrace import _capture

    count = 0
    for row in rows:
        facts: dict[str, Any] = {"collection": collection, "row": row, "deleted": deleted}
        _capture.record_object(KIND, row, None, None, None, None, facts)
        count += 1
    _capture.flush()
    return count
