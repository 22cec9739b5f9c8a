"""Telemetry of the node and this process at one moment, from /proc, in Flowcept's sections.

Which sections: settings.yaml, telemetry_capture. Rates (`percent_all`, `cpu_percent`) are since the
capture before. What cannot be read is left out of its section.
"""

from __future__ import annotations

import os
import platform
import resource
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowcept import configs
from flowcept.commons.flowcept_dataclasses.telemetry import Telemetry
from flowcept.commons.flowcept_logger import FlowceptLogger

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_SECTOR_BYTES = 512
_CPU_FIELDS = (
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice",
)  # fmt: skip
_NET_FIELDS = {
    "bytes_sent": 8, "bytes_recv": 0, "packets_sent": 9, "packets_recv": 1, "errin": 2,
    "errout": 10, "dropin": 3, "dropout": 11,
}  # fmt: skip
_DISK_FIELDS = {
    "read_count": 0, "write_count": 4, "read_bytes": 2, "write_bytes": 6, "read_time": 3,
    "write_time": 7, "read_merged_count": 1, "write_merged_count": 5, "busy_time": 9,
}  # fmt: skip


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - 4 us less a file
        return file.read()


def _busy_share(now: list[float], before: list[float] | None) -> float:
    """How much of the time between two readings a CPU was busy, in percent."""
    if before is None:
        return 0.0
    total = sum(now[:8]) - sum(before[:8])
    idle = (now[3] + now[4]) - (before[3] + before[4])
    return round(100 * (total - idle) / total, 1) if total > 0 else 0.0


class TelemetryCapture:
    def __init__(self, conf: dict[str, Any] | None = None) -> None:
        self.conf = (configs.TELEMETRY_CAPTURE if conf is None else conf) or {}
        self.logger = FlowceptLogger()
        self._cpu_before: dict[str, list[float]] = {}
        self._process_before: tuple[float, float] | None = None
        self._gpus: Any = None

    def capture(self) -> Telemetry | None:
        """One moment; None where no section is enabled."""
        sections: dict[str, Any] = {}
        for name, switches, capture in (
            ("cpu", ("cpu", "per_cpu"), self._cpu),
            ("process", ("process_info",), self._process),
            ("memory", ("mem",), self._memory),
            ("disk", ("disk",), self._disk),
            ("network", ("network",), self._network),
            ("gpu", ("gpu",), self._gpu),
        ):
            if not any(self.conf.get(switch) for switch in switches):
                continue
            section = self._attempt(capture)
            if section:
                sections[name] = section
        return Telemetry.from_dict(sections) if any(self.conf.values()) else None

    def _attempt(self, capture: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return capture()
        except (OSError, ValueError, IndexError, KeyError, RuntimeError) as error:
            self.logger.error(f"telemetry could not be read: {error}")
            return {}

    def _cpu(self) -> dict[str, Any]:
        rows: dict[str, list[float]] = {}
        for line in _read("/proc/stat").splitlines():
            if not line.startswith("cpu"):
                break
            name, *ticks = line.split()
            rows[name] = [int(value) / _TICKS_PER_S for value in ticks[: len(_CPU_FIELDS)]]
        before, self._cpu_before = self._cpu_before, rows
        out: dict[str, Any] = {}
        if self.conf.get("cpu"):
            out["times_avg"] = dict(zip(_CPU_FIELDS, rows["cpu"], strict=False))
            out["percent_all"] = _busy_share(rows["cpu"], before.get("cpu"))
            out["frequency"] = _frequency_mhz()
        if self.conf.get("per_cpu"):
            each = {name: row for name, row in rows.items() if name != "cpu"}
            out["times_per_cpu"] = [
                dict(zip(_CPU_FIELDS, row, strict=False)) for row in each.values()
            ]
            out["percent_per_cpu"] = [
                _busy_share(row, before.get(name)) for name, row in each.items()
            ]
        return out

    def _memory(self) -> dict[str, Any]:
        kib = {}
        for line in _read("/proc/meminfo").splitlines():
            name, _, value = line.partition(":")
            kib[name] = int(value.split()[0])
        get = {name: value * 1024 for name, value in kib.items()}.get
        total, available = get("MemTotal", 0), get("MemAvailable", 0)
        cached = get("Cached", 0) + get("SReclaimable", 0)
        swap_total, swap_free = get("SwapTotal", 0), get("SwapFree", 0)
        swapped = _vmstat()
        return {
            "virtual": {
                "total": total,
                "available": available,
                "percent": round(100 * (total - available) / total, 1) if total else 0.0,
                "used": total - get("MemFree", 0) - get("Buffers", 0) - cached,
                "free": get("MemFree", 0),
                "active": get("Active", 0),
                "inactive": get("Inactive", 0),
                "buffers": get("Buffers", 0),
                "cached": cached,
                "shared": get("Shmem", 0),
                "slab": get("Slab", 0),
            },
            "swap": {
                "total": swap_total,
                "used": swap_total - swap_free,
                "free": swap_free,
                "percent": round(100 * (swap_total - swap_free) / swap_total, 1)
                if swap_total
                else 0.0,
                "sin": swapped.get("pswpin", 0) * _PAGE_BYTES,
                "sout": swapped.get("pswpout", 0) * _PAGE_BYTES,
            },
        }

    def _disk(self) -> dict[str, Any]:
        usage = shutil.disk_usage("/")
        out: dict[str, Any] = {
            "disk_usage": {
                "total": usage.total,
                "used": usage.used,
                "free": usage.free,
                "percent": round(100 * usage.used / (usage.used + usage.free), 1)
                if usage.used + usage.free
                else 0.0,
            }
        }
        whole = {entry.name for entry in os.scandir("/sys/block")}
        disks = {}
        for line in _read("/proc/diskstats").splitlines():
            _, _, name, *fields = line.split()
            values = [int(field) for field in fields]
            if name.startswith(("loop", "ram")) or name.replace("/", "!") not in whole:
                continue
            disks[name] = {
                key: values[at] * (_SECTOR_BYTES if key.endswith("_bytes") else 1)
                for key, at in _DISK_FIELDS.items()
            }
        if disks:
            out["io_sum"] = _sum(disks, _DISK_FIELDS)
        if len(disks) > 1:
            out["io_per_disk"] = disks
        return out

    def _network(self) -> dict[str, Any]:
        interfaces = {}
        for line in _read("/proc/net/dev").splitlines()[2:]:
            name, _, rest = line.partition(":")
            values = [int(value) for value in rest.split()]
            interfaces[name.strip()] = {key: values[at] for key, at in _NET_FIELDS.items()}
        return {
            "netio_sum": _sum(interfaces, _NET_FIELDS),
            "netio_per_interface": {
                name: one
                for name, one in interfaces.items()
                if one["bytes_sent"] and one["bytes_recv"]
            },
        }

    def _process(self) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        fields = _read("/proc/self/stat").rpartition(")")[2].split()
        pages = [int(value) for value in _read("/proc/self/statm").split()]
        io = dict(line.split(": ") for line in _read("/proc/self/io").splitlines())
        size, rss, shared, text, lib, data, dirty = (value * _PAGE_BYTES for value in pages[:7])
        total = os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES
        now, cpu = time.monotonic(), used.ru_utime + used.ru_stime
        before, self._process_before = self._process_before, (now, cpu)
        elapsed = now - before[0] if before else 0
        descriptors = _descriptors()
        return {
            "pid": os.getpid(),
            "cpu_number": int(fields[36]),
            "memory": {
                "rss": rss,
                "vms": size,
                "shared": shared,
                "text": text,
                "lib": lib,
                "data": data,
                "dirty": dirty,
            },
            "memory_percent": 100 * rss / total,
            "cpu_times": {
                "user": used.ru_utime,
                "system": used.ru_stime,
                "children_user": children.ru_utime,
                "children_system": children.ru_stime,
                "iowait": int(fields[39]) / _TICKS_PER_S,
            },
            "cpu_percent": round(100 * (cpu - before[1]) / elapsed, 1)
            if before and elapsed > 0
            else 0.0,
            "executable": sys.executable,
            "cmd_line": _read("/proc/self/cmdline").rstrip("\0").split("\0"),
            "num_open_file_descriptors": len(descriptors),
            "num_connections": sum(target.startswith("socket:") for target in descriptors),
            "io_counters": {
                "read_count": int(io["syscr"]),
                "write_count": int(io["syscw"]),
                "read_bytes": int(io["read_bytes"]),
                "write_bytes": int(io["write_bytes"]),
                "read_chars": int(io["rchar"]),
                "write_chars": int(io["wchar"]),
            },
            "num_open_files": sum(target.startswith("/") for target in descriptors),
            "num_threads": int(fields[17]),
            "num_ctx_switches": {"voluntary": used.ru_nvcsw, "involuntary": used.ru_nivcsw},
        }

    def _gpu(self) -> dict[str, Any]:
        """NVIDIA's devices by NVML, in all of which those of the settings' list are told."""
        wanted = self.conf.get("gpu")
        if not isinstance(wanted, list):
            wanted = ["used", "temperature", "power", "name", "id"]
        if self._gpus is None:
            from flowcept.flowceptor.nvidia import Devices

            self._gpus = Devices()
        return self._gpus.read(wanted)

    def capture_machine_info(self) -> dict[str, Any]:
        """What the machine is. Of the environment what Headrace keeps: facts without secrets."""
        from headrace import environment

        names = platform.uname()
        info: dict[str, Any] = {
            "platform": {
                "system": names.system,
                "node": names.node,
                "release": names.release,
                "version": names.version,
                "machine": names.machine,
            },
            "hostname": configs.HOSTNAME,
            "login_name": configs.LOGIN_NAME,
            "environment": environment.facts(),
            "network": [name for _, name in socket.if_nameindex()],
        }
        for name, capture in (
            ("memory", self._memory),
            ("disk", self._disk),
            ("cpu", _cpu_info),
            ("process", self._process),
        ):
            if section := self._attempt(capture):
                info[name] = section
        return info

    def shutdown_gpu_telemetry(self) -> None:
        """Lets the vendor's library go."""
        self._gpus = None


def _sum(rows: dict[str, dict[str, int]], keys: dict[str, int]) -> dict[str, int]:
    return {key: sum(row[key] for row in rows.values()) for key in keys}


def _vmstat() -> dict[str, int]:
    out = {}
    for line in _read("/proc/vmstat").splitlines():
        if line.startswith("pswp"):
            name, value = line.split()
            out[name] = int(value)
    return out


def _frequency_mhz() -> float | None:
    try:
        return int(_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")) / 1000
    except (OSError, ValueError):
        return None


def _descriptors() -> list[str]:
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(descriptor.readlink()))
        except OSError:
            continue
    return targets


def _cpu_info() -> dict[str, Any]:
    info = {"count": os.cpu_count(), "arch": platform.machine()}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            info["brand_raw"] = value.strip()
            break
    return info
