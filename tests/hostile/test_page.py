"""Hostile texts in the page of a real `headrace serve` and in the report, in Chromium."""
# ruff: noqa: S608 - fixed SQL

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from asked import HEADRACE, node, outside
from payloads import MADE, PAYLOADS
from served import serving, until
from stores import ALL, rows

# What a page shows of the payloads, as it is.
SHOWN = MADE[0]


def addresses(folder: Path) -> list[tuple[str, str]]:
    """Every kind of page, and a text that must be seen there."""
    (campaign,) = rows(folder, f"SELECT campaign_id AS id FROM campaign WHERE name = '{ALL}'")
    workflow, ran, sampled = (
        rows(folder, f"SELECT workflow_id AS id FROM workflow WHERE {which} LIMIT 1")[0]["id"]
        for which in (
            f"name = '{ALL}'",
            "command LIKE '%hostile_program%'",
            "name = 'sampled'",
        )
    )
    tasks = {
        row["activity"]: row["id"]
        for row in rows(
            folder,
            "SELECT activity, task_id AS id FROM task WHERE activity IN "
            "('everything', 'objects', 'fails')",
        )
    }
    (model,) = rows(folder, "SELECT object_id AS id FROM object WHERE name = 'model'")
    (named,) = rows(
        folder,
        "SELECT any_value(object_id) AS id FROM object "
        f"WHERE name = $${SHOWN}$$ AND kind = $${SHOWN}$$",
    )
    sql = "/query?sql=" + "FROM%20task%20WHERE%20activity%20LIKE%20'%25hostile%25'%20LIMIT%20300"
    return [
        ("/", SHOWN),
        (f"/campaign/{campaign['id']}", SHOWN),
        (f"/workflow/{workflow}", SHOWN),
        (f"/workflow/{ran}", "hostile_program"),
        (f"/task/{tasks['everything']}", SHOWN),
        (f"/task/{tasks['objects']}", SHOWN),
        (f"/task/{tasks['fails']}", SHOWN),
        (f"/object/{named['id']}", SHOWN),
        (f"/model/{model['id']}", "model"),
        (f"/compare?a={workflow}&b={ran}", SHOWN),
        (f"/compare?a={tasks['everything']}&b={tasks['objects']}", SHOWN),
        ("/energy", "Energy"),
        (f"/telemetry?workflow={sampled}", "rapl."),
        (sql, SHOWN),
        ("/about", ""),
        ("/%3Cimg%20src=x%20data-hostile%20onerror=hostile(1)%3E", ""),
        (
            f"/workflow/{workflow}?sel=%3Cimg%20data-hostile%3E&filter=%22%3E%3Cimg%20data-hostile%3E",
            "",
        ),
    ]


def each_payload(folder: Path) -> list[tuple[str, str]]:
    """The workflow and the task of every single payload."""
    return [
        (f"/{kind}/{row['id']}", "")
        for kind in ("workflow", "task")
        for row in rows(folder, f"SELECT {kind}_id AS id FROM {kind} ORDER BY started_at")
    ][: 4 * len(PAYLOADS)]


def report_of(folder: Path, place: Path) -> Path:
    (campaign,) = rows(folder, f"SELECT campaign_id AS id FROM campaign WHERE name = '{ALL}'")
    words = ["report", "-o", str(place), campaign["id"]]
    done = subprocess.run(
        [HEADRACE, "--dir", folder / ".headrace", *words],
        env=outside(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return place


def look(folder: Path, tmp_path: Path, pages: list[tuple[str, str]], reports: list[Path]) -> None:
    with serving(folder) as served:
        until(lambda: served.on_socket("/api/v1/campaigns").json().get("total"))
        plan = tmp_path / "plan.json"
        plan.write_text(
            json.dumps({"url": served.url, "pages": pages, "reports": [str(r) for r in reports]})
        )
        node("script/page_hostile.mjs", plan)
        assert served.on_socket("/healthz").status == 200


def test_captured_text_is_text_on_every_page_and_in_the_report(
    hostile: Path, tmp_path: Path
) -> None:
    look(hostile, tmp_path, addresses(hostile), [report_of(hostile, tmp_path / "report.html")])


@pytest.mark.timeout(3600)
def test_each_payload_has_its_pages(hostile: Path, tmp_path: Path, run_all: bool) -> None:
    if not run_all:
        pytest.skip("1,800 pages: --all")
    look(hostile, tmp_path, each_payload(hostile), [])
