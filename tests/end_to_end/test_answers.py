"""What Headrace answers, against pandas and networkx on the raw records.

The records are read from the segments by tests/segments.py, of the fine-tuning study and of a
generated campaign.
"""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from segments import ObjectId
from studies import Study

GENERATED = """
import pathlib, random, threading, time
from concurrent.futures import ThreadPoolExecutor
import headrace as hr

random.seed(11)

def written(name, text):
    path = pathlib.Path(name)
    path.write_text(text)
    return hr.object(path, kind="text")

def fit(corpora, lr, width, seed):
    used = {"lr": lr, "width": width, "seed": seed, "data": corpora[seed % 2]}
    with hr.task("train", used=used) as train:
        for epoch in range(3):
            with hr.task("epoch", used={"epoch": epoch}) as inner:
                for step in range(4):
                    with hr.task("step", used={"rate": lr * step}):
                        if (lr, width, seed, epoch, step) == (0.1, 8, 0, 1, 2):
                            time.sleep(0.02)
                inner.generated(epoch_loss=3 / (1 + epoch) + lr)
                hr.log(epoch_loss=3 / (1 + epoch) + lr, epoch=epoch)
            with hr.task("save") as save:
                name = f"part{lr}_{width}_{seed}_{epoch}.txt"
                save.generated(part=written(name, f"{lr} {epoch}"))
        if (lr, width) == (0.4, 16):
            raise ArithmeticError("diverged")
        train.generated(loss=lr * lr + 0.01 * width + seed / 1000, model=written(
            f"model{lr}_{width}_{seed}.txt", f"{lr} {width} {seed}"), notes={"depth": {"n": width}})

with hr.campaign("made"):
    with hr.workflow("prepare"):
        raws = [written(f"raw{i}.txt", f"raw {i}") for i in range(5)]
        corpora = []
        for part in (raws[:3], raws[2:]):
            with hr.task("clean", used={"texts": part}) as clean:
                corpora.append(written(f"corpus{len(corpora)}.txt", f"corpus {len(corpora)}"))
                clean.generated(corpus=corpora[-1])
    for name, shift in (("sweep", 0.0), ("again", 0.1)):
        with hr.workflow(name, used={"shift": shift}):
            for width in (8, 16, 32):
                for lr in (0.1, 0.2, 0.4):
                    for seed in (0, 1):
                        try:
                            fit(corpora, lr + shift, width, seed)
                        except ArithmeticError:
                            pass
            if name == "sweep":
                fit(corpora, 0.1, 32, 1)  # the same once more
    with hr.workflow("score"):
        with hr.task("load", used={"model": hr.object("model0.1_8_0.txt", kind="text")}) as load:
            time.sleep(0.003)
            table = written("table.txt", "table")
            load.generated(table=table)
        done = []
        def evaluate(i):
            with hr.task("evaluate", used={"table": table, "fold": i}) as task:
                time.sleep(0.002 * (1 + i % 3))
                report = written(f"report{i}.txt", f"report {i}")
                task.generated(report=report, score=i / 7)
            done.append(report)
        lanes = [threading.Thread(target=lambda k=k: [evaluate(i) for i in range(k, 6, 2)])
                 for k in range(2)]
        for lane in lanes: lane.start()
        for lane in lanes: lane.join()
        with hr.task("join", used={"reports": done}):
            time.sleep(0.001)
"""


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return Study.made_by(GENERATED, tmp_path_factory.mktemp("generated"))


@pytest.fixture(params=["generated", "fine_tuning"])
def study(request: pytest.FixtureRequest) -> Study:
    found: Study = request.getfixturevalue(request.param)
    return found


def seconds(task: pd.DataFrame) -> pd.Series:
    return (task.ended_ns - task.began_ns) / 1e9


def near(expected: Any) -> Any:
    """Times: clocks are read a few times, and lines drawn between."""
    return pytest.approx(expected, rel=1e-3, abs=2e-6)


def test_the_reader_finds_what_the_program_wrote_down(fine_tuning: Study) -> None:
    """The reader of the segments itself, against the results that the study's scripts wrote."""
    task = fine_tuning.raw.task
    tuned = task[task.activity == "finetune"].sort_values("began_ns")
    history = fine_tuning.result("finetune")
    assert [values["val_loss"] for values in tuned.generated] == [
        curve["epoch_val_loss"][-1] for curve in history.values()
    ]
    assert (task.activity == "step").sum() == sum(
        len(curve["step_loss"])
        for workflow in ("pretrain", "finetune")
        for curve in fine_tuning.result(workflow).values()
    )


def test_counts_and_durations_of_activities(study: Study) -> None:
    rows = study.rows(
        "SELECT activity, status, count(*) AS tasks, sum(duration_s) AS total_s, "
        "quantile_cont(duration_s, 0.95) AS p95_s FROM task GROUP BY ALL"
    )
    groups = dict(list(study.raw.task.groupby(["activity", "status"])))
    assert {(row["activity"], row["status"]) for row in rows} == set(groups)
    for row in rows:
        took = seconds(groups[row["activity"], row["status"]])
        assert row["tasks"] == len(took)
        assert row["total_s"] == pytest.approx(took.sum(), rel=1e-3, abs=2e-6 * len(took))
        assert row["p95_s"] == near(took.quantile(0.95))


@pytest.mark.parametrize(
    ("which", "activity", "made", "used", "bounds"),
    [
        ("generated", "train", "loss", "lr", (0.25, 0.15)),
        ("fine_tuning", "finetune", "val_loss", "lr", (3.6, 0.0005)),
    ],
)
def test_the_first_twenty_of_a_filter(
    request: pytest.FixtureRequest,
    which: str,
    activity: str,
    made: str,
    used: str,
    bounds: tuple[float, float],
) -> None:
    study: Study = request.getfixturevalue(which)
    rows = study.answer(
        *(
            "ls",
            "tasks",
            f"activity:{activity} generated.{made}<{bounds[0]} used.{used}>{bounds[1]}",
        ),
        *("--sort", f"generated.{made},started", "--limit", "20"),
        *("--columns", f"id,generated.{made},used.{used}"),
    )
    task = study.raw.task[study.raw.task.activity == activity].sort_values("began_ns")
    frame = pd.DataFrame(
        {
            made: [values.get(made, math.nan) for values in task.generated],
            used: [values[used] for values in task.used],
        },
        index=task.index,
    )
    found = frame[(frame[made] < bounds[0]) & (frame[used] > bounds[1])]
    found = found.sort_values(made, kind="stable").head(20)
    assert 0 < len(found) < len(frame)
    assert [row["id"] for row in rows] == list(found.index)
    assert [row[f"generated.{made}"] for row in rows] == list(found[made])


def test_a_group_by_a_captured_value(study: Study) -> None:
    rows = study.rows(
        "SELECT used.width AS width, count(*) AS tasks, sum(duration_s) AS total_s FROM task "
        "WHERE used.width IS NOT NULL GROUP BY 1"
    )
    task = study.raw.task
    width = pd.Series([values.get("width") for values in task.used], index=task.index)
    groups = seconds(task).groupby(width)
    assert {row["width"]: row["tasks"] for row in rows} == groups.size().to_dict()
    for row in rows:
        assert row["total_s"] == near(groups.sum()[row["width"]])


def family(study: Study) -> dict[str, set[str]]:
    """Of each task: itself, those around it, those inside it."""
    parents = study.raw.task.parent_task_id.dropna()
    tree = nx.DiGraph(zip(parents, parents.index, strict=True))
    tree.add_nodes_from(study.raw.task.index)
    return {t: {t} | nx.ancestors(tree, t) | nx.descendants(tree, t) for t in study.raw.task.index}


def made_from(study: Study) -> nx.DiGraph:
    """What each object was made from: what the task that generated it, those around it and those
    inside it used, and what their workflow did."""
    related = family(study)
    edge = study.raw.edge
    used = edge[edge.relation == "used"].groupby("owner").object.agg(set).to_dict()
    graph = nx.DiGraph()
    graph.add_nodes_from(study.raw.object.index)
    for made in edge[edge.relation == "generated"].itertuples():
        owners = set(related.get(made.owner, {made.owner}))
        if made.owner in related:
            owners.add(study.raw.task.workflow_id[made.owner])
        for source in set().union(*(used.get(owner, set()) for owner in owners)):
            graph.add_edge(source, made.object)
    return graph


def objects_of(answer: Any) -> set[str]:
    nodes = answer["graph"]["nodes"]
    assert not any(node["exact"] and not edge_leads_to(answer, node) for node in nodes[1:])
    return {node["id"] for node in nodes if node["kind"] == "object" and node["exact"]}


def edge_leads_to(answer: Any, node: Any) -> bool:
    return any(node["id"] in (edge["from"], edge["to"]) for edge in answer["graph"]["edges"])


def test_why_and_affects_are_the_closure_of_the_edges(study: Study) -> None:
    graph = made_from(study)
    depths = {node: len(nx.ancestors(graph, node)) for node in graph}
    order = sorted(graph, key=lambda node: (depths[node], node))
    for node in (order[0], order[len(order) // 2], order[-2], order[-1]):
        why = study.answer("why", node)
        assert objects_of(why) == nx.ancestors(graph, node) | {node}
        affected = study.answer("affects", node)
        assert objects_of(affected) == nx.descendants(graph, node) | {node}
    first = min(nx.ancestors(graph, order[-1]), key=lambda node: (depths[node], node))
    between = nx.descendants(graph, first) & nx.ancestors(graph, order[-1]) | {first, order[-1]}
    assert objects_of(study.answer("why", order[-1], "--only-path", first)) == between
    near_by = study.answer("why", order[-1], "--depth", "2")  # to its task, and what that used
    assert objects_of(near_by) == set(graph.predecessors(order[-1])) | {order[-1]}


def test_diff_of_two_tasks_is_that_of_their_values(fine_tuning: Study) -> None:
    task = fine_tuning.raw.task[fine_tuning.raw.task.activity == "finetune"]
    a, b = task.iloc[0], task.iloc[-1]
    lines = fine_tuning.answer("diff", str(a.name), str(b.name), code=1)["lines"]
    differ = {name for name in a.used if a.used[name] != b.used[name]}
    assert len(differ) > 2
    found = {line["what"]: line for line in lines if line["section"] == "parameters"}
    assert {name for name in found if name.startswith("finetune.")} == {
        f"finetune.{name}" for name in differ
    }
    names = fine_tuning.raw.object.name
    for name in differ:
        for side, own in (("a", a), ("b", b)):
            value = own.used[name]
            wanted = names[value.text] if isinstance(value, ObjectId) else value
            assert found[f"finetune.{name}"][side] == wanted
    loss = next(line for line in lines if line["what"] == "finetune.val_loss")
    assert (loss["a"], loss["b"]) == (a.generated["val_loss"], b.generated["val_loss"])
    took = next(line for line in lines if line["section"] == "time" and line["what"] == "finetune")
    assert (took["a"], took["b"]) == (near(seconds(task).iloc[0]), near(seconds(task).iloc[-1]))


def test_diff_of_two_workflows(generated: Study) -> None:
    answer = generated.answer("diff", "sweep", "again", code=1)
    raw = generated.raw
    name = raw.task.workflow_id.map(raw.workflow.name)
    a, b = (raw.task[name == which] for which in ("sweep", "again"))
    assert (answer["a"]["tasks"], answer["b"]["tasks"]) == (len(a), len(b))
    shift = next(line for line in answer["lines"] if line["what"] == "sweep.shift")
    assert (shift["a"], shift["b"]) == (0.0, 0.1)
    took = {line["what"]: line for line in answer["lines"] if line["section"] == "time"}
    for activity in ("epoch", "step"):
        for side, tasks in (("a", a), ("b", b)):
            whole = seconds(tasks[tasks.activity == activity])
            assert took[activity][side] == pytest.approx(whole.sum(), rel=1e-2)


def critical_path(study: Study, workflow_id: str) -> list[str]:
    """From what ended last back, at each step to what ended last of all that it waited for."""
    task = study.raw.task[study.raw.task.workflow_id == workflow_id]
    edge = study.raw.edge
    makers, uses = defaultdict(set), defaultdict(set)
    for one in edge[edge.owner.isin(task.index)].itertuples():
        if one.relation == "generated":
            makers[one.object].add(one.owner)
        else:
            uses[one.owner].add(one.object)
    facts = task.to_dict("index")
    inside = defaultdict(list)
    for task_id, one in facts.items():
        inside[one["parent_task_id"]].append(task_id)

    def last(tasks: Any) -> str:
        return max(tasks, key=lambda t: facts[t]["ended_ns"])

    def innermost(at: str) -> str:
        while inside[at]:
            at = last(inside[at])
        return at

    def waited_for(at: str) -> set[str]:
        found: set[str] = set()
        around: str | None = at
        while around is not None:
            one = facts[around]
            before = set().union(*(makers[thing] for thing in uses[around]))
            before |= {
                other
                for other in inside[one["parent_task_id"]]
                if (facts[other]["producer"], facts[other]["ring"])
                == (one["producer"], one["ring"])
            }
            found |= {o for o in before if o != around and facts[o]["ended_ns"] <= one["began_ns"]}
            around = one["parent_task_id"] if one["parent_task_id"] in facts else None
        return found

    outermost = [t for t, one in facts.items() if one["parent_task_id"] not in facts]
    path = [innermost(last(outermost))]
    while before := waited_for(path[-1]):
        path.append(innermost(last(before)))
    return path[::-1]


@pytest.mark.parametrize(
    ("which", "workflow"),
    [("generated", "score"), ("generated", "sweep"), ("fine_tuning", "finetune")],
)
def test_the_critical_path(request: pytest.FixtureRequest, which: str, workflow: str) -> None:
    study: Study = request.getfixturevalue(which)
    raw = study.raw
    [workflow_id] = raw.workflow.index[raw.workflow.name == workflow]
    answer = study.answer("critical-path", workflow)
    path = critical_path(study, workflow_id)
    assert [link["task_id"] for link in answer["links"]] == path
    took = seconds(raw.task)
    assert answer["working_s"] == pytest.approx(took[path].sum(), rel=1e-3, abs=1e-5)
    mine = raw.task[raw.task.workflow_id == workflow_id]
    assert answer["total_s"] == near((mine.ended_ns.max() - mine.began_ns.min()) / 1e9)
    if workflow == "score":
        assert [raw.task.activity[t] for t in path][0 :: len(path) - 1] == ["load", "join"]


@pytest.mark.parametrize(
    ("which", "workflow"), [("generated", "sweep"), ("fine_tuning", "finetune")]
)
def test_stragglers_are_far_beyond_the_median(
    request: pytest.FixtureRequest, which: str, workflow: str
) -> None:
    study: Study = request.getfixturevalue(which)
    raw = study.raw
    [workflow_id] = raw.workflow.index[raw.workflow.name == workflow]
    task = raw.task[(raw.task.workflow_id == workflow_id) & (raw.task.status == "finished")]
    took = seconds(task)
    found = {row["task_id"]: row for row in study.answer("stragglers", workflow)}
    for _, mine in took.groupby(task.activity):
        median = mine.median()
        deviation = max(1.4826 * (mine - median).abs().median(), 0.05 * median)
        for task_id, duration in mine.items():
            limit = median + 5 * deviation
            if len(mine) < 5 or abs(duration / limit - 1) < 1e-3:  # too near to tell
                continue
            assert (task_id in found) == (duration > limit)
            if task_id in found:
                assert found[task_id]["excess_s"] == near(duration - median)
    if which == "generated":
        slow = task[task.activity == "step"].index[took[task.activity == "step"].argmax()]
        assert slow in found


def test_findings_of_the_summary(study: Study) -> None:
    campaign = study.rows("SELECT name FROM campaign")[0]["name"]
    told = {f["about"]: f for f in study.answer("summary", campaign)["findings"]}
    task = study.raw.task
    took = seconds(task)
    inside = took.groupby(task.parent_task_id).sum()
    own = (took - inside.reindex(took.index).fillna(0)).clip(lower=0).groupby(task.activity).sum()
    for row in told["time"]["rows"]:
        assert row["own_s"] == pytest.approx(own[row["activity"]], rel=1e-2, abs=1e-4)
    assert told["time"]["sentence"].startswith(f"{own.idxmax()} takes most time")
    bad = task[task.status.isin(["failed", "lost", "cancelled"])]
    assert sum(row["tasks"] for row in told["failures"]["rows"]) == len(bad)

    def settings(at: str) -> list[str]:
        """What a task and all around it used."""
        out = [str(study.raw.workflow.used[task.workflow_id[at]])]
        around: str | None = at
        while around is not None:
            out.append(f"{task.activity[around]} {task.used[around]}")
            around = task.parent_task_id[around]
        return out

    done = task[task.used.astype(bool) & task.generated.astype(bool)]
    done = done[done.status == "finished"]
    keys = pd.Series([str((settings(t), done.generated[t])) for t in done.index], index=done.index)
    again = keys.duplicated().groupby(done.activity).sum()
    found = {row["activity"]: row["again"] for row in told.get("done again", {"rows": []})["rows"]}
    assert found == again[again > 0].to_dict()
    if campaign == "made":
        assert found == {"train": 1, "epoch": 3}


def test_energy_is_the_counters_over_each_task(study: Study) -> None:
    """One thread at a time, so a task's energy is what its process's counter gained meanwhile."""
    sample = study.raw.sample
    counter = sample[sample.name == "estimate.cpu"]
    if counter.empty or (sample.quantity == "hw.energy").sum() > len(counter):
        pytest.skip("this machine measures energy; the estimate is checked where nothing does")
    lines = {
        producer: (mine.at_ns.to_numpy(float), (mine.raw * mine.scale).to_numpy(float))
        for producer, mine in counter.sort_values("at_ns").groupby("producer")
    }
    rows = study.rows(
        "SELECT task_id, window_j, attributed_j, share_j, split_u95_j, reason FROM task_energy"
    )
    assert len(rows) > 10
    task = study.raw.task
    outermost = 0.0
    for row in rows:
        own = task.loc[row["task_id"]]
        at, joules = lines[own.producer]
        begin, end = np.interp([own.began_ns, own.ended_ns], at, joules)
        assert row["window_j"] == pytest.approx(end - begin, rel=1e-2, abs=1e-4)
        if own.activity not in ("evaluate", "load", "join"):  # of several threads
            may_be_off = max(row["split_u95_j"], 1e-2 * (end - begin), 1e-4)
            assert row["share_j"] == pytest.approx(end - begin, rel=0, abs=may_be_off)
        if row["attributed_j"] is None:
            assert row["reason"]
        else:
            assert row["attributed_j"] == row["share_j"]
        if own.parent_task_id is None:
            outermost += row["share_j"]
    whole = sum(joules[-1] - joules[0] for _, joules in lines.values())
    assert outermost <= whole * (1 + 1e-9)


def test_metrics_are_the_logged_values(study: Study) -> None:
    rows = study.rows("SELECT task_id, metrics FROM log WHERE stream = 'metric' ORDER BY time")
    log = study.raw.log.sort_values("at_ns", kind="stable")
    assert [row["task_id"] for row in rows] == list(log.task_id)
    assert [row["metrics"] for row in rows] == list(log.metrics)
