"""What capture cost a run: its calls, the thread that drains them, and the sampler.

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

# The last reading of each process's counters, added up.
RUN = """
select (select count(*) from task) as tasks,
       coalesce(sum(last) filter (sensor = 'headrace.sampler.cpu_time'), 0) as sampler_s,
       sum(last) filter (sensor = 'process.cpu_time') as program_s
from (select sensor, hostname, pid, max(value) as last from sample group by all)
"""


def seconds_per_task() -> float:
    """Processor time of this process, its drain thread included, for a task like the study's."""
    started = time.process_time()
    for number in range(CALLS):
        with hr.task("step", used={"step": number}) as step:
            step.generated(loss=number / CALLS)
    hr.flush()
    return (time.process_time() - started) / CALLS


def main(folder: str) -> None:
    command = ["headrace", "--dir", folder, "query", RUN, "--format", "json"]
    [run] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    per_task_s = seconds_per_task()
    calls_s = per_task_s * run["tasks"]
    share = (calls_s + run["sampler_s"]) / run["program_s"]
    per_task = f"{run['tasks']:,} tasks of {per_task_s * 1e6:.1f} µs"
    print(
        f"{100 * share:.2f} % of the run's {run['program_s']:.1f} s of processor time:\n"
        f"  calls    {calls_s * 1e3:6.1f} ms   {per_task}, "
        "timed just now with what drains them\n"
        f"  sampler  {run['sampler_s'] * 1e3:6.1f} ms   by its own clock, in every process"
    )


if __name__ == "__main__":
    main(sys.argv[1])
