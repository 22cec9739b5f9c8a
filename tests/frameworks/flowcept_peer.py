"""Flowcept's programs run with its own package or with ours, in a folder of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "flowcept_programs"

Document = dict[str, Any]


def settings_in(
    folder: Path,
    *,
    redis_port: int | None = None,
    lmdb: bool = False,
    telemetry: dict[str, bool] | None = None,
    buffer_size: int = 1,
) -> Path:
    """Writes settings.yaml into `folder`: with Redis online, without it into buffer.jsonl."""
    online = redis_port is not None
    settings = {
        "flowcept_version": "1.0.3",
        "project": {
            "debug": False,
            "json_serializer": "default",
            "replace_non_json_serializable": True,
            "performance_logging": False,
            "enrich_messages": False,
            "db_flush_mode": "online" if online else "offline",
            "dump_buffer": {
                "enabled": not online,
                "path": str(folder / "buffer.jsonl"),
                "append_id_to_path": False,
                "append_workflow_id_to_path": False,
                "delete_previous_file": True,
            },
        },
        "log": {
            "log_path": str(folder / "flowcept.log"),
            "log_file_level": "error",
            "log_stream_level": "critical",
        },
        "telemetry_capture": telemetry or {},
        "instrumentation": {"enabled": True, "torch": {}},
        "experiment": {"user": "tester"},
        "mq": {
            "enabled": online,
            "type": "redis",
            "host": "127.0.0.1",
            "port": redis_port or 6379,
            "channel": "interception",
            "buffer_size": buffer_size,
            "insertion_buffer_time_secs": 1,
            "timing": False,
            "chunk_size": -1,
            "same_as_kvdb": False,
        },
        "kv_db": {"enabled": online, "host": "127.0.0.1", "port": redis_port or 6379},
        "web_server": {},
        "sys_metadata": {"environment_id": "test"},
        "extra_metadata": {},
        "db_buffer": {
            "insertion_buffer_time_secs": 1,
            "buffer_size": 5,
            "remove_empty_fields": False,
            "stop_max_trials": 300,
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


def run_program(
    program: Path | str, folder: Path, python: Path | None = None, timeout_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Runs a program in `folder` with the settings that lie there: with `python` by that
    interpreter's own Flowcept, else by ours."""
    path = PROGRAMS / f"{program}.py" if isinstance(program, str) else program
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MQ_", "KVDB_"))}
    environment["FLOWCEPT_SETTINGS_PATH"] = str(folder / "settings.yaml")
    environment["HEADRACE_DIR"] = str(folder / ".headrace")
    environment["PYTHONPATH"] = "" if python else str(ROOT / "python")
    return subprocess.run(
        [str(python or sys.executable), str(path)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def lines_of(path: Path) -> list[Document]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


class RedisServer:
    """A redis-server of this test's own, on a free port of loopback, that keeps nothing."""

    def __init__(self, folder: Path, port: int | None = None) -> None:
        if port is None:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
        self.port = port
        self.folder = folder
        program = shutil.which("redis-server")
        assert program is not None
        words = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(folder)]
        self.process = subprocess.Popen(
            [program, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/interception"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def __enter__(self) -> RedisServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
