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

CALLS = 20_000

# The last reading of each process's counters, and what its drain thread says it used, added up.
RUN = """
select (select count(*) from task) as tasks,
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


def main(folder: str) -> None:
    command = ["headrace", "--dir", folder, "query", RUN, "--format", "json"]
    [run] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    per_task_s = seconds_per_task()
    calls_s = per_task_s * run["tasks"]
    parts = {
        "calls": (calls_s, f"{run['tasks']:,} tasks of {per_task_s * 1e6:.2f} µs, timed just now"),
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
