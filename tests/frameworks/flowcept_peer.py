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

from flowcept_settings import write_settings

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
    return write_settings(
        folder,
        lmdb=lmdb,
        telemetry=telemetry,
        redis_port=redis_port,
        buffer_size=buffer_size,
        pause_s=1,
    )


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
