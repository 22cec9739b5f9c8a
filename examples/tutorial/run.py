"""Runs the tutorial from top to bottom in a kernel of its own.

    python examples/tutorial/run.py             runs it; fails at the first cell that does
    python examples/tutorial/run.py --store     and keeps what its cells print in the notebook

The folder that it works in and the machine's name are stored as /study and laptop.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "tutorial.ipynb"
LIMIT_S = 300  # of one cell, on a machine with much else to do


def executed(folder: Path) -> Any:
    """The notebook with what its cells print now; all that it writes is in the folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    programs = Path(sys.executable).parent
    settings = {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "TMPDIR": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    before = dict(os.environ)
    for name in [name for name in before if name.startswith("HEADRACE_")]:
        del os.environ[name]
    os.environ.update(settings)
    try:
        client = NotebookClient(
            notebook, timeout=LIMIT_S, resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
    finally:
        os.environ.clear()
        os.environ.update(before)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if "outputs" in cell:
            cell.outputs = _joined(cell.outputs)
            for output in cell.outputs:
                _hide_place(output, folder)
    return notebook


def _joined(outputs: list[Any]) -> list[Any]:
    """What was printed in pieces, as it happened to be sent, in one."""
    out: list[Any] = []
    for output in outputs:
        if "name" in output and out and out[-1].get("name") == output["name"]:
            out[-1]["text"] += output["text"]
        else:
            out.append(output)
    return out


def _hide_place(output: Any, folder: Path) -> None:
    place = re.compile(re.escape(str(folder)) + r"/springs-\w+")
    host = re.compile(r"\b" + re.escape(socket.gethostname()) + r"\b")

    def hidden(text: str) -> str:
        return host.sub("laptop", place.sub("/study", text))

    if "text" in output:
        output["text"] = hidden(output["text"])
    for kind, content in output.get("data", {}).items():
        if isinstance(content, str) and kind.startswith("text/"):
            output["data"][kind] = hidden(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help="keep what its cells print")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        notebook = executed(Path(folder))
    if options.store:
        nbformat.write(notebook, NOTEBOOK)
    print(f"{sum(cell.cell_type == 'code' for cell in notebook.cells)} cells ran")


if __name__ == "__main__":
    main()
