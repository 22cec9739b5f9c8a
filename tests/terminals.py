"""A terminal that a test types into and reads: a window of a tmux server of its own."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

from asked import HEADRACE, environment_of
from served import until

SHELL = ["bash", "--norc", "--noprofile", "-i"]
PROMPT = "ready$"


class Terminal:
    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def tmux(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(self.socket), *words],
            capture_output=True,
            text=True,
            check=True,
            timeout=20,
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Keys as tmux names them: Enter, Escape, C-z, a letter."""
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def run(self, command: str) -> None:
        self.type(command)
        self.press("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def colours(self) -> str:
        """The screen with its escape sequences."""
        return self.tmux("capture-pane", "-p", "-e")

    def until(self, *texts: str, without: str = "", seconds: float = 20) -> str:
        """The screen once it shows all of these."""

        def found() -> str:
            seen = self.screen()
            shows = all(text in seen for text in texts)
            return seen if shows and not (without and without in seen) else ""

        try:
            return str(until(found, seconds))
        except AssertionError:
            raise AssertionError(f"no {texts} on\n{self.screen()}") from None

    def until_last_line(self, text: str, rows: int) -> str:
        """The screen once its last line, that of a window so high, has this text."""

        def found() -> str:
            seen = self.screen()
            lines = seen.splitlines()
            return seen if len(lines) == rows and text in lines[-1] else ""

        return str(until(found))

    def is_alternate(self) -> bool:
        return self.tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def has_cursor(self) -> bool:
        return self.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"


@contextlib.contextmanager
def terminal(folder: Path, columns: int = 80, rows: int = 24, **more: str) -> Iterator[Terminal]:
    """A shell in `folder` whose `headrace` is the one that was built."""
    environment = environment_of(folder / ".headrace", LC_ALL="C.UTF-8", PS1=PROMPT + " ") | more
    environment["PATH"] = f"{HEADRACE.parent}:{environment['PATH']}"
    environment.pop("TMUX", None)
    window = Terminal(folder / f"tmux-{secrets.token_hex(4)}")
    subprocess.run(
        [
            *("tmux", "-S", str(window.socket), "-f", "/dev/null", "new-session", "-d"),
            *("-x", str(columns), "-y", str(rows)),
            *SHELL,
        ],
        env=environment,
        cwd=folder,
        check=True,
        timeout=20,
    )
    try:
        window.until(PROMPT)
        yield window
    finally:
        window.tmux("kill-server")
