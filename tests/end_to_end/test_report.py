"""The report of a really captured sweep, opened in headless Chromium."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asked import node, outside

ROOT = Path(__file__).parents[2]
HEADRACE = ROOT / "build/release/bin/headrace"
HOSTILE = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>'

# Captured text reaches the page in names, values, file names and errors; all of it is hostile here.
SWEEP = """
import sys
from pathlib import Path
import headrace as hr

folder, hostile = Path(sys.argv[1]), sys.argv[2]

def busy(rounds):
    return sum(i * i % 7 for i in range(rounds * 300_000))

@hr.campaign("sweep " + hostile)
def main():
    raw = folder / ("raw<b>.txt")
    raw.write_text("to be or not to be")
    with hr.workflow("prepare"):
        with hr.task("clean", used={"text": hr.object(raw, kind="file")}) as task:
            data = folder / "data.bin"
            data.write_bytes(b"0123456789")
            task.generated(dataset=hr.object(data, kind="dataset"))
    with hr.workflow("finetune " + hostile):
        for lr, frozen in ((0.001, 0), (0.001, 2), (0.0003, 0), (0.0003, 2)):
            used = {"data": hr.object(data, kind="dataset"), "lr": lr, "frozen": frozen, "seed": 7}
            with hr.task("finetune", used=used) as task:
                for epoch in range(2):
                    with hr.task("epoch", used={"epoch": epoch}) as inner:
                        for step in hr.loop(range(3), "step"):
                            busy(3 - frozen)
                        inner.generated(loss=lr)
                model = folder / f"model_{lr:g}_{frozen}.bin"
                model.write_text(f"{lr} {frozen}")
                task.generated(val_loss=2 + frozen / 10 + lr, model=hr.object(model, kind="model"))
        try:
            with hr.task("finetune", used={"lr": 9.0, "frozen": 0, "seed": 7}):
                raise FloatingPointError("loss is not finite " + hostile)
        except FloatingPointError:
            pass

main()
"""


def headrace(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        [HEADRACE, *arguments, "--dir", folder / ".headrace"],
        check=True,
        capture_output=True,
        text=True,
        cwd=folder,
    ).stdout


@dataclass(frozen=True)
class Written:
    folder: Path
    page: Path
    document: dict[str, Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder = tmp_path_factory.mktemp("sweep")
    subprocess.run(
        [sys.executable, "-c", SWEEP, folder, HOSTILE],
        env={**outside(), "HEADRACE_DIR": str(folder / ".headrace")},
        check=True,
    )
    page = folder / "sweep.html"
    assert headrace(folder, "report", "-o", str(page)).strip() == str(page)
    yield Written(folder, page, json.loads(headrace(folder, "report", "--json", "-o", "-")))


def plain(text: str) -> str:
    return re.sub(r"[\u2009\u00a0]", " ", text)


def test_the_data_keeps_its_contract(written: Written) -> None:
    node("script/validate.mjs", written.page)


def test_the_page_is_one_file_that_names_no_other(written: Written) -> None:
    text = written.page.read_text()
    assert not re.search(r"""(src|href)=["']?(https?:|//)""", text.split('id="report-data"')[0])
    assert len(text.encode()) < 400_000
    assert HOSTILE not in text


def test_the_trade_off_is_the_commands(written: Written) -> None:
    found = {row["task_id"]: row for row in written.document["tradeoff"]["configurations"]}
    assert written.document["tradeoff"]["quality"] == "val_loss"
    assert written.document["tradeoff"]["factors"] == ["lr", "frozen"]
    for cost in ("energy", "time"):
        rows = json.loads(
            headrace(
                written.folder,
                *("tradeoff", "sweep " + HOSTILE, "--cost", cost),
                *("--quality", "val_loss", "--minimise", "--json"),
            )
        )
        assert len(rows) == len(found) == 5
        for row in rows:
            same = found[row["task_id"]]
            assert same[f"{cost}_front"] == row["on_front"]
            assert same[f"{cost}_dominated_by"] == row["dominated_by_task_id"]
            assert same["quality"] == row["val_loss"]
            assert same["energy_j"] == row["energy_j"]
            assert same["energy_truth"] == row["energy_truth"]
            assert same["time_s"] == row["time_s"]


def test_the_lineage_is_the_commands(written: Written) -> None:
    lineage = written.document["lineage"]
    assert lineage["name"] == "model_0.0003_0.bin"
    labels = {node["label"] for node in lineage["nodes"]}
    assert {"finetune", "clean", "data.bin", "raw<b>.txt"} <= labels
    why = json.loads(headrace(written.folder, "why", lineage["object_id"], "--json"))
    graph = why["graph"]
    assert {node["id"] for node in lineage["nodes"]} == {node["id"] for node in graph["nodes"]}
    assert len(lineage["edges"]) == len(graph["edges"])


def test_energy_says_how_it_is_known(written: Written) -> None:
    for method in written.document["energy"]["methods"]:
        assert method["truth"] in ("measured", "mixed", "estimated")
        assert method["method"]
        if method["truth"] == "estimated":
            assert method["assumption"]


def test_the_counts_are_what_the_program_did(written: Written) -> None:
    capture = written.document["capture"]
    # 1 clean, 5 finetune, 8 epochs, 24 steps.
    assert capture["tasks"] == written.document["tasks"]["rows"] == 38
    assert capture["workflows"] == 2
    # A text, a dataset, four models; used and made once by clean, by four finetunes.
    assert capture["objects"] == 6
    assert capture["edges"] == 10
    assert capture["lost_records"] == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 2560])
def test_chromium_shows_it(written: Written, width: int, theme: str) -> None:
    seen = json.loads(node("script/probe.mjs", written.page, str(width), theme))
    assert seen["talk"] == []
    assert seen["requests"] == []
    assert seen["theme"] == theme
    assert seen["background"] == ("rgb(255, 255, 255)" if theme == "light" else "rgb(15, 18, 24)")
    assert seen["toggled"] == "dark"  # after auto came light, then dark
    assert seen["sections"] == [
        *("answer", "tradeoff", "timeline", "graph", "curves", "ranks", "costs", "lineage"),
        *("workflows", "energy", "capture"),
    ]
    assert not seen["overflows"]

    # The answer stands first.
    assert plain(seen["headline"]).startswith("Best: lr 0.0003 · frozen 0 reaches val_loss 2.00")
    assert seen["title"].startswith("sweep ")
    # Two scatters, the timeline, activities, ranks, bars, the lineage: each drawn, named, and
    # reached by Tab. Nothing was logged, so that there are no curves, and the page says so.
    assert len(seen["canvases"]) == 7
    assert "hr.log(" in seen["text"]
    for canvas in seen["canvases"]:
        assert canvas["colours"] > 20, canvas
        assert canvas["label"] and canvas["tab"] == 0
    assert seen["unnamed"] == 0
    assert len(seen["configurations"]) == 5
    assert seen["configurations"][0][0] == "1 best"
    assert len(seen["workflows"]) == 3  # and their sum
    assert seen["why"]

    # Keys choose, zoom, tabulate and clear; a choice is linked and in the address.
    assert "clean" in seen["chosen"]
    assert "#" in seen["address"] and "select=" in seen["address"]
    assert seen["zoom_changes"]
    assert seen["kept"]  # after a reload
    assert seen["rows"] > 10
    assert "Choose a bar" in seen["cleared"]
    assert seen["linked"] == 1

    # Captured text is text: shown, and nothing else.
    assert seen["foreign"] == 0
    assert seen["scripts"] == 2
    assert HOSTILE in seen["text"]


LARGE = """
import sys
import headrace as hr

with hr.campaign("large"):
    for part in range(4):
        with hr.workflow(f"part {part}"):
            for epoch in range(5):
                with hr.task("epoch", used={"epoch": epoch}) as task:
                    for step in hr.loop(range(int(sys.argv[1]) // 20 - 1), "step"):
                        pass
                    task.generated(loss=1 / (epoch + 1))
"""


def test_very_many_tasks_fit_a_small_file_that_opens(tmp_path: Path, run_all: bool) -> None:
    """100,000 tasks in 3 MB. In the short form a fifth of them: their values have most of it."""
    tasks = 100_000 if run_all else 20_000
    environment = {**outside(), "HEADRACE_DIR": str(tmp_path / ".headrace")}
    subprocess.run([sys.executable, "-c", LARGE, str(tasks)], env=environment, check=True)
    page = tmp_path / "large.html"
    headrace(tmp_path, "report", "-o", str(page))
    assert page.stat().st_size <= 900_000 + 21 * tasks
    seen = json.loads(node("script/open_report.mjs", page))
    assert seen.pop("ready_ms") > 0
    assert seen == {"talk": [], "requests": [], "tasks": f"{tasks:,}".replace(",", " ")}


def card(written: Written, *arguments: str) -> str:
    return headrace(written.folder, "report", *arguments)


def test_a_card_says_it_in_markdown(written: Written) -> None:
    text = card(written, "--format", "md")
    assert text == card(written, "--format", "md")  # the same store, the same text
    # What stands in fences cannot be markup; of the rest no captured text is.
    outside_fences = re.sub(r"(?ms)^(`{3,})text\n.*?^\1\n", "", text)
    assert "<img" not in outside_fences
    assert "<script" not in outside_fences
    assert "&lt;img src=x" in outside_fences
    for heading in (
        *("# Workflow Card: sweep ", "## 1. Workflow", "## 2. Summary", "## 3. Infrastructure"),
        *("## 4. Workflow Overview", "### 4.1 Run Summary", "### 4.2 Workflow Structure"),
        *("### 4.3 Resource Usage", "### 4.4 Observations", "## 5. Activities"),
        *("## 6. Significant Workflow Artifacts", "## 7. Capture", "## 8. Run It Again"),
        "## Aggregation Method",
    ):
        assert re.search(f"^{re.escape(heading)}", text, re.M), heading
    assert "ran 38 tasks in 2 workflows" in text
    assert "| step | 24 | 0 |" in text
    assert "raw&lt;b&gt;.txt" in text
    assert "FloatingPointError" in text
    assert "Nothing was lost" in text


def test_the_file_s_ending_says_the_format(written: Written) -> None:
    file = written.folder / "sweep.md"
    assert card(written, "-o", str(file)).strip() == str(file)
    assert file.read_text() == card(written, "--format", "md")
    assert card(written, "prepare", "--format", "md").startswith("# Workflow Card: prepare\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nothing", "--format", "md"), 3, "there is no campaign or workflow nothing"),
        (("--format", "pdf"), 2, "--format: pdf not in {html,md}"),
        (("--format", "md", "--json"), 2, "--format excludes --json"),
        (("--against", "nothing"), 3, "there is no campaign nothing"),
    ],
)
def test_what_cannot_be_written_is_said(
    written: Written, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = subprocess.run(
        [HEADRACE, "report", *arguments, "--dir", written.folder / ".headrace"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_missing_campaign_is_named(written: Written) -> None:
    done = subprocess.run(
        [HEADRACE, "report", "swep", "--dir", written.folder / ".headrace"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "there is no campaign or workflow swep" in done.stderr
    assert done.stdout == ""


def test_an_unwritable_place_is_said(written: Written) -> None:
    done = subprocess.run(
        [HEADRACE, "report", "-o", "/proc/report.html", "--dir", written.folder / ".headrace"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "/proc/report.html" in done.stderr
    assert "Traceback" not in done.stderr
