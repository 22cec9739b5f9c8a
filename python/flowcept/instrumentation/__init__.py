"""Decorators, tasks and loops."""

from __future__ import annotations

from headrace import _capture

from flowcept import configs

if not configs.INSTRUMENTATION_ENABLED:
    _capture.set_flowcept(False, None, None)
