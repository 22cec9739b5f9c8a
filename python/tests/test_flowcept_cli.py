"""The command `flowcept`, and the cards that it and programs make."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asked import outside

pytest.importorskip("flowcept.buffer")

PROGRAM = """
from flowcept import Flowcept, FlowceptLoop, flowcept_task


@flowcept_task(output_names="loss")
def train(lr, name="adam"):
    if lr > 1:
        raise ValueError("diverged")
    return lr / 2


@flowcept_task
def report(loss):
    return {"text": f"loss is {loss}"}


for n in range(RUNS):
    with Flowcept(workflow_name=NAME, campaign_id="sweep", workflow_args={"n": n}) as flow:
        for lr in FlowceptLoop([0.5, 0.25], loop_name="rate", item_name="lr"):
            report(train(lr))
        try:
            train(2)
        except ValueError:
            pass
        Flowcept.insert_or_update_dataset(b"0123456789", object_id=f"data {n}", tags=["raw"])
print(flow.current_workflow_id)
"""


def environment(folder: Path) -> dict[str, str]:
    return outside() | {
        "HEADRACE_DIR": str(folder / ".headrace"),
        "HEADRACE_TELEMETRY": "0",
        "FLOWCEPT_SETTINGS_PATH": str(folder / "settings.yaml"),
    }


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=environment(folder), cwd=folder, timeout=300,
        capture_output=True, text=True, check=False, input="",
    )  # fmt: skip


def flowcept(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return python(folder, "-m", "flowcept.cli", *arguments)


def run(folder: Path, name: str, runs: int) -> str:
    script = folder / "program.py"
    script.write_text(PROGRAM.replace("NAME", name).replace("RUNS", str(runs)))
    done = python(folder, str(script))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_questions_and_cards(tmp_path: Path) -> None:
    workflow_id = run(tmp_path, '"study"', 1)

    def asked(*arguments: str) -> Any:
        done = flowcept(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = asked(
        "--query", "--filter", '{"activity_id": "train", "finished": true}',
        "--sort", '[["used.lr", 1]]', "--project", '["used.lr"]', "--limit", "1",
    )  # fmt: skip
    assert found == [{"used": {"lr": 0.25}}]
    (task,) = asked("--query", "--filter", '{"status": "ERROR"}')
    assert asked("--get-task", "--task-id", task["task_id"]) == [task]
    assert asked("--workflow-count", "--workflow-id", workflow_id) == {
        "workflow_id": workflow_id, "tasks": 7, "workflows": 1, "objects": 1
    }  # fmt: skip
    mistaken = flowcept(tmp_path, "--query", "--filter", '{"used.lr": {"$above": 1}}')
    assert mistaken.returncode == 1 and "$above is no operator" in mistaken.stderr
    assert "no JSON" in flowcept(tmp_path, "--query", "--filter", "{").stderr

    card = flowcept(tmp_path, "--generate-report", "--workflow-id", workflow_id).stdout
    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert [line for line in headings if line.startswith(("# ", "## "))] == [
        "# Workflow Card: study", "## 1. Workflow", "## 2. Summary", "## 3. Infrastructure",
        "## 4. Workflow Overview", "## 5. Activities", "## 6. Significant Workflow Artifacts",
        "## Aggregation Method",
    ]  # fmt: skip
    for heading in ("### 4.1 Run Summary", "### 4.2 Workflow Structure", "### 4.3 Resource Usage",
                    "### 4.4 Observations", "### Timing Report", "### Interpretation & Insights",
                    "### Per Activity Details", "### Object Artifacts Summary"):  # fmt: skip
        assert heading in headings
    assert "1 of 7 tasks failed: diverged" in card and "### Activity: `rate_iteration`" in card
    assert "train \u00d73 ──► report" in card and "`lr`: presence=100.0%; type=numeric" in card
    assert "| data 0 | 0 | 10 B |" in card

    # Loops are in the card of the buffer's file too.
    out = tmp_path / "card.md"
    done = flowcept(tmp_path, "--generate-report", "--input-path", "flowcept_buffer.jsonl",
                    "--output-path", str(out))  # fmt: skip
    assert done.returncode == 0 and "7 tasks, 3 activities, 1 objects" in done.stdout
    assert "### Activity: `rate_iteration`" in out.read_text()


def test_cards_of_campaigns(tmp_path: Path) -> None:
    run(tmp_path, '"study"', 3)
    script = tmp_path / "cards.py"
    script.write_text(
        "from flowcept import Flowcept\n"
        "from flowcept.report.service import build_workflow_card\n"
        "made = Flowcept.generate_report(campaign_id='sweep', output_path='campaign.md')\n"
        "print(made['workflows'], made['tasks'], made['input_mode'])\n"
        "print(build_workflow_card(campaign_id='sweep')['object_summary']['total_objects'])\n"
        "records = Flowcept.db.query({}) + Flowcept.db.workflow_query({})\n"
        "records[-1]['name'] = 'another'\n"
        "print(Flowcept.generate_report(records=records)['markdown'].splitlines()[0])\n"
        "for bad in ({'format': 'pdf'}, {'report_type': 'x'}, {'workflow_id': 'nobody'},\n"
        "            {'records': [], 'workflow_id': 'a'}):\n"
        "    try:\n"
        "        Flowcept.generate_report(**bad)\n"
        "    except ValueError as error:\n"
        "        print(error)\n"
    )
    done = python(tmp_path, str(script))
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[:3] == ["3 21 db", "3", "# Campaign Workflow Card — Pipeline"]
    assert [line.split()[0] for line in said[3:]] == [
        "workflow_card", "Unsupported", "there", "Provide"
    ]  # fmt: skip
    card = (tmp_path / "campaign.md").read_text()
    assert card.startswith("# Campaign Workflow Card — Replicated Runs")
    for heading in ("## Campaign-level Summary", "## Run Timing Report", "## Timing Trend",
                    "## Execution Hosts"):  # fmt: skip
        assert heading in card


def test_settings_and_services(tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    path = tmp_path / "settings.yaml"
    assert flowcept(tmp_path, "--init-settings", "--full", "--dask").returncode == 0
    assert "kind: dask" in path.read_text() and "children_mode" in path.read_text()
    refused = flowcept(tmp_path, "--init-settings")
    assert refused.returncode == 1 and "children_mode" in path.read_text()
    assert "Added adapters.mlflow" in flowcept(tmp_path, "--init-settings", "--mlflow").stdout
    assert "kind: dask" in path.read_text()
    shown = flowcept(tmp_path, "--config-profile", "mq-only", "-y")
    assert "- mq.enabled: false -> true" in shown.stdout and shown.returncode == 0
    assert "Settings already match" in flowcept(tmp_path, "--config-profile", "mq-only").stdout
    back = flowcept(tmp_path, "--config-profile", "full-offline", "-y")
    assert "- mq.enabled: true -> false" in back.stdout
    assert "no profile" in flowcept(tmp_path, "--config-profile", "none", "-y").stderr
    settings = flowcept(tmp_path, "--show-settings").stdout
    assert str(path) in settings and '"dump_buffer"' in settings
    alive = flowcept(tmp_path, "--check-services")
    assert alive.returncode == 0 and "found in the store" in alive.stdout, alive.stderr
    assert "nothing to consume" in flowcept(tmp_path, "--start-consumption-services").stderr


def test_what_is_not_here_says_what_to_use(tmp_path: Path) -> None:
    for command, instead in (("--start", "headrace serve"), ("--start-mongo", "store.duckdb"),
                             ("--agent-client", "headrace query")):  # fmt: skip
        done = flowcept(tmp_path, command)
        assert done.returncode == 2 and instead in done.stderr
    assert flowcept(tmp_path, "--version").stdout.startswith("Flowcept ")
    assert "--query" in flowcept(tmp_path).stdout
    both = flowcept(tmp_path, "--version", "--show-settings")
    assert both.returncode == 1 and "one command at a time" in both.stderr
