"""What a command writes to a terminal, and what in it the terminal would obey or be fooled by."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import termios
import unicodedata
from pathlib import Path

from asked import HEADRACE, outside

# Marks, embeddings, overrides and isolates of writing direction, and what ends lines elsewhere.
DIRECTING = set("\u061c\u200e\u200f\u2028\u2029") | {
    chr(point)
    for first, last in ((0x202A, 0x202E), (0x2066, 0x2069))
    for point in range(first, last + 1)
}
# The only sequences that we write ourselves: colours.
OWN = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(folder: Path, *words: str, color: str = "never") -> tuple[int, bytes]:
    """The exit code and all that reached the terminal, stdout and stderr alike."""
    ours, theirs = pty.openpty()
    try:
        modes = termios.tcgetattr(theirs)
        modes[1] &= ~termios.OPOST  # or the terminal itself would make \r\n of \n
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        program = subprocess.Popen(
            [HEADRACE, "--dir", folder / ".headrace", "--color", color, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env=outside() | {"TERM": "xterm-256color", "COLUMNS": "200"},
        )
        os.close(theirs)
        theirs = -1
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # EIO: the other side has closed
                break
            if not piece:
                break
            shown += piece
        return program.wait(timeout=60), shown
    finally:
        os.close(ours)
        if theirs >= 0:
            os.close(theirs)


def obeyed(shown: bytes, own: bool = False) -> list[str]:
    """Each place where the terminal would do something; empty is right."""
    try:
        text = shown.decode()
    except UnicodeDecodeError as error:
        return [
            f"no UTF-8 at {error.start}: {shown[max(0, error.start - 20) : error.start + 20]!r}"
        ]
    if own:
        text = OWN.sub("", text)
    return [
        f"U+{ord(c):04X} at {at}: {text[max(0, at - 30) : at + 20]!r}"
        for at, c in enumerate(text)
        if (unicodedata.category(c) == "Cc" and c not in "\n\t") or c in DIRECTING
    ]
