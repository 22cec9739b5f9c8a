"""Plants secrets everywhere that a program can put them. For test_secrets.py.

usage: secret_program.py SECRETS.json [more arguments, secrets among them]

Prints how many bytes of this process's ring mapping were looked at, and how often a secret was seen
in them: after every plant, so that not even a passing copy escapes.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import headrace as hr

MARK = b"ZQ9X7"


class Ring:
    """The memory that this process shares with its ring file."""

    def __init__(self) -> None:
        self.bytes = 0
        self.found = 0

    def ranges(self) -> list[tuple[int, int]]:
        out = []
        for line in Path("/proc/self/maps").read_text().splitlines():
            fields = line.split(maxsplit=5)
            name = fields[5] if len(fields) > 5 else ""
            if name.endswith(".ring") and "r" in fields[1]:
                begin, end = fields[0].split("-")
                out.append((int(begin, 16), int(end, 16)))
        return out

    def look(self, mark: bytes = MARK) -> int:
        before = self.found
        with Path("/proc/self/mem").open("rb", 0) as memory:
            for begin, end in self.ranges():
                memory.seek(begin)
                left = end - begin
                while left > 0:
                    piece = memory.read(min(left, 1 << 20))
                    if not piece:
                        break
                    left -= len(piece)
                    self.bytes += len(piece)
                    self.found += piece.count(mark)
        return self.found - before


@dataclasses.dataclass
class Login:
    user: str
    client_secret: str


class Pair(NamedTuple):
    user: str
    passwd: str


class Text(str):
    __slots__ = ()


class Hooked:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def __headrace__(self) -> Any:
        return self.answer


@hr.task
def take(value: Any) -> Any:
    return value


@hr.task
def connect(user: str, password: Any = None, **more: Any) -> None: ...


@hr.task
def command(*words: str) -> None: ...


def fails(message: str) -> None:
    @hr.task
    def fail() -> None:
        raise ConnectionError(message)

    with contextlib.suppress(ConnectionError):
        fail()
    with contextlib.suppress(ValueError), hr.task("fails in a block"):
        raise ValueError("outer") from ConnectionError(message)


def in_a_workflow(text: str) -> None:
    with hr.workflow("deploy " + text, used={"note": text}, tags={"note": text, text: 1}) as work:
        work.generated(note=text)
        with hr.task("step " + text, used={"x": [text]}, tags=[text]) as task:
            task.log({"note": text})
            task.generated({text: text})


def as_object(text: str) -> None:
    hr.object("artefact of " + text, kind="dataset", note=text, deep={"a": [text]})


def in_a_campaign(text: str) -> None:
    with hr.campaign("study " + text, note=text), hr.workflow("in it"):
        pass


# Where a secret is known by its own form.
FORMED: list[Callable[[str], Any]] = [
    take,
    lambda s: take([s]),
    lambda s: take({"a": {"b": (s,)}}),
    lambda s: take({s: 1}),
    lambda s: take({s}),
    lambda s: take(s.encode()),
    lambda s: take(bytearray(s.encode())),
    lambda s: take(Text(s)),
    lambda s: take(PurePosixPath("/a") / s),
    lambda s: take(types.SimpleNamespace(note=s)),
    lambda s: take(Hooked({"x": s})),
    lambda s: take(f"before {s} after"),
    lambda s: take("." * 1000 + " " + s + " " + "." * 20_000),
    lambda s: take(("." * 1000 + " " + s + " " + "." * 20_000).encode()),
    lambda s: hr.log(note=s),
    lambda s: connect(s, **{s: s}),
    lambda s: command("curl", s),
    fails,
    in_a_workflow,
    as_object,
    in_a_campaign,
    lambda s: print("on stdout: " + s),
    lambda s: print("on stderr: " + s, file=sys.stderr),
]
# Where only its name tells.
NAMED: list[Callable[[str], Any]] = [
    lambda s: connect("me", s),
    lambda s: connect("me", password=[s]),
    lambda s: connect("me", api_key=s, hf_token=s.encode()),
    lambda s: take({"config": {"aws_secret_access_key": s}}),
    lambda s: take(Login("me", s)),
    lambda s: take(Pair("me", s)),
    lambda s: take(argparse.Namespace(auth_token=s)),
    lambda s: take(("password", s)),
    lambda s: take([("Authorization", s)]),
    lambda s: take(["solve", "--password", s]),
    lambda s: command("solve", "--api-key", s, "--steps", "3"),
    lambda s: take(f"password={s}"),
    lambda s: take(f'{{"api_key": "{s}"}}'),
    lambda s: take(f"postgres://me:{s}@host/db"),
    lambda s: take(f"me:{s}@host.example"),
    lambda s: take(f"solve --password {s} --steps 3"),
    lambda s: take(f"Authorization: Bearer {s}"),
    lambda s: fails(f"no route to ftp://me:{s}@host/x, password: {s}"),
    lambda s: hr.log(secret=s),
    lambda s: in_a_workflow(f"token={s}"),
    lambda s: hr.object("x", kind="dataset", password=s, url=f"s3://k:{s}@bucket"),
    lambda s: print(f"export DB_PASSWORD='{s}'"),
]


def main() -> None:
    secrets = json.loads(Path(sys.argv[1]).read_text())
    ring = Ring()
    # The search does see what is recorded.
    take("no secret at all")
    seen, ring.found = ring.look(b"no secret at all"), 0
    for number, secret in enumerate(secrets):
        places = FORMED if secret["formed"] else NAMED
        for place in (places[number % len(places)], places[(number * 7 + 3) % len(places)]):
            place(secret["text"])
            ring.look()
    hr.flush()
    ring.look()
    Path(os.environ["TEST_ANSWER"]).write_text(
        json.dumps(
            {"bytes": ring.bytes, "found": ring.found, "seen": seen, "stats": hr.capture_stats()}
        )
    )
    known = next(secret["text"] for secret in secrets if secret["formed"])
    raise RuntimeError(f"cannot connect: {known}")


if __name__ == "__main__":
    main()
