"""Slurm's own account of a job's energy (AcctGatherEnergy), to hold Headrace's against.

    python -m headrace.slurm 4711 > reference.csv      # at the job's end, or later

Slurm counts whole nodes, so a job that shared its node has others' joules in the figure: there is
a row only for a job that had all CPUs of its nodes. It is a cross-check, never a source of tasks.

Rows are `hostname,begin,end,joules,source`. A job of several nodes is one row, whose hostname is
Slurm's node list: sacct keeps no figure a node.

Read from `sacct -P` (ConsumedEnergyRaw, joules), `sstat -P` while the job still runs, and
`scontrol show node` (CPUTot); see their manuals. Not tried on a real cluster.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
from typing import NamedTuple

# What Slurm writes where it has no figure: NO_VAL and NO_VAL64.
_NO_FIGURE = {0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFE, 0xFFFFFFFFFFFFFFFF}
_FIELDS = ("JobID", "State", "NodeList", "AllocCPUS", "NNodes", "Start", "End", "ConsumedEnergyRaw")
_PATIENCE_S = 60


class SlurmError(Exception):
    """Slurm has no figure, or one that says nothing of the job."""


class JobEnergy(NamedTuple):
    hostname: str
    begin: str  # UTC, ISO 8601
    end: str
    joules: float
    source: str


def job_energy(job: str = "") -> JobEnergy:
    """What Slurm counted for a job: the one given, else the one that this process runs in.

    Raises SlurmError, which says why, where there is none or it is not the job's alone."""
    job = job or os.environ.get("SLURM_JOB_ID", "")
    if not re.fullmatch(r"\d+(_\d+)?", job):
        raise SlurmError(f"{job!r} is no job number; give one, or run it inside the job")
    fields = _job_row(job)
    _require_whole_nodes(job, fields)
    begin = _utc(fields["Start"])
    end = _utc(fields["End"])
    source = "sacct"
    joules = _figure(fields["ConsumedEnergyRaw"])
    if begin is None:
        raise SlurmError(f"job {job} has not started: it is {fields['State']}")
    if end is None:  # it still runs
        end = datetime.datetime.now(datetime.timezone.utc)
        joules, source = _running_figure(job), "sstat"
    if joules is None:
        raise SlurmError(
            f"Slurm counted no energy for job {job}: AcctGatherEnergyType is not set in "
            "slurm.conf, or its sensor cannot be read; scontrol show config | grep AcctGather"
        )
    return JobEnergy(fields["NodeList"], begin.isoformat(), end.isoformat(), joules, source)


def to_csv(rows: list[JobEnergy]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(JobEnergy._fields)
    writer.writerows(rows)
    return out.getvalue()


def _job_row(job: str) -> dict[str, str]:
    words = ["sacct", "-j", job, "-X", "-P", "-n", "--format=" + ",".join(_FIELDS)]
    for line in _answer(words).splitlines():
        values = line.split("|")
        if len(values) == len(_FIELDS) and values[0] == job:
            return dict(zip(_FIELDS, values, strict=True))
    raise SlurmError(f"sacct knows no job {job}, or accounting is off on this cluster")


def _running_figure(job: str) -> float | None:
    # Each step counts its node for as long as it runs: the longest, not their sum.
    text = _answer(["sstat", "-a", "-j", job, "-P", "-n", "--format=JobID,ConsumedEnergyRaw"])
    figures = [_figure(line.rpartition("|")[2]) for line in text.splitlines()]
    return max((one for one in figures if one is not None), default=None)


def _require_whole_nodes(job: str, fields: dict[str, str]) -> None:
    text = _answer(["scontrol", "show", "node", fields["NodeList"], "-o"])
    totals = [int(total) for total in re.findall(r"\bCPUTot=(\d+)", text)]
    try:
        allocated, nodes = int(fields["AllocCPUS"]), int(fields["NNodes"])
    except ValueError:
        allocated = nodes = -1
    if not totals or len(totals) != nodes:
        raise SlurmError(
            f"scontrol does not tell how many CPUs {fields['NodeList']} has: whether job {job} "
            "was alone there is not known, and Slurm counts whole nodes"
        )
    if allocated != sum(totals):
        raise SlurmError(
            f"job {job} had {allocated} of {sum(totals)} CPUs of {fields['NodeList']}: others' "
            "energy is in Slurm's figure; only jobs with whole nodes (--exclusive) can be compared"
        )


def _figure(text: str) -> float | None:
    if not re.fullmatch(r"\d+", text.strip()):
        return None
    value = int(text)
    # Slurm shows 0 where nothing was counted.
    return None if value == 0 or value in _NO_FIGURE else float(value)


def _utc(text: str) -> datetime.datetime | None:
    """Seconds since the epoch as asked for, or local time where that is not heeded."""
    if text.isdigit():
        return datetime.datetime.fromtimestamp(int(text), datetime.timezone.utc)
    try:
        return datetime.datetime.fromisoformat(text).astimezone(datetime.timezone.utc)
    except ValueError:
        return None


def _answer(words: list[str]) -> str:
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            env=os.environ | {"SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        raise SlurmError(
            f"there is no {words[0]} here: ask where Slurm's commands are, or write the file "
            "by hand: " + ",".join(JobEnergy._fields)
        ) from None
    except subprocess.TimeoutExpired:
        raise SlurmError(f"{words[0]} gave no answer within {_PATIENCE_S} s") from None
    if done.returncode != 0:
        raise SlurmError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def main(words: list[str]) -> int:
    as_json = "--json" in words
    jobs = [word for word in words if word != "--json"]
    if any(word.startswith("-") for word in jobs):
        print("usage: python -m headrace.slurm [--json] [JOB...]", file=sys.stderr)
        return 2
    rows = []
    failed = False
    for job in jobs or [""]:
        try:
            rows.append(job_energy(job))
        except SlurmError as error:
            print(f"headrace: {error}", file=sys.stderr)
            failed = True
    if as_json:
        print(json.dumps([row._asdict() for row in rows]))
    else:
        print(to_csv(rows), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
