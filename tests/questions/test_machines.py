"""Q8 and Q9: how hot devices became, and what each kind of work keeps busy."""

from __future__ import annotations

from typing import Any

import pytest
from headrace.store import Store
from sameness import is_same
from studies import Study
from truth import Stretch, Task, Truth

SAMPLE_S = 0.1


def seconds_above(stretch: Stretch, celsius: float) -> float:
    """Of the line to its mark within a second, and the mark after that."""
    begin, end = stretch.from_c, stretch.to_c
    warming = min(1.0, stretch.length_s)
    rest = (stretch.length_s - warming) * (end > celsius)
    if begin == end:
        return rest + warming * (end > celsius)
    crosses = min(warming, max(0.0, (celsius - begin) / (end - begin)))
    return rest + (warming - crosses if end > begin else crosses)


# Q8


@pytest.mark.parametrize("above", [65.5, 72.5])
def test_q8_peaks_and_time_above(study: Study, truth: Truth, above: float) -> None:
    answer = study.answer("thermal", "study", "--above", str(above))
    assert answer["activity"] == "finetune"
    runs = {run["task_id"]: run for run in answer["runs"]}
    assert len(runs) == 16
    hot = 0
    for run in truth.of_activity("finetune"):
        leaves = truth.leaves(run.id)
        said = runs[run.id]
        peak = max(
            t for leaf in leaves for t in (leaf.celsius(leaf.begin_s), leaf.celsius(leaf.end_s))
        )
        assert said["peak_c"] == peak
        seconds = sum(seconds_above(leaf, above) for leaf in leaves)
        hot += seconds > 0
        # Each crossing is known to a reading, and a degree is the step of the sensor.
        assert said["above_s"] == pytest.approx(seconds, abs=2 * SAMPLE_S * len(leaves))
        assert (said["above_s"] > 0) == (peak > above)
        assert said["coverage"] == pytest.approx(1, abs=1e-6)
        assert said["time_s"] == pytest.approx(run.length_s)
    assert 0 < hot < 16
    assert answer["runs"][0]["peak_c"] == 87


def test_q8_a_trajectory_is_the_truth_s(study: Study, truth: Truth) -> None:
    answer = study.answer("thermal", "study", "--points", "10000")
    run = next(t for t in truth.of_activity("finetune") if t.begin_s > 60)
    leaves = truth.leaves(run.id)
    (said,) = (r for r in answer["runs"] if r["task_id"] == run.id)
    points = list(zip(said["trajectory"]["seconds"], said["trajectory"]["celsius"], strict=True))
    assert len(points) > 50
    for seconds, celsius in points:
        at_s = run.begin_s + seconds
        leaf = next(one for one in leaves if one.begin_s - 1e-6 <= at_s < one.end_s - 1e-6)
        assert celsius == pytest.approx(leaf.celsius(at_s), abs=0.51)


def test_q8_throttling_and_the_task_it_hit(study: Study, truth: Truth) -> None:
    answer = study.answer("thermal", "study")
    true = truth.facts["throttled"]
    (one,) = answer["throttling"]
    assert one["reasons"] == "hardware thermal slowdown"
    assert (one["begin_ns"] - truth.facts["epoch_ns"]) * 1e-9 == pytest.approx(
        true["begin_s"], abs=SAMPLE_S
    )
    assert one["seconds"] == pytest.approx(true["end_s"] - true["begin_s"], abs=SAMPLE_S)
    assert [task["task_id"] for task in one["tasks"]] == [true["task"]]
    (hit,) = one["tasks"]
    assert hit["activity"] == "train"
    run = truth.tasks[truth.tasks[truth.tasks[true["task"]].parent or ""].parent or ""]
    assert f"width={run.used['width']}" in hit["config"]
    slowed = {r["task_id"]: r["throttled_s"] for r in answer["runs"] if r["throttled_s"] > 0}
    assert list(slowed) == [run.id]
    assert study.answer("thermal", "study", "--throttled")[0]["task_id"] == true["task"]


# Q9


def true_phases(truth: Truth, node_above: float) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for stretch in truth.stretches:
        if stretch.task is None or stretch.host not in truth.measured_hosts:
            continue
        phase = out.setdefault(
            truth.tasks[stretch.task].activity,
            dict.fromkeys(("s", "gpu", "cpu", "disk", "node_j", "wasted_j", "waiting_s"), 0.0),
        )
        watts = truth.watts(stretch, "node")
        phase["s"] += stretch.length_s
        phase["gpu"] += stretch.gpu_use * stretch.length_s
        phase["cpu"] += stretch.cpus / truth.machine["cpus"] * stretch.length_s
        phase["disk"] += stretch.disk_use * stretch.length_s
        phase["node_j"] += watts * stretch.length_s
        if stretch.gpu_use < 0.2 and watts > node_above:
            phase["wasted_j"] += watts * stretch.length_s
            phase["waiting_s"] += stretch.length_s
    return out


@pytest.mark.parametrize("node_above", [100, 200])
def test_q9_use_by_phase_and_what_is_wasted(study: Study, truth: Truth, node_above: int) -> None:
    answer = study.answer("phases", "study", "--node-above", str(node_above))
    phases: dict[str, Any] = {one["activity"]: one for one in answer["phases"]}
    expected = true_phases(truth, node_above)
    for activity, true in expected.items():
        said = phases[activity]
        assert said["time_s"] == pytest.approx(true["s"])
        assert said["gpu_utilization"] == pytest.approx(true["gpu"] / true["s"], abs=0.005)
        assert said["cpu_utilization"] == pytest.approx(true["cpu"] / true["s"], abs=0.01)
        assert said["disk_utilization"] == pytest.approx(true["disk"] / true["s"], abs=0.01)
        assert said["node_energy_j"] == pytest.approx(true["node_j"], rel=0.005)
        assert said["waiting_s"] == pytest.approx(true["waiting_s"], abs=1e-6)
        assert said["wasted_j"] == pytest.approx(true["wasted_j"], rel=0.005)
    assert answer["phases"][0]["activity"] == "load", "the most wasted first"
    wasted = sum(true["wasted_j"] for true in expected.values())
    assert answer["all"]["wasted_j"] == pytest.approx(wasted, rel=0.005)


def test_q9_the_straggler_s_wait_counts_above_100_w_and_not_above_200(
    study: Study, truth: Truth
) -> None:
    straggler: Task = truth.tasks[truth.facts["straggler"]]
    waits = [
        study.answer("phases", "study", "--node-above", above)["all"]["waiting_s"]
        for above in ("100", "200")
    ]
    assert waits[0] - waits[1] == pytest.approx(straggler.length_s, abs=1e-6)


def test_q9_what_was_not_read_is_null(study: Study) -> None:
    """The machine without sensors: no use, no power, nothing wasted; and it is said."""
    answer = study.answer("phases", "prepare")
    (phase,) = answer["phases"]
    assert phase["time_s"] == pytest.approx(8)
    for name in ("gpu_utilization", "node_power_w", "node_energy_j", "wasted_j", "waiting_s"):
        assert phase[name] is None, name
    assert "login" in answer["note"]
    assert study.answer("thermal", "prepare")["runs"][0]["peak_c"] is None


def test_python_says_the_same(study: Study, store: Store) -> None:
    thermal = store.thermal("study", above_c=72.5)
    assert is_same(thermal.facts, study.answer("thermal", "study", "--above", "72.5"))
    (hit,), (said,) = thermal.throttled.dicts(), study.answer("thermal", "study", "--throttled")
    assert hit.pop("from").isoformat() == "2023-11-14T22:15:24.800000+00:00"
    assert said.pop("from") == "2023-11-14T22:15:24.800000000Z"
    assert hit == said
    phases = store.phases("study", node_above_w=200)
    assert is_same(phases.facts, study.answer("phases", "study", "--node-above", "200"))
    assert {row["activity"] for row in phases.table.dicts()} >= {"load", "train", "validate"}
