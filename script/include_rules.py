"""Checks that every #include keeps to the rooms that MAP.md allows.

MAP.md has a section `## <folder>` for each room, with a line

    May include: `base` `model`.

that names rooms (a room's name is the last part of its folder; "nothing" for none), and, where it
needs them, the lines `Third party:` (headers from outside that only such rooms may use) and
`Tests also include:` (for *_test.cc, *_test_main.cc and *_fixture.h, which only tests include).

usage: include_rules.py [ROOT]
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

# Where a folder of sources is a room. `include/headrace` holds the public headers.
PARENTS = ("src", "include", "python")
SOURCES = (".cc", ".h", ".c", ".hpp", ".cpp")
# Headers of other projects: the first part of the path, or the file's name without its ending.
THIRD_PARTY = {
    "CLI": "cli11",
    "Python": "python",
    "boost": "boost",
    "duckdb": "duckdb",
    "nanobind": "nanobind",
    "openssl": "openssl",
    "sqlite3": "sqlite3",
    "structmember": "python",
    "zlib": "zlib",
}
TEST_ONLY = ("gtest", "gmock")

HEADING = re.compile(r"^## `?([\w/]+)`?\s*$")
LINE = re.compile(r"^(May include|Third party|Tests also include):(.*)$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]')


@dataclass
class Room:
    """One section of MAP.md."""

    folder: str
    may_include: set[str] | None = None
    third_party: set[str] = field(default_factory=set)
    tests_also: set[str] = field(default_factory=set)


def room_name(folder: str) -> str:
    return folder.rsplit("/", 1)[-1]


def read_map(text: str) -> tuple[dict[str, Room], list[str]]:
    """The rooms of MAP.md by name, and what is wrong with the page itself."""
    rooms: dict[str, Room] = {}
    problems: list[str] = []
    room: Room | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            heading = HEADING.match(line)
            room = None
            if heading and heading[1].split("/")[0] in PARENTS:
                room = Room(heading[1])
                if room_name(room.folder) in rooms:
                    problems.append(f"MAP.md:{number}: room {room.folder} stands there twice")
                rooms[room_name(room.folder)] = room
        elif room and (rule := LINE.match(line)):
            names = set(re.findall(r"`([\w-]+)`", rule[2]))
            if rule[1] == "May include":
                room.may_include = names
            elif rule[1] == "Third party":
                room.third_party = names
            else:
                room.tests_also = names
    for name, found in rooms.items():
        if found.may_include is None:
            problems.append(f"MAP.md: room {found.folder} has no 'May include:' line")
            found.may_include = set()
        for other in sorted((found.may_include | found.tests_also) - rooms.keys()):
            problems.append(f"MAP.md: room {name} may include {other}, which is no room")
    return rooms, problems


def is_of_tests(path: str) -> bool:
    return "_test." in path or path.endswith(("_fixture.h", "_test_main.cc"))


def third_party_of(header: str) -> str | None:
    first = header.split("/")[0]
    return THIRD_PARTY.get(first if "/" in header else first.rsplit(".", 1)[0])


def check_file(path: str, text: str, room: Room, rooms: dict[str, Room]) -> list[str]:
    """What one source file includes against the rules."""
    own = room_name(room.folder)
    is_test = is_of_tests(path)
    allowed = {own} | (room.may_include or set()) | (room.tests_also if is_test else set())
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        quoted, header = include[1] == '"', include[2]
        where = f"{path}:{number}"
        first = header.split("/")[0]
        outside = third_party_of(header)
        if first == "headrace" and "/" in header:
            if quoted:
                problems.append(f"{where}: write <{header}>, a public header, in angle brackets")
            if "headrace" in rooms and "headrace" not in allowed:
                problems.append(f"{where}: room {own} may not include the public headers")
        elif outside is not None:
            if outside not in room.third_party:
                problems.append(f"{where}: room {own} may not include {outside}'s <{header}>")
        elif first in TEST_ONLY:
            if not is_test:
                problems.append(f"{where}: only tests may include <{header}>")
        elif is_of_tests(header) and not is_test:
            problems.append(f"{where}: only tests may include {header}")
        elif quoted and "/" not in header:
            problems.append(f'{where}: name the room: "{own}/{header}"')
        elif quoted and first not in rooms:
            problems.append(f'{where}: "{header}" is in no room of MAP.md')
        elif quoted and first not in allowed:
            problems.append(f"{where}: room {own} may not include room {first} ({header})")
        elif not quoted and first in rooms and "/" in header:
            problems.append(f'{where}: write "{header}", a room\'s header, in quotes')
    return problems


def check_cmake(path: str, text: str, room: Room) -> list[str]:
    """What one room links against the rules."""
    own = room_name(room.folder)
    problems = []
    call = re.search(r"headrace_room\(([^)]*)\)", text)
    keyword = ""
    for word in call[1].split()[1:] if call else ():
        if word.isupper():
            keyword = word
            continue
        allowed = room.may_include or set()
        if keyword == "TEST_DEPENDS":
            allowed = allowed | room.tests_also
        if keyword in ("DEPENDS", "TEST_DEPENDS") and word not in allowed:
            problems.append(f"{path}: room {own} may not depend on room {word}")
    return problems


def check_tree(root: Path) -> list[str]:
    """Every breach of the rules in a clone."""
    rooms, problems = read_map((root / "MAP.md").read_text())
    by_folder = {room.folder: room for room in rooms.values()}
    found: set[str] = set()
    for parent in PARENTS:
        for file in sorted((root / parent).rglob("*")):
            is_cmake = file.name == "CMakeLists.txt"
            if not is_cmake and file.suffix not in SOURCES:
                continue
            path = file.relative_to(root).as_posix()
            folder = "/".join(path.split("/")[:2])
            if len(path.split("/")) < 3:
                continue
            found.add(folder)
            room = by_folder.get(folder)
            if room is None:
                continue
            if is_cmake:
                problems += check_cmake(path, file.read_text(), room)
            else:
                problems += check_file(path, file.read_text(), room, rooms)
    for folder in sorted(found - by_folder.keys()):
        problems.append(f"{folder}: this room is missing in MAP.md")
    for folder in sorted(by_folder.keys() - found):
        problems.append(f"MAP.md: room {folder} holds no source")
    return problems


def main() -> int:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    problems = check_tree(root)
    for problem in problems:
        print(problem)
    print(f"{len(problems)} breaches of the include rule" if problems else "every include allowed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
