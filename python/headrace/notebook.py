"""`%load_ext headrace`: SQL and filters in cells of IPython and Jupyter.

    %%headrace
    SELECT activity, count(*) FROM task GROUP BY 1

    %headrace --to best activity:train used.lr<1e-3

A cell that begins with a word of SQL is SQL, any other cell or line a filter of tasks. Before it,
`--dir FOLDER` asks another folder and `--to NAME` keeps the answer as a variable.
"""

from __future__ import annotations

import re
import shlex
from typing import Any

from headrace.rows import Rows
from headrace.store import QueryError, Store, StoreError
from headrace.table import Table

SQL = re.compile(
    r"(?:\s|\(|--[^\n]*\n)*(?:select|from|with|values|describe|show|summarize|explain)\b", re.I
)
OPTION = re.compile(r"""\s*--(\w+)(?:=|\s+)("[^"]*"|'[^']*'|\S+)""")


def ask(shell: Any, line: str, cell: str | None = None) -> Table | Rows:
    """What the magic does; `shell` is an InteractiveShell."""
    options, text = _options(line)
    if cell is not None:
        if text:
            raise QueryError(f"the question stands below this line, not in it: {text}")
        text = cell
    folder, name = options.get("dir"), options.get("to")
    if name is not None and not name.isidentifier():
        raise QueryError(f"--to {name}: that is no name of a variable")
    store = Store(folder)
    answer = store.sql(text) if SQL.match(text) else store.tasks.where(" ".join(text.split()))
    if isinstance(answer, Rows):
        len(answer)  # its mistakes are told here
    if name is not None:
        shell.push({name: answer})
    return answer


def _options(line: str) -> tuple[dict[str, str], str]:
    """What stands in front, and the rest; a filter has quotes of its own."""
    options = {}
    while found := OPTION.match(line):
        name, value = found.groups()
        if name not in ("dir", "to"):
            raise QueryError(f"there is no option --{name}; there are --dir FOLDER and --to NAME")
        options[name] = shlex.split(value)[0] if value[0] in "\"'" else value
        line = line[found.end() :]
    return options, line.strip()


def register(shell: Any) -> None:
    """Adds the magic to a shell of IPython."""
    from IPython.core.error import UsageError

    def headrace(line: str, cell: str | None = None) -> Table | Rows:
        try:
            return ask(shell, line, cell)
        except StoreError as error:  # shown as a sentence, not as a traceback
            raise UsageError(str(error)) from None

    shell.register_magic_function(headrace, "line_cell", "headrace")
