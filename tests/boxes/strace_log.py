"""What a run did with files, read from `strace -f -y`.

The oracle of the tests of closed boxes. It knows nothing of Headrace: each line is a system call
that a process made, with paths as the kernel gives them for descriptors.

    strace -f -y -s 4096 -e trace=%file,%desc,%process -o run.strace program
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

LINE = re.compile(rb"^(\d+) +(.*)$")
RESUMED = re.compile(rb"^<\.\.\. (\w+) resumed>(.*)$")
CALL = re.compile(
    rb"^(\w+)\((.*)\) += (-?\d+|\?)(?:<(.*?)>(?:\(deleted\))?)?(?: (.*))?$", re.DOTALL
)
DESCRIPTOR = re.compile(rb"^(-?\d+|AT_FDCWD)<(.*)>(\(deleted\))?$", re.DOTALL)
ESCAPE = re.compile(rb'\\(x[0-9a-f]{2}|[0-7]{1,3}|[abfnrtv"\\])')
LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b'"': b'"',
    b"\\": b"\\",
}
FORKS = {"clone", "clone3", "fork", "vfork"}


@dataclass
class Call:
    pid: int
    name: str
    arguments: list[bytes]
    result: int
    result_path: str | None


@dataclass
class Access:
    """One successful use of one path."""

    pid: int
    kind: str  # read, write, read+write, renamed, exchanged, removed, linked, symlinked
    path: str
    to: str = ""
    flags: frozenset[str] = frozenset()


@dataclass
class Run:
    accesses: list[Access] = field(default_factory=list)
    processes: set[int] = field(default_factory=set)
    programs: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    written: set[str] = field(default_factory=set)  # into which bytes went, or whose size was set
    folders: set[str] = field(default_factory=set)  # that were listed
    calls: int = 0


def unquote(text: bytes) -> str:
    """A C string as strace prints it."""
    quoted = text[1 : text.rindex(b'"')]

    def one(match: re.Match[bytes]) -> bytes:
        what = match[1]
        if what in LETTERS:
            return LETTERS[what]
        return bytes([int(what[1:], 16) if what.startswith(b"x") else int(what, 8)])

    return os.fsdecode(ESCAPE.sub(one, quoted))


def split(arguments: bytes) -> list[bytes]:
    """At commas that are in no string, bracket or path."""
    out: list[bytes] = []
    depth = at = start = 0
    while at < len(arguments):
        c = arguments[at : at + 1]
        if c == b'"':
            at += 1
            while arguments[at : at + 1] != b'"':
                at += 2 if arguments[at : at + 1] == b"\\" else 1
        elif c == b"<" and arguments[at - 1 : at + 1] != b"<<":
            end = arguments.find(b">", at)
            at = end if end > 0 else at
        elif c in b"([{":
            depth += 1
        elif c in b")]}":
            depth -= 1
        elif c == b"," and depth == 0:
            out.append(arguments[start:at].strip())
            start = at + 1
        at += 1
    out.append(arguments[start:].strip())
    return out


def calls(log: Path) -> Iterator[Call]:
    waiting: dict[int, bytes] = {}
    for raw in log.read_bytes().splitlines():
        line = LINE.match(raw)
        if not line:
            continue
        pid, text = int(line[1]), line[2]
        if text.endswith(b"<unfinished ...>"):
            waiting[pid] = text[: -len(b"<unfinished ...>")]
            continue
        if resumed := RESUMED.match(text):
            text = waiting.pop(pid, b"") + resumed[2]
        call = CALL.match(text)
        if not call or call[3] == b"?":
            continue
        path = os.fsdecode(call[4]) if call[4] else None
        yield Call(pid, call[1].decode(), split(call[2]), int(call[3]), path)


class Reader:
    def __init__(self, folder: str) -> None:
        self.run = Run()
        self.first_folder = folder
        self.folders: dict[int, str] = {}
        self.parents: dict[int, int] = {}
        self.leaders: dict[int, int] = {}  # of threads, the process

    def folder(self, pid: int) -> str:
        if pid not in self.folders:
            parent = self.parents.get(pid)
            self.folders[pid] = self.folder(parent) if parent else self.first_folder
        return self.folders[pid]

    def path(self, pid: int, text: bytes, base: bytes | None = None) -> str:
        path = unquote(text)
        folder = self.folder(pid)
        if base is not None and (found := DESCRIPTOR.match(base)):
            folder = os.fsdecode(found[2])
            if path.startswith("/proc/self/fd/"):
                return path
        return os.path.normpath(f"{folder}/{path}" if path[:1] != "/" else path)

    def add(self, call: Call, kind: str, path: str, to: str = "", flags: bytes = b"") -> None:
        words = frozenset(flags.decode().split("|")) if flags else frozenset()
        process = self.leaders.get(call.pid, call.pid)
        self.run.accesses.append(Access(process, kind, path, to, words))

    def opened(self, call: Call, flags: bytes) -> None:
        words = set(flags.split(b"|"))
        if b"O_PATH" in words or b"O_TMPFILE" in words or call.result_path is None:
            return
        if b"O_DIRECTORY" in words:
            self.run.folders.add(call.result_path)
        elif b"O_RDWR" in words:
            self.add(call, "read+write", call.result_path, flags=flags)
        elif b"O_WRONLY" in words:
            self.add(call, "write", call.result_path, flags=flags)
        else:
            self.add(call, "read", call.result_path, flags=flags)

    def wrote(self, descriptor: bytes) -> None:
        if found := DESCRIPTOR.match(descriptor):
            self.run.written.add(os.fsdecode(found[2]))

    def take(self, call: Call) -> None:
        a, name = call.arguments, call.name
        self.run.calls += 1
        self.run.processes.add(self.leaders.get(call.pid, call.pid))
        if name in FORKS:
            if call.result > 0:
                if any(b"CLONE_THREAD" in one for one in a):
                    self.leaders[call.result] = self.leaders.get(call.pid, call.pid)
                self.parents.setdefault(call.result, call.pid)
                if call.result not in self.folders:
                    self.folders[call.result] = self.folder(call.pid)
            return
        if call.result < 0:
            return
        match name:
            case "open":
                self.opened(call, a[1])
            case "creat":
                self.opened(call, b"O_WRONLY|O_CREAT|O_TRUNC")
            case "openat":
                self.opened(call, a[2])
            case "openat2":
                flags = re.search(rb"flags=([A-Z_|]+)", a[2])
                self.opened(call, flags[1] if flags else b"O_RDONLY")
            case "execve" | "execveat":
                program = a[0] if name == "execve" else a[1]
                self.run.programs[call.pid].append(self.path(call.pid, program))
            case "chdir":
                self.folders[call.pid] = self.path(call.pid, a[0])
            case "fchdir":
                if found := DESCRIPTOR.match(a[0]):
                    self.folders[call.pid] = os.fsdecode(found[2])
            case "rename":
                self.add(call, "renamed", self.path(call.pid, a[0]), self.path(call.pid, a[1]))
            case "renameat" | "renameat2":
                source = self.path(call.pid, a[1], a[0])
                kind = "exchanged" if b"RENAME_EXCHANGE" in a[-1] else "renamed"
                self.add(call, kind, source, self.path(call.pid, a[3], a[2]))
            case "unlink":
                self.add(call, "removed", self.path(call.pid, a[0]))
            case "rmdir":
                self.add(call, "removed folder", self.path(call.pid, a[0]))
            case "unlinkat":
                kind = "removed folder" if b"AT_REMOVEDIR" in a[2] else "removed"
                self.add(call, kind, self.path(call.pid, a[1], a[0]))
            case "link":
                self.add(call, "linked", self.path(call.pid, a[0]), self.path(call.pid, a[1]))
            case "linkat":
                source = self.path(call.pid, a[1], a[0])
                self.add(call, "linked", source, self.path(call.pid, a[3], a[2]))
            case "symlink":
                self.add(call, "symlinked", unquote(a[0]), self.path(call.pid, a[1]))
            case "symlinkat":
                self.add(call, "symlinked", unquote(a[0]), self.path(call.pid, a[2], a[1]))
            case "truncate":
                path = self.path(call.pid, a[0])
                self.add(call, "write", path)
                self.run.written.add(path)
            case (
                "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" | "ftruncate" | "fallocate"
            ):
                self.wrote(a[0])
            case "sendfile":
                self.wrote(a[0])
            case "copy_file_range" | "splice":
                self.wrote(a[2])
            case "getdents" | "getdents64":
                if found := DESCRIPTOR.match(a[0]):
                    self.run.folders.add(os.fsdecode(found[2]))
            case "mmap":
                if b"MAP_SHARED" in a[3] and b"PROT_WRITE" in a[2]:
                    self.wrote(a[4])


def read(log: Path, folder: Path) -> Run:
    """What a run did that began in `folder`."""
    reader = Reader(str(folder))
    for call in calls(log):
        reader.take(call)
    return reader.run
