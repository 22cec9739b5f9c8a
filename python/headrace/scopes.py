"""Campaigns and workflows, as `with` blocks and as decorators."""

from __future__ import annotations

from headrace import _capture

TYPE_CHECKING = False  # typing takes 20 ms to import
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])
    Tags = str | Iterable[str] | Mapping[str, Any]


def plain_tags(tags: Tags | None) -> dict[str, Any] | list[str] | None:
    if tags is None:
        return None
    if isinstance(tags, str):
        return [tags]
    if hasattr(tags, "keys"):
        return dict(tags)  # type: ignore[arg-type]
    return list(tags)


class _Scope:
    """What decorating with a campaign or workflow means: each call runs inside a new one."""

    def _again(self) -> Any:
        raise NotImplementedError

    def __call__(self, function: Function) -> Function:
        import functools
        import inspect

        if inspect.iscoroutinefunction(function) or hasattr(function, "_is_coroutine"):

            @functools.wraps(function)
            async def run_async(*args: Any, **keywords: Any) -> Any:
                with self._again():
                    return await function(*args, **keywords)

            return run_async  # type: ignore[return-value]

        @functools.wraps(function)
        def run(*args: Any, **keywords: Any) -> Any:
            with self._again():
                return function(*args, **keywords)

        return run  # type: ignore[return-value]


class Campaign(_Scope):
    """Workflows begun inside belong to the campaign of this name, here and on other days."""

    def __init__(self, name: str, tags: Tags | None, attributes: dict[str, Any]) -> None:
        self.name = name
        self._tags = plain_tags(tags)
        self._attributes = attributes
        self._previous: list[str] = []

    @property
    def id(self) -> str:
        """The same for the same name, everywhere."""
        return _capture.campaign_id(self.name)

    def _again(self) -> Campaign:
        return Campaign(self.name, self._tags, self._attributes)

    def __enter__(self) -> Campaign:
        self._previous.append(_capture.enter_campaign(self.name, self._attributes, self._tags))
        return self

    def __exit__(self, *error: object) -> None:
        _capture.leave_campaign(self._previous.pop())


class Workflow(_Scope):
    """One execution of a pipeline or a part of it; inside another one, its sub-workflow."""

    def __init__(self, name: str, used: Mapping[str, Any] | None, tags: Tags | None) -> None:
        self.name = name
        self._begin_used = dict(used) if used else {}
        self._begin_tags = plain_tags(tags)
        self._handle: object | None = None
        self._id: str | None = None
        self._used: dict[str, Any] = {}
        self._generated: dict[str, Any] = {}
        self._tags: dict[str, Any] = {}

    @property
    def id(self) -> str | None:
        """The workflow's id as text; None before it begins or when capture is off."""
        return self._id

    def used(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> Workflow:
        """Records values and objects that went into the workflow, when it ends."""
        self._used.update(values or {}, **more)
        return self

    def generated(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> Workflow:
        """Records values and objects that came out of the workflow, when it ends."""
        self._generated.update(values or {}, **more)
        return self

    def tag(self, *labels: str, **values: Any) -> Workflow:
        """Labels the workflow."""
        self._tags.update(dict.fromkeys(labels, True), **values)
        return self

    def _again(self) -> Workflow:
        return Workflow(self.name, self._begin_used, self._begin_tags)

    def __enter__(self) -> Workflow:
        if self._handle is not None:
            raise RuntimeError(
                "this workflow is open already; make one with headrace.workflow(name)"
            )
        self._handle = _capture.begin_workflow(self.name, self._begin_used, self._begin_tags)
        self._id = None if self._handle is None else _capture.workflow_id(self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            _capture.end_workflow(handle, error, self._used, self._generated, self._tags or None)


def campaign(name: str, /, *, tags: Tags | None = None, **attributes: Any) -> Campaign:
    """Workflows begun inside belong to the campaign of this name.

    with headrace.campaign("which learning rate"):
        ...
    """
    return Campaign(name, tags, attributes)


def workflow(
    name: str, /, *, used: Mapping[str, Any] | None = None, tags: Tags | None = None
) -> Workflow:
    """One execution of a pipeline: `with headrace.workflow("pretrain", used={"width": 128}):`.

    Also a decorator, with a new workflow for each call. Inside another workflow it is a
    sub-workflow.
    """
    return Workflow(name, used, tags)
