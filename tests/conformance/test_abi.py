"""The C interface is what docs/abi.md promises: functions, their parameters, and layouts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
HEADER = ROOT / "include/headrace/headrace.h"
BUILD = ROOT / "build/release"


def name_of(declaration: str) -> str:
    found = re.search(r"\b(headrace_\w+)\(", declaration)
    assert found, declaration
    return found[1]


def declared(header: str) -> list[str]:
    """Every function of the header on one line, sorted by name."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    found = re.findall(r"^HEADRACE_API\s+([^;#]*?)\s*HEADRACE_NOTHROW;", text, flags=re.M)
    return sorted((" ".join(one.split()) for one in found), key=name_of)


def promised() -> list[str]:
    return (HERE / "abi_v0.txt").read_text().splitlines()


def test_the_header_declares_what_is_promised() -> None:
    assert declared(HEADER.read_text()) == promised(), (
        "headrace.h differs from tests/conformance/abi_v0.txt: a new function is a new line there; "
        "a changed or missing one breaks programs that exist, see docs/abi.md"
    )


def test_a_changed_parameter_and_a_missing_function_are_seen() -> None:
    text = HEADER.read_text()
    assert declared(text.replace("int line)", "long line)")) != promised()
    assert declared(text.replace("HEADRACE_API void headrace_flush(void)", "")) != promised()


def test_the_library_exports_what_is_promised_and_no_other_headrace_name() -> None:
    assert BUILD.is_dir(), "build first: ./script/build"
    subprocess.run(["cmake", "--build", str(BUILD), "--target", "headrace_library"], check=True)
    output = subprocess.run(
        ["nm", "--extern-only", "--defined-only", "--format=posix", BUILD / "libheadrace.a"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    exported = {line.split()[0] for line in output.splitlines() if line.startswith("headrace_")}
    assert exported == {name_of(line) for line in promised()}


def test_what_is_compiled_away_is_the_same_interface() -> None:
    text = (ROOT / "include/headrace/disabled.h").read_text()
    bodies = re.findall(r"^HEADRACE_API\s+([^;{]*?)\s*HEADRACE_NOTHROW \{", text, flags=re.M)
    assert sorted((" ".join(one.split()) for one in bodies), key=name_of) == promised()


@pytest.mark.parametrize("standard", ["c11", "c17"])
def test_layouts_and_numbers_stay(standard: str) -> None:
    command = ["cc", f"-std={standard}", "-Wall", "-Werror", "-fsyntax-only"]
    subprocess.run([*command, f"-I{ROOT / 'include'}", HERE / "abi_v0.c"], check=True)
