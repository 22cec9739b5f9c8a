"""docs/cli.md knows every command and option that `headrace --help` knows, and no other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from asked import HEADRACE

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def help_of(*words: str) -> str:
    return subprocess.run(
        [HEADRACE, *words, "--help"], capture_output=True, text=True, check=True
    ).stdout


def verbs_in(text: str) -> list[str]:
    """The first words of the lines under `Subcommands:`."""
    _, found, listed = text.partition("Subcommands:\n")
    return re.findall(r"^ {2}([a-z-]+) ", listed, re.MULTILINE) if found else []


def options_in(text: str) -> set[str]:
    """What a help's `Options:` begin with, with all names of each: "-o,--output"."""
    _, _, listed = text.partition("\nOptions:\n")
    return set(re.findall(r"^ {2}(-\S+)", listed, re.MULTILINE))


def told_of(verb: str) -> str:
    """Its line in the page's table, its section, and the pages that these refer to."""
    line = re.search(rf"^\|[^|\n]*`{verb}[` ].*$", PAGE, re.MULTILINE)
    assert line, f"the table of docs/cli.md lacks {verb}"
    own = line[0] + "\n"
    for title, section in re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", PAGE, re.MULTILINE):
        if verb in re.split(r", ", title):
            own += section
    pages = set(re.findall(r"\]\(([\w/.-]+\.md)", own))
    own += PAGE[PAGE.index("\n## Options of every verb") : PAGE.index("\n## Exit codes")]
    return own + "".join((DOCS / page).read_text(encoding="utf-8") for page in sorted(pages))


def test_every_command_and_option_is_told() -> None:
    verbs = verbs_in(help_of())
    assert {"run", "query", "config"} <= set(verbs)
    untold = []
    for verb in verbs:
        told = told_of(verb)
        inner = verbs_in(help_of(verb))
        untold += [f"{verb} {word}" for word in inner if f"`{verb} {word}`" not in told]
        options = options_in(help_of(verb)).union(*(options_in(help_of(verb, w)) for w in inner))
        for names in options:
            if not any(re.search(rf"(?<![\w-]){name}(?![\w-])", told) for name in names.split(",")):
                untold.append(f"{verb} {names}")
    assert untold == []


def test_every_option_that_is_told_is_there() -> None:
    helps = [help_of(), *(help_of(verb) for verb in verbs_in(help_of()))]
    known = set().union(*(OPTION.findall(text) for text in helps))
    assert set(OPTION.findall(PAGE)) - known == set()
