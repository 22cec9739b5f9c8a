"""f16: 200 planted secrets, and none of them in the ring, the spool, the store, a report or a dump.

A program puts secrets of all kinds wherever it can: values, names, keys, messages, objects, logs,
output, command lines, variables. Every place that capture writes is then searched for them. Prints
the seed and the counts.
"""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

from asked import outside

ROOT = Path(__file__).parents[2]
HEADRACE = ROOT / "build/release/bin/headrace"
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261121"))
SECRETS = 200
# In every secret, so that one search finds any of them; not a word of anything else.
MARK = "ZQ9X7"
UPPER = string.ascii_uppercase + string.digits

# Kinds that are known by their form, in pieces, so that no scanner takes them for real ones.
FORMS = [
    ("AK" + "IA", 16, ""),
    ("AS" + "IA", 16, ""),
    ("AI" + "za", 35, ""),
    ("gh" + "p_", 36, ""),
    ("gh" + "o_", 36, ""),
    ("github" + "_pat_", 60, ""),
    ("gl" + "pat-", 20, ""),
    ("h" + "f_", 34, ""),
    ("s" + "k-", 40, ""),
    ("sk" + "-ant-", 60, ""),
    ("sk" + "_live_", 24, ""),
    ("xo" + "xb-", 40, ""),
    ("xo" + "xp-", 40, ""),
    ("py" + "pi-", 80, ""),
    ("np" + "m_", 36, ""),
    ("hv" + "s.", 30, ""),
    ("ey" + "JhbGciOiJIUzI1NiJ9.", 40, "." + "a" * 43),
    ("-----BEGIN RSA " + "PRIVATE KEY-----\n", 64, "\nMIIE\n-----END RSA " + "PRIVATE KEY-----"),
    ("Bearer ", 30, ""),
    ("db://user:", 20, "@host.example/x"),
]


def planted(seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)  # noqa: S311 - they need only differ

    def canary(length: int) -> str:
        return MARK + "".join(draw.choices(UPPER, k=max(length, 12) - len(MARK)))

    secrets: list[dict[str, Any]] = []
    for number in range(SECRETS):
        if number % 2 == 0:
            before, length, after = FORMS[number // 2 % len(FORMS)]
            secrets.append({"formed": True, "text": before + canary(length) + after})
        else:
            secrets.append({"formed": False, "text": canary(draw.randrange(12, 40))})
    draw.shuffle(secrets)
    return secrets


def occurrences(content: bytes) -> int:
    """Of any secret, as text, in hexadecimal and in UTF-16."""
    mark = MARK.encode()
    return (
        content.count(mark)
        + content.lower().count(mark.hex().encode())
        + content.count(MARK.encode("utf-16-le"))
    )


def tables_of(folder: Path) -> bytes:
    """All that a query of any view gives: the store's file itself is compressed."""
    out = b""
    for view in ("campaign", "workflow", "task", "object", "edge", "log", "producer", "gap"):
        done = subprocess.run(
            [HEADRACE, "query", "--dir", folder, "--json", f"SELECT * FROM {view}"],  # noqa: S608
            capture_output=True,
            check=True,
            timeout=120,
        )
        assert len(done.stdout) > 2 or view in ("gap", "edge"), view
        out += done.stdout + done.stderr
    return out


def test_no_secret_is_recorded(tmp_path: Path) -> None:
    secrets = planted(SEED)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(secrets))
    folder = tmp_path / ".headrace"
    rings = tmp_path / "rings"
    rings.mkdir()
    named = [secret["text"] for secret in secrets if not secret["formed"]]
    formed = [secret["text"] for secret in secrets if secret["formed"]]
    environment = outside()
    environment |= {
        "HEADRACE_DIR": str(folder),
        "HEADRACE_RING_DIR": str(rings),
        "TEST_ANSWER": str(tmp_path / "answer.json"),
        "SLURM_COMMENT": formed[0].replace("\n", " "),
        "SLURM_PASSWORD": named[0],
        "DB_PASSWORD": named[1],
    }
    words = [f"--password={named[2]}", "--api-key", named[3], f"x://me:{named[4]}@host", formed[1]]
    program = ROOT / "tests/end_to_end/secret_program.py"
    done = subprocess.run(
        [HEADRACE, "run", "--", sys.executable, program, plan, *words],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        timeout=300,
    )
    assert b"cannot connect" in done.stderr
    ring = json.loads((tmp_path / "answer.json").read_text())

    found: dict[str, int] = {"ring mapping": ring["found"]}
    found["ring files"] = sum(occurrences(f.read_bytes()) for f in rings.rglob("*") if f.is_file())
    spool = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".seg" for file in spool)
    found["spool and store, before the fold"] = sum(occurrences(f.read_bytes()) for f in spool)
    found["store, by query"] = occurrences(tables_of(folder))
    found["store, as a file"] = occurrences((folder / "store.duckdb").read_bytes())
    page = tmp_path / "page.html"
    report = subprocess.run(
        [HEADRACE, "report", "--dir", folder, "-o", page],
        capture_output=True,
        timeout=120,
    )
    if report.returncode == 0:
        found["report"] = occurrences(page.read_bytes())
    found["report's stderr"] = occurrences(report.stderr + report.stdout)
    doctor = subprocess.run(
        [HEADRACE, "doctor", "--dir", folder], capture_output=True, timeout=120, env=environment
    )
    found["doctor"] = occurrences(doctor.stdout + doctor.stderr)
    assert b"withheld: " in doctor.stdout
    stats = ring["stats"]
    withheld = stats["redacted_values"] + stats["redacted_texts"]
    print(
        f"f16: seed {SEED}, {len(secrets)} secrets, {withheld} withheld, "
        f"{ring['bytes']} bytes of mapped rings searched, found {found}"
    )
    assert ring["bytes"] > 0
    assert ring["seen"] > 0
    assert withheld >= len(secrets)
    assert set(found.values()) == {0}


def test_without_redaction_the_search_would_find_them(tmp_path: Path) -> None:
    """The same canaries under harmless names: the search does see what is recorded."""
    source = "import headrace as hr, sys\nwith hr.task('t', used={'x': sys.argv[1]}): pass\n"
    folder = tmp_path / ".headrace"
    canary = MARK + "ABCDEFGH"
    script = tmp_path / "harmless.py"
    script.write_text(source)
    environment = outside()
    subprocess.run(
        [sys.executable, script, canary],
        env=environment | {"HEADRACE_DIR": str(folder)},
        check=True,
        timeout=60,
    )
    assert sum(occurrences(f.read_bytes()) for f in folder.rglob("*.seg")) >= 1
    assert occurrences(tables_of(folder)) >= 1
