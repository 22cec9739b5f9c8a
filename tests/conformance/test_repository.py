"""The pages that describe the repository agree with it."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_page_names_the_version_of_the_build() -> None:
    cmake = re.search(r"project\(headrace VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())
    assert cmake
    citation = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert citation
    assert citation[1] == cmake[1]
    assert json.loads((ROOT / "codemeta.json").read_text())["version"] == cmake[1]
    header = (ROOT / "include/headrace/headrace.h").read_text()
    assert re.findall(r'HEADRACE_VERSION "(.*)"', header) == [cmake[1]]
    parts = re.findall(r"HEADRACE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", header)
    assert ".".join(parts) == cmake[1]


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert pages
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_commands_that_pages_name_exist() -> None:
    missing = []
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for name in re.findall(r"(?:\./|`)script/([\w.]+)", page.read_text()):
            if not (ROOT / "script" / name).exists():
                missing.append(f"{page.name}: script/{name}")
    assert missing == []
