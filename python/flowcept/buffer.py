"""`Flowcept.buffer`: what was recorded since the controller started, as documents.

Nothing is kept for it while the program runs: it is read back from the spool when it is asked for.
Most tasks become JSON lines natively; the others, and workflows, agents and objects, here.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator, Sequence
from time import time_ns
from typing import Any, overload

from headrace import _capture

from flowcept import configs, recording
from flowcept.commons.utils import json_line
from flowcept.documents import plain, task_document, workflow_document

_Key = tuple[str, int, int]  # producer, ring, number: of a record, everywhere
_KEY = re.compile(r'"producer":"([0-9a-f]+)","ring":(\d+),"number":(\d+)\}$')
_FILE_MARGIN_NS = 1_000_000_000  # a file's time may be a little older than what it holds


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e9


def _at(record: dict[str, Any]) -> int:
    """When it came about: a task when it ended."""
    return record.get("end_ns") or record.get("begin_ns") or record.get("at_ns") or 0


def _key(record: dict[str, Any]) -> _Key:
    return record["producer"], record["ring"], record["number"]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Buffer(Sequence[dict[str, Any]]):
    """A list of documents, in the order in which they came about.

    It has those of this process and, of other processes (forked or started ones), those in
    workflows that began in this one.
    """

    def __init__(self) -> None:
        self._since_ns = time_ns()
        self._given: set[_Key] = set()

    def documents(self) -> list[dict[str, Any]]:
        """All of them, newly read."""
        return [json.loads(line) for _, line in self._read()]

    def lines(self) -> Iterator[bytes]:
        """All of them, as lines of a JSON lines file; without their `data`."""
        for _, line in self._read():
            if b'"data":' in line:
                document = json.loads(line)
                document.pop("data", None)
                line = json_line(document)
            yield line

    def new_documents(self) -> list[dict[str, Any]]:
        """Those that this method has not given before."""
        new = []
        for key, line in self._read():
            if key not in self._given:
                self._given.add(key)
                new.append(json.loads(line))
        return new

    def append(self, document: dict[str, Any]) -> None:
        """Records a document of the program's own making."""
        recording.record(document)

    def extend(self, documents: Sequence[dict[str, Any]]) -> None:
        for document in documents:
            self.append(document)

    def __len__(self) -> int:
        return len(self._read())

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

    def _read(self) -> list[tuple[_Key, bytes]]:
        directory = _capture.directory()
        if directory is None:
            return []
        _capture.flush()
        return _Reading(directory, self._since_ns).lines()


class _Reading:
    """One reading of a spool."""

    def __init__(self, directory: str, since_ns: int) -> None:
        self._directory = directory
        self._since_ns = since_ns
        self._producer = _capture.producer()
        self._campaigns: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of workflows whose id is no uuid
        self._workflows: set[str] = set()
        self._told: dict[str, dict[str, Any]] = {}  # what a workflow's records said by now
        self._samples: list[tuple[int, dict[str, Any]]] = []
        self._records = [json.loads(line) for line in self._text(False)]
        for record in self._records:
            if record["kind"] == "workflow":
                self._note_workflow(record)
            elif record["kind"] == "log":
                self._note_sample(record)
        self._samples.sort(key=lambda sample: sample[0])

    def _text(self, with_tasks: bool) -> list[str]:
        since_ns = self._since_ns - _FILE_MARGIN_NS
        text = _capture.read_segments(self._directory, since_ns, with_tasks)
        return [line for line in text.split("\n") if line]

    def _note_workflow(self, record: dict[str, Any]) -> None:
        workflow = record["workflow_id"]
        if record.get("campaign"):
            self._campaigns[workflow] = record["campaign"]
        attributes = record.get("attribute", {})
        if "workflow_id" in attributes:
            self._texts[workflow] = attributes["workflow_id"]
        is_own = record["producer"] == self._producer and _at(record) >= self._since_ns
        if is_own or record["parent_workflow_id"] in self._workflows:
            self._workflows.add(workflow)

    def _note_sample(self, record: dict[str, Any]) -> None:
        if record["producer"] == self._producer:
            sample = plain(record.get("generated", {}).get("flowcept_telemetry"))
            if isinstance(sample, dict):
                self._samples.append((record.get("at_ns", 0), sample))

    def lines(self) -> list[tuple[_Key, bytes]]:
        tasks = _capture.flowcept_tasks(
            self._directory,
            self._since_ns,
            self._producer or "",
            {workflow: self._place(workflow) for workflow in self._campaigns.keys() | self._texts},
            list(self._workflows),
            _compact(configs.HOSTNAME),
            [(at, _compact(sample)) for at, sample in self._samples],
        )
        others = [(_at(record), _key(record), self._line(record)) for record in self._records]
        found = [one for one in others if one[2]]
        by_hand = self._by_hand({task[1:4] for task in tasks if not task[4]})
        for at, producer, ring, number, line in tasks:
            key = (producer, ring, number)
            found.append((at, key, line or by_hand[key]))
        found.sort(key=lambda one: one[0])
        return [(key, line) for _, key, line in found]

    def _place(self, workflow: str) -> str:
        members = {"workflow_id": self._texts.get(workflow, workflow)}
        if workflow in self._campaigns:
            members["campaign_id"] = self._campaigns[workflow]
        return _compact(members)[1:-1]

    def _by_hand(self, keys: set[_Key]) -> dict[_Key, bytes]:
        """The tasks of these keys, whose values take more than is done natively."""
        made: dict[_Key, bytes] = {}
        if not keys:
            return made
        for line in self._text(True):
            match = _KEY.search(line)
            if match is None:
                continue
            key = (match[1], int(match[2]), int(match[3]))
            if key in keys:
                made[key] = json_line(self._task(json.loads(line)))
        return made

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

    def _line(self, record: dict[str, Any]) -> bytes:
        """Of a record that is no task; nothing where it has no document."""
        is_ours = (
            record["producer"] == self._producer or record.get("workflow_id") in self._workflows
        )
        if not is_ours or _at(record) < self._since_ns:
            return b""
        if record["kind"] == "workflow":
            return self._workflow(record)
        attributes = record.get("attribute", {})
        if record["kind"] == "object" and record["object_kind"] == "agent":
            return json_line({**plain(attributes), "type": "agent"})
        if record["kind"] == "object" and "object_id" in attributes:
            return json_line({**plain(attributes), "type": "object"})
        return b""

    def _workflow(self, record: dict[str, Any]) -> bytes:
        # What was said at its begin holds at its end too.
        told = self._told.setdefault(record["workflow_id"], {"used": {}, "attribute": {}})
        for role in ("used", "attribute"):
            told[role].update(record.get(role, {}))
        if told["attribute"].get("saved") is False:
            return b""
        is_open = record["is_open"]
        document = workflow_document(
            workflow_id=record["workflow_id"],
            parent_workflow_id=record["parent_workflow_id"],
            campaign_id=record.get("campaign"),
            name=record["name"],
            status="running" if is_open else record["status"],
            started_at=_seconds(record.get("begin_ns")),
            ended_at=None if is_open else _seconds(record.get("end_ns")),
            used=told["used"],
            generated=record.get("generated"),
            attributes=told["attribute"],
        )
        return json_line(document)
