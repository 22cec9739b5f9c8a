"""Flowcept's words for what became of a task or workflow, and Headrace's."""

from __future__ import annotations

STATUSES: dict[str, tuple[str, ...]] = {
    "WAITING": ("pending",),
    "RUNNING": ("running",),
    "FINISHED": ("finished",),
    "ERROR": ("failed", "cancelled"),
    "UNKNOWN": ("lost",),
}
SAID_AS = {word: said for said, words in STATUSES.items() for word in words}
