"""To a type checker a captured function is the function itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
from collections.abc import AsyncIterator, Iterator
import headrace as hr

@hr.task
def plain(lr: float, steps: int = 3) -> str: return ""
@hr.task(name="n", outputs="x", tags=["t"], args=["n"], results=False, sample=0.1, min_duration=1)
async def later(n: int) -> bytes: return b""
@hr.task("positional")
def numbers() -> Iterator[int]: yield 1
@hr.workflow("w")
@hr.campaign("c")
def run(x: int) -> float: return 0.5
class Model:
    @hr.task
    def fit(self, x: int) -> int: return x
    @classmethod
    @hr.task
    def make(cls) -> int: return 1

reveal_type(plain)
reveal_type(later)
reveal_type(numbers)
reveal_type(run)
reveal_type(Model().fit)
reveal_type(Model.make())
for item in hr.loop(["a"], "loop"):
    reveal_type(item)
with hr.task("t", used={"a": 1}) as task:
    reveal_type(task.generated(x=1).id)
reveal_type(hr.object("a", kind="dataset").sha256)
reveal_type(hr.carry(plain))
hr.child_environment()["a"]
plain("wrong")
"""

REVEALED = [
    "def (lr: float, steps: int =) -> str",
    "def (n: int) -> typing.Coroutine[Any, Any, bytes]",
    "def () -> typing.Iterator[int]",
    "def (x: int) -> float",
    "def (x: int) -> int",
    "int",
    "str",
    "str | None",
    "str | None",
    "def (lr: float, steps: int =) -> str",
]


def test_signatures_are_kept(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "program.py"
    script.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", str(script)]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache")],
        cwd=ROOT / "python",
        capture_output=True,
        text=True,
    )
    revealed = re.findall(r'Revealed type is "(.*)"', done.stdout)
    plain = [
        re.sub(r"builtins\.", "", kind).replace("None | str", "str | None") for kind in revealed
    ]
    assert [re.sub(r"\bcollections\.abc\.", "typing.", kind) for kind in plain] == REVEALED, (
        done.stdout
    )
    errors = re.findall(r"error: (.*)", done.stdout)
    assert errors == [
        'Argument 1 to "plain" has incompatible type "str"; expected "float"  [arg-type]'
    ]
