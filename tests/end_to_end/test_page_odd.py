"""What the page shows of stores such as nobody wants, each through its own `headrace serve`."""

from __future__ import annotations

import contextlib
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from asked import HEADRACE
from odd_stores import odd_store, store_held_by_writer
from served import serving

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv/bin/node"

if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# Of each kind the pages that are opened, and what each says.
PAGES: dict[str, dict[str, list[str]]] = {
    "missing": {"/": ["Nothing has been captured here yet", "headrace run"]},
    "zero_tasks": {
        "/": ["nothing happened"],
        "/campaign/{campaign}": ["No task generated a number", "No number was logged"],
        "/workflow/{workflow}": ["No task was captured in this workflow", "hr.task"],
        "/energy": ["No energy was captured"],
    },
    "one_task": {
        "/campaign/{campaign}": ["alone: loss 0.5"],
        "/workflow/{workflow}": ["Timeline: 1 task in 1 lane"],
        "/task/{task}": ["The only only task here"],
        "/model/{workflow}": ["hr.torch.watch"],
    },
    "long_string": {"/workflow/{long}": ["not kept", "Tasks"]},
    "wide": {
        "/campaign/{campaign}": ["loss against time"],
        "/task/{task}": ["50 more values: the SQL shows all", "key_0199"],
    },
    "clocks": {"/workflow/{workflow}": ["Timeline: 16 tasks"], "/campaign/{campaign}": ["clocks"]},
    "newer": {
        "/": ["schema version", "newer headrace wrote it"],
        "/about": ["The store cannot be read now"],
    },
    "corrupt": {"/": ["store was damaged", "alone"]},
    "deleted": {
        "/workflow/{goes}": ["There is no workflow", "lists what there is now"],
        "/task/{goes_task}": ["There is no task"],
        "/nowhere/at/all": ["There is no page here"],
    },
    "locked": {"/": [r"held by process \d+"]},
}


def pages_of(kind: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """The same with the ids of what the maker named: a workflow's, or one of its task's."""
    ids = {f"{{{name}}}": known for name, known in found.get("workflows", {}).items()}
    ids |= {f"{{{name}_task}}": known for name, known in found.get("tasks", {}).items()}
    pages = []
    for path, says in PAGES[kind].items():
        for name, known in ids.items():
            path = path.replace(name, known)
        pages.append({"path": path, "says": says})
    return pages


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the page of each store showed wrongly; one browser goes through them."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in PAGES}
    kinds = ["one_task" if kind == "locked" else kind for kind in PAGES]
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as two:
        stores = []
        made = two.map(odd_store, folders.values(), kinds)
        for (kind, folder), found in zip(folders.items(), made, strict=True):
            if kind == "locked":
                stack.enter_context(store_held_by_writer(folder))
            served = stack.enter_context(serving(folder))
            stores.append({"kind": kind, "url": served.url, "pages": pages_of(kind, found)})
        asked = tmp_path_factory.mktemp("asked") / "stores.json"
        asked.write_text(json.dumps(stores))
        program = NODE if NODE.exists() else Path("node")
        done = subprocess.run(
            [program, "script/page_odd.mjs", asked],
            cwd=ROOT / "web",
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return {one["kind"]: one["wrong"] for one in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("kind", PAGES)
def test_the_page_of_an_odd_store(seen: dict[str, list[str]], kind: str) -> None:
    assert seen[kind] == []
