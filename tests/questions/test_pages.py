"""What docs/questions shows of the emulated study is what the commands print."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest
from asked import HEADRACE, ROOT
from studies import Study

PAGES = ROOT / "docs" / "questions"


def shown(page: str) -> list[tuple[str, str]]:
    """Each command with what is shown below it."""
    text = (PAGES / f"{page}.md").read_text()
    return re.findall(r"```\n\$ (headrace [^\n]*)\n(.*?)```", text, re.S)


def printed(study: Study, command: str) -> str:
    words = shlex.split(command)
    done = subprocess.run(
        [HEADRACE, *words[1:]],
        cwd=study.folder,
        env=study.environment | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize("page", ["energy", "marginal", "effects", "thermal", "phases"])
def test_a_page_shows_what_is_printed(study: Study, page: str) -> None:
    transcripts = shown(page)
    assert transcripts
    for command, expected in transcripts:
        # A unit in the last place of a sum may round another way.
        assert printed(study, command).split() == expected.split(), command
