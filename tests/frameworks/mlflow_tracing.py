"""Answers questions about a text under MLflow's tracing, any version from 2.14 on.

usage: mlflow_tracing.py TRACKING_URI [PAUSE_S]

Prints, as JSON, what MLflow's own client reads back of the traces. With a pause it sleeps between
questions, so that it can be followed.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient

LINES = Path(__file__).read_text().splitlines()


@mlflow.trace(span_type="RETRIEVER")
def find(word: str, most: int = 2) -> list[str]:
    with mlflow.start_span("scan", span_type="TOOL") as span:
        span.set_inputs({"lines": len(LINES)})
        found = [line.strip() for line in LINES if word in line]
        span.set_outputs([len(line) for line in found])
        span.set_attribute("shelf", {"name": "source", "kinds": ["text"]})
    return found[:most]


@mlflow.trace(name="answer", attributes={"model": "first line"})
def answer(word: str) -> dict[str, Any]:
    found = find(word)
    with mlflow.start_span("say", span_type="LLM") as span:
        span.set_inputs(found)
        span.set_outputs(found[0])
        counts = {"input_tokens": 12, "output_tokens": 3, "total_tokens": 15}
        span.set_attribute("mlflow.chat.tokenUsage", counts)
    return {"text": found[0], "of": len(found)}


def ask(pause_s: float) -> None:
    mlflow.set_experiment("questions")
    with mlflow.start_run(run_name="asking"):
        mlflow.log_param("words", 2)
        answer("import")
        time.sleep(pause_s)
        with contextlib.suppress(IndexError):
            answer("no such word" + chr(33))
    time.sleep(pause_s)
    answer("def ")


def read_back() -> dict[str, Any]:
    client = MlflowClient()
    experiment = client.get_experiment_by_name("questions")
    deadline = time.monotonic() + 30
    while True:  # MLflow writes them from a thread of its own
        traces = client.search_traces([experiment.experiment_id])
        if [len(trace.data.spans) for trace in traces] == [4, 4, 4]:
            break
        assert time.monotonic() < deadline, "MLflow did not write its traces"
        time.sleep(0.2)
    return {
        trace.info.request_id: [
            {
                "id": span.span_id.removeprefix("0x"),
                "parent": (span.parent_id or "").removeprefix("0x"),
                "name": span.name,
                "begin_ns": span.start_time_ns,
                "end_ns": span.end_time_ns,
                "is_failed": span.status.status_code.value in ("ERROR", "STATUS_CODE_ERROR"),
                "type": span.span_type,
                "inputs": span.inputs,
                "outputs": span.outputs,
            }
            for span in trace.data.spans
        ]
        for trace in traces
    }


if __name__ == "__main__":
    mlflow.set_tracking_uri(sys.argv[1])
    ask(float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
    print(json.dumps(read_back()))
