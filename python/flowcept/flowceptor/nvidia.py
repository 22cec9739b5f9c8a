"""NVIDIA's devices by NVML's own library, whether or not CUDA_VISIBLE_DEVICES is set."""

from __future__ import annotations

import ctypes
import os
from typing import Any

_TEMPERATURE_OF_GPU = 0


class _Memory(ctypes.Structure):
    _fields_ = (
        ("total", ctypes.c_ulonglong),
        ("free", ctypes.c_ulonglong),
        ("used", ctypes.c_ulonglong),
    )


class Devices:
    """Those that the program may use. Empty where there is no driver."""

    def __init__(self) -> None:
        self._library: Any = None
        self._handles: dict[int, ctypes.c_void_p] = {}
        try:
            library = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            return
        if library.nvmlInit_v2() != 0:
            return
        self._library = library
        count = ctypes.c_uint()
        if library.nvmlDeviceGetCount_v2(ctypes.byref(count)) != 0:
            return
        for index in range(count.value):
            handle = ctypes.c_void_p()
            if library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle)) == 0:
                self._handles[index] = handle
        self._keep_visible()

    def _keep_visible(self) -> None:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        if visible is None:
            return
        wanted = [one.strip() for one in visible.split(",") if one.strip()]
        self._handles = {
            index: handle
            for index, handle in self._handles.items()
            if any(
                one == str(index)
                or one.startswith("MIG-")
                or (one.startswith("GPU-") and (self._text("UUID", handle) or "").startswith(one))
                for one in wanted
            )
        }

    def _text(self, what: str, handle: ctypes.c_void_p) -> str | None:
        buffer = ctypes.create_string_buffer(128)
        get = getattr(self._library, f"nvmlDeviceGet{what}")
        return buffer.value.decode() if get(handle, buffer, len(buffer)) == 0 else None

    def read(self, wanted: list[str]) -> dict[str, Any]:
        """`{"gpu_0": {used (bytes), temperature (C), power (mW), name, id (UUID)}}`, of what is
        wanted and can be read."""
        out = {}
        for index, handle in self._handles.items():
            told: dict[str, Any] = {}
            memory = _Memory()
            number = ctypes.c_uint()
            if (
                "used" in wanted
                and self._library.nvmlDeviceGetMemoryInfo(handle, ctypes.byref(memory)) == 0
            ):
                told["used"] = memory.used
            if (
                "temperature" in wanted
                and self._library.nvmlDeviceGetTemperature(
                    handle, _TEMPERATURE_OF_GPU, ctypes.byref(number)
                )
                == 0
            ):
                told["temperature"] = number.value
            if (
                "power" in wanted
                and self._library.nvmlDeviceGetPowerUsage(handle, ctypes.byref(number)) == 0
            ):
                told["power"] = number.value
            if "name" in wanted:
                told["name"] = self._text("Name", handle)
            if "id" in wanted:
                told["id"] = self._text("UUID", handle)
            out[f"gpu_{index}"] = {key: value for key, value in told.items() if value is not None}
        return out
