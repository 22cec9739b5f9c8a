"""Running a recorded workflow again, by the program `headrace`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headrace.answers import Rerun
from headrace.store import NotFoundError, StoreError


def program() -> str:
    """The `headrace` beside this interpreter, else the one on PATH."""
    beside = Path(sys.executable).parent / "headrace"
    found = str(beside) if beside.exists() else shutil.which("headrace")
    if found is None:
        raise NotFoundError(
            "the program headrace is neither beside this Python nor on PATH; it is part of the "
            "package: pip install headrace"
        )
    return found


def rerun(
    root: str,
    workflow: str,
    folder: str | os.PathLike[str],
    tolerance: float,
    metrics: Sequence[str],
) -> Rerun:
    """See headrace.store.Store.rerun."""
    words = [program(), "reproduce", workflow, "--run", "--folder", os.fspath(folder)]
    words += ["--tolerance", str(tolerance)]
    for metric in metrics:
        words += ["--metric", metric]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        done = subprocess.run(
            [*words, "--json", "--output", answer.name],
            env=inherited | {"HEADRACE_DIR": root},
            capture_output=True,
            text=True,
        )
        told = Path(answer.name).read_text(encoding="utf-8")
    if done.returncode not in (0, 1) or not told:
        raise StoreError(done.stderr.strip().removeprefix("headrace: "))
    facts = json.loads(told)
    return Rerun(_told(facts), facts)


def _told(facts: dict[str, Any]) -> str:
    """As the command tells it."""
    differing = [one for one in facts["compared"] if not one["same"]]
    compared = len(facts["compared"])
    lines = [
        f"{'Reproduced' if facts['reproduced'] else 'Not reproduced'}: "
        f"{compared - len(differing)} of {compared} compared are the same (exit code, outputs, "
        "metrics)."
    ]
    for one in differing:
        before, after = (
            f"{text[:8]}…" if one["what"] == "output" and len(text) == 64 else text
            for text in (one["before"], one["after"])
        )
        lines.append(f"  {one['what']} {one['name']}: {before} before, {after} now")
    return "\n".join([*lines, f"  in {facts['folder']}"])
