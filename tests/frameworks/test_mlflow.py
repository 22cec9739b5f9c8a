"""`headrace import mlflow` while and after the real MLflow trains, in three of its versions."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from asked import HEADRACE, ROOT, environment_of, outside, query
from environments import python_of
from mlflow_content import as_mlflow_has_it, as_the_store_has_it

TRAINING = ROOT / "tests/frameworks/mlflow_training.py"
VERSIONS = ("mlflow-1", "mlflow-2", "mlflow")


@pytest.fixture(autouse=True)
def _only_when_all(run_all: bool) -> None:
    if not run_all:
        pytest.skip("installs MLflow; runs with --all")


def uri_of(store: str, folder: Path) -> str:
    return f"sqlite:///{folder}/mlflow.db" if store == "sqlite" else f"file://{folder}/mlruns"


def following(place: Path, folder: Path) -> subprocess.Popen[str]:
    """What a store of MLflow's has and gets comes into a folder."""
    return subprocess.Popen(
        [str(HEADRACE), "import", "mlflow", str(place), "--follow"],
        env=environment_of(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def logs_models(version: str, store: str) -> bool:
    """MLflow 1 has no registry of models in files."""
    return version != "mlflow-1" or store != "files"


def training(version: str, store: str, folder: Path, pause_s: float) -> subprocess.Popen[str]:
    shutil.copy(TRAINING, folder)
    words = [str(python_of(version)), TRAINING.name, uri_of(store, folder), str(pause_s)]
    return subprocess.Popen(
        [*words, "models"] if logs_models(version, store) else words,
        cwd=folder,
        env=outside() | {"MLFLOW_ALLOW_FILE_STORE": "true", "GIT_PYTHON_REFRESH": "quiet"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("store", ["sqlite", "files"])
@pytest.mark.parametrize("version", VERSIONS)
def test_all_of_a_training_is_imported(version: str, store: str, tmp_path: Path) -> None:
    trained = training(version, store, tmp_path, 0)
    out, said = trained.communicate(timeout=600)
    assert trained.returncode == 0, said
    folder = tmp_path / ".headrace"
    for _ in range(2):  # the second time there is nothing new
        done = subprocess.run(
            [str(HEADRACE), "import", "mlflow", str(tmp_path)],
            env=environment_of(folder),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        wanted = as_mlflow_has_it(json.loads(out.splitlines()[-1]))
        assert len(wanted) == 7
        assert as_the_store_has_it(folder) == wanted
    files = query("SELECT name, path, size_bytes, sha256 FROM object WHERE kind = 'file'",
                  environment_of(folder))  # fmt: skip
    assert sum(file["name"] == "columns.txt" for file in files) == 2
    models = [file for file in files if file["name"].endswith("MLmodel")]
    assert len(models) == (2 if logs_models(version, store) else 0)
    for file in files:
        assert Path(file["path"]).stat().st_size == file["size_bytes"]
        summed = subprocess.run(
            ["sha256sum", file["path"]], check=True, capture_output=True, text=True
        )
        assert summed.stdout.split()[0] == file["sha256"]


@pytest.mark.parametrize("store", ["sqlite", "files"])
@pytest.mark.parametrize("version", ["mlflow-2", "mlflow"])
def test_it_follows_a_training(version: str, store: str, tmp_path: Path) -> None:
    trained = training(version, store, tmp_path, 0.3)
    place = tmp_path / ("mlflow.db" if store == "sqlite" else "mlruns")
    folder = tmp_path / ".headrace"
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and trained.poll() is None:
        is_there = place.exists() and (
            store == "sqlite" or len(list(place.glob("*/*/metrics"))) > 0
        )
        if is_there and (store != "sqlite" or has_metrics(place)):
            break
        time.sleep(0.1)
    follower = following(place, folder)
    try:
        seen_running = False
        while trained.poll() is None:
            time.sleep(0.5)
            if (folder / "spool").is_dir() or (folder / "store.duckdb").exists():
                runs = as_the_store_has_it(folder)
                seen_running |= any(run["status"] == "running" for run in runs.values())
        out, said = trained.communicate(timeout=600)
        assert trained.returncode == 0, said
        wanted = as_mlflow_has_it(json.loads(out.splitlines()[-1]))
        deadline = time.monotonic() + 60
        while as_the_store_has_it(folder) != wanted and time.monotonic() < deadline:
            time.sleep(0.5)
        assert as_the_store_has_it(folder) == wanted
        assert seen_running
    finally:
        follower.send_signal(signal.SIGINT)
        _, said = follower.communicate(timeout=60)
    assert follower.returncode in (0, 130), said


def has_metrics(database: Path) -> bool:
    import sqlite3

    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return bool(connection.execute("SELECT count(*) FROM metrics").fetchone()[0])
    except sqlite3.Error:
        return False
    finally:
        connection.close()
