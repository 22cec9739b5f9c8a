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

Key = tuple[str, int, int]  # producer, ring, number: of a record, everywhere
_KEY = re.compile(r'"producer":"([0-9a-f]+)","ring":(\d+),"number":(\d+)\}$')
_FILE_MARGIN_NS = 1_000_000_000  # a file's time may be a little older than what it holds


def _seconds(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e9


def _at(record: dict[str, Any]) -> int:
    """When it came about: a task when it ended."""
    return record.get("end_ns") or record.get("begin_ns") or record.get("at_ns") or 0


def _key(record: dict[str, Any]) -> Key:
    return record["producer"], record["ring"], record["number"]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Buffer(Sequence[dict[str, Any]]):
    """A list of documents, in the order in which they came about.

    It has those of this process and, of other processes (forked or started ones), those in
    workflows that began in this one.
    """

    def __init__(self) -> None:
        self.since_ns = time_ns()
        self._reading: Reading | None = None  # of new_lines()

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
        return [json.loads(line) for _, line in self.new_lines()]

    def new_lines(self) -> list[tuple[Key, bytes]]:
        """The same as JSON, each with what identifies its record."""
        directory = _capture.directory()
        if directory is None:
            return []
        if self._reading is None:
            self._reading = Reading(directory, self.since_ns)
        _capture.flush()
        return self._reading.new_lines()

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

    def _read(self) -> list[tuple[Key, bytes]]:
        directory = _capture.directory()
        if directory is None:
            return []
        _capture.flush()
        return Reading(directory, self.since_ns).new_lines()


class Keys:
    """Which records there were: a bit each, as a ring numbers its records without holes."""

    def __init__(self) -> None:
        self._bits: dict[tuple[str, int], bytearray] = {}

    def __contains__(self, key: Key) -> bool:
        bits = self._bits.get(key[:2], b"")
        return key[2] // 8 < len(bits) and bool(bits[key[2] // 8] >> key[2] % 8 & 1)

    def add(self, key: Key) -> None:
        bits = self._bits.setdefault(key[:2], bytearray())
        if key[2] // 8 >= len(bits):
            bits.extend(bytes(key[2] // 8 + 1 - len(bits)))
        bits[key[2] // 8] |= 1 << key[2] % 8


class Reading:
    """A spool that is read, and read on as it grows: of its files those that were written to since,
    so that one which is full never is again."""

    def __init__(self, directory: str, since_ns: int, producer: str | None = None) -> None:
        """`producer`: of a process that is no more, whose documents it reads; else of this one."""
        self.given = Keys()  # of what new_lines() gives no more
        self._directory = directory
        self._since_ns = since_ns
        self._of_another = producer
        self._campaigns: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of workflows whose id is no uuid
        self._places: dict[str, str] = {}  # of both what a task's document says
        self._workflows: set[str] = set()
        self._told: dict[str, dict[str, Any]] = {}  # what a workflow's records said by now
        self._samples: list[tuple[int, str]] = []
        self._read: dict[str, int] = {}  # how far each file was, for all but tasks
        self._read_tasks: dict[str, int] = {}

    @property
    def _producer(self) -> str | None:
        return self._of_another or _capture.producer()

    def new_lines(self) -> list[tuple[Key, bytes]]:
        """Documents that were not given yet, in the order in which they came about."""
        found = self._other_lines() + self._task_lines()
        found.sort(key=lambda one: one[0])
        return [(key, line) for _, key, line in found]

    def _text(self, with_tasks: bool, read: dict[str, int], *until: dict[str, int]) -> list[str]:
        since_ns = self._since_ns - _FILE_MARGIN_NS
        text = _capture.read_segments(self._directory, since_ns, with_tasks, read, *until)
        return [line for line in text.split("\n") if line]

    def _other_lines(self) -> list[tuple[int, Key, bytes]]:
        found = []
        while True:
            records = [json.loads(line) for line in self._text(False, self._read)]
            records = [record for record in records if _key(record) not in self.given]
            has_more = False
            for record in records:
                if record["kind"] == "workflow":
                    has_more = self._note_workflow(record) or has_more
                elif record["kind"] == "log":
                    self._note_sample(record)
            for record in records:
                if line := self._line(record):
                    found.append((_at(record), _key(record), line))
                    self.given.add(_key(record))
            if not has_more:
                return found
            # What was read before may belong to it.
            self._read.clear()
            self._read_tasks.clear()

    def _note_workflow(self, record: dict[str, Any]) -> bool:
        """True of one of another process that turns out to be in one of ours."""
        workflow = record["workflow_id"]
        if record.get("campaign"):
            self._campaigns[workflow] = record["campaign"]
        attributes = record.get("attribute", {})
        if "workflow_id" in attributes:
            self._texts[workflow] = attributes["workflow_id"]
        if workflow in self._campaigns or workflow in self._texts:
            self._places[workflow] = self._place(workflow)
        if workflow in self._workflows:
            return False
        is_by_us = record["producer"] == self._producer
        is_own = is_by_us and _at(record) >= self._since_ns
        if is_own or record["parent_workflow_id"] in self._workflows:
            self._workflows.add(workflow)
            return not is_by_us
        return False

    def _note_sample(self, record: dict[str, Any]) -> None:
        if record["producer"] == self._producer:
            sample = plain(record.get("generated", {}).get("flowcept_telemetry"))
            if isinstance(sample, dict):
                bisect.insort(self._samples, (record.get("at_ns", 0), _compact(sample)))
                self.given.add(_key(record))

    def _task_lines(self) -> list[tuple[int, Key, bytes]]:
        read = dict(self._read_tasks)
        tasks = _capture.flowcept_tasks(
            self._directory,
            self._since_ns,
            self._producer or "",
            self._places,
            self._workflows,
            _compact(configs.HOSTNAME),
            self._samples,
            self._read_tasks,
            self._read,
        )
        found = []
        by_hand: dict[Key, tuple[int, str]] = {}
        for at, producer, ring, number, line, parent in tasks:
            key = (producer, ring, number)
            if key in self.given:
                continue
            self.given.add(key)
            if line:
                found.append((at, key, line))
            else:
                by_hand[key] = (at, parent)
        return found + self._by_hand(by_hand, read)

    def _place(self, workflow: str) -> str:
        members = {"workflow_id": self._texts.get(workflow, workflow)}
        if workflow in self._campaigns:
            members["campaign_id"] = self._campaigns[workflow]
        return _compact(members)[1:-1]

    def _by_hand(
        self, tasks: dict[Key, tuple[int, str]], read: dict[str, int]
    ) -> list[tuple[int, Key, bytes]]:
        """Those whose values take more than is done natively."""
        found: list[tuple[int, Key, bytes]] = []
        for line in self._text(True, read, self._read) if tasks else ():
            match = _KEY.search(line)
            if match is None:
                continue
            key = (match[1], int(match[2]), int(match[3]))
            # A record that was recovered may stand in two files.
            if (task := tasks.pop(key, None)) is not None:
                at, parent = task
                found.append((at, key, json_line(self._task(json.loads(line), parent))))
        return found

    def _sample(self, at_ns: int | None) -> dict[str, Any] | None:
        """The last sample at or before a moment, else the first."""
        if not self._samples or at_ns is None:
            return None
        at = bisect.bisect_right(self._samples, at_ns, key=lambda sample: sample[0])
        sample: dict[str, Any] = json.loads(self._samples[max(at - 1, 0)][1])
        return sample

    def _task(self, record: dict[str, Any], parent: str) -> dict[str, Any]:
        """`parent`: the id that its parent was given, as JSON."""
        begin, end = record.get("begin_ns"), record.get("end_ns")
        workflow = record["workflow_id"]
        return task_document(
            task_id=record["task_id"],
            parent_task_id=json.loads(parent) if parent else record["parent_task_id"],
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
