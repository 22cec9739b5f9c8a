"""The pages that show the first rows of an answer show what the commands print."""

from __future__ import annotations

import pytest
from studies import Study
from test_pages import printed, shown


@pytest.mark.parametrize("page", ["energy-tasks", "energy-nodes", "energy-path", "energy-truth"])
def test_a_page_shows_what_is_printed_up_to_where_it_is_cut(study: Study, page: str) -> None:
    transcripts = shown(page)
    assert transcripts
    for command, expected in transcripts:
        # A table ends with an empty line, or where all ends.
        tables = printed(study, command).split("\n\n")
        shorter = expected.split("\n\n")
        assert len(tables) == len(shorter), command
        for table, cut in zip(tables, shorter, strict=True):
            words, kept = table.split(), cut.split()
            if kept[-1] == "…":
                assert words[: len(kept) - 1] == kept[:-1], command
            else:
                assert words == kept, command


def test_what_a_model_cost_with_all_that_fed_it(study: Study) -> None:
    ((command, expected),) = [one for one in shown("why") if "tuned-" in one[0]]
    lines = [line for line in expected.splitlines() if line.strip() not in ("", "…", "...")]
    assert len(lines) > 3
    there = [line.split() for line in printed(study, command).splitlines()]
    for line in lines:
        assert line.split() in there, line
