"""What capture cost a run: its calls, the thread that writes them, the sampler.

python overhead.py FOLDER      the run's .headrace; HEADRACE_DIR and HEADRACE_TELEMETRY=0 keep the
                               timed calls out of it
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import headrace as hr
import torch

CALLS = 20_000
STEPS = 500

# The last reading of each process's counters, and what its drain thread says it used, added up.
RUN = """
select (select count(*) from task) as tasks,
       (select coalesce(sum(calls), 0) from layer_exposure where phase = 'forward') as layers,
       (select sum(cast(facts->>'drain_cpu_ns' as double)) / 1e9 from producer) as drain_s,
       coalesce(sum(last) filter (sensor = 'headrace.sampler.cpu_time'), 0) as sampler_s,
       sum(last) filter (sensor = 'process.cpu_time') as program_s
from (select sensor, hostname, pid, max(value) as last from sample group by all)
"""


def seconds_per_task() -> float:
    """Processor time that a task like the study's steps takes from the thread that runs it."""
    started = time.thread_time()
    for number in range(CALLS):
        with hr.task("step", used={"step": number}) as step:
            step.generated(loss=number / CALLS)
    return (time.thread_time() - started) / CALLS


def seconds_per_layer() -> float:
    """Processor time that watching adds to a layer's forward and backward: the least of many."""
    torch.set_num_threads(1)
    model = torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(7)))
    x = torch.ones(2, 8)

    def least_s() -> float:
        best = float("inf")
        for _ in range(STEPS):
            started = time.thread_time()
            model(x).sum().backward()
            best = min(best, time.thread_time() - started)
        return best

    bare_s = least_s()
    with hr.torch.watch(model):
        return max(least_s() - bare_s, 0.0) / len(list(model.modules()))


def main(folder: str) -> None:
    command = ["headrace", "--dir", folder, "query", RUN, "--format", "json"]
    [run] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    per_task_s = seconds_per_task()
    per_layer_s = seconds_per_layer()
    calls_s = per_task_s * run["tasks"]
    layers_s = per_layer_s * run["layers"]
    parts = {
        "calls": (calls_s, f"{run['tasks']:,} tasks of {per_task_s * 1e6:.2f} µs, timed just now"),
        "layers": (
            layers_s,
            f"{run['layers']:,} forward and back, of {per_layer_s * 1e6:.2f} µs, timed just now",
        ),
        "drain": (run["drain_s"], "writing the records, by that thread's own clock"),
        "sampler": (run["sampler_s"], "reading the sensors, by that thread's own clock"),
    }
    total_s = sum(seconds for seconds, _ in parts.values())
    if program_s := run["program_s"]:
        share = 100 * total_s / program_s
        print(f"{share:.2f} % of the run's {program_s:.1f} s of processor time:")
    else:
        print(f"{total_s * 1e3:.1f} ms; of how much is not known, since telemetry was off:")
    for name, (seconds, meaning) in parts.items():
        print(f"  {name:8}{seconds * 1e3:8.1f} ms   {meaning}")


if __name__ == "__main__":
    main(sys.argv[1])
