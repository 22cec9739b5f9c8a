"""The page asks these questions over HTTP, and gets what the command line's --json gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from served import serving
from studies import Study

ASKED = {
    "ranks": ["--ranks"],
    "outliers": ["--outliers"],
    "nodes": ["--nodes"],
    "path": ["--path"],
    "truth": ["--truth"],
    "capture": ["--capture"],
    "checks": ["--checks"],
}


def test_each_question_has_a_route_with_the_same_json(study: Study) -> None:
    with serving(Path(study.folder)) as served:
        for about, options in ASKED.items():
            answer = served.ask(f"/api/v1/energy/{about}?campaign=study")
            assert answer.status == 200, about
            assert answer.json() == study.answer("energy", "study", *options), about
        fewer = served.ask("/api/v1/energy/ranks?campaign=study&activity=train&least=2&limit=3")
        assert len(fewer.json()["rows"]) == 3
        unknown = served.ask("/api/v1/energy/colours?campaign=study")
        assert unknown.status == 400
        assert b"outliers" in unknown.body
        nowhere = served.ask("/api/v1/energy/nodes?campaign=elsewhere")
        assert nowhere.status == 404


@pytest.mark.parametrize("about", ["ranks", "nodes"])
def test_a_file_is_never_read_for_a_caller(study: Study, about: str) -> None:
    with serving(Path(study.folder)) as served:
        assert served.ask(f"/api/v1/energy/{about}?against=/etc/passwd").status == 400
