"""What an adapter is made of: a piece of code that records for a framework, so that its users write
one line. Ours use only this; docs/adapters.md writes one in 50 lines.

    adapter = Adapter("mesh")                          # once, by the framework's name

    @adapter.guarded                                   # nothing of ours reaches the user's program
    def on_job_started(job):
        open_jobs[job.key] = adapter.begin("solve", key=job.key, used=job.parameters,
                                           depends_on=job.inputs)
    @adapter.guarded
    def on_job_done(job, error):
        open_jobs.pop(job.key).end(generated=job.results, error=error)

Records go where those of `@hr.task` go, by the same native way, with its limits and its redaction;
while capture is off every call does nothing and costs little. For a source that is not this
process (a file, a server) there is `Source`.
"""

from __future__ import annotations

import os
import sys
import threading

from headrace import _capture
from headrace import objects as _objects
from headrace._capture import Object
from headrace.scopes import Workflow, plain_tags

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    from headrace.scopes import Tags
    from headrace.sources import Source as Source

    Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = [
    "Adapter",
    "OpenTask",
    "Source",
    "UnsupportedVersionError",
    "place",
    "requires",
]

# Words that a task can end with; none: as its exception says.
_ENDS = ("", "finished", "failed", "cancelled")
_MOST_RESULTS = 10_000


class UnsupportedVersionError(ImportError):
    """The package is here in a version that the adapter does not know."""


def _numbers(version: str) -> tuple[int, ...]:
    """The release of a version: "2024.1.0rc1+cpu" -> (2024, 1, 0)."""
    out: list[int] = []
    for part in version.partition("+")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        out.append(int(digits))
        if digits != part:
            break
    return tuple(out)


def _fits(version: str, condition: str) -> bool:
    sign = condition[:2] if condition[:2] in (">=", "<=", "==", "!=") else condition[:1]
    wanted = _numbers(condition[len(sign) :].strip())
    if sign not in (">=", "<=", "==", "!=", "<", ">") or not wanted:
        raise ValueError(f"{condition!r} is no condition like >=2024.1")
    have = _numbers(version)
    length = max(len(have), len(wanted))
    have += (0,) * (length - len(have))
    wanted += (0,) * (length - len(wanted))
    return {
        ">=": have >= wanted,
        "<=": have <= wanted,
        "==": have == wanted,
        "!=": have != wanted,
        "<": have < wanted,
        ">": have > wanted,
    }[sign]


def requires(package: str, versions: str = "", *, extra: str = "", module: str = "") -> str:
    """The version of a package that an adapter needs, as its distribution says it.

    `versions` are conditions on it, all of which must hold: ">=2024.1,<2027". `module` is what is
    imported, where that has another name than the package. Nothing is imported here.

    ImportError when it is not installed, with the command that installs it (`headrace[extra]` where
    an extra is named); UnsupportedVersionError, an ImportError too, when its version does not fit,
    with those that do.
    """
    import importlib.util
    from importlib import metadata

    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        loaded = sys.modules.get(module or package)
        version = str(getattr(loaded, "__version__", ""))
        if not version and importlib.util.find_spec((module or package).partition(".")[0]) is None:
            wanted = f"'headrace[{extra}]'" if extra else f"'{package}{versions}'"
            raise ImportError(
                f"headrace: {package} is not installed: pip install {wanted}", name=package
            ) from None
    conditions = [one.strip() for one in versions.split(",") if one.strip()]
    if version and not all(_fits(version, one) for one in conditions):
        raise UnsupportedVersionError(
            f"headrace: {package} {version} is here, and this adapter knows {versions}: "
            f"pip install '{package}{versions}'",
            name=package,
        )
    return version


def place() -> str:
    """Where work begun here comes from, as text for another process or thread: the `parent` of
    Adapter.begin and record there. Empty outside every task and workflow."""
    return _capture.place_text() if _capture.is_capturing() else ""


class OpenTask:
    """A task that has begun; `end()` ends it, or leaving its `with` block.

    It is nobody's current task, so that begin and end may stand in different callbacks and threads;
    what runs inside `with task:` or `task.call(...)` becomes its child. One thread at a time.
    """

    __slots__ = ("_adapter", "_attempt", "_inside", "_key", "_native")

    def __init__(
        self, adapter: Adapter, native: _capture.OpenTask | None, key: str | None, attempt: int
    ) -> None:
        self._adapter = adapter
        self._native = native  # None: capture is off, or it has ended
        self._key = key
        self._attempt = attempt
        self._inside: list[object] = []

    @property
    def id(self) -> str | None:
        """The task's id as text; None when capture is off."""
        return None if self._native is None else self._native.id

    @property
    def place(self) -> str:
        """The `parent` of what another process or thread records under this task."""
        return "" if self._native is None else self._native.place

    def used(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask:
        """Adds values and objects that went in; a later value of a name replaces an earlier one."""
        if self._native is not None:
            self._native.used({**(values or {}), **more})
        return self

    def generated(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask:
        """Adds values and objects that came out."""
        if self._native is not None:
            self._native.generated({**(values or {}), **more})
        return self

    def attributes(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask:
        """Adds facts about the run itself: worker, queue, bytes moved."""
        if self._native is not None:
            self._native.attributes({**(values or {}), **more})
        return self

    def tag(self, *labels: str, **values: Any) -> OpenTask:
        """Labels the task."""
        if self._native is not None:
            self._native.tags({**dict.fromkeys(labels, True), **values})
        return self

    def log(
        self, values: Mapping[str, Any] | None = None, /, at_ns: int | None = None, **more: Any
    ) -> OpenTask:
        """Records one row of metrics under the task, of now or of `at_ns` (Unix)."""
        if self._native is not None:
            self._native.log({**(values or {}), **more}, at_ns)
        return self

    def call(self, function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any:
        """Calls `function` with this task as the parent of what it records. What it raises is not
        touched and does not end the task."""
        if self._native is None:
            return function(*args, **keywords)
        return _capture.carried_to(function, self._native.place)(*args, **keywords)

    def end(
        self,
        status: str | None = None,
        *,
        generated: Mapping[str, Any] | None = None,
        error: BaseException | str | None = None,
        end_ns: int | None = None,
    ) -> None:
        """Writes the task's record; more calls do nothing. `status` is finished, failed or
        cancelled, by default finished, or failed where there is an `error`."""
        native, self._native = self._native, None
        if native is None:
            return
        if generated:
            native.generated(dict(generated))
        status = status or ("finished" if error is None else "")
        native.end(status if status in _ENDS else "failed", error, end_ns, self._attempt)

    def __enter__(self) -> OpenTask:
        self._inside.append(_capture.enter_place(self.place))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _capture.leave_place(self._inside.pop())
        if not self._inside:
            self.end(error=error)


class Adapter:
    """What one framework's records are made with. Cheap to make, good for the whole process, from
    any thread.

    `name` is the framework's; `scope` is what makes its keys unique beyond one run of it (a
    scheduler's id, a run's): tasks of equal key and scope, in whatever processes, share a result.
    """

    def __init__(self, name: str, scope: str = "") -> None:
        self.name = name
        self.scope = scope
        self._said: set[str] = set()
        self._results: set[str] = set()  # keys that were recorded
        self._lock = threading.Lock()

    # --- tasks ---

    def begin(
        self,
        activity: str,
        *,
        key: str | None = None,
        parent: str | None = None,
        depends_on: Iterable[str] = (),
        used: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        attempt: int = 0,
        begin_ns: int | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> OpenTask:
        """Begins a task of `activity`; should the process be killed it is kept as lost.

        key         what the framework calls it, kept as the attribute `foreign_id`; what depends on
                    this key uses its result
        parent      a place() or OpenTask.place, also of another process; None: what is current
                    here; "": none
        depends_on  keys, of this scope, whose results it uses: an exact edge from each
        attempt     0 the first; a retry is a task of its own
        begin_ns    Unix time, if not now
        """
        if not _capture.is_capturing():
            return OpenTask(self, None, key, attempt)
        native = _capture.open_task(activity, parent, begin_ns)
        if native is not None:
            inputs = [self._result(one, True) for one in depends_on]
            if used or inputs:
                native.used({**(used or {}), **({"depends_on": inputs} if inputs else {})})
            if key is not None:
                native.attributes({"foreign_id": key})
                native.generated({"result_of": self._result(key)})
            if attributes:
                native.attributes(dict(attributes))
            if tags:
                native.tags(plain_tags(tags))
        return OpenTask(self, native, key, attempt)

    def record(
        self,
        activity: str,
        *,
        begin_ns: int,
        end_ns: int,
        key: str | None = None,
        status: str | None = None,
        error: BaseException | str | None = None,
        parent: str | None = None,
        depends_on: Iterable[str] = (),
        used: Mapping[str, Any] | None = None,
        generated: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        attempt: int = 0,
        attributes: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Records a task that is over, with its own times (Unix ns), and gives its id; None when
        capture is off. The rest is as in begin() and OpenTask.end()."""
        task = self.begin(
            activity,
            key=key,
            parent=parent,
            depends_on=depends_on,
            used=used,
            tags=tags,
            attempt=attempt,
            begin_ns=begin_ns,
            attributes=attributes,
        )
        task_id = task.id
        task.end(status, generated=generated, error=error, end_ns=end_ns)
        return task_id

    def result(self, key: str) -> Object:
        """What stands for the result of the task of this key: used by a task, it is an edge from
        that one, whichever of the two is recorded first, and where."""
        return self._result(key, True)

    def _result(self, key: str, recorded: bool = False) -> Object:
        if recorded:  # once, so that it has a name
            recorded = key not in self._results
            if len(self._results) >= _MOST_RESULTS:
                self._results.clear()
            self._results.add(key)
        return _capture.result_object(f"{self.name}\0{self.scope}\0{key}", key, recorded)

    # --- the rest ---

    def workflow(
        self, name: str, *, used: Mapping[str, Any] | None = None, tags: Tags | None = None
    ) -> Workflow:
        """A (sub-)workflow, as hr.workflow: `with` it, or __enter__ and __exit__ on one thread."""
        return Workflow(name, used, tags)

    def object(
        self,
        path_or_name: str | os.PathLike[str],
        kind: str | None = None,
        *,
        name: str | None = None,
        version: str | None = None,
        **attributes: Any,
    ) -> Object:
        """A dataset, model, checkpoint or file, as hr.object: by path and content where it is a
        file, else by kind, name and version."""
        return _objects.record(path_or_name, kind, name=name, version=version, **attributes)

    def quarantine(self, piece: bytes, reason: str) -> None:
        """Keeps bytes that could not be understood, with the reason, where `headrace doctor` lists
        them; the same only once, 16 MiB of each at most."""
        if _capture.is_capturing():
            _capture.set_aside(self.name, piece, reason)

    # --- never in the user's way ---

    def guarded(self, function: Function) -> Function:
        """The function for a callback of the framework: what it raises by a fault of ours is said
        once and goes no further; it then gives None. Ctrl-C and what the program's own signal
        handlers raise goes on."""
        import functools

        @functools.wraps(function)
        def guard(*args: Any, **keywords: Any) -> Any:
            try:
                return function(*args, **keywords)
            except Exception as error:
                if self._belongs_to_program(error):
                    raise
                self.left_out(f"{getattr(function, '__name__', 'a callback')}: {error!r}")
                return None

        return guard  # type: ignore[return-value]

    @staticmethod
    def _belongs_to_program(error: Exception) -> bool:
        try:
            from headrace.failures import is_from_signal

            return is_from_signal(error)
        except Exception:
            return False

    def left_out(self, reason: str) -> None:
        """Says on stderr, once for each reason, that something was not recorded and why."""
        with self._lock:
            if reason in self._said or len(self._said) >= 100:
                return
            self._said.add(reason)
        try:
            text = _capture.redact_text(reason)
            print(f"headrace: {self.name}: not recorded: {text}", file=sys.stderr)
        except Exception:  # noqa: S110 - stderr may be gone
            pass


def __getattr__(name: str) -> Any:
    """`Source`, loaded when it is asked for: it needs the store's library."""
    if name == "Source":
        from headrace.sources import Source

        return Source
    raise AttributeError(f"module 'headrace.adapters' has no attribute {name!r}")
