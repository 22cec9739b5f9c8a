"""Questions from Python to what Python captured."""

from __future__ import annotations

import datetime
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from recorded import Recorded

STUDY = """
import math
import headrace as hr

with hr.campaign("sweep"), hr.workflow("tune", used={"seed": 7}):
    for lr in (0.1, 0.2):
        with hr.task("train", used={"lr": lr, "wide": 10**30, "deep": {"a": [1, None]}}) as t:
            path = f"model_{lr}.pt"
            open(path, "w").write(str(lr))
            t.generated(loss=3 - lr, bad=math.nan, model=hr.object(path, kind="model"))
"""


@pytest.fixture
def study(run: Callable[..., Recorded], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run(STUDY)
    return tmp_path


def ask(folder: Path, source: str) -> str:
    """In a process of its own, as a notebook would be."""
    done = subprocess.run(
        [sys.executable, "-c", "import headrace as hr\nstore = hr.open('.')\n" + source],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_does_not_load_duckdb() -> None:
    source = (
        "import sys, headrace\n"
        "assert 'headrace._query' not in sys.modules\n"
        "assert 'duckdb' not in open('/proc/self/maps').read()\n"
    )
    subprocess.run([sys.executable, "-c", source], check=True, timeout=60)


def test_rows_are_python_values(study: Path) -> None:
    import headrace as hr

    table = hr.open(study).sql(
        "SELECT used.lr, activity, started_at, used.lr > 0.15 AS big, used.wide, "
        "1.50::DECIMAL(9, 2) AS price, NULL AS nothing, [1, 2] AS pair, 'ab'::BLOB AS raw, task_id "
        "FROM task ORDER BY used.lr"
    )
    assert table.columns[:4] == ["lr", "activity", "started_at", "big"]
    assert len(table) == 2
    row = table.rows()[0]
    assert row[:2] == (0.1, "train")
    assert isinstance(row[2], datetime.datetime)
    assert row[2].tzinfo is datetime.timezone.utc
    assert row[3] is False
    assert row[4] == 10**30
    assert str(row[5]) == "1.50"
    assert row[6:9] == (None, [1, 2], b"ab")
    assert len(row[9]) == 36
    assert table["lr"] == [0.1, 0.2]
    assert [r[0] for r in table] == [0.1, 0.2]
    assert table.dicts()[1]["big"] is True
    with pytest.raises(KeyError):
        table["none"]


def test_whole_roles_are_dicts(study: Path) -> None:
    import headrace as hr

    rows = hr.open(study).sql("SELECT used, generated FROM task ORDER BY started_at").dicts()
    assert rows[0]["used"]["lr"] == 0.1
    assert rows[0]["used"]["wide"] == 10**30
    assert rows[0]["used"]["deep"] == {"a": [1, None]}
    assert rows[0]["generated"]["bad"] != rows[0]["generated"]["bad"]  # NaN


def test_arrow_and_pandas_share_the_memory_of_a_closed_store(study: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import headrace as hr

    table = hr.open(study).sql("SELECT range AS n, 'x' || range AS text FROM range(5000)")
    arrow = pa.table(table)
    again = table.arrow()
    assert arrow.equals(again)
    column = arrow["text"]
    del table, arrow, again
    assert column[4999].as_py() == "x4999"
    frame = hr.open(study).sql("SELECT used.lr, activity FROM task ORDER BY 1").df()
    assert list(frame["lr"]) == [0.1, 0.2]
    assert list(frame["activity"]) == ["train", "train"]


def test_arrow_stream_needs_no_pyarrow(study: Path) -> None:
    out = ask(
        study,
        "import sys\n"
        "capsule = store.sql('SELECT 1 AS a').__arrow_c_stream__()\n"
        "print(type(capsule).__name__, 'pyarrow' in sys.modules)\n",
    )
    assert out.split() == ["PyCapsule", "False"]


def test_tables_show_themselves(study: Path) -> None:
    import headrace as hr

    store = hr.open(study)
    text = repr(store.sql("SELECT range AS n FROM range(100)"))
    assert text.splitlines()[:2] == [" n", " 0"]
    assert "showing 20 of 100" in text
    page = store.sql("SELECT '<b>' AS \"a<\"")._repr_html_()
    assert ">a&lt;</th>" in page
    assert ">&lt;b&gt;</td>" in page


def test_tradeoff_and_why(study: Path) -> None:
    import headrace as hr

    store = hr.open(study)
    answer = store.tradeoff("sweep", "loss", cost="time")
    assert answer.about["activity"] == "train"
    assert answer.about["minimise"] is True
    assert {row["config"] for row in answer.dicts()} == {"lr=0.1", "lr=0.2"}
    assert answer.front()
    why = store.why("model_0.2.pt")
    assert why.sentences[0].startswith("model_0.2.pt (model, sha256 ")
    assert {node["label"] for node in why.graph["nodes"]} == {"model_0.2.pt", "train"}
    assert why.facts["params"]["lr"] == 0.2
    assert store.show("sweep")["tasks"] == 2


CURVES = """
import headrace as hr

with hr.campaign("curves"), hr.workflow("fits"):
    for lr in (0.1, 0.2, 0.3, 0.4):
        with hr.task("fit", used={"lr": lr, "width": 8 if lr < 0.3 else 16}) as t:
            for step in range(20):
                hr.log(step=step, loss=lr + 1 / (step + 1))
            t.generated(final=lr, memory=1 / lr)
"""


def test_diff(study: Path) -> None:
    import headrace as hr
    from headrace.store import QueryError

    store = hr.open(study)
    first, second = store.tasks.where("activity:train").sort("used.lr").table()["task_id"]
    diff = store.diff(first, second)
    assert diff
    assert "train.lr" in diff.text
    assert {line["what"] for line in diff.lines} >= {"train.lr", "train.loss"}
    assert len(store.diff(first, second, all=True).lines) > len(diff.lines)
    assert not store.diff(first, first)
    with pytest.raises(QueryError, match="welch or mann-whitney"):
        store.diff(first, second, test="t")  # type: ignore[arg-type]


def test_lineage_goes_both_ways(study: Path) -> None:
    import headrace as hr
    from headrace.store import NotFoundError, QueryError

    store = hr.open(study)
    first, second = store.tasks.where("activity:train").sort("used.lr")
    made = store.affects(first["task_id"])
    assert {node["label"] for node in made.graph["nodes"]} >= {"model_0.1.pt"}
    assert "model_0.2.pt" not in made.text
    assert store.affects(first["task_id"], only_path="model_0.1.pt").sentences
    with pytest.raises(NotFoundError, match="nothing that was captured leads from"):
        store.affects(second["task_id"], only_path="model_0.1.pt")
    assert len(store.why("model_0.1.pt", depth=1).graph["nodes"]) == 2
    with pytest.raises(QueryError, match="depth is a number of steps"):
        store.why("model_0.1.pt", depth=-1)
    assert "model_0.2.pt (model" in repr(store.why(study / "model_0.2.pt", inferred=True))
    assert store.why("model_0.2.pt")._repr_html_().startswith("<pre>model_0.2.pt")


def test_tradeoff_weighs_and_regret_replays(run: Callable[..., Recorded], study: Path) -> None:
    import headrace as hr
    from headrace.store import QueryError

    run(CURVES)
    store = hr.open(study)
    answer = store.tradeoff(
        "curves", "final", minimise=True, objectives=["memory:min", "used.width"]
    )
    assert len(answer.front()) == 4
    assert "used.width" in answer.columns
    target = store.tradeoff("curves", "final", cost="time", target="loss<0.3")
    assert target.about["target"] == "loss<0.3"
    assert target["target_s"].count(None) == 2
    assert target.steps.columns[:2] == ["from", "to"]
    assert {row["objective"] for row in target.effects.dicts()} == {"final", "time"}
    with pytest.raises(QueryError, match="name what was achieved"):
        store.tradeoff("curves")
    regret = store.regret("curves", "loss", rules=["median"], grace=3)
    assert regret["rule"] == ["none", "median"]
    assert regret.sentence
    assert len(regret.facts["runs"]) == 4
    assert {"rule", "config", "stopped_after"} <= set(regret.stops.columns)
    assert len(regret.live) == 0
    with pytest.raises(QueryError, match="there is no stopping rule luck"):
        store.regret("curves", rules=["luck"])
    with pytest.raises(QueryError, match="grace is a number of points"):
        store.regret("curves", grace=0)


BURNING = """
import time
import headrace as hr

with hr.campaign("burning"), hr.workflow("burn"), hr.task("loop"):
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass
"""


def test_energy_adds_up(run: Callable[..., Recorded], study: Path, tmp_path: Path) -> None:
    import headrace as hr
    from headrace.store import QueryError

    run(BURNING, HEADRACE_TELEMETRY="1", HEADRACE_SYSFS_ROOT=str(tmp_path), HEADRACE_CPU_WATT="10")
    store = hr.open(study)
    energy = store.energy("burning")
    assert all(books["difference_uj"] == 0 for books in energy.conservation)
    uj = sum(line["energy_uj"] for line in energy.lines)
    assert uj == energy.total["energy_uj"] == energy.facts["conservation_total"]["attributed_uj"]
    assert uj > 1_000_000, "10 W for at least 0.2 s"
    assert energy.carbon is None
    assert energy.text.startswith("Energy of campaign burning: ")

    none = store.energy("burning", idle="none")
    assert none.facts["idle_policy"] == "none"
    assert all(books["difference_uj"] == 0 for books in none.conservation)
    assert store.energy("burning").facts["idle_policy"] == "separate", "the store stays as it is"
    with pytest.raises(QueryError, match="there is no idle policy all"):
        store.energy("burning", idle="all")  # type: ignore[arg-type]

    factors = tmp_path / "grid.csv"
    factors.write_text(
        "region,start,end,gco2e_per_kwh,kind,source\nX,2000-01-01,2100-01-01,3600,average,test\n"
    )
    carbon = store.energy("burning", carbon=factors, region="X", pue=1.5).carbon
    assert carbon is not None
    assert carbon["attributed_g"] == pytest.approx(1.5e-9 * uj)
    assert carbon["truth"] == "estimated"
    assert carbon["factors"]["sha256"] == hashlib.sha256(factors.read_bytes()).hexdigest()
    unknown = store.energy("burning", carbon=factors, region="Y").carbon
    assert unknown is not None and unknown["attributed_g"] is None
    assert "has no region Y; it has X" in unknown["reason"]
    with pytest.raises(QueryError, match="carbon and region go together"):
        store.energy("burning", carbon=factors)


def test_findings_paths_and_stragglers(run: Callable[..., Recorded], study: Path) -> None:
    import headrace as hr

    run(CURVES)
    store = hr.open(study)
    summary = store.summary("curves")
    assert summary.text.startswith("Campaign curves") or "curves" in summary.text
    for finding in summary.findings:
        assert finding["sentence"] in summary.text
        assert len(store.sql(finding["sql"])) >= len(finding["rows"])
    assert "SELECT" in store.summary("curves", sql=True).text
    path = store.critical_path("fits")
    assert [link["activity"] for link in path.links] == ["fit"] * 4
    stragglers = store.stragglers("fits", deviations=3)
    assert stragglers.columns[:2] == ["task_id", "activity"]


def test_a_workflow_is_run_again(tmp_path: Path) -> None:
    import headrace as hr
    from headrace.rerunning import program
    from headrace.store import NotFoundError, StoreError

    project = tmp_path / "project"
    project.mkdir()
    (project / "fit.py").write_text(
        "import headrace as hr\n"
        "with hr.task('fit', used={'lr': 0.5}) as t:\n"
        "    open('out.txt', 'w').write('42')\n"
        "    t.generated(loss=0.25, out=hr.object('out.txt'))\n"
    )
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "fit"]):
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(project)]
        subprocess.run([*git, *words], check=True, timeout=60)
    subprocess.run(
        [program(), "run", "-q", "--dir", str(tmp_path / ".headrace"), sys.executable, "fit.py"],
        cwd=project,
        check=True,
        timeout=120,
    )
    store = hr.open(tmp_path)
    (name,) = [w["name"] for w in store.workflows]
    needed = store.reproduce(name)
    assert needed.missing == []
    assert "fit.py" in needed.text
    again = store.rerun(name, tmp_path / "again")
    assert again, again.text
    assert ("fit[1].loss", "0.25") in [(one["name"], one["after"]) for one in again.compared]
    assert f"{again}".startswith(f"Reproduced: {len(again.compared)} of {len(again.compared)}")
    with pytest.raises(StoreError, match="is not empty"):
        store.rerun(name, tmp_path / "again")
    with pytest.raises(NotFoundError):
        store.reproduce("nothing")


def test_errors_say_what_to_do(study: Path, tmp_path: Path) -> None:
    import headrace as hr
    from headrace.store import NotFoundError, QueryError, StoreError

    store = hr.open(study)
    with pytest.raises(QueryError, match="did you mean lr"):
        store.sql("SELECT used.lrr FROM task")
    with pytest.raises(QueryError, match="only read"):
        store.sql("DELETE FROM task_slots")
    with pytest.raises(NotFoundError, match="there is no campaign"):
        store.tradeoff("nothing", "loss")
    with pytest.raises(NotFoundError):
        store.why("nothing.pt")
    with pytest.raises(StoreError, match="no folder"):
        hr.open(tmp_path / "none").sql("SELECT 1")


def test_tables_keep_nobody_from_writing(study: Path) -> None:
    out = ask(
        study,
        "table = store.sql('FROM task')\n"
        "import subprocess, sys\n"
        "more = 'import headrace as hr\\nwith hr.task(\"late\"): pass\\n'\n"
        "subprocess.run([sys.executable, '-c', more], check=True)\n"
        "reader = 'import headrace as hr\\nprint(len(hr.open().sql(\"FROM task\")))\\n'\n"
        "print(subprocess.run([sys.executable, '-c', reader], check=True, capture_output=True,\n"
        "                     text=True).stdout, len(table))\n",
    )
    assert out.split() == ["3", "2"]


def test_what_this_process_captured_is_found(study: Path) -> None:
    out = ask(
        study,
        "with hr.task('now'):\n"
        "    pass\n"
        "print(store.sql(\"SELECT count(*) FROM task WHERE activity = 'now'\").rows()[0][0])\n",
    )
    assert out.split() == ["1"]
