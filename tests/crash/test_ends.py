"""f02: however a process ends, what it was told is recorded is stored."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from crashes import Folder

CPP = {
    "exit": 0,
    "_exit": 3,
    "abort": -6,
    "signal:15": -15,
    "signal:2": -2,
    "signal:9": -9,
    "signal:11": -11,
    "exec:/bin/true": 0,
    "threads": 0,
    "stop": 0,
}
PYTHON = {
    "finalize": 0,
    "exit": 0,
    "daemon": 0,
    "_exit": 3,
    "abort": -6,
    "signal:15": -15,
    "signal:9": -9,
    "sigint": -2,
    "exec:/bin/true": 0,
}
ENDS = [("c++", end, code) for end, code in CPP.items()]
ENDS += [("python", end, code) for end, code in PYTHON.items()]


@pytest.mark.parametrize(("language", "end", "code"), ENDS)
def test_f02_nothing_is_lost_at_the_end(
    folder: Folder, language: str, end: str, code: int, assert_accounted: Callable[..., None]
) -> None:
    producer = folder.start(end, threads=3, most=300, pause_ns=10_000, language=language)
    assert producer.end() == code
    totals = folder.check()
    print(f"{language} {end}:", totals)
    assert totals["promised"] >= 900
    assert (totals["lost"], totals["duplicates"]) == (0, 0)
    assert folder.rings_left() == []
    assert_accounted(folder.path / ".headrace")
