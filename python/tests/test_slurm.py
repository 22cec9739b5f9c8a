"""Slurm's figure of a job, from stand-ins of its commands that print what the real ones do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from headrace import slurm

FORMAT = "--format=JobID,State,NodeList,AllocCPUS,NNodes,Start,End,ConsumedEnergyRaw"
ENDED = "4711|COMPLETED|nid001|128|1|1795000000|1795003600|1843200"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`answers/` holds what each command prints; `asked` what they were asked."""
    folder = tmp_path / "bin"
    (tmp_path / "answers").mkdir()
    folder.mkdir()
    for name in ("sacct", "sstat", "scontrol"):
        command = folder / name
        command.write_text(
            f'#!/bin/sh\necho "{name} $SLURM_TIME_FORMAT $*" >> "{tmp_path}/asked"\n'
            f'cat "{tmp_path}/answers/{name}"\n'
        )
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    answer(tmp_path, "sacct", ENDED)
    answer(tmp_path, "scontrol", "NodeName=nid001 Arch=x86_64 CPUAlloc=0 CPUTot=128 State=IDLE")
    answer(tmp_path, "sstat", "")
    return tmp_path


def answer(cluster: Path, name: str, *lines: str) -> None:
    (cluster / "answers" / name).write_text("".join(line + "\n" for line in lines))


def test_a_job_that_ended(cluster: Path) -> None:
    assert slurm.job_energy("4711") == slurm.JobEnergy(
        "nid001", "2026-11-18T11:06:40+00:00", "2026-11-18T12:06:40+00:00", 1843200, "sacct"
    )
    assert f"sacct %s -j 4711 -X -P -n {FORMAT}" in (cluster / "asked").read_text()


def test_the_job_that_it_runs_in(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "4711")
    answer(cluster, "sacct", "4711|RUNNING|nid001|128|1|1795000000|Unknown|")
    answer(cluster, "sstat", "4711.extern|9000", "4711.batch|12000", "4711.0|4294967294")
    row = slurm.job_energy()
    assert (row.joules, row.source) == (12000, "sstat")


@pytest.mark.parametrize("figure", ["", "0", "4294967294", "18446744073709551614", "1.84M"])
def test_no_figure_is_no_row(cluster: Path, figure: str) -> None:
    answer(cluster, "sacct", ENDED.rpartition("|")[0] + "|" + figure)
    with pytest.raises(slurm.SlurmError, match=r"counted no energy.*AcctGatherEnergyType"):
        slurm.job_energy("4711")


def test_a_shared_node_is_no_row(cluster: Path) -> None:
    answer(cluster, "sacct", ENDED.replace("|128|", "|64|"))
    with pytest.raises(slurm.SlurmError, match="had 64 of 128 CPUs of nid001: others'"):
        slurm.job_energy("4711")
    answer(cluster, "scontrol", "")
    with pytest.raises(slurm.SlurmError, match="not known"):
        slurm.job_energy("4711")


def test_several_nodes_are_one_row(cluster: Path) -> None:
    answer(cluster, "sacct", "4711|COMPLETED|nid[001-002]|256|2|1795000000|1795003600|3686400")
    answer(cluster, "scontrol", "NodeName=nid001 CPUTot=128", "NodeName=nid002 CPUTot=128")
    assert slurm.job_energy("4711").hostname == "nid[001-002]"


def test_local_times_where_the_format_is_not_heeded(
    cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-1")
    time.tzset()
    try:
        answer(cluster, "sacct", ENDED.replace("1795000000", "2026-11-18T11:26:40"))
        assert slurm.job_energy("4711").begin == "2026-11-18T10:26:40+00:00"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_what_cannot_be_asked_is_said(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(slurm.SlurmError, match="no job number"):
        slurm.job_energy("4711; rm")
    answer(cluster, "sacct", "")
    with pytest.raises(slurm.SlurmError, match="knows no job 4711"):
        slurm.job_energy("4711")
    (cluster / "bin" / "sacct").write_text(
        "#!/bin/sh\necho 'sacct: error: no database' >&2; exit 1"
    )
    with pytest.raises(slurm.SlurmError, match="no database"):
        slurm.job_energy("4711")
    monkeypatch.setenv("PATH", str(cluster / "nothing"))
    with pytest.raises(slurm.SlurmError, match="there is no sacct here"):
        slurm.job_energy("4711")


def test_as_a_program(cluster: Path) -> None:
    words = [sys.executable, "-m", "headrace.slurm", "4711"]
    out = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    assert out.splitlines() == [
        "hostname,begin,end,joules,source",
        "nid001,2026-11-18T11:06:40+00:00,2026-11-18T12:06:40+00:00,1843200.0,sacct",
    ]
    out = subprocess.run([*words, "--json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(out)[0]["joules"] == 1843200
    failed = subprocess.run([*words, "12"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "knows no job 12" in failed.stderr
    assert "nid001" in failed.stdout
