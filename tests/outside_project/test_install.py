"""The installed capture library serves a project outside, through CMake and through pkg-config."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "release"
# What a captured program may need at run time: nothing that a C++ program doesn't need anyway.
ALLOWED = re.compile(r"^(libc|libstdc\+\+|libgcc_s|libm|libpthread|ld-linux.*)\.so")


def run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The capture library as `cmake --install` lays it."""
    assert BUILD.is_dir(), "build first: ./script/build"
    run("cmake", "--build", BUILD, "--target", "headrace_library")
    folder = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BUILD, "--prefix", folder, "--component", "capture")
    return folder


def needed(program: Path) -> list[str]:
    return re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program))


def tasks(program: Path, folder: Path) -> dict[str, int]:
    """Runs a captured program; the number of its finished tasks by activity."""
    run(program, HEADRACE_DIR=str(folder))
    rows = json.loads(
        run(
            BUILD / "bin" / "headrace",
            "query",
            "SELECT activity, count(*) AS tasks FROM task WHERE status = 'finished' GROUP BY 1",
            "--json",
            "--dir",
            folder,
        )
    )
    return {row["activity"]: row["tasks"] for row in rows}


@pytest.mark.parametrize(
    ("program", "expected"), [("solver", {"sweep": 4}), ("counter", {"count": 3})]
)
def test_a_cmake_project_finds_and_uses_it(
    prefix: Path, tmp_path: Path, program: str, expected: dict[str, int]
) -> None:
    run(
        "cmake", "-G", "Ninja", "-S", HERE, "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}",
        "-DCMAKE_BUILD_TYPE=Release",
    )  # fmt: skip
    run("cmake", "--build", tmp_path, "--target", program)
    assert [name for name in needed(tmp_path / program) if not ALLOWED.match(name)] == []
    assert tasks(tmp_path / program, tmp_path / ".headrace") == expected


@pytest.mark.parametrize(
    ("compiler", "source", "expected"),
    [("c++ -std=c++20", "solver.cc", {"sweep": 4}), ("cc -std=c11", "counter.c", {"count": 3})],
)
def test_pkg_config_gives_what_the_compiler_needs(
    prefix: Path, tmp_path: Path, compiler: str, source: str, expected: dict[str, int]
) -> None:
    page = next(prefix.rglob("headrace.pc"))
    flags = run("pkg-config", "--cflags", "--libs", "headrace", PKG_CONFIG_PATH=str(page.parent))
    program = tmp_path / "program"
    run(*compiler.split(), HERE / source, *shlex.split(flags), "-o", program)
    assert tasks(program, tmp_path / ".headrace") == expected


def test_the_package_can_be_moved(prefix: Path) -> None:
    for page in [*prefix.rglob("*.cmake"), *prefix.rglob("*.pc")]:
        text = page.read_text()
        assert str(ROOT) not in text, page
        assert str(prefix) not in text, page


def test_only_public_headers_are_installed_and_each_stands_alone(
    prefix: Path, tmp_path: Path
) -> None:
    headers = sorted((prefix / "include").rglob("*"))
    assert headers
    public = {path.name for path in (ROOT / "include/headrace").iterdir()}
    assert {path.name for path in headers if path.is_file()} == public
    strict = ("-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", f"-I{prefix}/include")
    for header in sorted(public - {"disabled.h"}):  # which is headrace.h's second half
        source = tmp_path / "alone.cc"
        source.write_text(f"#include <headrace/{header}>\n#include <headrace/{header}>\n")
        run("c++", "-std=c++20", *strict, source)
    as_c = tmp_path / "alone.c"
    as_c.write_text("#include <headrace/headrace.h>\n")
    run("cc", "-std=c11", *strict, as_c)


def test_disabled_it_needs_no_library_and_records_nothing(prefix: Path, tmp_path: Path) -> None:
    for compiler, source in (("c++ -std=c++20", "solver.cc"), ("cc -std=c11", "counter.c")):
        program = tmp_path / "program"
        flags = (f"-I{prefix}/include", "-DHEADRACE_DISABLE", "-Wall", "-Wextra", "-Werror")
        run(*compiler.split(), *flags, HERE / source, "-o", program)
        subprocess.run([program], cwd=tmp_path, env={}, check=False)
        assert not (tmp_path / ".headrace").exists()
