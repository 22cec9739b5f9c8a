"""Samples telemetry in the background while a Flowcept is started.

A sample costs a millisecond, a task a microsecond; so tasks do not wait for samples. Each sample is
recorded once, and a document of a task has the last ones before its begin and its end.
"""

from __future__ import annotations

import os
import threading
from time import monotonic
from typing import Any

from headrace import _capture

from flowcept.flowceptor.telemetry_capture import TelemetryCapture

# Ten a second while a run is young, then one a second.
_FAST_INTERVAL_S = 0.1
_FAST_FOR_S = 60.0
_SLOW_INTERVAL_S = 1.0


class _Sampler:
    def __init__(self) -> None:
        self._capture = TelemetryCapture()
        self._stop = threading.Event()
        self._since = monotonic()
        self.pid = os.getpid()
        self.sample()
        self._thread = threading.Thread(target=self._run, name="flowcept-telemetry", daemon=True)
        self._thread.start()

    def sample(self) -> None:
        telemetry = self._capture.capture()
        if telemetry is not None:
            _capture.log(flowcept_telemetry=telemetry.to_dict())

    def _run(self) -> None:
        while True:
            is_young = monotonic() - self._since < _FAST_FOR_S
            if self._stop.wait(_FAST_INTERVAL_S if is_young else _SLOW_INTERVAL_S):
                return
            self.sample()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self.sample()


_lock = threading.Lock()
_sampler: Any = None
_started = 0


def begin() -> None:
    """Samples from now on, until end() was called as often; the first sample is taken at once."""
    global _sampler, _started
    with _lock:
        if _sampler is not None and _sampler.pid != os.getpid():
            _sampler, _started = None, 0  # a fork has no threads
        if _sampler is None:
            _sampler = _Sampler()
        _started += 1


def end() -> None:
    """Takes a last sample and stops."""
    global _sampler, _started
    with _lock:
        if _sampler is None or _sampler.pid != os.getpid():
            return
        _started -= 1
        if _started <= 0:
            _sampler.stop()
            _sampler, _started = None, 0
