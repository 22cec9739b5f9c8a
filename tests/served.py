"""A `headrace serve` that a test starts, and what a browser or a program asks of it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asked import HEADRACE, environment_of, outside

Headers = dict[str, str]

# A campaign with what each page shows: values, metrics, a failure, objects, a nest of tasks.
STUDY = """
import pathlib
import headrace as hr

with hr.campaign("sweep"):
    with hr.workflow("prepare"):
        with hr.task("clean", used={"rows": 100}) as t:
            pathlib.Path("corpus.txt").write_text("text")
            t.generated({"corpus": hr.object("corpus.txt")})
    with hr.workflow("tune"):
        for lr in (0.1, 0.01):
            for seed in (1, 2):
                used = {"lr": lr, "seed": seed, "corpus": hr.object("corpus.txt")}
                with hr.task("train", used=used) as t:
                    for step in range(4):
                        with hr.task("step", used={"i": step}):
                            pass
                        hr.log(loss=1 / (step + 1) + lr)
                    pathlib.Path(f"model-{lr}-{seed}.pt").write_text(str(lr))
                    t.generated({"loss": 0.2 + lr, "model": hr.object(f"model-{lr}-{seed}.pt")})
        try:
            with hr.task("plot"):
                raise ValueError("no display")
        except ValueError:
            pass
"""


def capture(folder: Path, program: str = STUDY, **more: str) -> None:
    """Runs a program in `folder` that records into `folder`/.headrace."""
    environment = environment_of(folder / ".headrace", **more)
    subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, check=True, timeout=60
    )


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(str(self.path))


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)

    def rows(self) -> list[dict[str, Any]]:
        table = self.json()
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]


class Served:
    """A running server. `ask` is a browser that was let in; `bare` is a stranger."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, url: str) -> None:
        self.process = process
        self.folder = folder
        self.socket = folder / ".headrace" / "serve.sock"
        self.url = url
        self.port = int(url.split(":")[2].split("/")[0]) if url.startswith("http") else 0
        self.cookie = ""

    def bare(
        self, path: str, headers: Headers | None = None, method: str = "GET", body: str = ""
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, body or None, headers or {})
            return Answer(connection.getresponse())

    def open(self) -> None:
        answer = self.bare("/open" + self.url.split("/open")[1])
        assert answer.status == 200, answer.body
        self.cookie = answer.headers["Set-Cookie"].split(";")[0]

    def ask(
        self, path: str, headers: Headers | None = None, method: str = "GET", body: Any = None
    ) -> Answer:
        if not self.cookie:
            self.open()
        own = {"Cookie": self.cookie, **(headers or {})}
        text = ""
        if body is not None:
            text = json.dumps(body)
            own.setdefault("Content-Type", "application/json")
        if method != "GET":
            own.setdefault("Origin", f"http://127.0.0.1:{self.port}")
        return self.bare(path, own, method, text)

    def on_socket(self, path: str, method: str = "GET") -> Answer:
        connection = UnixConnection(self.socket)
        with contextlib.closing(connection):
            connection.request(method, path)
            return Answer(connection.getresponse())

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@contextlib.contextmanager
def serving(folder: Path, *options: str, environment: Headers | None = None) -> Iterator[Served]:
    """`headrace serve` on any port over `folder`/.headrace, until the end of the block."""
    port = [] if "--port" in options or "--socket-only" in options else ["--port", "0"]
    process = subprocess.Popen(
        [str(HEADRACE), "--dir", str(folder / ".headrace"), "serve", *port, *options],
        env=outside() | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], 30)
        url = process.stdout.readline().strip() if ready else ""
        if not url:
            process.kill()
            raise AssertionError(process.stderr.read())
        yield Served(process, folder, url)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=20)
        process.stdout.close()
        process.stderr.close()


def events(served: Served, last_seen: str = "") -> Iterator[dict[str, Any]]:
    """What the stream of changes tells, event by event, with its id."""
    if not served.cookie:
        served.open()
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    headers = {"Cookie": served.cookie} | ({"Last-Event-ID": last_seen} if last_seen else {})
    with contextlib.closing(connection):
        connection.request("GET", "/api/v1/events", headers=headers)
        response = connection.getresponse()
        assert response.status == 200
        event: dict[str, Any] = {}
        while line := response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                event = {"id": value}
            elif name == "data":
                yield event | json.loads(value)


def until(condition: Any, seconds: float = 20) -> Any:
    """Waits until `condition()` is true and gives what it gave."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came to be")


def is_root() -> bool:
    return os.geteuid() == 0
