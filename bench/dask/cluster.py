"""A Dask cluster of 2 worker processes that runs batches of tasks and says what they cost.

usage: cluster.py FOLDER

Reads a command a line and answers each with a line of JSON:

  watch, unwatch  from now on its tasks are recorded, or no longer
  collect         all garbage is collected, and from now on no more than the newest objects are
                  looked at by themselves: to look at all of a process takes as long as 30 of its
                  tasks, and whichever batch it falls into would pay for the ones before it
  once            what a watch costs from its begin to its end, and as long without one
  NUMBER          runs so many tasks: the processor time of client, scheduler and workers together,
                  what of it headrace's own threads took, the time that passed, and how often the
                  newest objects were looked at

FOLDER is where records go.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ["DASK_LOGGING__DISTRIBUTED"] = "critical"  # of workers, as they are ended
os.environ["PYTHONPATH"] = f"{HERE}:{os.environ.get('PYTHONPATH', '')}"

import headrace as hr  # noqa: E402
from tasks import step  # noqa: E402 - importable, so that Dask sends its name

# Keys are forgotten and records written after the results are there.
SETTLES_S = 0.15


def cpu_ns(pid: int) -> int:
    """What all threads of a process have computed, those that ended too."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def threads_of_headrace_ns(pid: int) -> int:
    """What its sampler and its drain have computed, which go on after an unwatch."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            if (thread / "comm").read_text().startswith("headrace-"):
                total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has just ended
    return total


def collect() -> None:
    gc.collect()
    gc.set_threshold(gc.get_threshold()[0], gc.get_threshold()[1], 1_000_000)


def young_collections() -> int:
    return int(gc.get_stats()[0]["collections"])


class Cluster:
    def __init__(self) -> None:
        from dask.distributed import Client, LocalCluster

        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        self.cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        )
        self.client = Client(self.cluster)
        self.pids = [os.getpid(), *self.client.run(os.getpid).values()]
        self.watch: Any = None
        self.done = 0

    def everywhere(self, function: Any) -> list[Any]:
        return [function(), *self.client.run(function).values()]

    def clock(self) -> dict[str, int]:
        own_ns = sum(map(threads_of_headrace_ns, self.pids))
        cpu = sum(map(cpu_ns, self.pids))
        # What is left running after an unwatch is no cost of a batch that nobody watches.
        return {
            "cpu_ns": cpu if self.watch is not None else cpu - own_ns,
            "own_ns": own_ns,
            "wall_ns": time.perf_counter_ns(),
        }

    def batch(self, count: int) -> dict[str, int]:
        young = sum(self.everywhere(young_collections))
        before = self.clock()
        numbers = range(self.done, self.done + count)
        futures = self.client.map(step, numbers, [0.001] * count, [32] * count, ["adamw"] * count)
        self.client.gather(futures)
        wall_ns = time.perf_counter_ns() - before["wall_ns"]
        del futures
        time.sleep(SETTLES_S)
        after = self.clock()
        self.done += count
        found = {name: after[name] - before[name] for name in before}
        young = sum(self.everywhere(young_collections)) - young
        return found | {"wall_ns": wall_ns, "tasks": count, "young_collections": young}

    def once(self) -> dict[str, int]:
        """Of its own threads, those that an earlier watch left running are no cost of none."""
        found: dict[str, int] = {}
        for name in ("without", "with"):
            before = self.clock()
            if name == "with":
                self.watch = hr.dask.watch(self.client)
            time.sleep(SETTLES_S)
            if self.watch is not None:
                self.watch.unwatch()
            self.watch = None
            after = self.clock()
            own_ns = after["own_ns"] - before["own_ns"]
            bare_ns = after["cpu_ns"] - before["cpu_ns"]
            found |= {f"{name}_ns": bare_ns + own_ns * (name == "with"), f"own_{name}_ns": own_ns}
        return found

    def answer(self, command: str) -> dict[str, int]:
        if command == "watch":
            self.watch = hr.dask.watch(self.client)
        elif command == "unwatch":
            self.watch.unwatch()
            self.watch = None
        elif command == "collect":
            self.everywhere(collect)
        elif command == "once":
            return self.once()
        else:
            return self.batch(int(command))
        return {}


def main(folder: Path) -> None:
    os.environ["HEADRACE_DIR"] = str(folder / ".headrace")
    cluster = Cluster()
    for line in sys.stdin:
        print(json.dumps(cluster.answer(line.strip())), flush=True)
    cluster.client.close()
    cluster.cluster.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
