"""`hr.models`: versions of a name, their content and lineage."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import headrace as hr
import pytest
from headrace import models, tensors
from headrace.models import ModelError
from recorded import Capture, Recorded

numpy = pytest.importorskip("numpy")


def test_versions_count_the_distinct_contents(capture: Capture) -> None:
    first = models.save(b"one", "counted")
    assert models.save(b"two", "counted").version == 2
    assert models.save(b"two", "counted").version == 2
    assert models.load("counted") == b"two"
    again = models.save(b"one", "counted", metadata={"ignored": True})
    assert (again.version, again.metadata, again.sha256) == (1, {}, first.sha256)
    assert models.load("counted") == b"one"  # it was saved last
    assert models.load("counted", 2) == b"two"
    assert [each.version for each in models.versions("counted")] == [1, 2]
    assert "counted" in models.names()
    assert first.path.parent.parent.name == "blobs"
    assert first.path.name == first.sha256


def test_the_same_bytes_are_kept_once_for_all_names(capture: Capture) -> None:
    a, b = models.save(b"shared", "name a"), models.save(b"shared", "name b")
    assert a.path == b.path
    assert a.object != b.object


def test_saving_and_loading_are_tasks_with_edges(capture: Capture) -> None:
    @hr.task
    def train() -> None:
        models.save(b"weights", "lineage", metadata={"loss": 0.5})

    train()
    models.load("lineage")
    found = capture.recorded()
    save, load = found.one("models.save"), found.one("models.load")
    assert found.parent("models.save") == "train"
    assert save["generated"]["model"] == load["used"]["model"]
    assert save["generated"]["version"] == load["used"]["version"] == 1
    (made,) = {record["object_id"]: record for record in found.of("object")}.values()
    assert made["object_kind"] == "model"
    assert made["attribute"]["metadata"] == {"loss": 0.5}
    assert save["generated"]["model"] == {"$object": made["object_id"]}


def state() -> dict[str, Any]:
    return {
        "weights": numpy.arange(12, dtype="float32").reshape(3, 4),
        "empty": numpy.zeros((0, 4)),
        "nested": {"list": [1, 2.5, float("inf"), None, True, "text"], 3: (b"bytes", -0.0)},
        "scalar": numpy.float32(1.5),
        "ordered": OrderedDict(b=1, a=2),
        "big": 1 << 200,
        "turned": numpy.arange(6.0).reshape(2, 3).T,
    }


def assert_equal(found: Any, wanted: Any) -> None:
    assert type(found) is type(wanted)
    if isinstance(wanted, dict):
        assert list(found) == list(wanted)
        for key in wanted:
            assert_equal(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_equal(one, other)
    elif isinstance(wanted, numpy.ndarray):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        assert found.tobytes() == wanted.tobytes()
    else:
        assert repr(found) == repr(wanted)


def test_a_state_comes_back_as_it_was(capture: Capture) -> None:
    models.save(state(), "state")
    assert_equal(models.load("state"), state())
    assert models.save(state(), "state").version == 1


def test_what_cannot_be_kept_is_refused_before_anything_is(capture: Capture) -> None:
    with pytest.raises(ModelError, match=r"nested\.what is a builtins\.object"):
        models.save({"nested": {"what": object()}}, "refused")
    with pytest.raises(ModelError, match="array of object"):
        models.save(numpy.array([{}]), "refused")
    with pytest.raises(ModelError, match="metadata is kept as JSON"):
        models.save(b"", "refused", metadata={"x": object()})
    with pytest.raises(ModelError, match="is no file"):
        models.save("/nowhere/at/all", "refused")
    with pytest.raises(ModelError, match="name of a model is text"):
        models.save(b"", "")
    assert models.versions("refused") == []
    (failed,) = capture.recorded().named("models.save")[-1:]
    assert failed["status"] == "failed"


def test_mistakes_say_what_there_is(capture: Capture) -> None:
    models.save(b"a", "there")
    with pytest.raises(ModelError, match=r"no model 'ther'; there are: .*there"):
        models.load("ther")
    with pytest.raises(ModelError, match="'there' has no version 9; it has 1"):
        models.load("there", 9)


def test_changed_and_missing_content_is_refused(capture: Capture) -> None:
    version = models.save(b"precious", "guarded")
    version.path.chmod(0o644)
    version.path.write_bytes(b"poison")
    with pytest.raises(ModelError, match="is not what was kept"):
        models.load("guarded")
    with pytest.raises(ModelError, match="is not what was kept"):
        models.read("guarded")
    version.path.unlink()
    with pytest.raises(ModelError, match="is gone"):
        models.load("guarded")


def test_files_and_writers(capture: Capture, tmp_path: Path) -> None:
    file = tmp_path / "weights.onnx"
    file.write_bytes(b"graph")
    version = models.save(file, "onnx")
    assert version.facts["file"] == "weights.onnx"
    assert models.load("onnx").read_bytes() == b"graph"
    assert models.load("onnx", loader=lambda path: path.stat().st_size) == 5

    models.save(OrderedDict, "custom", writer=lambda kind, path: path.write_text(kind.__name__))
    with pytest.raises(ModelError, match=r"written by .*lambda.*loader="):
        models.load("custom")
    assert models.load("custom", loader=Path.read_text) == "OrderedDict"
    with pytest.raises(ModelError, match="did not write the file"):
        models.save(1, "custom", writer=lambda *_: None)


def test_secrets_in_metadata_stay_out(capture: Capture) -> None:
    version = models.save(b"", "secretive", metadata={"password": "hunter2", "deep": [{"a": 1}]})
    assert version.metadata == {"password": "[redacted]", "deep": [{"a": 1}]}
    root = Path(os.environ["HEADRACE_DIR"])
    entry = root / "models" / "secretive" / "1.json"
    assert "hunter2" not in entry.read_text()


def test_odd_names_are_names(capture: Capture) -> None:
    odd = ["../../up", ".", "..", "a/b", "x" * 400, "x" * 401, "naïve ✓", "it's"]
    for i, name in enumerate(odd):
        models.save(str(i).encode(), name)
    assert [models.load(name) for name in odd] == [str(i).encode() for i in range(len(odd))]
    assert set(odd) <= set(models.names())
    root = Path(os.environ["HEADRACE_DIR"])
    assert not (root.parent.parent / "up").exists()


def test_many_at_once_get_numbers_without_a_hole(capture: Capture) -> None:
    def save(i: int) -> None:
        models.save(str(i % 6).encode(), "contended")

    threads = [threading.Thread(target=save, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = models.versions("contended")
    assert [each.version for each in found] == [1, 2, 3, 4, 5, 6]
    assert len({each.sha256 for each in found}) == 6


def test_versions_come_back_from_the_store(run: Callable[..., Recorded], tmp_path: Path) -> None:
    """A backup has the store and the content, and no folder of versions."""
    done = run(
        "import headrace as hr\n"
        "hr.models.save(b'one', 'kept', metadata={'a': [1]})\n"
        "hr.models.save(b'two', 'kept')\n"
    )
    assert done.exit_code == 0, done.stderr
    root = tmp_path / ".headrace"
    rows = hr.open(root).sql("SELECT name, kind, version, sha256 FROM object ORDER BY version")
    assert [row[:3] for row in rows.rows()] == [("kept", "model", 1), ("kept", "model", 2)]
    shutil.rmtree(root / "models")
    first, second = (models.load("kept", number, directory=root) for number in (1, 2))
    assert (first, second) == (b"one", b"two")
    assert models.versions("kept", directory=tmp_path)[0].metadata == {"a": [1]}
    assert json.loads((root / "models" / "kept" / "2.json").read_text())["format"] == "bytes"


def test_a_disabled_capture_still_keeps_models(run: Callable[..., Recorded]) -> None:
    source = (
        "import headrace as hr\n"
        "hr.models.save(b'one', 'off')\n"
        "print(hr.models.load('off'), hr.models.versions('off')[0].version)\n"
    )
    done = run(source, HEADRACE_DISABLED="1")
    assert (done.exit_code, done.stdout) == (0, "b'one' 1\n"), done.stderr


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\x02\0\0\0\0\0\0\0[]",
        (9).to_bytes(8, "little") + b'{"a":[1]}',
    ],
)
def test_malformed_states_are_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_bytes(content)
    with pytest.raises(tensors.MalformedError):
        tensors.read(file)


def test_a_header_cannot_ask_for_more_than_the_file_has(tmp_path: Path) -> None:
    for shape, offsets in (([1 << 50], [0, 8]), ([2], [0, 1 << 40]), ([-1], [0, 8]), ([2], [4, 0])):
        entry = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        structure = json.dumps({"numpy": "a"})
        text = json.dumps({"__metadata__": {"headrace": structure}, "a": entry}).encode()
        file = tmp_path / "state"
        file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
        with pytest.raises(tensors.MalformedError):
            tensors.read(file)


def test_torch_modules_and_optimisers(capture: Capture) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimiser = torch.optim.Adam(model.parameters())
    model(torch.randn(8, 3)).square().mean().backward()
    optimiser.step()
    version = models.save(model, "net")
    assert version.format == "state_dict"
    assert models.save(model, "net").version == 1
    fresh = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    assert models.load("net", into=fresh) is fresh
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, fresh.state_dict()[name])
    assert models.load("net")._metadata == model.state_dict()._metadata
    with pytest.raises(ModelError, match="has no load_state_dict"):
        models.load("net", into=object())

    kept = {"optimiser": optimiser.state_dict(), "half": torch.ones(2, dtype=torch.bfloat16)}
    kept["turns"] = torch.tensor([1 + 2j]).conj()
    models.save(kept, "checkpoint")
    found = models.load("checkpoint")
    assert found["optimiser"]["param_groups"] == kept["optimiser"]["param_groups"]
    again = torch.optim.Adam(model.parameters())
    again.load_state_dict(found["optimiser"])
    assert torch.equal(found["half"], kept["half"])
    assert torch.equal(found["turns"], kept["turns"].resolve_conj())
    with pytest.raises(ModelError, match="sparse"):
        models.save({"x": torch.ones(2, 2).to_sparse()}, "checkpoint")


def test_a_file_of_torch_is_read_with_weights_only(capture: Capture, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "it ran",))

    torch.save({"w": torch.ones(2)}, tmp_path / "good.pt")
    models.save(tmp_path / "good.pt", "torch file")
    assert torch.equal(models.load("torch file", loader="torch")["w"], torch.ones(2))
    torch.save({"w": Trap()}, tmp_path / "bad.pt")
    models.save(tmp_path / "bad.pt", "torch file")
    with pytest.raises(Exception, match=r"(?i)weights.only|unsupported"):
        models.load("torch file", loader="torch")
    assert not (tmp_path / "it ran").exists()
    with pytest.raises(ModelError, match="a function of a path or 'torch'"):
        models.load("torch file", loader="pickle")


def test_an_estimator_wants_a_loader_and_is_known_by_what_it_holds(capture: Capture) -> None:
    pytest.importorskip("sklearn")
    import joblib
    from sklearn.datasets import load_wine
    from sklearn.ensemble import RandomForestClassifier

    x, y = load_wine(return_X_y=True)
    fitted = [RandomForestClassifier(5, random_state=seed).fit(x, y) for seed in (0, 0, 1)]
    assert [models.save(model, "forest").version for model in fitted] == [1, 1, 2]
    with pytest.raises(ModelError, match=r"written by pickle.*loader=joblib\.load"):
        models.load("forest")
    again = models.load("forest", 1, loader=joblib.load)
    assert (again.predict(x) == fitted[0].predict(x)).all()
