"""The demonstration with --serve: the page is there while it trains, and Ctrl-C ends all of it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import HEADRACE, environment_of, query
from served import Served, until
from studies import FINE_TUNING

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)


class Demo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        programs = f"{Path(sys.executable).parent}:{HEADRACE.parent}:{os.environ['PATH']}"
        words = [FINE_TUNING / "demo", "--folder", str(folder), "--scale", "tiny", "--serve"]
        # A terminal's Ctrl-C reaches everything that was started there.
        self.process = subprocess.Popen(
            words,
            env=environment_of(folder / ".headrace", PATH=programs),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said: list[str] = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def line(self, pattern: str) -> str:
        """The first line that holds it, once it is said."""

        def found() -> str | None:
            said = next((line for line in self.said if re.search(pattern, line)), None)
            assert said or self.process.poll() is None, "\n".join(self.said)
            return said

        return str(until(found, 120))

    def processes(self) -> list[int]:
        out = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                words = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(words[3]) == self.process.pid and words[0] != "Z":
                out.append(int(stat.parent.name))
        return out

    def interrupt(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=60)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path / "study")
    yield made
    if made.processes():
        os.killpg(made.process.pid, signal.SIGKILL)
    made.process.wait(timeout=60)
    made.reader.join()


def statuses(served: Served) -> set[str]:
    return {row["status"] for row in served.ask("/api/v1/workflows").rows()}


def test_the_page_is_there_while_it_trains(demo: Demo, run_all: bool) -> None:
    served = Served(demo.process, demo.folder, demo.line(r"^http://127\.0\.0\.1:\d+/open\?"))
    until(
        lambda: served.ask("/api/v1/tasks?filter=activity:step&limit=1").json().get("total", 0),
        60,
    )
    until(lambda: "running" in statuses(served))
    if run_all:
        stays = demo.line("^It stays at ")
        assert f"http://127.0.0.1:{served.port} " in stays
        command = shlex.split(demo.line(r"^  headrace .* ui$"))
        another = subprocess.run(
            [HEADRACE, *command[1:], "--no-browser"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert another.stdout.startswith(f"http://127.0.0.1:{served.port}/open?")
        assert statuses(served) == {"finished"}
    assert demo.interrupt() == (0 if run_all else 130)
    assert demo.processes() == []
    assert not served.socket.exists()
    # What was recorded until then is kept.
    rows = query("SELECT status FROM workflow", environment_of(demo.folder / ".headrace"))
    assert rows
    assert "running" not in {row["status"] for row in rows}
