"""A Dask cluster of 2 worker processes that runs blocks of tasks and says what they cost.

usage: cluster.py headrace|plain|flowcept|flowcept-telemetry FOLDER

Reads a number of tasks a line, runs as many, and answers with a line of JSON: the processor time of
client, scheduler and workers together, and the time that passed. Of `headrace`, a block is watched
where its line says so: "100 watched". FOLDER is where records go.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ["PYTHONPATH"] = f"{HERE}:{os.environ.get('PYTHONPATH', '')}"

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


def begin_flowcept(client: Any, folder: Path, telemetry: bool) -> None:
    sys.path.insert(0, str(HERE.parent / "peers"))
    from flowcept_settings import use_settings

    use_settings(folder)
    path = Path(os.environ["FLOWCEPT_SETTINGS_PATH"])
    settings = json.loads(path.read_text())
    kinds = ("cpu", "mem", "disk", "network", "process_info")
    settings["telemetry_capture"] = dict.fromkeys(kinds, True) if telemetry else {}
    settings["adapters"]["dask"] = {
        "kind": "dask",
        "worker_should_get_input": True,
        "worker_should_get_output": True,
        "scheduler_should_get_input": True,
        "scheduler_create_timestamps": True,
        "worker_create_timestamps": False,
    }
    path.write_text(json.dumps(settings))
    client.run(os.environ.update, {"FLOWCEPT_SETTINGS_PATH": str(path)})
    from flowcept import Flowcept, FlowceptDaskWorkerAdapter

    client.register_plugin(FlowceptDaskWorkerAdapter())
    Flowcept("dask", dask_client=client, start_persistence=False).start()


def main(mode: str, folder: Path) -> None:
    if mode == "headrace":
        os.environ["HEADRACE_DIR"] = str(folder / ".headrace")
    from dask.distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
    )
    client = Client(cluster)
    if mode.startswith("flowcept"):
        begin_flowcept(client, folder, mode.endswith("telemetry"))
    workers = list(client.run(os.getpid).values())
    pids = [os.getpid(), *workers]
    done = 0
    for line in sys.stdin:
        count = int(line.split()[0])
        watch = None
        if "watched" in line:
            import headrace as hr

            watch = hr.dask.watch(client)
        cpu, wall = sum(map(cpu_ns, pids)), time.perf_counter_ns()
        own = sum(map(threads_of_headrace_ns, pids))
        futures = client.map(
            step, range(done, done + count), [0.001] * count, [32] * count, ["adamw"] * count
        )
        client.gather(futures)
        del futures
        wall = time.perf_counter_ns() - wall
        time.sleep(0.15)  # keys are forgotten and records written after the results are there
        own = sum(map(threads_of_headrace_ns, pids)) - own
        cpu = sum(map(cpu_ns, pids)) - cpu
        if watch is not None:
            watch.unwatch()
        else:
            cpu -= own
        done += count
        print(json.dumps({"tasks": count, "cpu_ns": cpu, "wall_ns": wall}), flush=True)
    if mode.startswith("flowcept"):
        # Its clean end was seen to hang: the workers that this started are ended by their ids.
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)
    client.close()
    cluster.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
