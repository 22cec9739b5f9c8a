"""Puts every payload into every text that the public API takes, as a program would.

headrace run -- python hostile_program.py PAYLOAD...     the words are only for the command line
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import headrace as hr
from payloads import PAYLOADS, Payload


def short(text: str, most: int = 2000) -> str:
    return text[:most]


def make_file(payload: Payload) -> Path | None:
    """A file of this name, where a file can have it."""
    name = payload.raw.replace(b"/", b"\\")[:200]
    if b"\0" in name or name in (b"", b".", b".."):
        return None
    path = Path(os.fsdecode(name))
    path.write_bytes(payload.raw)
    return path


def one(payload: Payload) -> None:
    text = payload.text
    with (
        hr.campaign(text, tags={text: text}, **{text: text}),
        hr.workflow(text, used={text: text}, tags={text: text}) as workflow,
    ):
        workflow.generated({text: text})
        made = hr.object(short(text), kind=text, version=text, **{text: text})
        used = {text: text, "value": text, "list": [text], "map": {text: {text: text}}}
        with hr.task(text, used=used | {"object": made}, tags={text: text}) as task:
            task.generated({text: text, "value": text, "object": made})
            task.log({text: text, "loss": 0.5})
            hr.log({short(text, 100): 1.0})
        if path := make_file(payload):
            with hr.task("file", used={"file": hr.object(path)}):
                pass
        with contextlib.suppress(ValueError), hr.task(text):
            raise ValueError(text)


def all_of_them() -> None:
    """What the pages of one workflow and one task show of all payloads."""
    few = [payload.text for payload in PAYLOADS if payload.family != "long"]
    values = {text: text for text in few}
    with (
        hr.campaign("all of them", tags=values, **values),
        hr.workflow("all of them", used=values, tags=values) as workflow,
    ):
        workflow.generated(values)
        objects = {text: hr.object(text, kind=text, version=text) for text in few}
        with hr.task("everything", used=values, tags=values) as task:
            task.generated(values)
        with hr.task("objects", used=objects) as task:
            task.generated({"model": hr.object("model", kind="model", **values)})
        for step in range(4):
            for text in few:
                with hr.task(text, used={"lr": 0.1 * step, "name": text}) as task:
                    task.log({short(text, 200): 1.0 / (step + 1), "loss": 1.0 / (step + 1)})
                    task.generated({"loss": 0.1 + step})
        with contextlib.suppress(RuntimeError), hr.task("fails"):
            raise RuntimeError("\n".join(few))


if __name__ == "__main__":
    for one_payload in PAYLOADS:
        one(one_payload)
    all_of_them()
    sys.stdout.buffer.write(b"\n".join(payload.raw for payload in PAYLOADS))
    sys.stderr.buffer.write(b"\n".join(payload.raw for payload in PAYLOADS))
