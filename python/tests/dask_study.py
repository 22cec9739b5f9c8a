"""A study on a Dask cluster of 2 worker processes, watched or not: what the tests of hr.dask run.

usage: dask_study.py watched|plain FOLDER_OF_DATA MARKERS

Prints one line of JSON: what it computed, and the graph as the scheduler has it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import headrace as hr
import numpy as np
from dask_tasks import (
    Counter,
    add_pool,
    best,
    check,
    dies_once,
    drop_pool,
    fails,
    fails_once,
    half,
    in_a_process,
    load,
    one_more,
    score,
    submits,
    train,
    waits,
)


def graph_of(dask_scheduler: Any) -> dict[str, list[str]]:
    return {
        str(key): sorted(str(each.key) for each in task.dependencies)
        for key, task in dask_scheduler.tasks.items()
    }


def digits(client: Any, folder: Path) -> tuple[float, Any]:
    from dask import delayed

    data = delayed(load)(str(folder / "digits.npz"))
    training, test = delayed(half)(data, True), delayed(half)(data, first=False)
    scores = [
        delayed(score)(delayed(train)(training, ridge), test) for ridge in (0.1, 1.0, 10.0, 1e6)
    ]
    future = client.compute(delayed(best)(scores))
    return future.result(), future


def wine(client: Any, folder: Path) -> tuple[float, Any]:
    import dask.array as da

    x = da.from_array(load(str(folder / "wine.npz"))[0], chunks=(60, 13))
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    future = client.compute((scaled.T @ scaled / len(x)).sum())
    return round(float(future.result()), 9), future


def cancelled(client: Any) -> None:
    """Two tasks that run and end without anybody waiting for them, and ones that never begin."""
    running = client.map(waits, [0.6] * 2, pure=False)
    later = client.map(one_more, range(1000, 1020), priority=-10)
    time.sleep(0.3)
    client.cancel([*running, *later])
    time.sleep(0.6)


def study(client: Any, folder: Path, markers: Path) -> dict[str, Any]:
    from dask import annotate

    found: dict[str, Any] = {}
    with hr.workflow("study"):
        found["digits"], keep = digits(client, folder)
        found["wine"], keep_too = wine(client, folder)
        wide = client.submit(sum, client.map(one_more, range(700)))
        found["wide"] = wide.result()
        found["graph"] = client.run_on_scheduler(graph_of)
        del keep, keep_too, wide
        with hr.task("asking"):
            found["coroutine"] = client.submit(check, 3.5).result()
        found["retried"] = client.submit(fails_once, str(markers / "failed"), retries=2).result()
        found["error"] = repr(client.submit(fails, "no such thing").exception())
        found["nested"] = client.submit(submits, 3).result()
        scattered = client.scatter(np.arange(5.0))
        found["scattered"] = float(client.submit(np.sum, scattered).result())
        client.run(add_pool)
        with annotate(executor="processes"):
            found["process"] = client.submit(in_a_process, 2.5).result()
        client.run(drop_pool)  # a pool outlives a worker that is killed
        counter = client.submit(Counter, actor=True).result()
        found["actor"] = [counter.add(2).result(), counter.add(3).result()]
        del counter
        cancelled(client)
        found["killed"] = client.submit(dies_once, str(markers / "died")).result()
    return found


def main(how: str, folder: Path, markers: Path) -> None:
    import dask
    import distributed.worker
    from dask.distributed import Client, LocalCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    before = (Client._graph_to_futures, dict(vars(distributed.worker)))
    dask.config.set({"distributed.worker.daemon": False})  # so that they may have a process pool
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        watch = hr.dask.watch(client) if how == "watched" else None
        found = study(client, folder, markers)
        found["version"] = dask.__version__
        if watch is not None:
            watch.unwatch()
            hr.flush()
            found["restored"] = before == (Client._graph_to_futures, dict(vars(distributed.worker)))
            plugins = client.run(lambda dask_worker: sorted(dask_worker.plugins))
            found["left"] = [name for names in plugins.values() for name in names]
            client.submit(one_more, 77_777).result()
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
