"""script/bench page works; its figures are its own business."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from asked import HEADRACE, ROOT, outside

MAKER = ROOT / "build/release/bin/headrace_bench_page"

PAGES = ["campaigns", "campaign", "workflow", "task", "object", "model", "compare"]
PAGES += ["energy", "telemetry", "query", "about"]

if not (HEADRACE.exists() and MAKER.exists()):
    pytest.skip("build the program first: ./script/build", allow_module_level=True)


def test_all_of_it_is_measured(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, ROOT / "bench/page/run", "--small", "--check", "--folder", tmp_path],
        env=outside() | {"HEADRACE_BENCH_OUT": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert said.returncode == 0, said.stderr + said.stdout
    rows = [json.loads(line) for line in (tmp_path / "page.jsonl").read_text().splitlines()]
    named = {row["row"]: row for row in rows}
    for shown in ("timeline, 20,000 tasks", "graph, 2,000 tasks"):
        row = named[shown]
        # Frames came all the time that the wheel and the mouse were used.
        assert row["frames"] > 20
        assert 0 < row["frame_p50_ms"] <= row["frame_p95_ms"] <= row["frame_max_ms"]
        assert row["ready_ms"] > 0
        assert row["heap_mb"] > 1
        assert row["server_mb"] > 10
    report = named["report, 20,000 tasks"]
    assert 0.1 < report["file_mb"] < 3
    assert report["written_ms"] > 0 and report["opened_ms"] > 0
    live = named["live, end of task to row"]
    assert live["tasks"] == 10
    assert 0 < live["live_p50_ms"] <= live["live_p95_ms"] <= live["live_max_ms"]
    main = [row for row in rows if row.get("main")]
    assert {row["row"].split(": ")[0] for row in main} == {f"first byte, {page}" for page in PAGES}
    assert all(row["first_byte_ms"] > 0 and row["again_ms"] > 0 for row in main)
