"""The include rule: it catches each kind of breach, and this repository keeps to it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "script" / "include_rules.py"

MAP = """# Map
## src/base
May include: nothing.
## src/model
May include: `base`.
Tests also include: `store`.
## src/store
May include: `base` `model`.
Third party: `duckdb`.
## Around the rooms
"""


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("include_rules", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["include_rules"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small clone that keeps to the rules."""
    files = {
        "MAP.md": MAP,
        "src/base/clock.h": "#include <cstdint>\n",
        "src/model/task.h": '#include "base/clock.h"\n#include "model/id.h"\n',
        "src/model/task_test.cc": '#include <gtest/gtest.h>\n#include "store/store.h"\n',
        "src/model/task_fixture.h": "#include <gtest/gtest.h>\n",
        "src/model/CMakeLists.txt": "headrace_room(model DEPENDS base)\n",
        "src/store/store.cc": '#include <duckdb.h>\n#include "model/task.h"\n',
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_a_clean_tree_passes(tree: Path) -> None:
    assert load().check_tree(tree) == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("src/base/clock.h", '#include "model/task.h"\n', "base may not include room model"),
        ("src/model/task.h", '  #  include "store/store.h"\n', "model may not include room store"),
        ("src/model/task.h", "#include <store/store.h>\n", "in quotes"),
        ("src/model/task.h", "#include <duckdb.h>\n", "model may not include duckdb"),
        ("src/model/task.h", "#include <gtest/gtest.h>\n", "only tests may include"),
        ("src/model/task.h", '#include "model/a_fixture.h"\n', "only tests may include"),
        ("src/model/task.h", '#include "id.h"\n', 'name the room: "model/id.h"'),
        ("src/model/task.h", '#include "elsewhere/id.h"\n', "in no room"),
        ("src/model/CMakeLists.txt", "headrace_room(model DEPENDS base store)\n", "depend on"),
        ("src/attic/old.cc", "\n", "src/attic: this room is missing in MAP.md"),
        ("MAP.md", MAP + "## src/ghost\nMay include: nothing.\n", "src/ghost holds no source"),
        ("MAP.md", MAP.replace("`base` `model`", "`ghost`"), "ghost, which is no room"),
        ("MAP.md", MAP.replace("May include: nothing.", ""), "no 'May include:' line"),
    ],
)
def test_a_breach_is_caught(tree: Path, file: str, text: str, message: str) -> None:
    path = tree / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    problems = load().check_tree(tree)
    assert any(message in problem for problem in problems), problems


def test_a_breach_fails_the_program(tree: Path) -> None:
    (tree / "src/base/clock.h").write_text('#include "store/store.h"\n')
    done = subprocess.run(
        [sys.executable, SCRIPT, tree], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "src/base/clock.h:1: room base may not include room store" in done.stdout


def test_this_repository_keeps_to_its_map() -> None:
    assert load().check_tree(ROOT) == []
