"""The wheel works in an environment that has nothing else: capture, list, query."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM_PYTHON = "/usr/bin/python3"

PROGRAM = """
import headrace as hr

assert "duckdb" not in open("/proc/self/maps").read(), "import headrace loaded DuckDB"

@hr.task
def square(x):
    return {"y": x * x}

with hr.workflow("from the wheel"):
    for x in range(5):
        square(x)
"""

QUESTION = "SELECT count(*) AS n, sum(generated.y) AS y FROM task WHERE activity = 'square'"
ASK = f"""
import headrace as hr

assert list(hr.open(".headrace").sql({QUESTION!r})) == [(5, 30)]
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    # The environment of a user: nothing of the clone's.
    drop = ("PYTHON", "HEADRACE", "VIRTUAL")
    keep = {name: text for name, text in os.environ.items() if not name.startswith(drop)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=keep, timeout=500
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    return Path(run("./script/wheel", "--out", out).strip())


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("environment")
    run(SYSTEM_PYTHON, "-m", "venv", folder)
    run(folder / "bin/python", "-m", "pip", "install", "-q", "--no-index", wheel)
    return folder


def test_it_holds_what_it_should_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        version = wheel.name.split("-")[1]
    libraries = [Path(name).name for name in names if ".so" in Path(name).name]
    emulated = ["libamd_smi", "libnvidia-ml", "librocm_smi64"]
    expected = ["_capture", "_query", "libduckdb", "libheadrace_box", *emulated]
    assert sorted(name.split(".")[0] for name in libraries) == sorted(expected)
    assert "headrace/lab/libnvidia-ml.so.1" in names
    assert f"headrace-{version}.data/scripts/headrace" in names
    assert "headrace/py.typed" in names
    assert [name for name in names if "test" in name.lower() or name.endswith((".cc", ".h"))] == []
    assert [name for name in names if name.endswith("duckdb/LICENSE")]


def test_it_captures_lists_and_queries(environment: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    run(environment / "bin/python", "program.py", cwd=tmp_path)

    headrace = environment / "bin/headrace"
    workflows = json.loads(run(headrace, "ls", "workflows", "--json", cwd=tmp_path))
    assert [row["name"] for row in workflows] == ["from the wheel"]
    assert json.loads(run(headrace, "query", "--json", QUESTION, cwd=tmp_path)) == [
        {"n": 5, "y": 30}
    ]
    run(environment / "bin/python", "-c", ASK, cwd=tmp_path)


def test_the_emulated_laboratory_has_its_gpus(environment: Path) -> None:
    headrace = environment / "bin/headrace"
    rows = json.loads(run(headrace, "lab", "--", headrace, "sensors", "--seconds", "0", "--json"))
    assert "gpu-0.energy" in [row["sensor"] for row in rows]


def test_the_program_finds_its_library_wherever_pip_puts_it(
    environment: Path, wheel: Path, tmp_path: Path
) -> None:
    # A fresh Debian has no pip of its own; the environment's can act for its Python.
    pip = (environment / "bin/python", "-m", "pip", "--python", SYSTEM_PYTHON)
    install = (*pip, "install", "-q", "--no-index", "--no-deps", "--root-user-action=ignore")
    install = (*install, "--break-system-packages")
    run(*install, "--target", tmp_path / "target", wheel)
    run(tmp_path / "target/bin/headrace", "--version")
    # Debian's own Python installs into dist-packages.
    run(*install, "--root", tmp_path / "root", wheel)
    assert list((tmp_path / "root").rglob("dist-packages/headrace")), "not Debian's Python"
    (program,) = (tmp_path / "root").rglob("bin/headrace")
    run(program, "--version")


FLOWCEPT_PROGRAM = """
from flowcept import Flowcept, flowcept_task

@flowcept_task(output_names="y")
def square(x):
    return x * x

with Flowcept(workflow_name="squares"):
    for i in range(5):
        square(i)

assert [d["type"] for d in Flowcept.read_buffer_file()].count("task") == 5
"""


def test_flowcepts_interface_is_a_wheel_of_its_own(environment: Path, tmp_path: Path) -> None:
    python = environment / "bin/python"
    find = "import importlib.util; print(importlib.util.find_spec('flowcept'))"
    assert run(python, "-c", find, cwd=tmp_path) == "None\n"
    wheel = run("./script/wheel", "--flowcept", "--out", str(tmp_path)).strip()
    assert wheel.endswith("-py3-none-any.whl")
    run(python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", wheel)
    (tmp_path / "program.py").write_text(FLOWCEPT_PROGRAM)
    run(python, "program.py", cwd=tmp_path)
    run(python, "-c", ASK, cwd=tmp_path)
