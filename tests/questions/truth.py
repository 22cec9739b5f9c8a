"""What is true of the emulated study, from its plan alone: nothing that Headrace answered is here.

`headrace_question_study` writes the plan beside the folder: which machine drew what between which
moments, and which task ran itself then. Every figure below is a sum of products of these.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOMAINS = ("gpu", "cpu", "dram")


@dataclass(frozen=True)
class Stretch:
    """A machine that does one thing, from a moment to another (s since the study began)."""

    host: str
    workflow: str
    begin_s: float
    end_s: float
    gpu_w: float
    gpu_use: float
    cpus: float
    disk_use: float
    from_c: int
    to_c: int
    throttle: int
    task: str | None

    @property
    def length_s(self) -> float:
        return self.end_s - self.begin_s

    def celsius(self, at_s: float) -> float:
        """To `to_c` within the first second."""
        return self.from_c + min(1.0, at_s - self.begin_s) * (self.to_c - self.from_c)


@dataclass(frozen=True)
class Task:
    id: str
    activity: str
    workflow: str
    parent: str | None
    begin_s: float
    end_s: float
    used: dict[str, Any]
    generated: dict[str, Any]

    @property
    def length_s(self) -> float:
        return self.end_s - self.begin_s


class Truth:
    def __init__(self, file: Path) -> None:
        self.facts: dict[str, Any] = json.loads(file.read_text())
        self.machine: dict[str, float] = self.facts["machine"]
        self.workflows: dict[str, dict[str, Any]] = {w["id"]: w for w in self.facts["workflows"]}
        self.tasks: dict[str, Task] = {t["id"]: Task(**t) for t in self.facts["tasks"]}
        self.measured_hosts = ("node-a", "node-b")

    @functools.cached_property
    def stretches(self) -> list[Stretch]:
        out = []
        last_c: dict[str, int] = {}
        for workflow in self.facts["workflows"]:
            host = workflow["host"]
            for one in workflow["stretches"]:
                # Between two workflows of a machine a device cools to what it has at rest, which
                # is what each of them begins with.
                from_c = last_c.get(host, int(self.machine["idle_c"]))
                out.append(Stretch(host=host, workflow=workflow["id"], from_c=from_c, **one))
                last_c[host] = one["to_c"]
        return out

    @functools.cached_property
    def children(self) -> dict[str | None, list[Task]]:
        out: dict[str | None, list[Task]] = {}
        for task in self.tasks.values():
            out.setdefault(task.parent, []).append(task)
        return out

    def of_activity(self, activity: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.activity == activity]

    def inside(self, task: str) -> Iterator[str]:
        """The task and all in it."""
        yield task
        for child in self.children.get(task, []):
            yield from self.inside(child.id)

    def watts(self, stretch: Stretch, domain: str) -> float:
        """What the machine draws."""
        m = self.machine
        weight = stretch.cpus + 0.1 * (m["cpus"] - stretch.cpus)
        if domain == "node":
            return m["other_w"] + sum(self.watts(stretch, one) for one in DOMAINS)
        return {
            "gpu": stretch.gpu_w,
            "cpu": m["cpu_w"] * weight,
            "dram": m["memory_w"] * weight,
        }[domain]

    def task_watts(self, stretch: Stretch, domain: str) -> float:
        """Of that what the task that runs is given: of processors what its busy CPUs draw, on the
        machine without sensors the estimate's figure for them."""
        m = self.machine
        if stretch.task is None:
            return 0.0
        if stretch.host not in self.measured_hosts:
            return m["estimate_w"] * stretch.cpus if domain == "cpu" else 0.0
        return {
            "gpu": stretch.gpu_w,
            "cpu": m["cpu_w"] * stretch.cpus,
            "dram": m["memory_w"] * stretch.cpus,
        }[domain]

    @functools.cached_property
    def own_j(self) -> dict[tuple[str, str], float]:
        """By task and domain, without the tasks inside."""
        out = dict.fromkeys(((t, d) for t in self.tasks for d in DOMAINS), 0.0)
        for stretch in self.stretches:
            for domain in DOMAINS:
                if stretch.task is not None:
                    joules = self.task_watts(stretch, domain) * stretch.length_s
                    out[stretch.task, domain] += joules
        return out

    def joules(self, task: str, domain: str | None = None) -> float:
        """Of a task with all in it, in one domain or all."""
        domains = DOMAINS if domain is None else (domain,)
        return sum(self.own_j[one, d] for one in self.inside(task) for d in domains)

    def joules_until(self, task: str, at_s: float) -> float:
        """Of a task with all in it, until a moment."""
        inside = set(self.inside(task))
        return sum(
            self.task_watts(one, domain) * max(0.0, min(one.end_s, at_s) - one.begin_s)
            for one in self.stretches
            if one.task in inside
            for domain in DOMAINS
        )

    def leaves(self, task: str) -> list[Stretch]:
        """What machines did for a task and all in it."""
        inside = set(self.inside(task))
        return [one for one in self.stretches if one.task in inside]


def domain_of(path: str) -> str:
    """ "node/gpu-0": "gpu"."""
    return path.removeprefix("node/").partition("-")[0]
