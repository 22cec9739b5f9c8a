"""Models, states and files kept in versions beside the record, with the lineage of each.

    version = hr.models.save(model, "byte gpt", metadata={"loss": 1.9})     # 1, 2, 3, ...
    hr.models.load("byte gpt", into=model)                                  # the one saved last
    state = hr.models.load("byte gpt", version=1)
    hr.models.versions("byte gpt")

Content lies in `.headrace/blobs` under its SHA-256, once. Tensors and arrays are kept in
safetensors' layout, which holds nothing that runs: nothing is ever unpickled here. What only pickle
can keep (a scikit-learn estimator) is written with it, and read by the `loader` that the program
names, or not at all.
"""

from __future__ import annotations

import io
import os
import pickle  # written with, never read with
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from headrace import _capture, blobs, model_index
from headrace.model_index import ModelError, Version

__all__ = ["ModelError", "Version", "load", "names", "read", "save", "versions"]

Loader = Callable[[Path], Any]
Directory = str | os.PathLike[str]


def save(
    model: Any,
    name: str,
    *,
    kind: str = "model",
    metadata: Mapping[str, Any] | None = None,
    writer: Callable[[Any, Path], Any] | None = None,
    directory: Directory | None = None,
) -> Version:
    """Keeps `model` as a version of `name`; content that the name has already is that version.

    `model` may be a `torch.nn.Module` (its state_dict is kept), a state: tensors, arrays, numbers,
    text, bytes and dicts, lists and tuples of them, a scikit-learn estimator, bytes, or the path of
    a file. Anything else needs a `writer(model, path)` that writes one file. `metadata` is kept
    with a version when it is made: JSON values.

    Records a task `models.save` under the current one, which generated an object of `kind`.
    When it returns, content and version are on the disk. It raises ModelError for what cannot be
    kept, OSError where the disk refuses.
    """
    described = model_index.checked_metadata(metadata)
    scope = _capture.task("models.save", used=_used(model, name))
    with scope:
        folder = model_index.folder(directory)
        content, facts = _content(model, writer)
        sha256, size_bytes = blobs.write(folder, content)
        facts |= {"sha256": sha256, "size_bytes": size_bytes, "task_id": scope.id}
        facts |= {"name": name, "kind": kind, "metadata": described}
        version = model_index.add(folder, facts)
        scope.generated({"version": version.version, "model": version.object})
    return version


def load(
    name: str,
    version: int | None = None,
    *,
    into: Any = None,
    loader: Loader | str | None = None,
    directory: Directory | None = None,
) -> Any:
    """Gives back what `save` kept: that version, else the one that was saved last.

    A module's state comes as a dict, or is loaded `into` a module, which is returned. Bytes come as
    bytes, a file as the path of a read-only copy. A `loader(path)` is called for everything else,
    and for these too where one is given; `loader="torch"` is `torch.load(path, weights_only=True)`.

    The content's hash is checked before anything reads it. Records a task `models.load` under the
    current one, which used the object. Raises ModelError: no such name or version, content that is
    gone or not what was kept, or a pickle without a loader.
    """
    with _capture.task("models.load", used={"name": name}) as scope:
        found = model_index.find(model_index.folder(directory), name, version)
        scope.used({"version": found.version, "model": found.object})
        path = _checked(found)
        if loader is not None:
            return _load_by(loader, path)
        if found.format == "bytes":
            return path.read_bytes()
        if found.format == "file":
            return path
        if found.format in ("state", "state_dict"):
            return _state(found, path, into)
        raise ModelError(
            f"version {found.version} of {name!r} was written by {found.written_by}; reading that "
            "may run whatever is in it. Where you trust who wrote it, say what reads it: "
            f"hr.models.load({name!r}, {found.version}, loader=joblib.load)"
        )


def read(name: str, version: int | None = None, *, directory: Directory | None = None) -> bytes:
    """The bytes of a version as they are kept, their hash checked; records nothing."""
    return _checked(model_index.find(model_index.folder(directory), name, version)).read_bytes()


def versions(name: str, *, directory: Directory | None = None) -> list[Version]:
    """All versions of a name, oldest first; empty where there is none. Records nothing."""
    return model_index.versions(model_index.folder(directory), name)


def names(*, directory: Directory | None = None) -> list[str]:
    """All names that have versions, sorted."""
    return model_index.names(model_index.folder(directory))


def _used(model: Any, name: str) -> dict[str, Any]:
    """What a saving starts from: the object that a watch of scikit-learn knows the model by."""
    used: dict[str, Any] = {"name": name}
    watching: Any = sys.modules.get("headrace.sklearn.identity")
    if watching is not None and (known := watching.model_of(model)) is not None:
        used["fitted"] = known
    return used


def _content(model: Any, writer: Any) -> tuple[Iterable[Any], dict[str, Any]]:
    """The bytes that keep it, in pieces, and the format, what wrote it, its class."""
    kind = type(model)
    facts = {"format": "", "written_by": "", "class": f"{kind.__module__}.{kind.__qualname__}"}
    if writer is not None:
        return _written(model, writer), facts | {
            "format": "custom",
            "written_by": getattr(writer, "__qualname__", type(writer).__qualname__),
        }
    if isinstance(model, bytes | bytearray | memoryview):
        return [model], facts | {"format": "bytes"}
    if isinstance(model, str | os.PathLike):
        return _file(model), facts | {"format": "file", "file": Path(model).name}
    torch: Any = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.Module):
        return _pieces(model.state_dict()), facts | {"format": "state_dict"}
    if hasattr(model, "get_params") and hasattr(model, "fit"):
        return _estimator(model, facts)
    return _pieces(model), facts | {"format": "state"}


def _pieces(state: Any) -> Iterable[Any]:
    from headrace import tensors

    try:
        return tensors.pieces(state)
    except tensors.UnkeptError as error:
        raise ModelError(
            f"this cannot be kept: {error}; save a file by its path, or say how with writer="
        ) from error


def _file(path: str | os.PathLike[str]) -> Iterable[bytes]:
    if not Path(path).is_file():
        raise ModelError(f"{os.fspath(path)} is no file; text is taken for a path, bytes are kept")
    return blobs.pieces_of(Path(path))


def _written(model: Any, writer: Callable[[Any, Path], Any]) -> Iterable[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="headrace-") as folder:
        path = Path(folder) / "model"
        writer(model, path)
        if not path.is_file():
            raise ModelError("the writer did not write the file whose path it was given")
        yield from blobs.pieces_of(path)


def _estimator(model: Any, facts: dict[str, Any]) -> tuple[Iterable[Any], dict[str, Any]]:
    from headrace.fingerprint import fingerprint

    stream = io.BytesIO()
    try:
        pickle.dump(model, stream, protocol=5)
    except Exception as error:
        raise ModelError(f"a {facts['class']} cannot be pickled: {error}") from error
    known = fingerprint(model)
    # Pickles of equal models may differ, so these are told apart by what they hold.
    state = {"state_sha256": known.sha256} if known.is_whole else {}
    return [stream.getbuffer()], facts | {"format": "pickle", "written_by": "pickle"} | state


def _checked(version: Version) -> Path:
    try:
        sha256, _ = _capture.digest_file(version.path)
    except OSError as error:
        raise ModelError(
            f"the content of version {version.version} of {version.name!r} is gone from "
            f"{version.path}; headrace prune removes what no record names any more"
        ) from error
    if sha256 != version.sha256:
        raise ModelError(
            f"the content of version {version.version} of {version.name!r} is not what was kept: "
            f"{version.path} was changed or is damaged. Restore it from a backup"
        )
    return version.path


def _load_by(loader: Loader | str, path: Path) -> Any:
    if callable(loader):
        return loader(path)
    if loader != "torch":
        raise ModelError(f"loader is a function of a path or 'torch', not {loader!r}")
    import inspect

    from headrace.needed import needed

    torch = needed("torch", "hr.models.load")
    if "weights_only" not in inspect.signature(torch.load).parameters:
        raise ModelError(
            f"PyTorch {torch.__version__} cannot load without unpickling; 1.13 and later can"
        )
    return torch.load(path, weights_only=True)


def _state(version: Version, path: Path, into: Any) -> Any:
    from headrace import tensors

    try:
        state = tensors.read(path)
    except tensors.MalformedError as error:
        raise ModelError(
            f"version {version.version} of {version.name!r} cannot be read: {error}"
        ) from error
    if into is None:
        return state
    if not hasattr(into, "load_state_dict"):
        raise ModelError(f"a {type(into).__qualname__} has no load_state_dict to load into")
    into.load_state_dict(state)
    return into
