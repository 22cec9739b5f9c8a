"""`headrace import mlflow` over databases that three versions of the real MLflow wrote."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from asked import HEADRACE, ROOT, environment_of, query
from mlflow_content import as_mlflow_has_it, as_the_store_has_it

DATABASES = sorted((ROOT / "tests/frameworks/data").glob("mlflow-*.db"))
if not HEADRACE.exists():
    pytest.skip("the headrace program is not built", allow_module_level=True)


def imported(source: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(HEADRACE), "import", "mlflow", str(source)],
        env=environment_of(folder),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("database", DATABASES, ids=lambda path: path.stem)
def test_everything_is_as_mlflows_client_reads_it(database: Path, tmp_path: Path) -> None:
    source = tmp_path / "mlflow.db"
    shutil.copy(database, source)
    before = source.read_bytes()
    done = imported(source, tmp_path / ".headrace")
    assert done.returncode == 0, done.stderr
    read_back = json.loads(database.with_suffix(".json").read_text())
    assert as_the_store_has_it(tmp_path / ".headrace") == as_mlflow_has_it(read_back)
    assert source.read_bytes() == before
    versions = query(
        "SELECT name, attributes->>'version' AS version FROM object WHERE kind = 'model' "
        "AND (attributes->>'version') IS NOT NULL ORDER BY ALL",
        environment_of(tmp_path / ".headrace"),
    )
    wanted = sorted(version[:2] for version in read_back["versions"])
    assert [[v["name"], v["version"]] for v in versions] == wanted


def test_lineage_goes_from_dataset_to_model(tmp_path: Path) -> None:
    (database,) = (path for path in DATABASES if "3.17" in path.stem)
    assert imported(database, tmp_path / ".headrace").returncode == 0
    rows = query(
        "SELECT DISTINCT d.name AS used, m.name AS made "
        "FROM edge u JOIN edge g ON u.to_id = g.from_id "
        "JOIN object d ON d.object_id = u.from_id JOIN object m ON m.object_id = g.to_id "
        "WHERE d.kind = 'dataset' AND m.kind = 'model' ORDER BY ALL",
        environment_of(tmp_path / ".headrace"),
    )
    assert rows == [{"used": "wine", "made": "model"}, {"used": "wine", "made": "wines"}]


def test_an_unknown_schema_is_named_and_another_source_still_comes(tmp_path: Path) -> None:
    source = tmp_path / "mlflow.db"
    shutil.copy(DATABASES[0], source)
    with sqlite3.connect(source) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'feedfacefeed'")
        connection.execute("ALTER TABLE runs RENAME COLUMN run_uuid TO run_number")
    connection.close()
    done = imported(source, tmp_path / ".headrace")
    assert done.returncode != 0
    assert "feedfacefeed" in done.stderr and "runs.run_uuid" in done.stderr
    assert imported(DATABASES[1], tmp_path / ".headrace").returncode == 0
    assert len(as_the_store_has_it(tmp_path / ".headrace")) == 7
