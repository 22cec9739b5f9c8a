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
