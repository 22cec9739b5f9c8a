"""A Dask cluster of 2 worker processes that runs blocks of tasks and says what they cost.

usage: cluster.py FOLDER

Reads a number of tasks a line, runs as many, and answers with a line of JSON: the processor time of
client, scheduler and workers together, what of it headrace's own threads took, the time that
passed, and how often Python's garbage collector looked at new objects and at all. A block is
watched where its line says so: "100 watched"; then its watch began before the clock, except where
there are no tasks: "0 watched" is what a watch itself costs, from its begin to its end. Before each
block all garbage is collected, so that it is no matter of order which block pays for what the ones
before it left. FOLDER is where records go.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ["PYTHONPATH"] = f"{HERE}:{os.environ.get('PYTHONPATH', '')}"

import headrace as hr  # noqa: E402
from tasks import step  # noqa: E402 - importable, so that Dask sends its name


def cpu_ns(pid: int) -> int:
    """What all threads of a process have computed, those that ended too."""
    return time.clock_gettime_ns(~pid << 3 | 2)


def threads_of_headrace_ns(pid: int) -> int:
    """What its sampler and its drain have computed, which go on between watched blocks."""
    total = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            if (thread / "comm").read_text().startswith("headrace-"):
                total += int((thread / "schedstat").read_text().split()[0])
        except OSError:
            continue  # it has just ended
    return total


def collections() -> tuple[int, int]:
    """Of new objects, and of all, in this process since it began."""
    stats = gc.get_stats()
    return stats[0]["collections"], stats[2]["collections"]


def main(folder: Path) -> None:
    os.environ["HEADRACE_DIR"] = str(folder / ".headrace")
    from dask.distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
    )
    client = Client(cluster)
    pids = [os.getpid(), *client.run(os.getpid).values()]

    def collected() -> list[int]:
        found = [collections(), *client.run(collections).values()]
        return [sum(each) for each in zip(*found, strict=True)]

    done = 0
    for line in sys.stdin:
        count = int(line.split()[0])
        is_watched = "watched" in line
        watch = hr.dask.watch(client) if is_watched and count else None
        gc.collect()
        client.run(gc.collect)
        young, full = collected()
        time.sleep(0.05)
        cpu, wall = sum(map(cpu_ns, pids)), time.perf_counter_ns()
        own = sum(map(threads_of_headrace_ns, pids))
        if is_watched and not count:
            watch = hr.dask.watch(client)
        futures = client.map(
            step, range(done, done + count), [0.001] * count, [32] * count, ["adamw"] * count
        )
        client.gather(futures)
        del futures
        wall = time.perf_counter_ns() - wall
        time.sleep(0.15)  # keys are forgotten and records written after the results are there
        if watch is not None and not count:
            watch.unwatch()
        own = sum(map(threads_of_headrace_ns, pids)) - own
        cpu = sum(map(cpu_ns, pids)) - cpu
        young, full = (
            after - before for after, before in zip(collected(), (young, full), strict=True)
        )
        if watch is not None and count:
            watch.unwatch()
        if watch is None:
            cpu, own = cpu - own, 0
        done += count
        answer = {"tasks": count, "cpu_ns": cpu, "own_ns": own, "wall_ns": wall}
        answer |= {"young_collections": young, "full_collections": full}
        print(json.dumps(answer), flush=True)
    client.close()
    cluster.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
