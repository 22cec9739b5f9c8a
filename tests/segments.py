"""The raw records of a spool as pandas frames, read as docs/formats/segment.md says.

Nothing of Headrace is used: what is computed from these frames checks what it answers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd

GRID = 64 * 1024
STATUSES = ["pending", "running", "finished", "failed", "cancelled", "lost"]
ROLES = ["used", "generated", "tag", "error", "attribute"]
LIST, MAP, SET = 64, 65, 66


@dataclass(frozen=True)
class ObjectId:
    """A value that names an object."""

    text: str


def uuid_text(data: bytes) -> str:
    return str(UUID(bytes=data))


def text_value(tag: int, data: bytes) -> Any:
    if tag == 4:
        return data.decode()
    if tag == 6:
        return int(data, 0)
    return data


def nested(data: bytes, at: int) -> tuple[Any, int]:
    tag = data[at]
    at += 1
    if tag == 0:
        return None, at
    if tag == 1:
        return bool(data[at]), at + 1
    if tag in (2, 3, 7):
        return struct.unpack_from("<d" if tag == 3 else "<q", data, at)[0], at + 8
    if tag == 8:
        return ObjectId(uuid_text(data[at : at + 16])), at + 16
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    if tag in (LIST, SET):
        items = []
        for _ in range(count):
            item, at = nested(data, at)
            items.append(item)
        return items, at
    if tag == MAP:
        pairs = {}
        for _ in range(count):
            key, at = nested(data, at)
            pairs[key], at = nested(data, at)
        return pairs, at
    return text_value(tag, data[at : at + count]), at + count


def cell_value(tag: int, record: bytes, at: int) -> Any:
    if tag == 0:
        return None
    if tag == 1:
        return record[at] != 0
    if tag in (2, 7):
        return struct.unpack_from("<q", record, at)[0]
    if tag == 3:
        return struct.unpack_from("<d", record, at)[0]
    offset, length = struct.unpack_from("<II", record, at)
    data = record[offset : offset + length]
    if tag == 8:
        return ObjectId(uuid_text(data))
    if tag in (9, 10):
        return nested(data, 0)[0]
    return text_value(tag, data)


@dataclass
class Packed:
    """The bytes of a block of samples, taken off the front."""

    rest: bytes

    def byte(self) -> int:
        first, self.rest = self.rest[0], self.rest[1:]
        return first

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def numbers(self, count: int) -> list[int]:
        if count == 0:
            return []
        out = [self.varint()]
        if count == 1:
            return out
        zigzag, said = self.varint(), self.byte()
        least = zigzag >> 1 if zigzag % 2 == 0 else -(zigzag + 1) // 2
        step, width = self.varint() if said & 128 else 1, said & 127
        size = (width * (count - 1) + 7) // 8
        bits, self.rest = int.from_bytes(self.rest[:size], "little"), self.rest[size:]
        for _ in range(count - 1):
            out.append((out[-1] + least + step * (bits % (1 << width))) % (1 << 64))
            bits >>= width
        return out


def samples_of(record: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Sensor, flags, ticks, raw reading of each sample in a block."""
    count, size = struct.unpack_from("<II", record, 8)
    block = Packed(record[16 : 16 + size])
    times = block.numbers(block.varint())
    which = list(range(len(times)))
    sensor = flags = told = 0
    while block.rest:
        what = block.varint()
        sensor += what >> 2
        if what & 1:
            flags = block.byte()
        if what & 2:
            which = block.numbers(block.varint())
        for time, raw in zip(which, block.numbers(len(which)), strict=True):
            yield sensor, flags, times[time], raw
        told += len(which)
    assert told == count


def frames(data: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Producer, whether the frame describes others, payload."""
    at = 0
    while at + 40 <= len(data):
        if data[at : at + 4] != b"HRF1":
            at = (at // GRID + 1) * GRID
            continue
        flags, length = struct.unpack_from("<HI", data, at + 6)
        (producer,) = struct.unpack_from("<Q", data, at + 16)
        yield producer, bool(flags & 1), data[at + 40 : at + 40 + length]
        at += 40 + length


def records(payload: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(payload):
        (size,) = struct.unpack_from("<I", payload, at)
        yield payload[at : at + size]
        at += size


@dataclass
class Producer:
    """One process: what its records refer to, and they."""

    number: int
    entries: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    clocks: dict[int, int] = field(default_factory=dict)  # ticks: wall ns
    bodies: list[bytes] = field(default_factory=list)

    def text(self, entry: int) -> str:
        return self.entries[entry][1].decode() if entry else ""

    def fields(self, entry: int) -> dict[str, Any]:
        value: dict[str, Any] = nested(self.entries[entry][1], 0)[0]
        return value

    def uuid(self, entry: int) -> str | None:
        return uuid_text(self.entries[entry][1][:16]) if entry else None

    def task_id(self, number: int) -> str:
        high = (self.number >> 12) << 16 | 8 << 12 | self.number & 0xFFF
        return str(UUID(int=high << 64 | 1 << 63 | number))

    def wall_ns(self, ticks: int) -> int:
        # Between two clock records the line between them; beyond them the line of the whole.
        at = sorted(self.clocks)
        if len(at) == 1:
            return self.clocks[at[0]] + ticks - at[0]
        k = int(np.clip(np.searchsorted(at, ticks), 1, len(at) - 1))
        a, b = (at[0], at[-1]) if ticks < at[0] or ticks > at[-1] else (at[k - 1], at[k])
        return self.clocks[a] + round((ticks - a) * (self.clocks[b] - self.clocks[a]) / (b - a))

    def values(self, record: bytes, shape: int, cells: int, at: int) -> dict[str, dict[str, Any]]:
        out: dict[str, dict[str, Any]] = {role: {} for role in ROLES}
        described = self.entries[shape][1] if shape else b""
        for i in range(cells):
            name, role, tag = struct.unpack_from("<IBB", described, 8 * i)
            out[ROLES[role]][self.text(name)] = cell_value(tag, record, at + 8 * i)
        return out


def objects_in(value: Any) -> Iterator[str]:
    if isinstance(value, ObjectId):
        yield value.text
    elif isinstance(value, dict):
        for inner in value.values():
            yield from objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


@dataclass
class Raw:
    """task: by task_id; workflow: by workflow_id; object: by object_id; edge; log; sample."""

    task: pd.DataFrame
    workflow: pd.DataFrame
    object: pd.DataFrame
    edge: pd.DataFrame
    log: pd.DataFrame
    sample: pd.DataFrame


def read_producers(spool: Path) -> list[Producer]:
    producers: dict[int, Producer] = {}
    for file in sorted([*spool.glob("*.seg"), *spool.glob("*.open")]):
        for number, is_meta, payload in frames(file.read_bytes()):
            producer = producers.setdefault(number, Producer(number))
            for record in records(payload):
                kind, flags = record[4], record[5]
                if not is_meta:
                    producer.bodies.append(record)
                elif kind == 32:
                    ticks, _, wall = struct.unpack_from("<Qqq", record, 8)
                    producer.clocks[ticks] = wall
                elif kind == 33:
                    entry, length = struct.unpack_from("<II", record, 8)
                    producer.entries[entry] = (flags, record[16 : 16 + length])
    return list(producers.values())


def read_raw(root: Path) -> Raw:
    """All that lies in the spool of a `.headrace`."""
    tasks: dict[str, dict[str, Any]] = {}
    workflows: dict[str, dict[str, Any]] = {}
    objects: dict[str, dict[str, Any]] = {}
    edges, log, samples = [], [], []
    for p in read_producers(root / "spool"):
        for record in p.bodies:
            kind, flags, cells = record[4], record[5], struct.unpack_from("<H", record, 6)[0]
            if kind == 1:
                activity, workflow, number, parent, begin, end, shape, status = struct.unpack_from(
                    "<IIQQQQIB", record, 8
                )
                outer = p.uuid(parent) if flags & 2 else p.task_id(parent) if parent else None
                if not end:
                    continue  # announced; it comes again when it has ended
                tasks[p.task_id(number)] = {
                    "activity": p.fields(activity)["name"],
                    "workflow_id": p.uuid(workflow),
                    "parent_task_id": outer,
                    "began_ns": p.wall_ns(begin),
                    "ended_ns": p.wall_ns(end),
                    "status": STATUSES[status],
                    "producer": p.number,
                    "ring": struct.unpack_from("<H", record, 54)[0],
                    **p.values(record, shape, cells, 56),
                }
            elif kind == 2:
                workflow, outer, _, name, _, _, shape = struct.unpack_from("<IIIIQQI", record, 8)
                known = workflows.setdefault(
                    p.uuid(workflow) or "",
                    {"name": "", "parent_workflow_id": None, "used": {}, "generated": {}},
                )
                values = p.values(record, shape, cells, 48)
                known["name"] = known["name"] or p.text(name)
                known["parent_workflow_id"] = known["parent_workflow_id"] or p.uuid(outer)
                known["used"].update(values["used"])
                known["generated"].update(values["generated"])
            elif kind == 4:
                shape = struct.unpack_from("<I", record, 40)[0]
                attributes = p.values(record, shape, cells, 48)["attribute"]
                objects[uuid_text(record[8:24])] = {
                    "kind": p.text(struct.unpack_from("<I", record, 24)[0]),
                    **attributes,
                }
            elif kind == 5 and flags != 3:  # 3: how long layers ran
                number, workflow, shape, ticks = struct.unpack_from("<QIIQ", record, 8)
                logged = p.values(record, shape, cells, 32)
                log.append(
                    {
                        "task_id": p.task_id(number) if number else None,
                        "workflow_id": p.uuid(workflow),
                        "at_ns": p.wall_ns(ticks),
                        "metrics": {k: v for role in logged.values() for k, v in role.items()},
                    }
                )
            elif kind in (6, 9):
                one = struct.unpack_from("<IIQQ", record, 8) if kind == 6 else None
                told = [(one[0], flags, one[2], one[3])] if one else samples_of(record)
                samples += [
                    {"producer": p.number, "scale": 1.0, **p.fields(sensor)}
                    | {"at_ns": p.wall_ns(at), "raw": raw}
                    for sensor, failed, at, raw in told
                    if not failed & 1
                ]
    for kind_of, owners in (("task", tasks), ("workflow", workflows)):
        for owner, facts in owners.items():
            for role in ("used", "generated"):
                for name, value in facts[role].items():
                    for thing in objects_in(value):
                        edges.append((role, kind_of, owner, thing, name))
    return Raw(
        task=pd.DataFrame.from_dict(tasks, orient="index"),
        workflow=pd.DataFrame.from_dict(workflows, orient="index"),
        object=pd.DataFrame.from_dict(objects, orient="index"),
        edge=pd.DataFrame(edges, columns=["relation", "kind", "owner", "object", "name"]),
        log=pd.DataFrame(log, columns=["task_id", "workflow_id", "at_ns", "metrics"]),
        sample=pd.DataFrame(samples),
    )
