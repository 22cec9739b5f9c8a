"""Makes seeds for the fuzz targets: tests/fuzz/corpus/{segment,record,value,ring,elf,event,
foreign}.

Each file given is a small segment of one producer. The whole is a seed for `segment`; its meta and
data payloads, in the form that record_fuzz.cc takes, for `record`; each nested value in its
dictionary and in its records' tails for `value`. A ring file becomes a seed for `ring`. Programs
of each sort that box/elf.h tells apart, as small as they can be, are made for `elf` each time.
An event file of TensorBoard (with "tfevents" in its name) becomes a seed for `event`, and so does
each of its records. A line of a .jsonl and a message of a .messages (recorded from Flowcept, each
behind its size as u32) become seeds for `foreign`; those of MLflow's texts are made each time.

usage: make_corpus.py [SEGMENT|RING|EVENTS|DOCUMENTS...]
"""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
FRAME = struct.Struct("<4sHHIIQIIQ")
RECORD = struct.Struct("<IBBH")
DICTIONARY = 33
NESTED_ENTRIES = {3, 6}  # activity, sensor
LIST, MAP = 64, 65
RING_HEADER = 64 * 1024
UNIT = 64
LARGEST = 4096  # a seed that is larger teaches the fuzzer little more


def frames(segment: bytes) -> Iterator[tuple[bool, bytes]]:
    """(is meta, payload) of each frame."""
    at = 0
    while at + FRAME.size <= len(segment):
        magic, _, flags, size, *_ = FRAME.unpack_from(segment, at)
        if magic != b"HRF1":
            at += 8
            continue
        at += FRAME.size
        yield bool(flags & 1), segment[at : at + size]
        at += size


def records(payload: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(payload):
        (size,) = struct.unpack_from("<I", payload, at)
        yield payload[at : at + size]
        at += size


def keep(target: str, seed: bytes) -> None:
    if len(seed) > LARGEST and target not in ("segment", "ring"):
        return
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(seed).hexdigest()[:12]).write_bytes(seed)


def nested_values(meta: bytes, data: bytes) -> Iterator[bytes]:
    """The bytes of values, each behind the tag that its cell would have."""
    for record in records(meta):
        _, kind, entry, _ = RECORD.unpack_from(record)
        if kind == DICTIONARY and entry in NESTED_ENTRIES:
            (length,) = struct.unpack_from("<I", record, 12)
            yield b"\x09" + record[16 : 16 + length]
    for record in records(data):
        # A nested value begins with its tag and count; what follows is the rest of the tail.
        for at in range(16, len(record), 8):
            offset, length = (
                struct.unpack_from("<II", record, at) if at + 8 <= len(record) else (0, 0)
            )
            span = record[offset : offset + length]
            if offset >= 24 and 5 <= length == len(span) and span[0] in (LIST, MAP):
                yield b"\x09" + span


def folded_ring(ring: bytes) -> bytes:
    """A ring file in the form that ring_fuzz.cc takes: its units of 64 bytes that are not zero."""
    pages = min(255, (len(ring) - RING_HEADER) // 4096)
    out = bytes([pages])
    units = [ring[at : at + UNIT] for at in range(0, RING_HEADER + 4096 * pages, UNIT)]
    at = 0
    while at < len(units):
        end = at
        while end < len(units) and end - at < 255 and any(units[end]):
            end += 1
        if end > at:
            out += struct.pack("<HB", at, end - at) + b"".join(units[at:end])
        at = max(end, at + 1)
    return out


def framed_records(events: bytes) -> Iterator[bytes]:
    """Each record of an event file, with its length and checksums."""
    at = 0
    while at + 16 <= len(events):
        (length,) = struct.unpack_from("<Q", events, at)
        yield events[at : at + length + 16]
        at += length + 16


def messages(recorded: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(recorded):
        (size,) = struct.unpack_from("<I", recorded, at)
        yield recorded[at + 4 : at + 4 + size]
        at += 4 + size


JSON, MESSAGE, SPANS, META, PARAM = (bytes([form]) for form in range(5))  # of foreign_fuzz.cc


def texts_of_mlflow() -> Iterator[bytes]:
    span = (
        b'{"span_id":"/NpGQmgYrrM=","parent_span_id":"WCKWg/YV8JA=","name":"find",'
        b'"start_time_unix_nano":1795381111277577564,"end_time_unix_nano":null,'
        b'"events":[{"name":"exception","attributes":{"exception.message":"no wood",'
        b'"exception.type":"ValueError","exception.stacktrace":"Traceback"}}],'
        b'"status":{"code":"STATUS_CODE_ERROR","message":"no wood"},'
        b'"attributes":{"mlflow.spanInputs":"{\\"k\\": 2}","mlflow.spanOutputs":"[1, 2]","n":3},'
        b'"links":[{"trace_id":"tr-1"}]}'
    )
    earlier = (
        b'{"name":"answer","context":{"span_id":"0x2ac7ebdeb3e5af6d"},"parent_id":"0x01",'
        b'"start_time":17,"end_time":29,"status_code":"OK","status_message":"",'
        b'"attributes":{"mlflow.spanType":"\\"TOOL\\""},"events":[]}'
    )
    yield from (
        SPANS + span,
        SPANS + earlier,
        SPANS + b'{"spans":[' + span + b"," + earlier + b"]}",
    )
    yield META + b"end_time: 1795368790000\nname: 'a ''b'': c'\nsource: \"t\\t \\u2028 \\x1B\"\n"
    yield META + b'tags: null\nschema: \'{"a": 1,\n\n  "b": 2}\'\naliases:\n- x: 1\nd:\n  e: 2\n'
    yield from (PARAM + text for text in (b"0.001", b"-17", b"1e-05", b"True", b"1.50", b"nan"))


def timestamps() -> Iterator[bytes]:
    """Messages {"started_at": a timestamp} of 12 bytes, the second before 1970, and of 4."""
    for sized in (
        b"\xc7\x0c\xff" + struct.pack(">Iq", 5, 1_700_000_000),
        b"\xc7\x0c\xff\0\0\0\0" + b"\xff" * 8,
        b"\xd6\xff\x65\x53\xf1\0",
    ):
        yield MESSAGE + b"\x81\xaastarted_at" + sized


ELF_HEADER = struct.Struct("<4s5B7xHHIQQQIHHHHHH")
SEGMENT_HEADER = struct.Struct("<IIQQQQQQ")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
INTERPRETER, NOTE = 3, 4


def elf(segments: list[tuple[int, bytes]], sections: list[bytes], bits: int = 2) -> bytes:
    """An x86-64 program of the given segments, with empty sections of the given names."""
    program_at = ELF_HEADER.size
    body_at = program_at + SEGMENT_HEADER.size * len(segments)
    headers = body = b""
    for kind, content in segments:
        at = body_at + len(body)
        headers += SEGMENT_HEADER.pack(kind, 4, at, at, at, len(content), len(content), 4)
        body += content
    names = b"\0" + b"\0".join(sections) + b"\0"
    names_at = body_at + len(body)
    table = b""
    for name in sections:
        table += SECTION_HEADER.pack(names.index(name), 3, 0, 0, names_at, len(names), 0, 0, 1, 0)
    ident = (b"\x7fELF", bits, 1, 1, 0, 0)
    sizes = (64, 56, len(segments), 64, len(sections), 0)
    places = (0, program_at, names_at + len(names) if sections else 0)
    return ELF_HEADER.pack(*ident, 3, 62, 1, *places, 0, *sizes) + headers + body + names + table


def programs() -> Iterator[bytes]:
    loader = (INTERPRETER, b"/lib64/ld-linux-x86-64.so.2\0")
    build_id = struct.pack("<III4s8s", 4, 8, 3, b"GNU\0", b"\1" * 8)
    of_go = struct.pack("<III4s8s", 4, 8, 4, b"Go\0\0", b"\2" * 8)
    yield elf([loader, (NOTE, build_id)], [b".text"])
    yield elf([(NOTE, build_id)], [])
    yield elf([(NOTE, build_id + of_go)], [])
    yield elf([loader], [b".text", b".go.buildinfo"])
    yield elf([(INTERPRETER, b"/lib/ld-musl-x86_64.so.1\0")], [])
    yield elf([loader], [], bits=1)
    yield b"#! /usr/bin/env -S python3 -u\n"
    yield b"#!\n"


def main(paths: list[str]) -> None:
    for program in programs():
        keep("elf", program)
    for text in (*texts_of_mlflow(), *timestamps()):
        keep("foreign", text)
    for path in paths:
        if path.endswith(".ring"):
            keep("ring", folded_ring(Path(path).read_bytes()))
            continue
        if path.endswith(".jsonl"):
            for line in Path(path).read_bytes().splitlines():
                keep("foreign", JSON + line)
            continue
        if path.endswith(".messages"):
            for message in messages(Path(path).read_bytes()):
                keep("foreign", MESSAGE + message)
            continue
        if "tfevents" in Path(path).name:
            events = Path(path).read_bytes()
            keep("event", events)
            for record in framed_records(events):
                keep("event", record)
            continue
        segment = Path(path).read_bytes()
        keep("segment", segment)
        meta = b"".join(payload for is_meta, payload in frames(segment) if is_meta)
        data = b"".join(payload for is_meta, payload in frames(segment) if not is_meta)
        keep("record", struct.pack("<H", len(meta)) + meta + data)
        for record in records(data):
            keep("record", struct.pack("<H", len(meta)) + meta + record)
        for value in nested_values(meta, data):
            keep("value", value)


if __name__ == "__main__":
    main(sys.argv[1:])
