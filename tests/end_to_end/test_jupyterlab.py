"""Views in JupyterLab itself: run there, saved, opened again, and where nobody trusts them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from asked import ROOT, environment_of, node
from served import until

NEEDS = ROOT / "script/requirements-jupyterlab.txt"
PLACE = ROOT / ".venvs/jupyterlab"
STUDY = """
import headrace as hr

with hr.campaign("sweep"):
    for lr in (0.1, 0.2, 0.3):
        with hr.workflow("train"):
            with hr.task("fit", used={"lr": lr}) as task:
                for step in hr.loop(range(20), "step"):
                    hr.log(loss=1 / (step + 1) + lr)
                task.generated(loss=lr)
"""
# No news from elsewhere, and cells out of sight are there too.
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
CELLS = (
    "import headrace as hr\nrun = hr.open()",
    "run.view()",
    "run.timeline()",
    'run.tradeoff("sweep", "loss").view()',
)


@pytest.fixture(scope="module")
def lab(run_all: bool) -> Path:
    """The Python of an environment that has JupyterLab, made where there is none yet."""
    if not run_all:
        pytest.skip("a long form: --all")
    python = PLACE / "bin/python"
    wanted = NEEDS.read_text()
    kept = PLACE / "requirements.txt"
    if not kept.exists() or kept.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True, timeout=120)
        install = [python, "-m", "pip", "install", "-q", "-r", NEEDS]
        done = subprocess.run(
            install, capture_output=True, text=True, check=False, timeout=600, env=os.environ.copy()
        )
        if done.returncode != 0:
            pytest.skip(f"JupyterLab cannot be installed here: {done.stderr.strip()[-300:]}")
        kept.write_text(wanted)
    return python


@contextlib.contextmanager
def running(python: Path, folder: Path) -> Iterator[str]:
    """JupyterLab over a folder, its settings in there too; gives its address with the token."""
    own = folder / ".jupyter"
    kernel = own / "share/kernels/headrace/kernel.json"
    kernel.parent.mkdir(parents=True)
    words = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": words, "display_name": "Headrace", "language": "python"}))
    for part, setting in SETTINGS.items():
        file = own / f"settings/@jupyterlab/{part}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(setting))
    environment = environment_of(
        folder / ".headrace",
        HOME=str(own),
        JUPYTER_PATH=str(own / "share"),
        JUPYTER_CONFIG_DIR=str(own / "config"),
        JUPYTER_DATA_DIR=str(own / "data"),
        JUPYTER_RUNTIME_DIR=str(own / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(own / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(own / "workspaces"),
        IPYTHONDIR=str(own / "ipython"),
    )
    token = secrets.token_hex(16)
    options = {
        "ip": "127.0.0.1",
        "ServerApp.port": "0",
        "ServerApp.root_dir": str(folder),
        "IdentityProvider.token": token,
        "LabApp.extension_manager": "readonly",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    said = (own / "log").open("w")
    process = subprocess.Popen(
        [python, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        + [f"--{name}={value}" for name, value in options.items()],
        env=environment,
        stdout=said,
        stderr=said,
    )
    try:

        def port() -> int | None:
            assert process.poll() is None, (own / "log").read_text()
            for file in (own / "runtime").glob("jpserver-*.json"):
                with contextlib.suppress(json.JSONDecodeError):
                    return int(json.loads(file.read_text())["port"])
            return None

        yield f"http://127.0.0.1:{until(port, 60)}/lab?token={token}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        said.close()


def notebook_of(cells: tuple[str, ...]) -> Any:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "headrace", "display_name": "Headrace"}
    return notebook


@pytest.fixture(scope="module")
def seen(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("lab")
    environment = environment_of(folder / ".headrace")
    subprocess.run([sys.executable, "-c", STUDY], env=environment, check=True, timeout=60)
    nbformat.write(notebook_of(CELLS), folder / "views.ipynb")
    # Run by a program, so that nobody signed it.
    strange = notebook_of(CELLS)
    where = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(strange, timeout=120, kernel_name="python3", resources=where)
    client.execute(env=environment)
    nbformat.write(strange, folder / "strange.ipynb")
    shot = os.environ.get("HEADRACE_SHOT", "")
    with running(lab, folder) as url:
        words = [
            "script/jupyterlab.mjs",
            url,
            "views.ipynb",
            "strange.ipynb",
            *([shot] if shot else []),
        ]
        return dict(json.loads(node(*words)))


@pytest.mark.parametrize("when", ["ran", "reopened"])
def test_drawings_show_in_jupyterlab(seen: dict[str, Any], when: str) -> None:
    report, timeline, tradeoff = seen[when]
    for frame in seen[when]:
        assert frame["origin"] == "null"  # it can reach nothing of the notebook
        assert not frame["overflows"]
        assert frame["width"] > 600
        assert frame["colours"]
        assert all(colours > 8 for colours in frame["colours"]), frame["colours"]
    assert "sweep" in report["text"]
    assert "63 tasks" in timeline["text"]
    assert "loss" in tradeoff["text"]
    assert tradeoff["cut"] < 40  # both drawings are in sight
    assert not any("not trusted" in words for words in seen["visible"])


def test_a_notebook_that_is_not_trusted_says_what_would_be_drawn(seen: dict[str, Any]) -> None:
    assert seen["distrusted"]["drawn"] == 0
    report, timeline, tradeoff = seen["distrusted"]["outputs"]
    assert report.startswith("report of the latest campaign")
    assert timeline.startswith("timeline of campaign sweep: 63 tasks in ")
    assert tradeoff.startswith("loss of 3 configurations of sweep against energy and time")
    assert all("this notebook is not trusted" in one for one in (report, timeline, tradeoff))


def test_nothing_is_asked_elsewhere_and_nobody_complains(seen: dict[str, Any]) -> None:
    assert seen["elsewhere"] == []
    assert [line for line in seen["talk"] if "about:srcdoc" in line] == []
