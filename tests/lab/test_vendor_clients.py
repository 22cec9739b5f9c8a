"""The vendors' own Python clients against the laboratory's stand-ins of their libraries.

What the clients say is compared with the scenario's exact integral: so the stand-ins speak as the
real libraries do, and our providers, which are tested on them, would understand those.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ROOT / "build" / "release" / "lib" / "lab"
if not (LIBRARIES / "libnvidia-ml.so.1").exists():
    pytest.skip("build the stand-ins first: ./script/build", allow_module_level=True)

SCENARIO = """
power a 250W 1s 700W
power b 70W
meter nvml 0 a period=100ms uuid=GPU-11111111-2222-3333-4444-555555555555
meter nvml 1 b period=100ms uuid=GPU-99999999-2222-3333-4444-555555555555 mig=2
fault nvml 1 lost 3s
meter amd 0 a period=1ms serial=00000000000000ab
meter amd 1 b period=1ms power=current
fault amd 1 denied 3s
"""
# The clock's file: magic, kind (turned), when it began, what it shows.
CLOCK = struct.Struct("<IIqq")


class Lab:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "scenario").write_text(SCENARIO)
        self.turn_to(0)

    def turn_to(self, at_s: float) -> None:
        (self.folder / "clock").write_bytes(CLOCK.pack(0x6B636C68, 1, 0, int(at_s * 1e9)))

    def ask(self, program: str) -> Any:
        """What a client prints that looks at the machine as it is now."""
        environment = os.environ | {
            "HEADRACE_LAB": str(self.folder),
            "LD_LIBRARY_PATH": str(LIBRARIES),
            # Where the AMD clients look first.
            "ROCM_PATH": str(self.folder / "rocm"),
        }
        (self.folder / "rocm").mkdir(exist_ok=True)
        if not (self.folder / "rocm" / "lib").exists():
            (self.folder / "rocm" / "lib").symlink_to(LIBRARIES)
        done = subprocess.run(
            [sys.executable, "-c", "import json\n" + program],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def needs(module: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        find_spec(module) is None, reason=f"{package} is not installed: pip install {package}"
    )


NVML = """
import pynvml as n
n.nvmlInit()
out = {"count": n.nvmlDeviceGetCount(), "gpus": []}
for i in range(out["count"]):
    gpu = n.nvmlDeviceGetHandleByIndex(i)
    def ask(call, *more):
        try:
            return call(gpu, *more)
        except n.NVMLError as error:
            return str(error)
    fields = ask(n.nvmlDeviceGetFieldValues, [(186, 0), (185, 0), (186, 1), 83])
    out["gpus"].append({
        "uuid": ask(n.nvmlDeviceGetUUID),
        "energy_mj": ask(n.nvmlDeviceGetTotalEnergyConsumption),
        "power_mw": ask(n.nvmlDeviceGetPowerUsage),
        "celsius": ask(n.nvmlDeviceGetTemperature, n.NVML_TEMPERATURE_GPU),
        "clock": ask(n.nvmlDeviceGetClockInfo, n.NVML_CLOCK_SM),
        "reasons": ask(n.nvmlDeviceGetCurrentClocksEventReasons),
        "fields": fields if isinstance(fields, str) else [
            [f.nvmlReturn, f.value.ullVal if f.valueType == 3 else f.value.uiVal] for f in fields],
        "use": getattr(ask(n.nvmlDeviceGetUtilizationRates), "gpu", None),
        "memory": getattr(ask(n.nvmlDeviceGetMemoryInfo), "used", None),
        "mig": ask(n.nvmlDeviceGetMigMode),
        "architecture": ask(n.nvmlDeviceGetArchitecture),
        "instance": ask(lambda g: n.nvmlDeviceGetUUID(n.nvmlDeviceGetMigDeviceHandleByIndex(g, 1))),
    })
n.nvmlShutdown()
print(json.dumps(out))
"""


@needs("pynvml", "nvidia-ml-py")
def test_nvidias_client_reads_the_truth(lab: Lab) -> None:
    lab.turn_to(1.5)
    seen = lab.ask(NVML)
    assert seen["count"] == 2
    first, second = seen["gpus"]
    assert first["uuid"] == "GPU-11111111-2222-3333-4444-555555555555"
    assert first["energy_mj"] == 250_000 + 350_000
    assert first["power_mw"] == 700_000
    assert first["celsius"] == 100
    assert first["clock"] == 1200
    assert first["reasons"] == 4, "the power limit"
    assert first["fields"] == [[0, 700_000], [0, 475_000], [3, 0], [0, 600_000]]
    assert first["use"] == 100
    assert first["memory"] == 7_000_000_000
    assert first["mig"] == [0, 0]
    assert first["architecture"] == 9, "NVML_DEVICE_ARCH_HOPPER"
    assert first["instance"] == "Not Found"
    assert second["energy_mj"] == 105_000
    assert second["mig"] == [1, 1]
    assert second["instance"] == "MIG-19999999-2222-3333-4444-555555555555"


@needs("pynvml", "nvidia-ml-py")
def test_nvidias_client_raises_its_own_error_for_a_lost_gpu(lab: Lab) -> None:
    lab.turn_to(3.5)
    first, second = lab.ask(NVML)["gpus"]
    assert first["energy_mj"] == 250_000 + 2_500 * 700
    assert second["energy_mj"] == "GPU is lost"
    assert second["fields"] == "GPU is lost"


@needs("pynvml", "nvidia-ml-py")
def test_nvidias_client_needs_an_init(lab: Lab) -> None:
    program = """
import pynvml as n
n.nvmlInit(); gpu = n.nvmlDeviceGetHandleByIndex(0); n.nvmlShutdown()
try:
    n.nvmlDeviceGetPowerUsage(gpu)
except n.NVMLError as error:
    print(json.dumps(str(error)))
"""
    assert lab.ask(program) == "Uninitialized"


AMDSMI = """
import amdsmi as a
a.amdsmi_init()
out = []
for gpu in a.amdsmi_get_processor_handles():
    def ask(call, *more):
        try:
            return call(gpu, *more)
        except a.AmdSmiException as error:
            return type(error).__name__ + " " + str(error.get_error_code())
    out.append({
        "energy": ask(a.amdsmi_get_energy_count),
        "power": ask(a.amdsmi_get_power_info),
        "celsius": ask(a.amdsmi_get_temp_metric, a.AmdSmiTemperatureType.HOTSPOT,
                       a.AmdSmiTemperatureMetric.CURRENT),
        "activity": ask(a.amdsmi_get_gpu_activity),
        "memory": ask(a.amdsmi_get_gpu_memory_usage, a.AmdSmiMemoryType.VRAM),
        "clock": ask(a.amdsmi_get_gpu_metrics_header_info),
    })
a.amdsmi_shut_down()
print(json.dumps(out))
"""


@needs("amdsmi", "amdsmi")
def test_amds_client_reads_the_truth(lab: Lab) -> None:
    lab.turn_to(2)
    first, second = lab.ask(AMDSMI)
    energy = first["energy"]
    joules = energy["energy_accumulator"] * energy["counter_resolution"] * 1e-6
    assert joules == pytest.approx(950, rel=1e-6)
    assert energy["timestamp"] == 2_000_000_000
    assert first["power"]["average_socket_power"] == 700
    assert first["power"]["current_socket_power"] == "N/A"
    assert first["celsius"] == 100
    assert first["activity"] == {"gfx_activity": 100, "umc_activity": 50, "mm_activity": "N/A"}
    assert first["memory"] == 7_000_000_000
    assert first["clock"] == "AmdSmiLibraryException 2", "not supported"
    assert second["activity"]["gfx_activity"] == 0


@needs("amdsmi", "amdsmi")
def test_amds_client_raises_its_own_error_without_permission(lab: Lab) -> None:
    lab.turn_to(3.5)
    assert lab.ask(AMDSMI)[1]["energy"] == "AmdSmiLibraryException 10"


@needs("pyrsmi", "pyrsmi")
def test_pyrsmi_reads_the_truth(lab: Lab) -> None:
    lab.turn_to(2)
    program = """
from pyrsmi import rocml as r
r.smi_initialize()
print(json.dumps([[r.smi_get_device_average_power(i), r.smi_get_device_utilization(i),
                   r.smi_get_device_memory_used(i)] for i in range(r.smi_get_device_count())]))
"""
    first, second = lab.ask(program)
    # It takes amdsmi's "N/A", where a card has no current power, for a number, and gives up.
    assert first[1:] == [100, 7_000_000_000]
    assert second == [70.0, 0, 700_000_000]
