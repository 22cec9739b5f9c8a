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

import functools
import os
import sys
import threading

from headrace import _capture
from headrace import objects as _objects
from headrace._capture import (
    Activity,
    Moment,
    Object,
    OpenTask,
    TaskForm,
    TaskRunner,
    current_campaign,
    current_workflow,
    describe,
    directory,
    ensure_workflow,
    flush,
    now,
)
from headrace.scopes import Workflow, plain_tags

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Literal, TypeVar

    from headrace.scopes import Tags
    from headrace.sources import Source as Source

    Function = TypeVar("Function", bound=Callable[..., Any])

__all__ = [
    "Activity",
    "Adapter",
    "Moment",
    "Object",
    "OpenTask",
    "Source",
    "TaskForm",
    "TaskRunner",
    "UnsupportedVersionError",
    "current_campaign",
    "current_task",
    "current_workflow",
    "describe",
    "directory",
    "ensure_workflow",
    "flush",
    "is_capturing",
    "now",
    "place",
    "requires",
]

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


def is_capturing() -> bool:
    """False where capture is off: an adapter that has work to do before it records can skip it."""
    return _capture.is_capturing()


def place() -> str:
    """Where work begun here comes from, as text for another process or thread: the `parent` of
    Adapter.begin and record there. Empty outside every task and workflow."""
    return _capture.place_text() if _capture.is_capturing() else ""


def current_task() -> str | None:
    """The id of the task that is current here, which may be a Task of hr.task or one begun as the
    current one; None outside of every task of this process."""
    task = _capture.current_task()
    return None if task is None else task.id


class Adapter:
    """What one framework's records are made with. Cheap to make, good for the whole process, from
    any thread.

    `name` is the framework's; `scope` is what makes its keys unique beyond one run of it (a
    scheduler's id, a run's): tasks of equal key and scope, in whatever processes, share a result.
    `reads_devices`: a number among the values of its tasks that is on a device (a tensor of one) is
    fetched, which waits for it; False where values merely go by: it is described, as hr.task does.
    """

    def __init__(self, name: str, scope: str = "", *, reads_devices: bool = True) -> None:
        self.name = name
        self.scope = scope
        self.reads_devices = reads_devices
        self._said: set[str] = set()
        self._results: set[str] = set()  # keys that were recorded
        self._lock = threading.Lock()

    # --- tasks ---

    def activity(
        self,
        name: str,
        file: str = "",
        line: int = 0,
        *,
        outputs: str | Sequence[str] | None = None,
    ) -> Activity:
        """A kind of task, made once and begun many times: what begin() and record() take for a
        name, where there is more to say of it: the source line of the function that it runs, and
        the names of what that gives (as `outputs` of hr.task). It is kept as long as the process,
        so not to be made for each task."""
        return _capture.activity(name, file, line, outputs)

    def begin(
        self,
        activity: str | Activity,
        *,
        key: str | None = None,
        parent: str | None = None,
        depends_on: Iterable[str] = (),
        used: Mapping[str, Any] | None = None,
        tags: Tags | None = None,
        attempt: int = 0,
        begin_ns: int | Moment | None = None,
        attributes: Mapping[str, Any] | None = None,
        id: str | None = None,
        current: bool = False,
    ) -> OpenTask:
        """Begins a task of `activity`; should the process be killed it is kept as lost.

        key         what the framework calls it, kept as the attribute `foreign_id`; what depends on
                    this key uses its result
        parent      a place() or OpenTask.place, also of another process, or the id of a task; None:
                    what is current here; "": none of this process
        depends_on  keys, of this scope, whose results it uses: an exact edge from each
        attempt     0 the first; a retry is a task of its own
        begin_ns    Unix time or a now(), if not this moment
        id          of draw(), whose task this is; one of another process, or of before a fork,
                    records nothing
        current     what this thread (under an event loop: this context) begins is its child until
                    it ends; it is to end there too, innermost first. Where its activity takes a ms
                    or more, the processor time of the thread is recorded
        """
        is_keyed = (key is not None or depends_on) and _capture.is_capturing()
        if is_keyed and (inputs := [self._result(one, True) for one in depends_on]):
            used = {**(used or {}), "depends_on": inputs}
        if key is not None:
            attributes = {"foreign_id": key, **(attributes or {})}
        task = _capture.open_task(
            activity,
            parent,
            begin_ns,
            id,
            attempt,
            current,
            used,
            attributes,
            plain_tags(tags) if tags else None,
            self.reads_devices,
        )
        if key is not None and task.id is not None:
            task.generated(result_of=self._result(key))
        return task

    def form(
        self,
        activity: str | Activity,
        *,
        used: Sequence[str] = (),
        defaults: Mapping[str, Any] | None = None,
        attributes: Sequence[str] = (),
        constants: Mapping[str, Any] | None = None,
        result: tuple[str, str, str] | None = None,
        current: bool | Literal["thread"] = False,
        plain: bool = False,
    ) -> TaskForm:
        """What tasks have in common that a framework runs by the thousand, prepared once: each of
        them is then one call to begin, with values and no names,

            form = adapter.form("solve", used=("steps", "rate"), attributes=("queue",))
            task = form.begin(place, attempt, (100, 0.1), ("short",))

        and one to end, and costs two fifths of begin() and end(), less where the processor did
        other things in between. `place` and `attempt` are as in begin().

        used        names of what form.begin() is given for `used`, in order. It takes a mapping
                    too, as it is
        defaults    of those that a call gives no value for, and of others
        attributes  names of what form.begin() is given for `attributes`; None: it has none
        constants   attributes that are the same for all
        result      (kind, version, name): the result is an object of that kind and version, which
                    each task generated under that name; task.end(stored=(its name, its size in
                    bytes)) records it, as content() does, with the type of end's `result`
        current     as in begin(); "thread": on this thread, which runs no event loop, and nothing
                    is asked
        plain       form.begin() begins nothing and gives None where one of `used`, by position, is
                    not a number, a text or None, and where they are more than their names
        """
        return _capture.task_form(
            activity,
            used,
            defaults,
            attributes,
            constants,
            result,
            current,
            self.reads_devices,
            plain,
        )

    @staticmethod
    def runner(
        function: Callable[..., Any],
        *,
        ready: tuple[int, str],
        key: int,
        otherwise: Callable[..., Any],
        ended: Callable[[OpenTask, Any, Any], object],
        answer: tuple[str, str, str, str],
        state: str,
        over: frozenset[str],
    ) -> TaskRunner:
        """Stands for `function`, by which a framework runs each of its tasks and which gives a dict
        that tells how that went. What is to be recorded of a task is made ready elsewhere, where
        the framework has just looked at it; around the function itself no line of Python runs.

        ready      (position, name): that argument of the function is a dict; its item of that name
                   is another dict, of what is ready to run, by key. The adapter puts there
                   (form, place, attempt, used, attributes, name, about): what form.begin() takes,
                   the name of the object that holds the result, and the framework's own object for
                   the task. A call takes its own out
        key        position of the argument that is the key
        otherwise  is called instead of the function where nothing is ready, or nothing was begun
        answer     (name, value, result, size): the answer's item of that name has that value where
                   the task went well; then the other two are the result and its size in bytes
        state      attribute of `about` that says how it is; where it is among `over` by the end,
                   the task is cancelled: nobody waits for the result
        ended      called with the open task, `about`, and the answer that is not such a one or the
                   exception that the function raised, which goes on to who called

        Function or `otherwise` is called exactly once, with the same arguments."""
        runner = _capture.task_runner(function, otherwise, ended, ready, key, answer, state, over)
        functools.update_wrapper(runner, function)
        return runner

    def draw(self) -> str | None:
        """The id of a task that is recorded later, once: the `id` of its begin() or record(), and
        meanwhile the `parent` of its children, which may be recorded before. None when capture is
        off."""
        return _capture.draw_task()

    def record(
        self,
        activity: str | Activity,
        *,
        begin_ns: int | Moment,
        end_ns: int | Moment,
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
        id: str | None = None,
    ) -> str | None:
        """Records a task that is over, with its own times (Unix ns, or of now()), and gives its id;
        None when capture is off. The rest is as in begin() and OpenTask.end()."""
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
            id=id,
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

    def content(
        self,
        kind: str,
        name: str,
        sha256: str | None,
        size_bytes: int | None = None,
        *,
        version: str | None = None,
        **attributes: Any,
    ) -> Object:
        """What is no file (an array, a fitted model), known by kind, name and version, which is the
        hash of what it holds (hex) unless given: the same wherever it is met."""
        version = sha256 if version is None else version
        return _capture.record_object(kind, name, None, sha256, size_bytes, version, attributes)

    def named(self, kind: str, name: str, version: str) -> Object:
        """The object that content() gives for these, without recording anything of it: for a value
        that someone else records, or will. Half a microsecond."""
        return _capture.named_object(kind, name, version)

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
