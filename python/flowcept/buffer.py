"""`Flowcept.buffer`: what was recorded since the controller started, as documents.

Nothing is kept for it while the program runs: it is read back from the spool when it is asked for.
"""

from __future__ import annotations

import bisect
import json
from collections.abc import Iterator, Sequence
from time import time_ns
from typing import Any, overload

from headrace import _capture

from flowcept import recording
from flowcept.documents import plain, task_document, workflow_document


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e9


class Buffer(Sequence[dict[str, Any]]):
    """A list of documents, in the order in which they came about.

    It has those of this process and, of other processes (forked or started ones), those in
    workflows that began in this one.
    """

    def __init__(self) -> None:
        # A file's time may be a tick of the kernel's clock older than this moment.
        self._since_ns = time_ns()
        self._given: set[tuple[str, int, int]] = set()

    def documents(self) -> list[dict[str, Any]]:
        """All of them, newly read."""
        return [document for _, document in self._read()]

    def new_documents(self) -> list[dict[str, Any]]:
        """Those that this method has not given before."""
        new = []
        for key, document in self._read():
            if key not in self._given:
                self._given.add(key)
                new.append(document)
        return new

    def append(self, document: dict[str, Any]) -> None:
        """Records a document of the program's own making."""
        recording.record(document)

    def extend(self, documents: Sequence[dict[str, Any]]) -> None:
        for document in documents:
            self.append(document)

    def __len__(self) -> int:
        return len(self.documents())

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, index: Any) -> Any:
        return self.documents()[index]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.documents())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Buffer | list) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.documents())

    def _read(self) -> list[tuple[tuple[str, int, int], dict[str, Any]]]:
        directory = _capture.directory()
        if directory is None:
            return []
        _capture.flush()
        margin_ns = 1_000_000_000
        text = _capture.read_segments(directory, self._since_ns - margin_ns)
        records = [json.loads(line) for line in text.split("\n") if line]
        return _Selection(records, self._since_ns).documents()


def _at(record: dict[str, Any]) -> int:
    """When it came about: a task when it ended."""
    return record.get("end_ns") or record.get("begin_ns") or record.get("at_ns") or 0


class _Selection:
    """The records of one read that belong to a buffer, as documents."""

    def __init__(self, records: list[dict[str, Any]], since_ns: int) -> None:
        self._since_ns = since_ns
        self._records = records
        self._campaigns: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of workflows whose id is no uuid
        self._producers = {_capture.producer()}
        self._workflows: set[str] = set()
        parents: list[tuple[str, str | None]] = []
        self._samples: list[tuple[int, dict[str, Any]]] = []
        for record in records:
            if record["kind"] == "workflow":
                workflow = record["workflow_id"]
                if record.get("campaign"):
                    self._campaigns[workflow] = record["campaign"]
                if named := record.get("attribute", {}).get("workflow_id"):
                    self._texts[workflow] = named
                if record["producer"] in self._producers and self._is_recent(record):
                    self._workflows.add(workflow)
                parents.append((workflow, record["parent_workflow_id"]))
            elif record["kind"] == "log" and "flowcept_telemetry" in record.get("generated", {}):
                sample = plain(record["generated"]["flowcept_telemetry"])
                if isinstance(sample, dict) and record["producer"] in self._producers:
                    self._samples.append((record.get("at_ns", 0), sample))
        for workflow, parent in parents:
            if parent in self._workflows:
                self._workflows.add(workflow)
        self._samples.sort(key=lambda sample: sample[0])

    def _is_recent(self, record: dict[str, Any]) -> bool:
        return _at(record) >= self._since_ns

    def _is_ours(self, record: dict[str, Any]) -> bool:
        of_ours = (
            record["producer"] in self._producers or record.get("workflow_id") in self._workflows
        )
        return of_ours and self._is_recent(record)

    def documents(self) -> list[tuple[tuple[str, int, int], dict[str, Any]]]:
        found = []
        for record in self._records:
            if not self._is_ours(record):
                continue
            document = self._document(record)
            if document is not None:
                key = (record["producer"], record["ring"], record["number"])
                found.append((_at(record), key, document))
        found.sort(key=lambda one: one[:2])
        return [(key, document) for _, key, document in found]

    def _document(self, record: dict[str, Any]) -> dict[str, Any] | None:
        kind = record["kind"]
        if kind == "task":
            return None if record["is_open"] else self._task(record)
        if kind == "workflow":
            return self._workflow(record)
        if kind == "object":
            attributes = record.get("attribute", {})
            if "agent_id" in attributes and record["object_kind"] == "agent":
                return {**plain(_of_document(attributes)), "type": "agent"}
            if "object_id" in attributes:
                return {**plain(_of_document(attributes)), "type": "object"}
        return None

    def _sample(self, at_ns: int | None) -> dict[str, Any] | None:
        """The last sample at or before a moment, else the first."""
        if not self._samples or at_ns is None:
            return None
        at = bisect.bisect_right(self._samples, at_ns, key=lambda sample: sample[0])
        return self._samples[max(at - 1, 0)][1]

    def _task(self, record: dict[str, Any]) -> dict[str, Any]:
        begin, end = record.get("begin_ns"), record.get("end_ns")
        workflow = record["workflow_id"]
        return task_document(
            task_id=record["task_id"],
            parent_task_id=record["parent_task_id"],
            workflow_id=self._texts.get(workflow, workflow),
            campaign_id=self._campaigns.get(workflow),
            activity=record["activity"]["name"],
            status=record["status"],
            started_at=_seconds(begin),
            ended_at=_seconds(end),
            used=record.get("used"),
            generated=record.get("generated"),
            tags=record.get("tag"),
            error=record.get("error"),
            attributes=record.get("attribute"),
            telemetry=(self._sample(begin), self._sample(end)),
        )

    def _workflow(self, record: dict[str, Any]) -> dict[str, Any] | None:
        attributes = record.get("attribute", {})
        if attributes.get("saved") is False or record["workflow_id"] in self._unsaved():
            return None
        is_open = record["is_open"]
        # What was said at the begin holds at the end too.
        told: dict[str, Any] = {}
        if not is_open:
            for other in self._records:
                if other["kind"] == "workflow" and other["workflow_id"] == record["workflow_id"]:
                    told.update(other.get("attribute", {}))
                    record = {**{k: other[k] for k in ("used",) if k in other}, **record}
        return workflow_document(
            workflow_id=record["workflow_id"],
            parent_workflow_id=record["parent_workflow_id"],
            campaign_id=record.get("campaign"),
            name=record["name"],
            status="running" if is_open else record["status"],
            started_at=_seconds(record.get("begin_ns")),
            ended_at=None if is_open else _seconds(record.get("end_ns")),
            used=record.get("used"),
            generated=record.get("generated"),
            attributes={**told, **attributes},
        )

    def _unsaved(self) -> set[str]:
        return {
            record["workflow_id"]
            for record in self._records
            if record["kind"] == "workflow" and record.get("attribute", {}).get("saved") is False
        }


def _of_document(attributes: dict[str, Any]) -> dict[str, Any]:
    """Without what the object's record itself has."""
    return {key: value for key, value in attributes.items() if key not in ("path", "sha256")}
