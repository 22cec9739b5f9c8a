"""What a program says of its own classes, and of what must not be recorded."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from asked import outside
from headrace import describe
from recorded import Capture, kept


class Base:
    pass


class Middle(Base):
    pass


class Leaf(Middle):
    pass


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    yield
    for kind in list(describe._registered):
        hr.unregister(kind)


def test_the_nearest_class_wins(capture: Capture) -> None:
    assert kept(capture, Leaf())["$unkept"]["reason"] == "no way to record this type is known"
    hr.register(Base, lambda value: "base")
    assert kept(capture, Leaf()) == "base"
    hr.register(Middle, lambda value: {"of": type(value).__name__})
    assert kept(capture, Leaf()) == {"of": "Leaf"}
    assert kept(capture, Base()) == "base"
    hr.register(Middle, lambda value: 2)
    assert kept(capture, Leaf()) == 2
    hr.unregister(Middle)
    assert kept(capture, Leaf()) == "base"
    with pytest.raises(KeyError):
        hr.unregister(Middle)


def test_a_registered_function_goes_before_everything_else(capture: Capture) -> None:
    class Config(dict[str, int]):
        def __headrace__(self) -> str:
            return "its own"

    assert kept(capture, Config(a=1)) == "its own"
    hr.register(Config, lambda value: len(value))
    assert kept(capture, Config(a=1)) == 1


def test_a_registered_function_is_found_once(capture: Capture) -> None:
    hr.register(Base, lambda value: 1)
    kept(capture, Leaf())
    assert (Leaf, False) in describe._describers
    hr.register(Leaf, lambda value: 2)
    assert kept(capture, Leaf()) == 2


def test_what_a_registered_function_raises(capture: Capture) -> None:
    def fail(value: Any) -> None:
        raise SystemExit(1)

    hr.register(Base, fail)
    placeholder = kept(capture, Leaf())["$unkept"]
    assert placeholder["type"].endswith("Leaf")
    assert placeholder["reason"].endswith("Base raised SystemExit")


def test_a_hook_may_use_capture_itself(capture: Capture) -> None:
    @hr.task
    def measure(cells: int) -> int:
        return cells

    class Mesh:
        def __headrace__(self) -> dict[str, Any]:
            with hr.task("inside", used={"n": 1}):
                return {"cells": measure(3), "part": [{"a": (1, 2)}]}

    assert kept(capture, Mesh()) == {"cells": 3, "part": [{"a": [1, 2]}]}
    recorded = capture.recorded()
    assert {task["used"]["cells"] for task in recorded.named("measure")} == {3}
    assert recorded.parent("f") is None


def test_what_is_no_hook(capture: Capture) -> None:
    class Static:
        @staticmethod
        def __headrace__() -> int:
            return 1

    class Number:
        __headrace__ = 5

    assert "no method" in kept(capture, Static())["$unkept"]["reason"]
    assert "cannot be called" in kept(capture, Number())["$unkept"]["reason"]


@pytest.mark.parametrize("kind", [int, str, dict, object, type(None)])
def test_builtin_types_are_recorded_as_they_are(kind: type) -> None:
    with pytest.raises(TypeError, match="recorded as it is"):
        hr.register(kind, lambda value: 1)


def test_register_wants_a_class_and_a_function() -> None:
    with pytest.raises(TypeError, match="wants a class"):
        hr.register("Base", lambda value: 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="wants a function"):
        hr.register(Base, 1)  # type: ignore[arg-type]


def test_content_is_hashed_where_it_is_asked_for(capture: Capture) -> None:
    numpy = pytest.importorskip("numpy")
    text, array = "ä" * 30_000, numpy.arange(6.0).reshape(2, 3)
    assert "sha256" not in kept(capture, array)
    hr.summary(hash=True)
    try:
        assert kept(capture, array)["sha256"] == hashlib.sha256(array.tobytes()).hexdigest()
        assert kept(capture, array.T)["sha256"] == kept(capture, array.T.copy("K"))["sha256"]
        assert "sha256" not in kept(capture, numpy.array([object()]))

        @hr.task
        def f(x: str, y: bytes, z: Any) -> None: ...

        f(text, text.encode(), memoryview(text.encode()))
        used = capture.recorded().named("f")[-1]["used"]
        expected = hashlib.sha256(text.encode()).hexdigest()
        assert {value["$unkept"]["sha256"] for value in used.values()} == {expected}
    finally:
        hr.summary(hash=False)
    assert "sha256" not in kept(capture, array)


def test_rules_of_a_site() -> None:
    """In a process of its own: rules hold until it ends."""
    source = (
        "import headrace as hr\n"
        "from headrace import _capture\n"
        "@hr.task\n"
        "def f(badge_number, x): pass\n"
        "f(7, 'ACME1234')\n"
        "hr.redact('badge*', '=ACME####')\n"
        "f(7, 'ACME1234')\n"
        "assert _capture.redact_text('SITE-abc x') == '[redacted] x'\n"
        "stats = hr.capture_stats()\n"
        "assert stats['redacted_values'] == 1 and stats['redacted_texts'] >= 2, stats\n"
        "try:\n    hr.redact('=*')\nexcept ValueError as error:\n    print(error)\n"
        "used = [used for used, in hr.open().sql('SELECT used FROM task ORDER BY started_at')]\n"
        "assert used[0] == {'badge_number': 7, 'x': 'ACME1234'}\n"
        "assert used[1]['badge_number'].type == 'redacted'\n"
        "assert used[1]['x'] == '[redacted]'\n"
    )
    done = run_alone(source, HEADRACE_REDACT="=SITE-*")
    assert (done.returncode, done.stderr) == (0, "")
    assert "is no redaction rule" in done.stdout


def test_a_rule_holds_for_keys_that_were_recorded_before_it() -> None:
    source = (
        "import headrace as hr\n"
        "@hr.task\n"
        "def f(x): return x\n"
        "seen = {'badge': 7, 'ACME1': 1, 'x': 'ACME2'}\n"
        "f(seen)\n"
        "hr.redact('badge*', '=ACME#')\n"
        "f(seen)\n"
        "rows = hr.open().sql('SELECT used.x, generated FROM task ORDER BY started_at')\n"
        "(before, _), (after, out) = rows\n"
        "assert before == seen, before\n"
        "assert after['badge'].type == out['badge'].type == 'redacted'\n"
        "assert after['x'] == out['x'] == '[redacted]'\n"
        "assert after['[redacted]'] == 1, after\n"
    )
    done = run_alone(source)
    assert (done.returncode, done.stderr) == (0, "")


def run_alone(source: str, **variables: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as folder:
        kept_variables = outside()
        variables["HEADRACE_DIR"] = str(Path(folder) / ".headrace")
        return subprocess.run(
            [sys.executable, "-c", source],
            env=kept_variables | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
