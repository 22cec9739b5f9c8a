"""`FlowceptTask`: a task that the program begins and ends itself. It is a native type."""

from __future__ import annotations

from headrace._capture import FlowceptTask

__all__ = ["FlowceptTask"]
