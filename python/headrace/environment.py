"""What a Python process ran on: packages with versions, its own modules with hashes, seeds.

    headrace.environment.describe()      # at exit, into the producer's record

Nothing is imported for it: only what the program loaded counts. Works without the package's
extension too (`gather()`), for programs that never import headrace.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

MAX_MODULES = 256
MAX_MODULE_BYTES = 4 << 20


def _modules() -> list[tuple[str, ModuleType]]:
    return [
        (name, module)
        for name, module in list(sys.modules.items())
        if isinstance(name, str) and isinstance(module, ModuleType)
    ]


def _file_of(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) and file else None


def _site_folders() -> list[str]:
    return [
        folder
        for folder in dict.fromkeys(os.path.realpath(entry) for entry in sys.path if entry)
        if folder.endswith(("site-packages", "dist-packages"))
    ]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _installed(folder: str) -> dict[str, tuple[str, str, str]]:
    """Packages of one site folder: normal name -> (name, version, metadata folder)."""
    found = {}
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - names are enough, and faster
    except OSError:
        return {}
    for entry in entries:
        match = re.fullmatch(r"(.+?)-([^-]+?)(?:-py[\d.]+)?\.(?:dist-info|egg-info)", entry)
        if match:
            found[_normal(match[1])] = (match[1], match[2], str(Path(folder) / entry))
    return found


def _top_level(metadata: str) -> list[str]:
    try:
        return (Path(metadata) / "top_level.txt").read_text(encoding="utf-8").split()
    except (OSError, UnicodeError):
        return []


def _record_hash(metadata: str) -> str | None:
    """What identifies an installed package's content: the hash of its list of file hashes."""
    try:
        return hashlib.sha256((Path(metadata) / "RECORD").read_bytes()).hexdigest()[:16]
    except OSError:
        return None


def packages() -> dict[str, dict[str, str]]:
    """Installed packages of which a module is loaded: name -> version and hash."""
    used: dict[str, set[str]] = {folder: set() for folder in _site_folders()}
    for name, module in _modules():
        file = _file_of(module)
        if file is None or "." in name:
            continue
        for folder, names in used.items():
            if file.startswith(folder + os.sep):
                names.add(name)
                break
    found: dict[str, dict[str, str]] = {}
    for folder, names in used.items():
        if not names:
            continue
        installed = _installed(folder)
        by_module = dict(zip(installed, installed, strict=True))
        if any(_normal(name) not in by_module for name in names):
            for normal, (_, _, metadata) in installed.items():
                for top_level in _top_level(metadata):
                    by_module.setdefault(_normal(top_level), normal)
        for name in names:
            known = installed.get(by_module.get(_normal(name), ""))
            if known is None:
                version = getattr(sys.modules.get(name), "__version__", None)
                found[name] = {"version": version} if isinstance(version, str) else {}
                continue
            entry = {"version": known[1]}
            if record := _record_hash(known[2]):
                entry["sha256"] = record
            found[known[0]] = entry
    return dict(sorted(found.items()))


def own_modules() -> dict[str, str]:
    """The program's own loaded source files: path -> SHA-256."""
    outside = [os.path.realpath(sysconfig.get_path("stdlib")), *_site_folders()]
    outside.append(str(Path(__file__).resolve().parent))
    site_hooks = ("sitecustomize", "usercustomize")
    found: dict[str, str] = {}
    # At the end of a program its main module no longer says where it came from.
    files = [sys.argv[0]] if getattr(sys, "argv", None) else []
    files += [_file_of(module) or "" for name, module in _modules() if name not in site_hooks]
    for file in files:
        if len(found) >= MAX_MODULES or not file.endswith(".py"):
            continue
        path = os.path.realpath(file)
        if path in found or any(path.startswith(folder + os.sep) for folder in outside):
            continue
        try:
            if Path(path).stat().st_size <= MAX_MODULE_BYTES:
                found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError:
            continue
    return dict(sorted(found.items()))


def seeds() -> dict[str, Any]:
    """Random states as far as they can be read without changing them."""
    found: dict[str, Any] = {"PYTHONHASHSEED": os.environ.get("PYTHONHASHSEED", "random")}
    if (random := sys.modules.get("random")) is not None:
        state = repr(random.getstate()).encode()
        found["random"] = {"state_sha256": hashlib.sha256(state).hexdigest()[:16]}
    if (numpy := sys.modules.get("numpy")) is not None and "numpy.random" in sys.modules:
        name, keys, position, *_ = numpy.random.get_state()
        digest = hashlib.sha256(keys.tobytes() + str(position).encode()).hexdigest()
        found["numpy"] = {"generator": str(name), "state_sha256": digest[:16]}
        # np.random.seed(n) with a plain integer leaves n in the legacy generator's first key.
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "initial_seed"):
        found["torch"] = {"initial_seed": int(torch.initial_seed())}
    return found


def gather() -> dict[str, Any]:
    """All of it. A part that fails is left out."""
    found: dict[str, Any] = {
        "language": "python " + ".".join(str(part) for part in sys.version_info[:3]),
        "implementation": sys.implementation.name,
        "interpreter": sys.executable or "",
    }
    for name, read in (("packages", packages), ("modules", own_modules), ("seeds", seeds)):
        try:
            found[name] = read()
        except Exception as error:
            found[name] = {"unreadable": type(error).__name__}
    return found


# A producer's fact holds 8 KiB; more of a kind stands in name.1, name.2, ...
MAX_FACT_BYTES = 8000


def _pieces(value: Any) -> list[str]:
    text = json.dumps(value)
    if len(text) <= MAX_FACT_BYTES or not isinstance(value, dict):
        return [text[:MAX_FACT_BYTES]]
    pieces: list[dict[str, Any]] = [{}]
    size = 2
    for key, item in value.items():
        more = len(json.dumps({key: item}))
        if size + more > MAX_FACT_BYTES:
            pieces.append({})
            size = 2
        pieces[-1][key] = item
        size += more
    return [json.dumps(piece) for piece in pieces]


def facts() -> dict[str, str]:
    """What gather() found as the texts of a producer's record."""
    found: dict[str, str] = {}
    for name, value in gather().items():
        if isinstance(value, str):
            found[name] = value
            continue
        for number, piece in enumerate(_pieces(value)):
            found[name if number == 0 else f"{name}.{number}"] = piece
    return found
