"""Asks Flowcept's embedded database what Headrace is asked, about the same tasks.

usage: peer_flowcept.py TASKS.jsonl

Run with the peers' interpreter (script/bench --peers makes it); prints one JSON line a row.
MongoDB, Flowcept's other database, is in no package registry that this project uses; what is
measured is LMDB through Flowcept's own calls. What they cannot do (paths into used and generated,
sort, limit, groups) a user writes in Python over all its tasks; the row says which it is. Lineage
is not there to be measured: on LMDB get_tasks_recursive is not implemented.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "peers"))
from flowcept_settings import use_settings

RUNS = 3
BATCH = 5000


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The tasks as the documents that Flowcept stores."""
    with path.open() as lines:
        for line in lines:
            task = json.loads(line)
            yield {
                "type": "task",
                "task_id": task["task_id"],
                "campaign_id": task["campaign"],
                "workflow_id": task["workflow_id"],
                "activity_id": task["activity"],
                "used": task["used"],
                "generated": task["generated"],
                "started_at": task["began_s"],
                "ended_at": task["began_s"] + task["duration_s"],
                "hostname": "bench",
                "status": task["status"].upper(),
            }


def load(database: Any, path: Path) -> list[tuple[str, str]]:
    """Stores the tasks; the ids of each workflow and task."""
    ids: list[tuple[str, str]] = []
    batch: list[dict[str, Any]] = []
    for document in documents(path):
        ids.append((document["workflow_id"], document["task_id"]))
        batch.append(document)
        if len(batch) == BATCH:
            database.insert_and_update_many_tasks(batch, "task_id")
            batch = []
    if batch:
        database.insert_and_update_many_tasks(batch, "task_id")
    if database.count_tasks() != len(ids):
        raise SystemExit(f"Flowcept stored {database.count_tasks()} of {len(ids)} tasks")
    return ids


def measure(row: str, tasks: int, ask: Callable[[], int]) -> None:
    least = float("inf")
    for _ in range(RUNS):
        begin = time.perf_counter()
        rows = ask()
        least = min(least, time.perf_counter() - begin)
    print(
        json.dumps({"row": row, "tasks": tasks, "ms": round(least * 1e3, 3), "rows": rows}),
        flush=True,
    )


def ask_all(database: Any, ids: list[tuple[str, str]]) -> None:
    import pandas  # after Flowcept's settings are known, as all it brings

    tasks = len(ids)

    def at(document: dict[str, Any], role: str, key: str) -> Any:
        return document[role].get(key)

    def best() -> int:
        found = [
            document
            for document in database.query()
            if (at(document, "generated", "loss") or 0) < 0.2
            and (at(document, "used", "lr") or 0) > 0.5
            and at(document, "generated", "loss") is not None
        ]
        return len(sorted(found, key=lambda document: document["generated"]["loss"])[:20])

    def by_activity() -> int:
        frame = database.to_df()
        groups = (frame["ended_at"] - frame["started_at"]).groupby(frame["activity_id"])
        return len(groups.agg(["count", "mean", lambda seconds: seconds.quantile(0.95)]))

    def by_value() -> int:
        frame = pandas.DataFrame(
            [
                (at(document, "used", "batch"), at(document, "generated", "score"))
                for document in database.query()
            ],
            columns=["batch", "score"],
        )
        return len(frame.groupby("batch", dropna=False)["score"].agg(["size", "mean"]))

    workflow, task = ids[tasks * 617 // 1000]
    of_workflow, with_id = {"workflow_id": workflow}, {"task_id": task}
    nested = {"generated.loss": {"$lt": 0.2}, "used.lr": {"$gt": 0.5}}
    measure("q02 tasks of one workflow", tasks, lambda: len(database.query(filter=of_workflow)))
    measure("q02 one task by id", tasks, lambda: len(database.query(filter=with_id)))
    measure(
        "q03 filter by two values, top 20: its query()",
        tasks,
        lambda: len(database.query(filter=nested, sort=[("generated.loss", 1)], limit=20)),
    )
    measure("q03 filter by two values, top 20", tasks, best)
    measure("q04 by activity: count, mean, p95", tasks, by_activity)
    measure("q05 by a value, across all", tasks, by_value)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headrace-bench-peer-") as folder:
        use_settings(Path(folder), lmdb=True)
        from flowcept.commons.daos.docdb_dao.lmdb_dao import LMDBDAO

        database = LMDBDAO()
        begin = time.perf_counter()
        ids = load(database, Path(sys.argv[1]))
        per_s = len(ids) / (time.perf_counter() - begin)
        row = {"row": "load in batches of 5,000", "tasks": len(ids), "tasks_per_s": round(per_s)}
        print(json.dumps(row), flush=True)
        ask_all(database, ids)
        sys.stdout.flush()
    os._exit(0)  # its threads do not end by themselves


if __name__ == "__main__":
    main()
