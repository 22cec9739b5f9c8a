"""Foreign sources that are followed from Python: files, servers, channels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any

from headrace import _query
from headrace.adapters import Object
from headrace.store import BusyError as BusyError  # which open() may raise


class Source:
    """The door through which what another program recorded comes in, each piece once.

        with adapters.Source("mesh", "/data/mesh.log") as source:
            for offset, line in lines_after(int(source.position or 0)):
                try:
                    job = json.loads(line)
                except ValueError as error:
                    source.quarantine(line, str(error))
                    continue
                source.task(job["id"], "solve", begin_ns=..., end_ns=..., used=job["input"])
                source.commit(str(offset))

    The rules are those of src/collect/intake.h: ids derive from the source's own; what is told
    again is passed over; a task may be told in parts; `position` is what the last commit kept, None
    where the source is to be told from its beginning. What is told after the last commit is told
    again next time. `can_be_read_again=False` is for a channel, whose messages are gone once read.

    Times are Unix ns. Values are those of a task: numbers, text, bytes, None, datetime, lists,
    dicts and sets of them; objects by `source.object(...)`. One thread at a time. BusyError when
    another process has the source open, ValueError for what says nothing that could be stored.
    """

    def __init__(
        self,
        kind: str,
        identity: str,
        directory: str | os.PathLike[str] | None = None,
        *,
        can_be_read_again: bool = True,
    ) -> None:
        self._native = _query.Intake(
            "" if directory is None else os.fspath(directory), kind, identity, can_be_read_again
        )

    @property
    def position(self) -> str | None:
        """What the last commit kept; None: tell the source from its beginning."""
        position = self._native.position()
        return position.decode() or None

    def workflow(
        self,
        id: str,
        name: str = "",
        *,
        parent: str = "",
        campaign: str = "",
        begin_ns: int | None = None,
        end_ns: int | None = None,
        status: str = "running",
        used: Mapping[str, Any] | None = None,
        generated: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> str:
        """Tells of a workflow, again and again as more is known; it runs until an `end_ns` with
        its `status` was told. Gives its id here."""
        return self._native.workflow(
            id,
            name,
            parent,
            campaign,
            begin_ns,
            end_ns,
            status,
            dict(used or {}),
            dict(generated or {}),
            dict(tags or {}),
            dict(attributes or {}),
        )

    def task(
        self,
        id: str,
        activity: str = "",
        *,
        workflow: str = "",
        parent: str = "",
        begin_ns: int | None = None,
        end_ns: int | None = None,
        status: str = "finished",
        attempt: int = 0,
        depends_on: Iterable[str] = (),
        used: Mapping[str, Any] | None = None,
        generated: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
        error: tuple[str, str, str] | None = None,
        host: str = "",
        agent: str = "",
    ) -> str:
        """Tells of a task or a part of one: `status` pending or running while it goes on. `error`
        is (type, message, traceback). Gives its id here."""
        return self._native.task(
            id,
            activity,
            workflow,
            parent,
            begin_ns,
            end_ns,
            status,
            attempt,
            list(depends_on),
            dict(used or {}),
            dict(generated or {}),
            dict(tags or {}),
            dict(attributes or {}),
            list(error or ()),
            host,
            agent,
        )

    def object(
        self,
        id: str,
        kind: str = "object",
        *,
        name: str = "",
        path: str = "",
        sha256: str = "",
        size_bytes: int | None = None,
        version: str = "",
        workflow: str = "",
        at_ns: int | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Object:
        """Tells of an object and gives what stands for it in used and generated values."""
        id_bytes = self._native.object(
            id,
            kind,
            name,
            path,
            sha256,
            size_bytes,
            version,
            workflow,
            at_ns,
            dict(attributes or {}),
        )
        return Object(id_bytes, kind, name or id, path or None, sha256 or None, size_bytes)

    def row(
        self,
        values: Mapping[str, Any],
        *,
        at_ns: int,
        task: str = "",
        workflow: str = "",
        step: int | None = None,
    ) -> None:
        """Tells of a row of metrics, of a task or else of a workflow."""
        self._native.row(dict(values), at_ns, task, workflow, step)

    def line(
        self, text: str, *, at_ns: int, task: str = "", workflow: str = "", is_error: bool = False
    ) -> None:
        """Tells of a line that was printed or logged."""
        self._native.line(text, at_ns, task, workflow, is_error)

    def edge(
        self, task: str, object: str, *, generated: bool, name: str = "", inferred: bool = False
    ) -> None:
        """Tells that a task used or generated an object, both by their ids in the source."""
        self._native.edge(task, object, generated, name, inferred)

    def quarantine(self, piece: bytes, reason: str) -> None:
        """Keeps a piece that makes no sense, with the reason."""
        self._native.quarantine(piece, reason)

    def commit(self, position: str = "") -> None:
        """Everything told so far is in the spool when it returns, and then `position` is kept."""
        self._native.commit(position)

    def report(self) -> dict[str, int]:
        """What was taken in since it was opened, what was known already, what is kept aside, and
        `told_bytes`: the memory for what was ever told of the source."""
        return self._native.report()

    def close(self) -> None:
        """Lets go of the source."""
        self._native.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
