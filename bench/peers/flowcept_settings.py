"""Settings for Flowcept's own package, to be measured or compared with: nothing that listens."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write_settings(
    folder: Path,
    *,
    lmdb: bool = False,
    telemetry: dict[str, bool] | None = None,
    redis_port: int | None = None,
    buffer_size: int = 50,
    pause_s: int = 5,
) -> Path:
    """Writes settings.yaml into `folder`, by which everything is kept there: records in a buffer
    that is written at the end of a run or, with `lmdb`, documents in its embedded database. Of
    telemetry it captures the sections named; with a port it publishes on Redis instead, when so
    many records or seconds have come together."""
    settings = {
        "flowcept_version": "1.0.3",
        "project": {
            "debug": False,
            "json_serializer": "default",
            "replace_non_json_serializable": True,
            "performance_logging": False,
            "enrich_messages": False,
            "db_flush_mode": "online" if redis_port else "offline",
            "dump_buffer": {
                "enabled": redis_port is None,
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
        "telemetry_capture": telemetry or {},
        "instrumentation": {"enabled": True, "torch": {}},
        "experiment": {"user": "bench"},
        "mq": {
            "enabled": redis_port is not None,
            "type": "redis",
            "host": "127.0.0.1",
            "port": redis_port or 6379,
            "channel": "interception",
            "buffer_size": buffer_size,
            "insertion_buffer_time_secs": pause_s,
            "timing": False,
            "chunk_size": -1,
            "same_as_kvdb": False,
        },
        "kv_db": {
            "enabled": redis_port is not None,
            "host": "127.0.0.1",
            "port": redis_port or 6379,
        },
        "web_server": {},
        "sys_metadata": {"environment_id": "bench"},
        "extra_metadata": {},
        "db_buffer": {
            "insertion_buffer_time_secs": pause_s,
            "buffer_size": buffer_size,
            "remove_empty_fields": False,
            "stop_max_trials": 600,
            "stop_trials_sleep": 0.1,
        },
        "agent": {"enabled": False},
        "databases": {
            "lmdb": {"enabled": lmdb, "path": str(folder / "lmdb")},
            "mongodb": {"enabled": False, "host": "127.0.0.1", "port": 27017},
        },
        "adapters": {},
    }
    path = folder / "settings.yaml"
    path.write_text(json.dumps(settings))  # JSON is YAML
    return path


def use_settings(
    folder: Path,
    *,
    lmdb: bool = False,
    telemetry: dict[str, bool] | None = None,
    redis_port: int | None = None,
) -> None:
    """Makes Flowcept use such settings when it is imported next."""
    path = write_settings(folder, lmdb=lmdb, telemetry=telemetry, redis_port=redis_port)
    os.environ["FLOWCEPT_SETTINGS_PATH"] = str(path)
