from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, final, overload

from typing_extensions import Buffer

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Item = TypeVar("_Item")
_Tags = str | Iterable[str] | Mapping[str, Any]
_Names = str | Iterable[str]

@final
class Object:
    """An artefact with an identity. Passed as a value, it makes an edge of lineage."""

    def __new__(
        cls,
        id_bytes: bytes,
        kind: str,
        name: str,
        path: str | None,
        sha256: str | None,
        size_bytes: int | None,
        /,
    ) -> Object: ...
    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def size_bytes(self) -> int | None: ...
    def __fspath__(self) -> str: ...

@final
class TaskScope:
    """An open task: what `with headrace.task("name") as t` and current_task() give."""

    @property
    def id(self) -> str | None: ...
    def used(self, *values: Mapping[str, Any], **more: Any) -> TaskScope: ...
    def generated(self, *values: Mapping[str, Any], **more: Any) -> TaskScope: ...
    def log(self, *values: Mapping[str, Any], **more: Any) -> TaskScope: ...
    def tag(self, *labels: str, **values: Any) -> TaskScope: ...
    def __enter__(self) -> TaskScope: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool: ...
    def __call__(self, function: _Function, /) -> _Function: ...

# What headrace.adapters is made of.
@final
class Moment:
    """A moment of this process, exact, as now() gives it."""

@final
class Activity:
    """A kind of task, as Adapter.activity() gives it."""

    @property
    def name(self) -> str: ...

@final
class OpenTask:
    """A task that has begun; `end()` ends it, or leaving its `with` block."""

    @property
    def id(self) -> str | None: ...
    @property
    def place(self) -> str: ...
    def used(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask: ...
    def generated(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask: ...
    def attributes(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> OpenTask: ...
    def tag(self, *labels: str, **values: Any) -> OpenTask: ...
    def log(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        at_ns: int | Moment | None = None,
        **more: Any,
    ) -> OpenTask: ...
    def use_objects(self, name: str, objects: Sequence[Object], /) -> OpenTask: ...
    def call(self, function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any: ...
    def end(
        self,
        status: str | None = None,
        *,
        result: Any = None,
        stored: tuple[str, int | None] | None = None,
        generated: Mapping[str, Any] | None = None,
        error: BaseException | str | None = None,
        end_ns: int | Moment | None = None,
        attributes: Mapping[str, Any] | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...
    def __enter__(self) -> OpenTask: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class TaskForm:
    """What many tasks have in common, as Adapter.form() gives it."""

    @overload
    def begin(
        self,
        parent: str | None,
        attempt: int,
        used: Mapping[str, Any] | None,
        attributes: Sequence[Any],
        /,
    ) -> OpenTask: ...
    @overload
    def begin(
        self,
        parent: str | None,
        attempt: int,
        used: Sequence[Any],
        attributes: Sequence[Any],
        /,
    ) -> OpenTask | None: ...

class TaskRunner:
    """Runs a framework's tasks, as Adapter.runner() gives it."""

    def __call__(self, *args: Any, **keywords: Any) -> Any: ...

def now() -> Moment: ...
def activity(
    name: str, file: str, line: int, outputs: str | Sequence[str] | None, /
) -> Activity: ...
def open_task(
    activity: str | Activity,
    parent: str | None,
    begin_ns: int | Moment | None,
    id: str | None,
    attempt: int,
    current: bool,
    used: Mapping[str, Any] | None,
    attributes: Mapping[str, Any] | None,
    tags: Any,
    reads_devices: bool,
    /,
) -> OpenTask: ...
def task_form(
    activity: str | Activity,
    used: Sequence[str],
    defaults: Mapping[str, Any] | None,
    attributes: Sequence[str],
    constants: Mapping[str, Any] | None,
    result: tuple[str, str, str] | None,
    current: bool | Literal["thread"],
    reads_devices: bool,
    plain: bool,
    /,
) -> TaskForm: ...
def task_runner(
    function: Callable[..., Any],
    otherwise: Callable[..., Any],
    ended: Callable[[OpenTask, Any, Any], object],
    ready: tuple[int, str],
    key: int,
    answer: tuple[str, str, str, str],
    state: str,
    over: frozenset[str],
    /,
) -> TaskRunner: ...
def draw_task() -> str | None: ...
def set_aside(source: str, piece: bytes, reason: str, /) -> None: ...

@final
class Task:
    """A captured function. To a type checker it is the function itself."""

    @property
    def activity(self) -> str: ...
    def reduce_by_value(self) -> tuple[Any, ...]: ...
    def __call__(self, *args: Any, **keywords: Any) -> Any: ...

@final
class GeneratorTask: ...

@final
class CoroutineTask: ...

@final
class AsyncGeneratorTask: ...

@final
class AsyncGeneratorStep: ...

@final
class Carried: ...

@final
class Loop(Generic[_Item]):
    def __iter__(self) -> Iterator[_Item]: ...
    def __len__(self) -> int: ...

@overload
def task(
    function: _Function,
    /,
    *,
    name: str | None = None,
    outputs: _Names | None = None,
    tags: _Tags | None = None,
    args: bool | _Names | None = None,
    results: bool | None = None,
    sample: float | None = None,
    min_duration: float | None = None,
) -> _Function: ...
@overload
def task(
    name: str,
    /,
    *,
    used: Mapping[str, Any] | None = None,
    outputs: _Names | None = None,
    tags: _Tags | None = None,
    args: bool | _Names | None = None,
    results: bool | None = None,
    sample: float | None = None,
    min_duration: float | None = None,
) -> TaskScope: ...
@overload
def task(
    *,
    name: str | None = None,
    used: Mapping[str, Any] | None = None,
    outputs: _Names | None = None,
    tags: _Tags | None = None,
    args: bool | _Names | None = None,
    results: bool | None = None,
    sample: float | None = None,
    min_duration: float | None = None,
) -> TaskScope: ...
def loop(items: Iterable[_Item], name: str, *, tags: _Tags | None = None) -> Loop[_Item]: ...
def log(*values: Mapping[str, Any], **more: Any) -> None: ...
def current_task() -> TaskScope | None: ...
def carry(function: _Function, /) -> _Function: ...
def flush() -> None: ...
def durable(*, wait: bool = False) -> int: ...
def capture_stats() -> dict[str, int | float]: ...

# What flowcept.FlowceptTask and flowcept.FlowceptLoop are.
class FlowceptTask:
    def __init__(
        self,
        task_id: str | None = None,
        workflow_id: str | None = None,
        campaign_id: str | None = None,
        activity_id: str | None = None,
        agent_id: str | None = None,
        source_agent_id: str | None = None,
        parent_task_id: str | None = None,
        used: Mapping[str, Any] | None = None,
        data: object = None,
        subtype: str | None = None,
        hostname: str | None = None,
        tags: Iterable[str] | None = None,
        adapter_id: str | None = None,
        custom_metadata: Mapping[str, Any] | None = None,
        generated: Mapping[str, Any] | None = None,
        started_at: float | None = None,
        ended_at: float | None = None,
        stdout: object = None,
        stderr: object = None,
        status: str | None = None,
        capture_telemetry: bool | None = None,
    ) -> None: ...
    def __enter__(self) -> FlowceptTask: ...
    def __exit__(self, *error: object) -> None: ...
    def end(
        self,
        generated: Mapping[str, Any] | None = None,
        ended_at: float | None = None,
        stdout: object = None,
        stderr: object = None,
        data: object = None,
        custom_metadata: Mapping[str, Any] | None = None,
        status: str | None = None,
    ) -> None: ...
    def send(self) -> None: ...
    def get_id(self) -> str | None: ...
    def get_workflow_id(self) -> str | None: ...
    def get_campaign_id(self) -> str | None: ...
    def get_agent_id(self) -> str | None: ...

class FlowceptLoop(Generic[_Item]):
    def __init__(
        self,
        items: Iterable[_Item] | int,
        loop_name: str = "loop",
        item_name: str = "item",
        parent_task_id: str | None = None,
        workflow_id: str | None = None,
        items_length: int = 0,
        capture_enabled: bool = True,
    ) -> None: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def workflow_id(self) -> str | None: ...
    def __iter__(self) -> Iterator[_Item]: ...
    def __next__(self) -> _Item: ...
    def __len__(self) -> int: ...
    def end_iter(self, generated_value: Mapping[str, Any] | None, /) -> None: ...
    def get_current_iteration_id(self) -> str | None: ...

def set_flowcept(enabled: bool, workflow_id: str | None, campaign_id: str | None, /) -> None: ...
def flowcept_task(
    function: _Function,
    name: str | None,
    outputs: _Names | None,
    result_name: str,
    tags: _Tags | None,
    attributes: dict[str, Any] | None,
    /,
) -> _Function: ...
def workflow_uuid(text: str, /) -> str: ...
def producer() -> str | None: ...

# What the package itself uses.
def record_object(
    kind: str,
    name: str,
    path: str | None,
    sha256: str | None,
    size_bytes: int | None,
    version: str | None,
    attributes: dict[str, Any],
    /,
) -> Object: ...
def result_object(identity: str, name: str, recorded: bool, /) -> Object: ...
def named_object(kind: str, name: str, version: str, /) -> Object: ...
def digest_file(path: str | PathLike[str], /) -> tuple[str, int]: ...
def exposure(
    task: int | None,
    since_ns: int,
    model: str,
    repeated: bool,
    names: tuple[str, ...],
    self_ns: Sequence[int] | Buffer,
    calls: Sequence[int] | Buffer,
    /,
) -> None: ...
def current_task_number() -> int: ...

class LayerClock:
    def __init__(
        self, slots: int, clock: Callable[[], int] | None = None, is_host: bool = True
    ) -> None: ...
    begin_ns: int
    @property
    def slots(self) -> int: ...
    @property
    def current(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def is_host(self) -> bool: ...
    def switch(self, slot: int, /) -> None: ...
    def forget(self, slot: int, /) -> None: ...
    def clock(self) -> int: ...
    def elapsed_ns(self) -> int: ...
    def count(self, slot: int, /) -> None: ...
    def add(self, slot: int, ns: int, /) -> None: ...
    def peek(self, slot: int, /) -> tuple[int, int]: ...
    def take(self) -> tuple[list[int], list[int]]: ...
    def set_current(self, slot: int, /) -> None: ...

@final
class LayerHooks:
    def __new__(
        cls,
        owner: Any,
        slots: dict[int, int],
        timeline: LayerClock,
        tensor_type: type,
        place: Callable[[Any, Any, Any], None] | None,
        marks_backward: bool,
        least_ns: int,
        /,
    ) -> LayerHooks: ...
    stack: list[int]
    timeline: LayerClock
    is_begun: bool
    is_fresh: bool
    wants_step: bool
    wants_inputs: bool
    is_sampling: bool
    is_running: bool
    is_unannounced: bool
    taken: int
    wanted: int
    thread: int
    @property
    def pre_hook(self) -> Callable[..., None]: ...
    @property
    def hook(self) -> Callable[..., None]: ...
    def maker(self, node: Any, /) -> int: ...
    def see(self, node: Any, slot: int, /) -> None: ...
    def after(self, tensor: Any, node: Any, slot: int, /) -> None: ...
    def enter_mark(self, slot: int, /) -> Callable[..., None]: ...
    def stop(self) -> None: ...

def begin_workflow(
    name: str,
    used: dict[str, Any],
    tags: dict[str, Any] | list[str] | None,
    id: str = "",
    attributes: dict[str, Any] | None = None,
    /,
) -> object | None: ...
def end_workflow(
    handle: object,
    error: BaseException | None,
    used: dict[str, Any],
    generated: dict[str, Any],
    tags: dict[str, Any] | None,
    attributes: dict[str, Any] | None = None,
    /,
) -> None: ...
def remake_task(function: _Function, options: dict[str, Any], /) -> _Function: ...
def carried_to(function: _Function, place: str, /) -> _Function: ...
def place_text() -> str: ...
def is_inside() -> bool: ...
def place() -> object | None: ...
def settle_thread(place: object, /) -> None: ...
def call_outside(function: Callable[..., Any], /, *args: Any, **keywords: Any) -> Any: ...
def current_campaign() -> str: ...
def workflow_id(handle: object, /) -> str: ...
def current_workflow() -> str | None: ...
def ensure_workflow() -> None: ...
def enter_campaign(
    name: str, attributes: dict[str, Any], tags: dict[str, Any] | list[str] | None, /
) -> str: ...
def leave_campaign(previous: str, /) -> None: ...
def campaign_id(name: str, /) -> str: ...
def name_workflow(name: str, /) -> None: ...
def describe(key: str, value: str, /) -> None: ...
def stop(status: str, error: BaseException | None, /) -> None: ...
def stop_at_exit() -> None: ...
def set_enabled(on: bool, /) -> None: ...
def left_out() -> str: ...
def is_capturing() -> bool: ...
def use_directory(path: str | PathLike[str], /) -> None: ...
def directory() -> str | None: ...
def set_describe(function: Callable[[Any, bool], tuple[int, Any]], /) -> None: ...
def set_traceback_text(
    function: Callable[[BaseException, TracebackType | None], str], /
) -> None: ...
def set_is_from_signal(function: Callable[[BaseException], bool], /) -> None: ...
def set_content_hash(function: Callable[[Any], str] | None, /) -> None: ...
def redact_text(text: str, /) -> str: ...
def add_redaction_rule(rule: str, /) -> bool: ...
def read_segments(
    directory: str | PathLike[str],
    since_ns: int = 0,
    with_tasks: bool = True,
    read: dict[str, int] = ...,
    until: dict[str, int] = ...,
    /,
) -> str: ...
def flowcept_tasks(
    directory: str | PathLike[str],
    since_ns: int,
    producer: str,
    places: dict[str, str],
    ours: set[str],
    host: str,
    samples: list[tuple[int, str]],
    read: dict[str, int],
    until: dict[str, int],
    /,
) -> list[tuple[int, str, int, int, bytes, str]]: ...
