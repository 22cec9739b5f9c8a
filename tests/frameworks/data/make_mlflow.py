"""Makes mlflow-VERSION.db and mlflow-VERSION.json beside this file: what the real MLflow wrote of
tests/frameworks/mlflow_training.py, and what its own client read back.

The databases hold all that MLflow wrote; they are small because their pages are (VACUUM). Places of
artifacts are changed to lie below /gone, where nothing is.

usage: make_mlflow.py     (installs the environments of mlflow*.txt first)
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PLACES = [
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
]


def shrink(database: Path, folder: str) -> None:
    with sqlite3.connect(database) as connection:
        for table, column in PLACES:
            known = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            if column in known:
                connection.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, '/gone')",  # noqa: S608
                    [folder],
                )
    connection.execute("PRAGMA page_size = 512")
    connection.execute("VACUUM")
    connection.close()


def main() -> None:
    for name in ("mlflow-1", "mlflow-2", "mlflow"):
        python = subprocess.run(
            [ROOT / "script/frameworks", name], check=True, capture_output=True, text=True
        ).stdout.strip()
        with tempfile.TemporaryDirectory() as folder:
            # From there, so that no place of this machine is written down.
            shutil.copy(ROOT / "tests/frameworks/mlflow_training.py", folder)
            done = subprocess.run(
                [python, "mlflow_training.py", "sqlite:///mlflow.db", "0", "models"],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
            )
            read_back = json.loads(done.stdout.splitlines()[-1])
            shrink(Path(folder) / "mlflow.db", folder)
            version = read_back["mlflow"]
            shutil.copy(Path(folder) / "mlflow.db", HERE / f"mlflow-{version}.db")
            text = json.dumps(read_back, indent=1, sort_keys=True)
            (HERE / f"mlflow-{version}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
