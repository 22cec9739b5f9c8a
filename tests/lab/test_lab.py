"""`headrace lab` and `headrace sensors`: an emulated machine in real time."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from asked import stored

ROOT = Path(__file__).resolve().parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)


def lab(*words: str, machine: str | Path = "node") -> list[str]:
    return [str(HEADRACE), "lab", "--machine", str(machine), "--", *words]


def sensors(machine: str | Path, seconds: float = 0.3) -> tuple[dict[str, Any], list[Any]]:
    words = (str(HEADRACE), "sensors", "--seconds", str(seconds), "--json")
    out = subprocess.run(lab(*words, machine=machine), capture_output=True, text=True, check=True)
    rows = json.loads(out.stdout)
    rows = rows["rows"] if isinstance(rows, dict) else rows
    found = {row["sensor"]: row for row in rows if row["sensor"]}
    return found, [row for row in rows if not row["sensor"]]


def test_the_node_has_what_its_scenario_says() -> None:
    found, missing = sensors("node", 1)
    assert found["rapl.package-0"]["domain"] == "node/cpu-0"
    assert found["rapl.package-0.dram"]["domain"] == "node/dram-0"
    assert found["gpu-1.energy"]["domain"] == "node/gpu-1"
    assert 0.05 < found["gpu-0.energy"]["period_s"] < 0.2
    assert found["cgroup.cpu_time"]["device"] == "/slurm/job_7"
    assert any("Cray" in row["source"] for row in missing)


def test_the_blade_is_read_by_board_counters_and_by_dies() -> None:
    found, _ = sensors("frontier")
    assert found["cray.accel3_energy"]["domain"] == "node/board/accel-3"
    assert found["cray.cpu_energy"]["domain"] == "node/cpu"
    assert found["cray.energy"]["period_s"] == pytest.approx(0.1, rel=0.5)
    assert "gpu-amd-6.energy" in found
    assert "gpu-amd-7.energy" not in found, "its package's first die counts for both"
    assert "gpu-amd-7.power" not in found
    assert "lustre.orion.write" in found


def test_what_sensors_are_like_is_found_as_the_scenario_says() -> None:
    words = (str(HEADRACE), "sensor-check", "--seconds", "9", "--json")
    out = subprocess.run(lab(*words, machine="square"), capture_output=True, text=True, check=True)
    answer = json.loads(out.stdout)
    rows = answer["rows"] if isinstance(answer, dict) else answer
    found = {row["sensor"]: row for row in rows}
    for name, duty in (("gpu-0.energy", 1), ("gpu-1.energy", 0.25)):
        row = found[name]
        assert row["period_s"] == pytest.approx(0.1, rel=0.1)
        assert row["duty"] == pytest.approx(duty, abs=0.15)
        assert row["amplitude_w"] == pytest.approx(350, rel=0.1)
        assert row["truth"] == "emulated"
    assert "of the time only" in found["gpu-1.energy"]["verdict"]
    assert found["cray.energy"]["quantum"] == 1
    refused = subprocess.run(
        lab(*words, machine="node"), capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert "--machine square" in refused.stderr


def test_sensors_from_python() -> None:
    program = (
        "import headrace as hr; rows = hr.sensors(0.3); "
        "row = next(r for r in rows if r['sensor'] == 'gpu-0.energy'); "
        "print(row['truth'], row['unit']); print(len(hr.sensor_check(1)) > 5)"
    )
    out = subprocess.run(
        lab(str(ROOT / ".venv/bin/python"), "-c", program, machine="square"),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PATH": f"{HEADRACE.parent}:{os.environ['PATH']}"},
    )
    assert out.stdout.split() == ["emulated", "J", "True"]


def test_a_machine_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.lab"
    mine.write_text("power a 5W\nmeter hwmon 0.power1 a chip=my_meter\n")
    found, _ = sensors(mine)
    assert found["hwmon0.power1"]["value"] == 5
    mine.write_text("power a 5W\nmeter hwmon\n")
    out = subprocess.run(lab("true", machine=mine), capture_output=True, text=True, check=False)
    assert out.returncode == 2
    assert "mine.lab: line 2: write it as: meter KIND NAME POWER" in out.stderr
    out = subprocess.run(
        lab("true", machine="mainframe"), capture_output=True, text=True, check=False
    )
    assert "give a file or one of node, frontier, square, grace, faults" in out.stderr


def test_the_commands_end_is_the_labs() -> None:
    assert subprocess.run(lab("sh", "-c", "exit 7"), check=False).returncode == 7
    assert subprocess.run(lab("sh", "-c", "kill -9 $$"), check=False).returncode == 128 + 9
    assert subprocess.run(
        lab("headrace-no-such-program"), capture_output=True, check=False
    ).returncode


def test_without_a_command_it_prints_the_variables_and_ends_on_ctrl_c() -> None:
    process = subprocess.Popen(
        [str(HEADRACE), "-q", "lab"], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    values = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    folder = Path(values["HEADRACE_LAB"].strip("'"))
    assert (folder / "sys" / "class" / "powercap").is_dir()
    assert set(values) == {
        "HEADRACE_LAB",
        "HEADRACE_SYSFS_ROOT",
        "HEADRACE_PROC_ROOT",
        "LD_LIBRARY_PATH",
    }
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not folder.exists()


RECORDING = """
import sys, time
import headrace as hr
with hr.workflow("smoke"):
    with hr.task("wait"):
        time.sleep(float(sys.argv[1]))
"""


def test_a_run_in_real_time_counts_what_the_scenario_draws(tmp_path: Path, run_all: bool) -> None:
    """Two seconds, a minute with --all: what is counted is what was drawn."""
    seconds = 60.0 if run_all else 2.0
    mine = tmp_path / "mine.lab"
    mine.write_text(
        "power a 100W 0.25s 140W 0.5s 60W repeat 1s\n"
        "meter powercap package-0 a period=1ms\n"
        "meter nvml 0 a period=100ms\n"
    )
    program = tmp_path / "program.py"
    program.write_text(RECORDING)
    folder = tmp_path / ".headrace"
    began = time.monotonic()
    subprocess.run(
        lab(str(ROOT / ".venv" / "bin" / "python"), str(program), str(seconds), machine=mine),
        env=os.environ | {"HEADRACE_DIR": str(folder)},
        check=True,
    )
    elapsed = time.monotonic() - began
    rows = stored(
        folder,
        "SELECT sensor, max(value) - min(value) AS j, count(*) AS n FROM sample "
        "WHERE sensor IN ('rapl.package-0', 'gpu-0.energy') GROUP BY 1 ORDER BY 1",
    )
    assert [row["sensor"] for row in rows] == ["gpu-0.energy", "rapl.package-0"]
    for row in rows:
        # A mean of 90 W; a whole second more or less for what begins and ends inside a round.
        assert 90 * (seconds - 1.5) < row["j"] < 90 * (elapsed + 1)
    marked = stored(folder, "SELECT DISTINCT assumption FROM sensor WHERE name = 'rapl.package-0'")
    assert marked == [{"assumption": "emulated by headrace lab"}]
    for question in ((), ("--nodes",), ("--truth",), ("--checks",), ("--path",)):
        words = [str(HEADRACE), "--dir", str(folder), "energy", *question, "--json"]
        said = truths_in(json.loads(subprocess.run(words, capture_output=True, check=True).stdout))
        assert "measured" not in said, question
        assert "emulated" in said or "--path" in question


def truths_in(told: Any) -> set[str]:
    """What an answer says of the truth of its figures, anywhere in it."""
    if isinstance(told, list):
        return {truth for one in told for truth in truths_in(one)}
    if not isinstance(told, dict):
        return set()
    own = {told["truth"]} if isinstance(told.get("truth"), str) else set()
    return own | truths_in(list(told.values()))


def steady(tmp_path: Path) -> Path:
    mine = tmp_path / "mine.lab"
    mine.write_text("power a 100W\nmeter powercap package-0 a period=1ms\n")
    return mine


def run_sleeping(tmp_path: Path, *options: str, seconds: float) -> subprocess.CompletedProcess[str]:
    words = (str(HEADRACE), "--dir", str(tmp_path), "run", *options, "--", "sleep", str(seconds))
    return subprocess.run(
        lab(*words, machine=steady(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_card_adds_up_to_what_the_scenario_draws(tmp_path: Path) -> None:
    ran = run_sleeping(tmp_path, "--campaign", "steady", seconds=1.5)
    assert ran.returncode == 0
    assert re.search(r" · \S+ .?J \(emulated", ran.stderr), ran.stderr
    words = [str(HEADRACE), "--dir", str(tmp_path), "energy", "steady"]
    grid = tmp_path / "grid.csv"
    grid.write_text(
        "region,start,end,gco2e_per_kwh,kind,source\nX,2000-01-01,2100-01-01,3600,average,test\n"
    )
    carbon = ["--carbon", str(grid), "--pue", "1.5", "--region"]
    out = subprocess.run(
        [*words, "--json", *carbon, "X"], capture_output=True, text=True, check=True
    )
    card = json.loads(out.stdout)
    (books,) = card["conservation"]
    assert books["domain"] == "node/cpu-0" and books["truth"] == "emulated"
    assert books["difference_uj"] == 0
    parts = ("attributed_uj", "elsewhere_uj", "idle_uj", "unattributed_uj")
    assert sum(books[part] for part in parts) == books["measured_uj"]
    assert sum(line["energy_uj"] for line in card["lines"]) == books["attributed_uj"]
    span = stored(
        tmp_path,
        "SELECT date_diff('us', min(time), max(time)) / 1e6 AS s FROM sample "
        "WHERE sensor = 'rapl.package-0'",
    )[0]["s"]
    assert books["measured_uj"] * 1e-6 == pytest.approx(100 * span, rel=0.05)
    assert card["carbon"]["truth"] == "estimated"
    assert card["carbon"]["idle_g"] == pytest.approx(1.5e-9 * books["idle_uj"])

    table = subprocess.run([*words, *carbon, "Y"], capture_output=True, text=True, check=True)
    assert "0 uJ" in table.stdout
    assert "not known: grid.csv has no region Y; it has X" in table.stdout
    alone = subprocess.run([*words, "--region", "X"], capture_output=True, text=True, check=False)
    assert alone.returncode == 2
    assert "--region needs the carbon factors: --carbon FILE" in alone.stderr


def test_an_energy_budget_ends_the_program(tmp_path: Path) -> None:
    budget = ("--energy-budget", "0.06 kJ", "--over-budget", "stop")
    out = run_sleeping(tmp_path, *budget, seconds=100)
    assert out.returncode == 128 + signal.SIGTERM
    assert "more than its energy budget of 60.0 J; it gets SIGTERM" in out.stderr
    assert stored(tmp_path, "SELECT status FROM workflow") == [{"status": "cancelled"}]


def test_an_energy_budget_only_warns_unless_told(tmp_path: Path) -> None:
    out = run_sleeping(tmp_path, "--energy-budget", "20J", seconds=2.5)
    assert out.returncode == 0
    assert out.stderr.count("more than its energy budget of 20.0 J") == 1
    out = run_sleeping(tmp_path, "--energy-budget", "1kWh", seconds=0.1)
    assert "energy budget" not in out.stderr
    out = run_sleeping(tmp_path, "--energy-budget", "much", seconds=0.1)
    assert out.returncode == 125


TRAINING = """
import time
import headrace as hr

with hr.workflow("tune"):
    with hr.task("load"):
        time.sleep(0.1)
    with hr.task("train"):
        time.sleep(8)
"""


def test_who_breaks_an_energy_budget_is_said_and_logged(tmp_path: Path) -> None:
    program = tmp_path / "tune.py"
    program.write_text(TRAINING)
    words = (str(HEADRACE), "--dir", str(tmp_path), "run", "--energy-budget", "500J", "--")
    out = subprocess.run(
        lab(*words, sys.executable, str(program), machine=steady(tmp_path)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "most is used by task train of tune, " in out.stderr
    (line,) = stored(
        tmp_path, "SELECT metrics FROM log WHERE metrics->>'$.energy_budget_j' IS NOT NULL"
    )
    (task,) = stored(tmp_path, "SELECT task_id FROM task WHERE activity = 'train'")
    assert line["metrics"]["energy_budget_j"] == 500
    assert line["metrics"]["energy_j"] > 500
    assert line["metrics"]["task_id"] == task["task_id"]
    assert (line["metrics"]["activity"], line["metrics"]["workflow"]) == ("train", "tune")


def test_an_energy_budget_without_a_counter_says_so(tmp_path: Path) -> None:
    out = subprocess.run(
        [str(HEADRACE), "--dir", str(tmp_path), "run", "--energy-budget", "5J", "--", "sleep", "1"],
        env=os.environ | {"HEADRACE_SYSFS_ROOT": str(tmp_path), "HEADRACE_PROC_ROOT": "/proc"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0
    assert "no sensor here counts energy, so the energy budget of 5.00 J cannot be" in out.stderr


SPINS = """
import sys, time
import headrace as hr
with hr.workflow(sys.argv[1]), hr.task("train"):
    until = time.monotonic() + 3
    while time.monotonic() < until:
        pass
"""


def test_a_shared_gpu_is_divided_by_each_process_time_on_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.lab"
    mine.write_text("power g 300W\nmeter nvml 0 g period=100ms processes=yes\n")
    program = tmp_path / "spins.py"
    program.write_text(SPINS)
    both = "HEADRACE_LAB_SM=60 $0 $1 a & HEADRACE_LAB_SM=20 $0 $1 b; wait"
    subprocess.run(
        lab("sh", "-c", both, sys.executable, str(program), machine=mine),
        env={**os.environ, "HEADRACE_DIR": str(tmp_path / ".headrace")},
        check=True,
        timeout=60,
    )
    rows = stored(
        tmp_path,
        "SELECT w.name, e.method, e.truth, coalesce(e.attributed_j, e.share_j) AS j FROM "
        "task_energy e JOIN task t ON t.task_id = e.task_id JOIN workflow w ON w.workflow_id = "
        "t.workflow_id WHERE e.domain = 'node/gpu-0' ORDER BY 1",
    )
    assert [(one["name"], one["truth"]) for one in rows] == [("a", "mixed"), ("b", "mixed")]
    # They do not begin and end at one moment: then one of them has it alone.
    assert rows[0]["j"] > 1.5 * rows[1]["j"]
