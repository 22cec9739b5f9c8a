"""The commands that docs/questions show, run again: they answer in the form that the pages show."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked import HEADRACE
from studies import Study

PAGES = Path(__file__).parents[2] / "docs" / "questions"
OF_FINE_TUNING = ["affects", "critical-path", "stragglers", "summary", "tradeoff", "why"]
OF_THE_SWEEP = ["diff", "regret"]
# Held to what is printed, to the letter, by tests/questions.
OF_THE_EMULATED_STUDY = ["effects", "energy", "marginal", "phases", "thermal"]
OF_THE_EMULATED_STUDY += [f"energy-{part}" for part in ("nodes", "path", "tasks", "truth")]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Study:
    study = Study(tmp_path_factory.mktemp("sweep"))
    (study.folder / "sweep.py").write_text((PAGES / "sweep.py").read_text())
    for name, shift in (("before", "0"), ("after", "0.05")):
        program = (sys.executable, "sweep.py", name, shift)
        study.headrace("run", "-q", "--campaign", "sweep", "--", *program)
    return study


def transcripts(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each `$ headrace` command with the lines below it."""
    for block in re.findall(r"```\n(\$ .*?)```", (PAGES / f"{page}.md").read_text(), re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, answer = part.partition("\n")
            # A running campaign, a run, a pipe and the emulated study are tests' of their own.
            if not re.search(r"--live|--follow|headrace run|\||tuned-", command):
                yield command, answer.splitlines()


def form(line: str) -> str:
    """A line without its numbers, ids and widths."""
    line = re.sub(r"[0-9a-f]{8}(\.\.[0-9a-f]{4})?\b", "#", line)
    line = re.sub(r"(≈ )?[\d.,]+(e[-+]\d+)?( [µmnkM]?[sJB]\b| %)?", "#", line)
    return re.sub(r"\W+", " ", line.replace("…", "")).strip()


def labels(lines: list[str]) -> set[str]:
    """The words that begin lines of a document."""
    return {found[1] for line in lines if (found := re.match(r"(?:  )?([a-z]+)\b", line))}


def check(page: str, study: Study) -> None:
    shown = list(transcripts(page))
    assert shown
    for command, expected in shown:
        words = shlex.split(command)
        assert words[0] == "headrace"
        done = subprocess.run(
            [HEADRACE, *words[1:]],
            cwd=study.folder,
            env=study.environment | {"NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        # 1: they differ; 3: the page shows what is said of an unknown name.
        assert done.returncode in (0, 1, 3), done.stdout
        assert (done.returncode == 3) == ("did you mean" in expected[0]), done.stdout
        lines = done.stdout.splitlines()
        assert form(lines[0]) == form(expected[0]), command
        assert labels(lines) & labels(expected) or not labels(expected), command


@pytest.mark.parametrize("page", OF_FINE_TUNING)
def test_a_page_of_the_fine_tuning_study(fine_tuning: Study, page: str) -> None:
    check(page, fine_tuning)


@pytest.mark.parametrize("page", OF_THE_SWEEP)
def test_a_page_of_the_sweep(sweep: Study, page: str) -> None:
    check(page, sweep)


def test_every_question_has_its_page() -> None:
    pages = {page.stem for page in PAGES.glob("*.md")}
    own = {"README", "reproduce", "energy-layers"}  # each held by its own test
    assert pages == {*OF_FINE_TUNING, *OF_THE_SWEEP, *OF_THE_EMULATED_STUDY, *own}
