"""Lineage of random graphs, against networkx; and of a program that is run again."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADRACE = ROOT / "build" / "release" / "bin" / "headrace"
if not HEADRACE.exists():
    pytest.skip("build the program first: ./script/build", allow_module_level=True)

# Tasks that use and generate files; the graph as the program knows it goes to graph.json.
GRAPH = """
import json, pathlib, random, sys
import headrace as hr

random.seed(int(sys.argv[1]))
objects, edges = [], []
for i in range(int(sys.argv[2])):
    path = pathlib.Path(f"o{i}.txt")
    path.write_text(f"content {i}")
    objects.append(hr.object(path))
with hr.workflow("random"):
    for i in range(int(sys.argv[3])):
        used = random.sample(range(len(objects)), 2)
        made = random.sample(range(len(objects)), 2)
        with hr.task(f"step{i}", used={f"in{j}": objects[j] for j in used}) as t:
            t.generated({f"out{j}": objects[j] for j in made})
        edges += [[f"o{j}.txt", f"step{i}"] for j in used]
        edges += [[f"step{i}", f"o{j}.txt"] for j in made]
pathlib.Path("graph.json").write_text(json.dumps(edges))
"""


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
    return {**kept, "NO_COLOR": "1", **more}


def headrace(
    folder: Path, *arguments: str, code: int | None = 0, **variables: str
) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        [HEADRACE, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert code is None or ended.returncode == code, ended.stdout + ended.stderr
    return ended


def answer(folder: Path, *arguments: str) -> Any:
    return json.loads(headrace(folder, *arguments, "--json").stdout)


def labels(document: Any) -> set[str]:
    return {node["label"] for node in document["graph"]["nodes"]}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_graphs_agree_with_networkx(tmp_path: Path, seed: int) -> None:
    # Few tasks among many objects make a graph in which not all reach all.
    subprocess.run(
        [sys.executable, "-c", GRAPH, str(seed), "40", "16"],
        cwd=tmp_path,
        env=environment(),
        check=True,
        timeout=120,
    )
    graph = nx.DiGraph(json.loads((tmp_path / "graph.json").read_text()))
    objects = sorted(node for node in graph if node.startswith("o"))
    chosen = random.Random(seed).sample(objects, 6)  # noqa: S311
    for name in chosen:
        behind = labels(answer(tmp_path, "why", name))
        assert behind == nx.ancestors(graph, name) | {name}
        ahead = labels(answer(tmp_path, "affects", name))
        assert ahead == nx.descendants(graph, name) | {name}
    first, last = chosen[:2]
    between = (nx.descendants(graph, first) | {first}) & (nx.ancestors(graph, last) | {last})
    if nx.has_path(graph, first, last):
        assert labels(answer(tmp_path, "affects", first, "--only-path", last)) == between
    else:
        said = headrace(tmp_path, "affects", first, "--only-path", last, code=3).stderr
        assert "nothing that was captured leads from" in said
    cycles = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    everything = answer(tmp_path, "why", next(iter(sorted(cycles[0] & set(objects)))))
    assert sorted(len(cycle) for cycle in everything["cycles"]) == sorted(
        len(part) for part in cycles if part <= labels(everything)
    )


PROGRAM = """
import json, random, sys

random.seed(7)
lr = float(sys.argv[1])
data = [float(x) for x in open("data.csv").read().split()]
loss = sum(x * lr for x in data) + random.random()
open("model.txt", "w").write(f"{loss:.6f}")
noise = open("noise.txt").read() if len(sys.argv) > 2 else ""
open("report.json", "w").write(json.dumps({"loss": loss, "noise": noise}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a program that has changed since its commit, run once."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text("print('an older version')\n")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "train.py"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], cwd=project, check=True)
    (project / "train.py").write_text(PROGRAM)
    (project / "data.csv").write_text("1 2 3 4")
    headrace(project, "run", "-q", "--workflow", "train", "--", sys.executable, "train.py", "0.5")
    return project


def test_reproduce_says_what_is_needed(project: Path) -> None:
    needed = answer(project, "reproduce", "train")
    assert needed["git"]["dirty"] is True
    assert Path(needed["git"]["diff"]).read_text().startswith("diff --git a/train.py")
    assert "train.py 0.5" in needed["command"]
    assert needed["folder"] == str(project)
    assert [(Path(f["path"]).name, f["state"]) for f in needed["inputs"]] == [
        ("data.csv", "unchanged")
    ]
    assert {Path(f["path"]).name for f in needed["outputs"]} == {"model.txt", "report.json"}
    assert needed["missing"] == []
    (project / "data.csv").write_text("1 2 3 5")
    changed = headrace(project, "reproduce", "train", code=1).stdout
    assert "data.csv as it was" in changed and "changed since" in changed
    said = headrace(project, "reproduce", "train", "--run", code=3).stderr
    assert "without the input" in said
    assert "did you mean train?" in headrace(project, "reproduce", "trian", code=3).stderr


def test_reproduce_runs_it_again_and_compares(project: Path) -> None:
    before = (project / "model.txt").read_bytes()
    (project / "train.py").write_text("print('a newer version')\n")
    done = headrace(project, "reproduce", "train", "--run", "--folder", "again")
    assert "Reproduced: 3 of 3" in done.stdout, done.stdout
    assert (project / "again" / "project" / "model.txt").read_bytes() == before
    assert (project / "train.py").read_text() == "print('a newer version')\n"
    said = headrace(project, "reproduce", "train", "--run", "--folder", "again", code=2).stderr
    assert "is not empty" in said


NOISY = """
import os, random, sys
import headrace as hr

open("out.txt", "w").write(str([os.environ.get(n) for n in ("OMP_NUM_THREADS", "MKL_CBWR")]))
with hr.workflow("noisy"), hr.task("train") as train:
    train.generated(loss=1 + random.random() / 1000, steps=7)
sys.exit(3)
"""


def test_reproduce_sets_the_environment_and_forgives_within_the_tolerance(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    headrace(
        tmp_path,
        *("run", "-q", "--workflow", "whole", "--", sys.executable, "noisy.py"),
        code=3,
        OMP_NUM_THREADS="3",
    )
    # What the program named itself is run again by the command around it. No git: 1.
    needed = json.loads(headrace(tmp_path, "reproduce", "noisy", "--json", code=1).stdout)
    assert needed["variables"]["OMP_NUM_THREADS"] == "3"
    assert [Path(file["path"]).name for file in needed["outputs"]] == ["out.txt"]
    assert "OMP_NUM_THREADS=3" in headrace(tmp_path, "reproduce", "noisy", code=1).stdout
    # What was set is set again, and what was not set is not.
    now = {"OMP_NUM_THREADS": "5", "MKL_CBWR": "COMPATIBLE"}
    near = headrace(
        tmp_path, *("reproduce", "noisy", "--run", "--folder", "near", "--tolerance", "0.01"), **now
    )
    assert near.stdout.startswith("Reproduced: "), near.stdout
    assert (tmp_path / "near/project/out.txt").read_text() == "['3', None]"
    again = ("reproduce", "whole", "--run", "--folder", "exact")
    exact = headrace(tmp_path, *again, code=1, **now).stdout
    assert "metric train[1].loss: 1.0" in exact
    assert "steps" not in exact
    assert "output out.txt" not in exact
    assert "exit code:" not in exact


def test_reproduce_tells_what_came_out_different(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(
        "import os\nopen('out.txt', 'w').write(os.urandom(8).hex())\n"
    )
    headrace(tmp_path, "run", "-q", "--", sys.executable, "draw.py")
    ended = headrace(tmp_path, "reproduce", "draw.py", "--run", "--folder", "again", code=1)
    assert "Not reproduced" in ended.stdout
    assert "output out.txt" in ended.stdout
