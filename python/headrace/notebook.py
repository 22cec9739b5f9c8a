"""`%load_ext headrace`: SQL and filters in cells of IPython and Jupyter.

    %%headrace
    SELECT activity, count(*) FROM task GROUP BY 1

    %headrace activity:train used.lr<1e-3

A cell is SQL, a line is a filter of tasks. `%%headrace --dir FOLDER --to NAME` asks another folder
and also keeps the answer as a variable.
"""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from headrace.rows import Rows
from headrace.store import QueryError, Store
from headrace.table import Table


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise QueryError(f"%%headrace: {message}")


def ask(shell: Any, line: str, cell: str | None = None) -> Table | Rows:
    """What the magic does; `shell` is an InteractiveShell."""
    if cell is None:
        return Store(None).tasks.where(line)
    parser = _Parser(prog="%%headrace", add_help=False)
    parser.add_argument("--dir")
    parser.add_argument("--to")
    options = parser.parse_args(shlex.split(line))
    answer = Store(options.dir).sql(cell)
    if options.to:
        shell.push({options.to: answer})
    return answer


def register(shell: Any) -> None:
    """Adds the magic to a shell of IPython."""
    shell.register_magic_function(
        lambda line, cell=None: ask(shell, line, cell), "line_cell", "headrace"
    )
