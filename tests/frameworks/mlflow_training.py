"""Trains on the wines of scikit-learn under MLflow, any version from 1.30 on.

usage: mlflow_training.py TRACKING_URI [PAUSE_S [models]]

Prints, as JSON, what MLflow's own client reads back of it. With a pause it sleeps between epochs,
so that it can be followed. With "models" it logs and registers them.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import mlflow
import mlflow.sklearn
from mlflow.tracking import MlflowClient
from sklearn.datasets import load_wine
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

EPOCHS = 5


def fit(alpha: float, pause_s: float, log_model: bool) -> None:
    wines, kinds = load_wine(return_X_y=True, as_frame=True)
    scaled = StandardScaler().fit_transform(wines)
    mlflow.log_params({"alpha": alpha, "loss": "log_loss", "epochs": EPOCHS, "shuffle": True})
    if hasattr(mlflow, "log_input"):
        dataset = mlflow.data.from_pandas(wines, name="wine", targets=None)
        mlflow.log_input(dataset, context="training")
    model = SGDClassifier(loss="log_loss", alpha=alpha, random_state=7)
    for epoch in range(EPOCHS):
        model.partial_fit(scaled, kinds, classes=[0, 1, 2])
        mlflow.log_metric("loss", log_loss(kinds, model.predict_proba(scaled)), step=epoch)
        mlflow.log_metric("wrong", float((model.predict(scaled) != kinds).sum()), step=epoch)
        time.sleep(pause_s)
    mlflow.log_metric("val/accuracy", model.score(scaled, kinds), step=EPOCHS)
    mlflow.log_text("\n".join(wines.columns), "columns.txt")
    if log_model:
        mlflow.sklearn.log_model(model, "model", registered_model_name="wines")


def train(pause_s: float, log_model: bool) -> None:
    mlflow.set_experiment("wine study")
    with mlflow.start_run(run_name="sweep") as sweep:
        mlflow.set_tag("asked by", "cellar")
        mlflow.log_metric("odd", 0.0, step=0)
        mlflow.log_metric("odd", float("nan"), step=1)
        mlflow.log_metric("odd", float("inf"), step=2)
        mlflow.log_metric("odd", float("-inf"), step=-3)
        for alpha in (0.001, 1e-05):
            with mlflow.start_run(run_name=f"alpha {alpha}", nested=True):
                fit(alpha, pause_s, log_model)
    client = MlflowClient()
    (experiment,) = (e for e in client.search_experiments() if e.name == "wine study")
    # A run of each other end, one without metrics and one without parameters among them.
    for status in ("FAILED", "KILLED", "RUNNING"):
        run = client.create_run(experiment.experiment_id, tags={"mlflow.runName": status.lower()})
        client.log_param(run.info.run_id, "why", status)
        if status != "RUNNING":
            client.set_terminated(run.info.run_id, status)
    deleted = client.create_run(experiment.experiment_id, tags={"mlflow.runName": "deleted"})
    client.log_metric(deleted.info.run_id, "loss", 0.0)
    client.set_terminated(deleted.info.run_id)
    client.delete_run(deleted.info.run_id)
    if log_model:
        client.update_registered_model("wines", description="Tells wines apart")
    assert sweep is not None


def read_back(models: bool) -> dict[str, Any]:
    client = MlflowClient()
    runs: dict[str, Any] = {}
    for experiment in client.search_experiments():
        for run in client.search_runs([experiment.experiment_id], run_view_type=3):
            # A deleted run's history is read as the others' are.
            runs[run.info.run_id] = {
                "experiment": experiment.name,
                "name": run.data.tags["mlflow.runName"],
                "parent": run.data.tags.get("mlflow.parentRunId"),
                "status": run.info.status,
                "lifecycle_stage": run.info.lifecycle_stage,
                "params": run.data.params,
                "tags": run.data.tags,
                "begin_ms": run.info.start_time,
                "end_ms": run.info.end_time,
                "metrics": {
                    key: [
                        [m.timestamp, m.step, str(float(m.value))]
                        for m in client.get_metric_history(run.info.run_id, key)
                    ]
                    for key in run.data.metrics
                },
            }
    versions = (
        [(v.name, str(v.version), v.run_id) for v in client.search_model_versions("")]
        if models
        else []
    )
    return {"mlflow": mlflow.__version__, "runs": runs, "versions": versions}


if __name__ == "__main__":
    mlflow.set_tracking_uri(sys.argv[1])
    train(float(sys.argv[2]) if len(sys.argv) > 2 else 0.0, "models" in sys.argv)
    print(json.dumps(read_back("models" in sys.argv)))
