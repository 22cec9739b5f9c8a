"""The same answers over HTTP, for the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sameness import is_same
from served import Served, serving
from studies import Study


@pytest.fixture(scope="module")
def served(study: Study) -> Iterator[Served]:
    with serving(study.folder) as one:
        yield one


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (
            "marginal?campaign=study&quality=val_loss&per=0.1&most_j=600",
            (
                "tradeoff",
                "study",
                "--quality",
                "val_loss",
                "--marginal",
                "--per",
                "0.1",
                "--most=600J",
            ),
        ),
        ("thermal?campaign=study&above_c=72.5", ("thermal", "study", "--above", "72.5")),
        ("phases?campaign=study&node_above_w=200", ("phases", "study", "--node-above", "200")),
    ],
)
def test_a_route_answers_as_the_command(
    served: Served, study: Study, path: str, command: tuple[str, ...]
) -> None:
    answer = served.ask(f"/api/v1/{path}")
    assert answer.status == 200, answer.body
    assert is_same(answer.json(), study.answer(*command))


def test_the_card_is_the_command_s(served: Served, study: Study) -> None:
    answer = served.ask("/api/v1/energy/card?campaign=study").json()
    # No factors were given to the server: it says so.
    assert answer.pop("carbon")["attributed_g"] is None
    assert is_same(answer, study.answer("energy", "study"))


def test_a_trade_off_s_parts_answer_as_the_command(served: Served, study: Study) -> None:
    path = "/api/v1/tradeoff?campaign=study&quality=val_loss"
    command = ("tradeoff", "study", "--quality", "val_loss")
    pairs = served.ask(f"{path}&part=pairs&paired=dataset")
    assert is_same(pairs.rows(), study.answer(*command, "--paired", "dataset"))
    effects = served.ask(f"{path}&part=effects&objectives=peak_temperature,gpu_utilization")
    more = ("--objective=peak_temperature", "--objective=gpu_utilization", "--cost=energy")
    assert is_same(effects.rows(), study.answer(*command, *more, "--effects"))
    assert served.ask(f"{path}&part=pairs").status == 400
