"""What others need for the same readings: CPU time of one, on this thread and those that it starts.

usage: peers.py SYSFS

psutil reads what Headrace's sweep reads, beside the same counters of energy as files. CodeCarbon
and Zeus measure in their own way what they find here: one round of its loop, one window.
Prints a JSON line a row; a peer that is not installed, or that cannot work here, says so.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def row(name: str, **values: object) -> None:
    print(json.dumps({"suite": "telemetry", "row": name, **values}), flush=True)


def least_ns(once: Callable[[], object], blocks: int, block: int) -> int:
    best = 1 << 62
    for _ in range(blocks):
        before = time.process_time_ns()
        for _ in range(block):
            once()
        best = min(best, time.process_time_ns() - before)
    return best // block


def measure_psutil(sysfs: str) -> None:
    import psutil

    process = psutil.Process()
    counters = sorted(Path(sysfs).glob("class/powercap/intel-rapl:*/energy_uj"))

    def sweep() -> None:
        psutil.cpu_times()
        psutil.virtual_memory()
        psutil.swap_memory()
        psutil.getloadavg()
        psutil.disk_io_counters(perdisk=True)
        psutil.net_io_counters(pernic=True)
        with process.oneshot():
            process.cpu_times()
            process.memory_info()
            process.num_threads()
            process.io_counters()
        for name in ("cpu", "memory", "io"):
            Path("/proc/pressure", name).read_text()
        for path in counters:
            int(path.read_text())

    row(f"psutil {psutil.__version__}, the same reads", ns=least_ns(sweep, 50, 5))


def measure_codecarbon(_: str) -> None:
    import codecarbon

    tracker = codecarbon.OfflineEmissionsTracker(
        country_iso_code="DEU", save_to_file=False, log_level="critical", measure_power_secs=3600
    )
    tracker.start()
    try:
        row(
            f"CodeCarbon {codecarbon.__version__}, one round",
            ns=least_ns(tracker._measure_power_and_energy, 5, 1),
        )
    finally:
        tracker.stop()


def measure_zeus(_: str) -> None:
    from importlib.metadata import version

    from zeus.monitor import ZeusMonitor

    monitor = ZeusMonitor(approx_instant_energy=False)

    def window() -> None:
        monitor.begin_window("bench", sync_execution=False)
        monitor.end_window("bench", sync_execution=False)

    row(
        f"Zeus {version('zeus')}, one window of emulated GPUs",
        ns=least_ns(window, 20, 5),
    )


def main() -> int:
    for name, measure in (
        ("psutil", measure_psutil),
        ("CodeCarbon", measure_codecarbon),
        ("Zeus", measure_zeus),
    ):
        try:
            measure(sys.argv[1])
        except ImportError as error:
            row(f"{name}: not measured", why=f"it is not installed ({error.name})")
        except Exception as error:  # whatever it needs and does not find here
            row(f"{name}: not measured", why=f"{type(error).__name__}: {error}"[:200])
    return 0


if __name__ == "__main__":
    sys.exit(main())
