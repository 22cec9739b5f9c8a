"""Flowcept's cost for one decorated call, offline: its own settings, no broker, no telemetry.

Run with the peers' interpreter (script/bench --peers makes it); prints one JSON line. The floor is
the pure-Python closure that Headrace's rows are compared with, measured in this process.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BLOCK = 200
BLOCKS = 60


def settings(folder: Path) -> Path:
    """A settings file with instrumentation on and everything that needs a service off."""
    path = folder / "settings.yaml"
    with path.open("w") as file:
        json.dump(  # JSON is YAML
            {
                "flowcept_version": "1.0.3",
                "project": {
                    "debug": False,
                    "json_serializer": "default",
                    "replace_non_json_serializable": True,
                    "performance_logging": False,
                    "enrich_messages": False,
                    "db_flush_mode": "offline",
                    "dump_buffer": {
                        "enabled": True,
                        "path": str(folder / "buffer.jsonl"),
                        "append_id_to_path": False,
                        "append_workflow_id_to_path": False,
                        "delete_previous_file": True,
                    },
                },
                "log": {
                    "log_path": str(folder / "flowcept.log"),
                    "log_file_level": "disable",
                    "log_stream_level": "error",
                },
                "telemetry_capture": {},
                "instrumentation": {"enabled": True, "torch": {}},
                "experiment": {"user": "bench"},
                "mq": {
                    "enabled": False,
                    "type": "redis",
                    "host": "127.0.0.1",
                    "port": 6379,
                    "channel": "interception",
                    "buffer_size": 50,
                    "insertion_buffer_time_secs": 5,
                    "timing": False,
                    "chunk_size": -1,
                    "same_as_kvdb": False,
                },
                "kv_db": {"enabled": False, "host": "127.0.0.1", "port": 6379},
                "web_server": {},
                "sys_metadata": {"environment_id": "bench"},
                "extra_metadata": {},
                "db_buffer": {
                    "insertion_buffer_time_secs": 5,
                    "buffer_size": 50,
                    "remove_empty_fields": False,
                    "stop_max_trials": 600,
                    "stop_trials_sleep": 0.1,
                },
                "agent": {"enabled": False},
                "databases": {
                    "lmdb": {"enabled": False, "path": str(folder / "lmdb")},
                    "mongodb": {"enabled": False, "host": "127.0.0.1", "port": 27017},
                },
                "adapters": {},
            },
            file,
        )
    return path


def added_ns(call: Callable[[], Any], bare: Callable[[], Any]) -> float:
    """What `call` takes beyond `bare`, in ns: the minimum over interleaved blocks of each."""
    best = [float("inf"), float("inf")]
    for _ in range(BLOCKS):
        for i, body in enumerate((bare, call)):
            begin = time.perf_counter_ns()
            for _ in range(BLOCK):
                body()
            best[i] = min(best[i], (time.perf_counter_ns() - begin) / BLOCK)
    return best[1] - best[0]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headrace-bench-peer-") as folder:
        os.environ["FLOWCEPT_SETTINGS_PATH"] = str(settings(Path(folder)))
        from flowcept import Flowcept, flowcept_task  # after its settings are known

        def work(lr: float, batch: int, name: str) -> float:
            return lr

        @functools.wraps(work)
        def closure(*args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

        decorated = flowcept_task(work)
        running = Flowcept(start_persistence=False, save_workflow=False, workflow_name="bench")
        running.start()
        buffer = running._interceptor_instances[0]._mq_dao.buffer

        def bare() -> Any:
            return work(0.001, 32, "adamw")

        def task() -> Any:
            return decorated(0.001, 32, "adamw")

        floor = added_ns(lambda: closure(0.001, 32, "adamw"), lambda: bare())
        ns = added_ns(task, bare)
        buffer.clear()  # so that ending the run does not write what was only measured
        running.stop()
        print(
            json.dumps(
                {
                    "suite": "capture",
                    "row": "Flowcept 1.0.3 @flowcept_task, 3 scalars, offline",
                    "ns": round(ns, 1),
                    "floor": "empty Python closure",
                    "ratio": round(ns / floor, 2),
                }
            )
        )


if __name__ == "__main__":
    main()
