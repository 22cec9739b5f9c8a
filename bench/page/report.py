"""A report of the same tasks as one file: how large, how soon written, how soon opened."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from asked import HEADRACE, node

MOST_MB = 3.0
MOST_SHOWN = 100_000


def report_row(folder: Path, made: dict[str, Any], tasks: int, runs: int) -> dict[str, Any]:
    """The report of the workflow "large"; milliseconds are the middle ones of `runs`."""
    file = folder / "report.html"
    written, ready = [], []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(
            [HEADRACE, "report", made["large"], "-o", file, "--dir", folder],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        written.append(1e3 * (time.perf_counter() - began))
        ready.append(json.loads(node("script/open_report.mjs", file))["ready_ms"])
    return {
        "row": f"report, {tasks:,} tasks",
        "written_ms": statistics.median(written),
        "opened_ms": statistics.median(ready),
        "file_mb": file.stat().st_size / 1e6,
        "most": {"file_mb": MOST_MB} if tasks <= MOST_SHOWN else {},
    }
