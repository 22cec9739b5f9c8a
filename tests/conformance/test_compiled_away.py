"""With HEADRACE_DISABLE the whole API compiles to nothing: no call, no variable, no instruction."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CPP = ("compiled_away.cc", "-std=c++20")
C = ("compiled_away.c", "-std=c11")


def compile_object(compiler: str, program: tuple[str, str], out: Path, *options: str) -> Path:
    source, standard = program
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
    subprocess.run(
        [compiler, standard, "-O2", *warnings, *options, f"-I{ROOT / 'include'}",
         "-c", HERE / source, "-o", out],
        check=True,
    )  # fmt: skip
    return out


def symbols(binary: Path) -> set[str]:
    output = subprocess.run(
        ["nm", "--format=posix", binary], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return {line.split()[0] for line in output.splitlines()}


def plain_name(symbol: str) -> str:
    """`work` of C's work and of C++'s work(int)."""
    mangled = re.fullmatch(r"_Z\d+(\w+)i", symbol)
    return mangled[1] if mangled else symbol


def instructions(binary: Path) -> dict[str, list[str]]:
    """The instructions of each function without padding, addresses and jumps' targets."""
    output = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", binary],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    functions: dict[str, list[str]] = {}
    name = ""
    for line in output.splitlines():
        if head := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            name = plain_name(head[1])
            functions[name] = []
        elif line.startswith(" ") and "\t" in line:
            operation = line.split("\t")[1].split()[0]
            if operation not in ("nop", "nopw", "nopl", "data16", "cs", "xchg"):
                functions[name].append(operation)
    return functions


@pytest.mark.parametrize(
    ("compiler", "program"),
    [("c++", CPP), ("cc", C), ("clang++-16", CPP), ("clang-16", C)],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_disabled_nothing_is_left(tmp_path: Path, compiler: str, program: tuple[str, str]) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is not here")
    binary = compile_object(compiler, program, tmp_path / "away.o", "-DHEADRACE_DISABLE")
    assert {plain_name(symbol) for symbol in symbols(binary)} == {
        "work",
        "plain_work",
        "captured_work",
    }
    code = instructions(binary)
    assert code["captured_work"] == code["plain_work"]


@pytest.mark.parametrize(("compiler", "program"), [("c++", CPP), ("cc", C)])
def test_enabled_the_same_files_call_the_library(
    tmp_path: Path, compiler: str, program: tuple[str, str]
) -> None:
    found = symbols(compile_object(compiler, program, tmp_path / "there.o"))
    assert {"headrace_task_begin", "headrace_task_add", "headrace_task_end"} <= found
