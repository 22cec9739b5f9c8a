"""A folder in which every captured text is hostile, made through the public ways of capturing."""
# ruff: noqa: S608 - fixed SQL

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from asked import HEADRACE, environment_of, outside, query
from payloads import PAYLOADS
from served import is_root, serving

PROGRAM = Path(__file__).with_name("hostile_program.py")
ALL = "all of them"

# 64 bytes are what the kernel takes.
HOSTNAMES = (
    b"<img src=x data-hostile onerror=hostile(1)>\x1b[31m\x9b31m",
    b"=1+1\x1b]0;hostile\x07\xe2\x80\xae\r",
    b"<script data-hostile>hostile(1)</script>\xff\xfe",
    b"'\";--<svg data-hostile onload=hostile(1)>\xc2\x9b2J",
)
# Programs whose machine has other names need a namespace of their own, which only root may make.
NAMED = (
    "import os, socket, sys; socket.sethostname(bytes.fromhex(sys.argv[1])); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)
SAMPLED = """
import sys, time
import headrace as hr
with hr.campaign("sensors"), hr.workflow("sampled"), hr.task("long enough"):
    time.sleep(0.4)
"""


def rows(folder: Path, sql: str) -> list[dict[str, Any]]:
    return query(sql, outside(), "--dir", str(folder / ".headrace"))


def words() -> list[list[bytes]]:
    """The payloads as command lines: what a record keeps of one is 8 KiB."""
    lines: list[list[bytes]] = [[]]
    for payload in PAYLOADS:
        word = payload.raw.replace(b"\0", b"")[:4000]
        if sum(map(len, lines[-1])) + 3 * len(lines[-1]) + len(word) > 6000:
            lines.append([])
        lines[-1].append(word)
    return lines


def variables() -> dict[bytes, bytes]:
    """The payloads as variables that `headrace run` keeps."""
    of = {
        f"KOKKOS_H{i:03}".encode(): payload.raw
        for i, payload in enumerate(PAYLOADS)
        if b"\0" not in payload.raw
    }
    job = b"<img src=x data-hostile onerror=hostile(1)>\x1b[31m"
    return of | {b"SLURM_JOB_ID": job, b"SLURM_JOB_NAME": job, b"SLURM_JOB_NODELIST": job}


def run(
    folder: Path,
    *command: bytes | str | Path,
    host: bytes = b"",
    more: dict[bytes, bytes] | None = None,
) -> None:
    environment = {
        os.fsencode(name): os.fsencode(value)
        for name, value in environment_of(
            folder / ".headrace", HEADRACE_TELEMETRY="0", PYTHONPATH=str(PROGRAM.parent)
        ).items()
    }
    asked = [str(HEADRACE), "run", "-q", "--", *command]
    if host and is_root():
        named = ["unshare", "--uts", sys.executable, "-c", NAMED, host.hex()]
        asked = [*named, *asked]
    subprocess.run(
        asked,
        cwd=folder / "code",
        env=environment | (more or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=120,
    )


def make_changed_code(folder: Path) -> None:
    """A repository with hostile changes that were not committed, on a hostile branch."""
    code = folder / "code"
    code.mkdir()
    file = code / "model.py"
    file.write_text("pass\n")
    author = ["-c", "user.name=<b data-hostile>", "-c", "user.email=x@hostile.example"]
    for arguments in (
        ["init", "-q", "-b", "'\"><img/src=x/data-hostile/onerror=hostile(1)>"],
        ["add", "."],
        [*author, "commit", "-q", "-m", "<script data-hostile>hostile(1)</script>"],
    ):
        subprocess.run(["git", *arguments], cwd=code, check=True, capture_output=True)
    file.write_bytes(b"\n".join(payload.raw for payload in PAYLOADS if payload.family != "long"))


def make_sensors(folder: Path) -> dict[bytes, bytes]:
    """Energy zones with hostile names, as a machine's firmware could give them."""
    names = [payload.raw for payload in PAYLOADS if payload.family != "long"]
    for i, name in enumerate(names):
        zone = folder / "sys/class/powercap" / f"intel-rapl:{i}"
        zone.mkdir(parents=True)
        (zone / "name").write_bytes(name)
        (zone / "energy_uj").write_text("1000000\n")
        (zone / "max_energy_range_uj").write_text("262143328850\n")
    return {b"HEADRACE_TELEMETRY": b"1", b"HEADRACE_SYSFS_ROOT": os.fsencode(folder / "sys")}


def amend(folder: Path) -> None:
    """Notes and tags, by the server's own door for them."""
    text = (
        "\n".join(p.text for p in PAYLOADS if p.family != "long")
        .encode("utf-8", "replace")
        .decode()
    )
    (row,) = rows(folder, f"SELECT workflow_id FROM workflow WHERE name = '{ALL}'")
    with serving(folder, "--allow-write") as served:
        for kind, which in (("campaign", ALL), ("workflow", row["workflow_id"])):
            place = f"{kind}/{which.replace(' ', '%20')}"
            done = served.ask(f"/api/v1/note/{place}", method="PUT", body={"text": text})
            assert done.status == 200, done.body
            for word in (HOSTNAMES[0], HOSTNAMES[1]):
                tag = {"set": word.decode("utf-8", "replace")}
                done = served.ask(f"/api/v1/tags/{place}", method="PATCH", body=tag)
                assert done.status == 200, done.body


def make(folder: Path) -> None:
    make_changed_code(folder)
    more = variables()
    run(folder, sys.executable, PROGRAM, host=HOSTNAMES[0], more=more)
    for i, line in enumerate(words()):
        run(folder, "/bin/true", *line, host=HOSTNAMES[i % len(HOSTNAMES)])
    run(folder, sys.executable, "-c", SAMPLED, more=make_sensors(folder))
    amend(folder)
