"""What CMake says when something is missing, and what the capture library may need."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def configure(build: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["cmake", "-G", "Ninja", "-S", ROOT, "-B", build, *options],
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_duckdb_cmake_stops_and_names_the_command(tmp_path: Path) -> None:
    done = configure(tmp_path / "build", f"-DHEADRACE_DUCKDB_LIBRARY={tmp_path}/libduckdb.so")
    assert done.returncode != 0
    assert "DuckDB's library is missing" in done.stderr
    assert "./script/setup" in done.stderr


def test_the_capture_library_alone_needs_no_duckdb(tmp_path: Path) -> None:
    done = configure(
        tmp_path / "build",
        f"-DHEADRACE_DUCKDB_LIBRARY={tmp_path}/libduckdb.so",
        "-DHEADRACE_CAPTURE_ONLY=ON",
        "-DHEADRACE_TESTS=OFF",
    )
    assert done.returncode == 0, done.stderr
    ninja = (tmp_path / "build/build.ninja").read_text()
    assert "libheadrace.a" in ninja
    assert not re.search("duckdb", ninja)


def test_without_node_and_without_a_built_page_cmake_stops_and_names_the_command(
    tmp_path: Path,
) -> None:
    page = tmp_path / "report.html"
    options = ("-DHEADRACE_NODE=OFF", f"-DHEADRACE_PAGE={page}", "-DHEADRACE_TESTS=OFF")
    done = configure(tmp_path / "without", *options)
    assert done.returncode != 0
    assert "there is no Node here" in done.stderr
    assert "./script/setup" in done.stderr

    page.write_text("<html>%DATA%</html>")
    done = configure(tmp_path / "with", *options)
    assert done.returncode == 0, done.stderr
