"""Runs clang-tidy over our own .cc files, in parallel; a file that passed once costs nothing again.

What was checked is remembered under a hash of everything that the answer depends on: the tool, its
settings, the compile command, the file and every file of ours that it includes. Paths enter the
hash relative to the clone, so clones share the memory. It lies in the user's cache folder
(XDG_CACHE_HOME), or in .cache/ where $HOME cannot be written; script/tidy.passed brings it to
machines that have none. A file that changed has another hash, so a stale line costs time, no truth.

usage: tidy.py [--all | --record] BUILD_FOLDER
  --all      adds the *_test.cc and the static analyzer, and takes no word for anything
  --record   writes script/tidy.passed when nothing was found
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

TOOL = "clang-tidy-16"
ROOT = Path(__file__).resolve().parent.parent
PASSED = ROOT / "script" / "tidy.passed"
OURS = ("src", "include", "python", "examples", "bench", "tests")
# gcc's flags reach clang: unknown ones are no finding, and gcc's -Werror is gcc's business.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error"]
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*[<"]([^">]+)[">]', re.MULTILINE)


def cache_folder() -> Path:
    """The first of the user's cache folder and the clone's that can be written."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    for base in (Path(home), ROOT / ".cache"):
        folder = base / "headrace-tidy"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".probe-{os.getpid()}"
            probe.touch()
            probe.unlink()
            return folder
        except OSError:
            continue
    raise SystemExit("tidy: no folder for the cache can be written")


def search_path(arguments: list[str]) -> list[Path]:
    """The folders of the clone in which the compiler looks for headers."""
    found = []
    for index, argument in enumerate(arguments):
        name = None
        if argument in ("-I", "-isystem", "-iquote") and index + 1 < len(arguments):
            name = arguments[index + 1]
        elif argument.startswith("-I"):
            name = argument[2:]
        if name and Path(name).is_relative_to(ROOT):
            found.append(Path(name))
    return found


def reachable(source: Path, folders: list[Path]) -> list[Path]:
    """The source and every file of the clone that it includes, directly or not."""
    seen: dict[Path, None] = {}
    todo = [source]
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen[path] = None
        for name in INCLUDE.findall(path.read_bytes()):
            for folder in (path.parent, *folders):
                header = folder / name.decode()
                if header.is_file():
                    todo.append(header)
                    break
    return sorted(seen)


def key_of(source: Path, arguments: list[str], settings: bytes) -> str:
    """The hash of everything that the answer for this file depends on."""
    digest = hashlib.sha256(settings)
    digest.update(" ".join(arguments).replace(str(ROOT), ".").encode())
    for path in reachable(source, search_path(arguments)):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def check(source: Path, build: Path, options: list[str]) -> str:
    """clang-tidy's findings in one file; empty when there are none."""
    done = subprocess.run(
        [TOOL, "-p", str(build), "--quiet", *options, str(source)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return "" if done.returncode == 0 else (done.stdout or done.stderr).replace(f"{ROOT}/", "")


def main() -> int:
    everything, records = sys.argv[1:2] == ["--all"], sys.argv[1:2] == ["--record"]
    if len(sys.argv) != 2 + everything + records:
        print(__doc__, file=sys.stderr)
        return 2
    build = Path(sys.argv[-1]).resolve()
    options = EXTRA if everything else [*EXTRA, "--checks=-clang-analyzer-*"]
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes() + " ".join(options).encode()
    cache = cache_folder()
    passed = set() if everything or not PASSED.exists() else set(PASSED.read_text().split())
    keys: list[str] = []

    todo: list[tuple[Path, Path]] = []
    count = 0
    for entry in json.loads((build / "compile_commands.json").read_text()):
        source = Path(entry["directory"], entry["file"]).resolve()
        if not source.is_relative_to(ROOT) or source.relative_to(ROOT).parts[0] not in OURS:
            continue
        if not source.is_file():  # removed since the last configuration
            continue
        if source.name.endswith("_test.cc") and not everything:
            continue
        count += 1
        key = key_of(source, shlex.split(entry["command"]), settings)
        keys.append(key[:16])
        stamp = cache / key
        if not stamp.exists() and key[:16] not in passed:
            todo.append((source, stamp))

    findings = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = {pool.submit(check, source, build, options): stamp for source, stamp in todo}
        for answer in concurrent.futures.as_completed(waiting):
            if text := answer.result():
                findings += 1
                print(text, flush=True)
            else:
                waiting[answer].touch()
    if records and not findings:
        PASSED.write_text("\n".join(sorted(keys)) + "\n")
    print(f"{count} files, {len(todo)} checked now, {findings} with findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
