"""What the machine and the process were doing at one moment, by section."""

from __future__ import annotations

from typing import Any

SECTIONS = ("cpu", "process", "memory", "disk", "network", "gpu")


def remove_none_values(_dict: Any) -> dict[Any, Any]:
    """The pairs whose value is not None."""
    return {key: value for key, value in _dict if value is not None}


class Telemetry:
    """Sections that were not captured are None. Values of a section are its attributes."""

    class CPU:
        times_avg: dict[str, float] | None = None
        percent_all: float | None = None
        frequency: float | None = 0
        times_per_cpu: list[dict[str, float]] | None = None
        percent_per_cpu: list[float] | None = None

    class Memory:
        virtual: dict[str, float]
        swap: dict[str, float]

    class Network:
        netio_sum: dict[str, int]
        netio_per_interface: dict[str, dict[str, int]]

    class Disk:
        disk_usage: dict[str, float]
        io_sum: dict[str, float]
        io_per_disk: dict[str, dict[str, float]]

    class Process:
        pid: int

    cpu: CPU | None = None
    process: Process | None = None
    memory: Memory | None = None
    disk: Disk | None = None
    network: Network | None = None
    gpu: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name in SECTIONS:
            section = getattr(self, name)
            if section is not None:
                out[name] = section if isinstance(section, dict) else dict(vars(section))
        return out

    @classmethod
    def from_dict(cls, sections: dict[str, Any]) -> Telemetry:
        """The other direction: `sections` as to_dict() gives them."""
        made = cls()
        kinds = {
            "cpu": cls.CPU,
            "process": cls.Process,
            "memory": cls.Memory,
            "disk": cls.Disk,
            "network": cls.Network,
        }
        for name, values in sections.items():
            if name in kinds and isinstance(values, dict):
                section = kinds[name]()
                vars(section).update(values)
                setattr(made, name, section)
            elif name == "gpu":
                made.gpu = values
        return made
