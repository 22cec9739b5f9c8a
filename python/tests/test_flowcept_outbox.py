"""What waits for a Flowcept channel: one process at a time takes it, and another when that dies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("flowcept.buffer")
from flowcept.buffer import Keys
from flowcept.commons.daos.mq_dao.outbox import Outbox
from flowcept.commons.daos.mq_dao.publication import Publication


def test_a_kept_file_is_taken_by_one_until_it_is_done(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "channel")
    assert list(outbox.take()) == []
    outbox.keep([b"one", b"", b"three"])
    (kept,) = outbox.take()
    with kept:
        assert kept.messages == [b"one", b"", b"three"]
        assert list(outbox.take()) == []
    # It was let go without being done, as when a process is killed.
    (kept,) = outbox.take()
    with kept:
        kept.done()
    assert list(outbox.take()) == []
    assert list(outbox.folder.iterdir()) == []


def test_a_message_that_was_cut_is_left_out(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    path = outbox.keep([b"one", b"two"])
    path.write_bytes(path.read_bytes()[:-1])
    (kept,) = outbox.take()
    with kept:
        assert kept.messages == [b"one"]


def test_a_publication_is_left_only_by_a_process_that_is_gone(tmp_path: Path) -> None:
    publication = Publication.begin(tmp_path, "0123", 5)
    publication.will_stop("7", "bundle")
    assert list(Publication.left(tmp_path)) == []
    publication.leave()
    (left,) = Publication.left(tmp_path)
    assert left.rest(str(tmp_path / "no spool"), lambda: 0) == []
    assert left.stops == [("7", "bundle")]
    left.end()
    assert list(Publication.left(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


def test_a_publication_goes_on_behind_a_line_that_was_cut(tmp_path: Path) -> None:
    publication = Publication.begin(tmp_path, "0123", 5)
    publication.sending([("0123", 1, n) for n in (4, 2, 3, 9)])
    publication.sent()
    path = publication.path
    publication.leave()
    with path.open("a") as file:
        file.write('{"keys": [["01')
    (left,) = Publication.left(tmp_path)
    left.rest(str(tmp_path / "no spool"), lambda: 0)
    assert left.number == 1
    left.sending([("0123", 1, 10)])
    left.leave()
    lines = path.read_text().splitlines()
    assert json.loads(lines[1])["keys"] == [["0123", 1, 2, 4], ["0123", 1, 9, 9]]
    assert json.loads(lines[-1]) == {"keys": [["0123", 1, 10, 10]], "number": 2}


def test_keys_are_those_that_were_added() -> None:
    keys = Keys()
    for number in (0, 7, 8, 1000):
        keys.add(("a", 1, number))
    found = [n for n in range(1100) if ("a", 1, n) in keys]
    assert found == [0, 7, 8, 1000]
    assert ("a", 2, 7) not in keys and ("b", 1, 7) not in keys
