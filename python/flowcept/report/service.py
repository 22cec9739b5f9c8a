"""Reports: a card of a workflow or campaign from the buffer's file, a list or the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowcept import configs
from flowcept.report import figures
from flowcept.report.campaign_card import campaign_card
from flowcept.report.card import workflow_card
from flowcept.report.records import load, read_jsonl, split

Document = dict[str, Any]


def _dataset(
    input_jsonl_path: str | None,
    records: list[Document] | None,
    workflow_id: str | None,
    campaign_id: str | None,
) -> tuple[Document, str, int]:
    """The records, which way they came (jsonl, records or db), and how many lines were none."""
    from_store = workflow_id is not None or campaign_id is not None
    if sum((input_jsonl_path is not None, records is not None, from_store)) > 1:
        raise ValueError(
            "Provide exactly one input mode: input_jsonl_path OR records OR "
            "workflow_id/campaign_id."
        )
    if records is not None:
        return split(list(records)), "records", 0
    if from_store:
        return load(workflow_id, campaign_id), "db", 0
    path = Path(input_jsonl_path or configs.DUMP_BUFFER_PATH)
    if not path.exists():
        raise FileNotFoundError(f"Input JSONL not found: {path}")
    found, skipped = read_jsonl(path)
    return split(found), "jsonl", skipped


def build_workflow_card(
    input_jsonl_path: str | None = None,
    records: list[Document] | None = None,
    workflow_id: str | None = None,
    campaign_id: str | None = None,
) -> Document:
    """What a card is made of: {dataset, transformations, object_summary, input_mode,
    skipped_lines}."""
    dataset, mode, skipped = _dataset(input_jsonl_path, records, workflow_id, campaign_id)
    rows = figures.activities_of(dataset["tasks"])
    return {
        "dataset": dataset,
        "transformations": [{k: v for k, v in row.items() if k != "tasks"} for row in rows],
        "object_summary": figures.objects_summary(dataset["objects"]),
        "input_mode": mode,
        "skipped_lines": skipped,
    }


def generate_report(
    report_type: str = "workflow_card",
    format: str = "markdown",
    print_markdown: bool = False,
    output_path: str | None = None,
    input_jsonl_path: str | None = None,
    records: list[Document] | None = None,
    workflow_id: str | None = None,
    campaign_id: str | None = None,
) -> Document:
    """Makes a card and writes it to `output_path`, where one is given; gives the Markdown and how
    much it tells of. ValueError for what cannot be made."""
    if report_type not in ("workflow_card", "provenance_report"):
        raise ValueError(f"Unsupported report_type: {report_type}")
    if format not in ("markdown", "pdf"):
        raise ValueError(f"Unsupported format: {format}")
    if report_type == "workflow_card" and format != "markdown":
        raise ValueError("workflow_card supports only markdown format.")
    if report_type == "provenance_report" and format != "pdf":
        raise ValueError("provenance_report supports only pdf format.")
    if format == "pdf":
        raise NotImplementedError(
            "PDF reports are not part of this package. `headrace report WORKFLOW -o report.html` "
            "writes one page with all views, which a browser prints as PDF."
        )
    dataset, mode, skipped = _dataset(input_jsonl_path, records, workflow_id, campaign_id)
    made = campaign_card(dataset) if "workflows" in dataset else workflow_card(dataset)
    if output_path is not None:
        Path(output_path).write_text(made["markdown"], encoding="utf-8")
    if print_markdown:
        print(made["markdown"])
    return {
        "report_type": report_type,
        "format": format,
        "output": str(output_path) if output_path is not None else None,
        "input_mode": mode,
        "skipped_lines": skipped,
        **made,
    }
