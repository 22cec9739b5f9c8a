"""PyTorch modules whose forward calls, and those of the layers in them, are tasks.

    @flowcept_torch
    class Net(nn.Module): ...

A module is a workflow of its own within the current one; a call of its forward is a task, and so is
each call of a layer within it, with the layer's full dotted path. Outside of a captured forward
nothing of the module is changed: it pickles, copies and compiles as before.
"""

from __future__ import annotations

import inspect
import threading
import uuid
import weakref
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from headrace import _capture
from torch import nn

from flowcept import configs
from flowcept.commons.flowcept_dataclasses.workflow_object import WorkflowObject
from flowcept.commons.utils import replace_non_serializable
from flowcept.flowcept_api.flowcept_controller import Flowcept
from flowcept.flowceptor.adapters.instrumentation_interceptor import InstrumentationInterceptor
from flowcept.instrumentation.flowcept_loop import FlowceptLoop
from flowcept.instrumentation.flowcept_task import get_current_context_task_id

TORCH_CONFIG: dict[str, Any] = dict(configs.INSTRUMENTATION.get("torch") or {})
REGISTER_WORKFLOW = bool(TORCH_CONFIG.get("register_workflow", True))

PARENT_FORWARD = "parent_forward"
CHILD_FORWARD = "child_forward"
CHILDREN_MODES = (
    "lightweight",
    "tensor_inspection",
    "telemetry",
    "telemetry_and_tensor_inspection",
)

# What a class takes beside the arguments of its own __init__.
_OPTIONS = (
    "get_profile", "custom_metadata", "parent_task_id", "parent_workflow_id", "campaign_id",
    "save_workflow", "capture_enabled",
)  # fmt: skip

_HOOK = "flowcept"  # the key of our hooks among a layer's, while a forward runs


def get_torch_model_profile(model: nn.Module) -> dict[str, Any]:
    """What a module is made of: {params, max_width, n_modules, modules, model_repr}.

    `modules` has an entry for each module in it, itself first: its type, the name under which it
    lies in the one around it, its full path as `layer`, and its own public attributes.
    """
    params = list(model.parameters())
    widths = [max(p.shape) for p in params if p.dim() > 0]
    modules: dict[str, Any] = {}
    for path, module in model.named_modules():
        one: dict[str, Any] = {"type": type(module).__name__}
        if path:
            one["in_named"] = path.rpartition(".")[2]
            one["layer"] = path
        one.update({k: v for k, v in vars(module).items() if not k.startswith("_")})
        modules[f"{type(module).__name__}_{id(module)}"] = one
    profile: dict[str, Any] = {
        "params": sum(p.numel() for p in params),
        "max_width": int(max(widths, default=-1)),
        "n_modules": len(modules),
        "modules": replace_non_serializable(modules),
        "model_repr": repr(model),
    }
    return profile


def inspect_tensor(tensor: torch.Tensor) -> dict[str, Any]:
    """What is known of a tensor; density is the share of its elements that are not 0."""
    count = tensor._nnz() if tensor.is_sparse else int(torch.count_nonzero(tensor.detach()))
    return {
        "id": id(tensor),
        "is_sparse": tensor.is_sparse,
        "shape": list(tensor.shape),
        "device": str(tensor.device),
        "nbytes": tensor.numel() * tensor.element_size(),
        "numel": tensor.numel(),
        "density": count / tensor.numel() if tensor.numel() else 0.0,
    }


def _inspected(value: Any) -> Any:
    """Of the first tensor that a call took or gave; of several all of them; None of none."""
    if isinstance(value, torch.Tensor):
        return inspect_tensor(value)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        found = [inspect_tensor(one) for one in value if isinstance(one, torch.Tensor)]
        return found[0] if len(found) == 1 else found or None
    return None


class _Forward:
    """One captured call of a module's forward: begins and ends the tasks of the layers in it."""

    def __init__(self, model: Any, layers: Mapping[nn.Module, str], inspects: bool) -> None:
        self.model = model
        self.layers = layers
        self.inspects = inspects
        self.thread = threading.get_ident()
        self.open: list[tuple[nn.Module, Any]] = []

    def before(self, layer: nn.Module, args: Any) -> None:
        if threading.get_ident() != self.thread:
            return
        used = self._used(layer, args) if self.inspects else None
        task = _task(
            self.model,
            activity_id=type(layer).__name__,
            subtype=CHILD_FORWARD,
            parent_task_id=self.open[-1][1].get_id(),
            used=used,
            custom_metadata={"layer": self.layers[layer], "is_training": layer.training},
        )
        self.open.append((layer, task))

    def after(self, layer: nn.Module, args: Any, result: Any) -> None:
        if threading.get_ident() != self.thread or self.open[-1][0] is not layer:
            return
        _, task = self.open.pop()
        tensor = _inspected(result) if self.inspects else None
        task.end(generated=None if tensor is None else {"tensor": tensor})

    def failed(self, error: BaseException) -> None:
        """Ends what is open, the innermost first."""
        while self.open:
            _, task = self.open.pop()
            task.end(stderr=str(error) or type(error).__name__, status="ERROR")

    @staticmethod
    def _used(layer: nn.Module, args: Any) -> dict[str, Any]:
        used: dict[str, Any] = {}
        tensor = _inspected(args)
        if tensor is not None:
            used["tensor"] = tensor
        for name, value in vars(layer).items():
            if name.startswith("_") or callable(value):
                continue
            used[name] = inspect_tensor(value) if isinstance(value, torch.Tensor) else value
        return used


def _task(model: Any, **fields: Any) -> Any:
    return _capture.FlowceptTask(
        workflow_id=model.workflow_id, campaign_id=model._campaign_id, **fields
    )


# The layers of a module by their full paths, for as long as it lives.
_layers: weakref.WeakKeyDictionary[nn.Module, dict[nn.Module, str]] = weakref.WeakKeyDictionary()


def _layers_of(model: nn.Module) -> dict[nn.Module, str]:
    known = _layers.get(model)
    if known is None:
        known = {module: path for path, module in model.named_modules() if path}
        _layers[model] = known
    return known


def _is_traced() -> bool:
    """Whether PyTorch is making a graph of the call, in which nothing of ours belongs."""
    if torch.jit.is_scripting() or torch.jit.is_tracing():
        return True
    compiler = getattr(torch, "compiler", None)
    is_compiling = getattr(compiler, "is_compiling", None)
    return bool(is_compiling()) if is_compiling is not None else False


def _accepted(cls: type, keywords: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments that the class's own __init__ takes."""
    try:
        parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    except (TypeError, ValueError):
        return keywords
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return keywords
    names = {parameter.name for parameter in parameters}
    return {k: v for k, v in keywords.items() if k in names or k not in _OPTIONS}


def flowcept_torch(cls: type) -> Any:
    """Decorates a class of modules; what is captured say the settings of instrumentation.torch.

    Its objects take these keyword arguments beside those of their own: get_profile,
    custom_metadata, parent_task_id, parent_workflow_id, campaign_id, save_workflow (True) and
    capture_enabled (True).
    """
    what = TORCH_CONFIG.get("what")
    mode = TORCH_CONFIG.get("children_mode")
    if what is not None and "children" in what and mode not in CHILDREN_MODES:
        known = ", ".join(CHILDREN_MODES)
        raise ValueError(f"instrumentation.torch.children_mode is one of {known}, not {mode!r}")

    class TorchModuleWrapper(cls):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **_accepted(cls, kwargs))
            self._flowcept_captures = bool(
                configs.INSTRUMENTATION_ENABLED and kwargs.get("capture_enabled", True)
            )
            if not self._flowcept_captures:
                return
            self._epochs_at_every = int(TORCH_CONFIG.get("capture_epochs_at_every", 1) or 1)
            self._current_epoch = -1
            self._module_name = cls.__name__
            self.parent_task_id = kwargs.get("parent_task_id", get_current_context_task_id())
            self.parent_workflow_id = kwargs.get("parent_workflow_id", Flowcept.current_workflow_id)
            self._campaign_id = kwargs.get("campaign_id", Flowcept.campaign_id)
            self.workflow_id = str(uuid.uuid4())
            if kwargs.get("save_workflow", True) and REGISTER_WORKFLOW:
                self._register_as_workflow(
                    dict(kwargs.get("custom_metadata") or {}), bool(kwargs.get("get_profile"))
                )

        def forward(self, *args: Any, **kwargs: Any) -> Any:
            if not self._flowcept_is_wanted():
                return super().forward(*args, **kwargs)
            inspects = self._current_epoch < 1
            used = dict(kwargs)
            tensor = _inspected(args) if inspects else None
            if tensor is not None:
                used["tensor"] = tensor
            task = _task(
                self,
                activity_id=self._module_name,
                subtype=PARENT_FORWARD,
                parent_task_id=self.parent_task_id,
                used=used,
                custom_metadata={"is_training": self.training},
            )
            layers = _layers_of(self) if "children" in str(what) else {}
            call = _Forward(self, layers, inspects and "inspection" in str(mode))
            call.open.append((self, task))
            for layer in layers:
                layer._forward_pre_hooks[_HOOK] = call.before
                layer._forward_hooks[_HOOK] = call.after
            try:
                result = super().forward(*args, **kwargs)
            except BaseException as error:
                call.failed(error)
                raise
            finally:
                for layer in layers:
                    layer._forward_pre_hooks.pop(_HOOK, None)
                    layer._forward_hooks.pop(_HOOK, None)
            tensor = _inspected(result) if inspects else None
            task.end(generated=None if tensor is None else {"tensor": tensor})
            return result

        def _flowcept_is_wanted(self) -> bool:
            if not getattr(self, "_flowcept_captures", False) or what is None:
                return False
            if "parent" not in what or not Flowcept.is_started or _is_traced():
                return False
            return self._current_epoch % self._epochs_at_every == 0

        def new_batch(self, parent_task_id: str | None) -> None:
            """From now on calls are children of this task."""
            self.parent_task_id = parent_task_id

        def new_epoch(self, parent_task_id: str | None) -> None:
            """From now on calls are children of this task, and of a next epoch."""
            self.parent_task_id = parent_task_id
            self._current_epoch += 1

        def _register_as_workflow(self, metadata: dict[str, Any], with_profile: bool) -> None:
            workflow = WorkflowObject()
            workflow.workflow_id = self.workflow_id
            workflow.name = self._module_name
            workflow.campaign_id = self._campaign_id
            workflow.parent_workflow_id = self.parent_workflow_id
            workflow.used = {"capture_at_every": self._epochs_at_every}
            metadata["workflow_type"] = "TorchModule"
            if with_profile:
                metadata["model_profile"] = get_torch_model_profile(self)
            workflow.custom_metadata = metadata
            InstrumentationInterceptor.get_instance().send_workflow_message(workflow)

    # By these names it is found when it is pickled.
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(TorchModuleWrapper, name, getattr(cls, name))
    return TorchModuleWrapper


class FlowceptEpochLoop(FlowceptLoop):
    """`for epoch in FlowceptEpochLoop(range(3), model): ...`: iterations of the activity
    `epochs_loop_iteration`, each the parent of the model's calls in it."""

    ACTIVITY_ID = "epochs_loop"

    def __init__(
        self,
        items: Iterable[Any] | int,
        model: Any,
        parent_task_id: str | None = None,
        workflow_id: str | None = None,
        capture_enabled: bool = True,
    ) -> None:
        is_on = (
            capture_enabled
            and TORCH_CONFIG.get("epoch_loop") is not None
            and configs.INSTRUMENTATION_ENABLED
        )
        super().__init__(
            items,
            loop_name=self.ACTIVITY_ID,
            item_name="epoch",
            parent_task_id=parent_task_id,
            workflow_id=workflow_id,
            capture_enabled=bool(is_on),
        )
        self.model = model

    def __next__(self) -> Any:
        item = super().__next__()
        if self.enabled and hasattr(self.model, "new_epoch"):
            self.model.new_epoch(self.get_current_iteration_id())
        return item


class FlowceptBatchLoop(FlowceptLoop):
    """`for batch in FlowceptBatchLoop(loader, epochs_loop=epochs, step="train"): ...`: iterations
    of the activity `<step>_batch_iteration` within the epoch's."""

    def __init__(
        self,
        items: Iterable[Any] | int,
        epochs_loop: FlowceptEpochLoop | None = None,
        parent_task_id: str | None = None,
        workflow_id: str | None = None,
        step: str = "train",
        items_length: int = 0,
        capture_enabled: bool = True,
    ) -> None:
        is_on = (
            capture_enabled
            and epochs_loop is not None
            and epochs_loop.enabled
            and TORCH_CONFIG.get("batch_loop") is not None
        )
        self.activity_id = f"{step}_batch"
        self._epochs_loop = epochs_loop
        if is_on and epochs_loop is not None:
            parent_task_id = parent_task_id or epochs_loop.get_current_iteration_id()
            workflow_id = workflow_id or epochs_loop.workflow_id
        super().__init__(
            items,
            loop_name=self.activity_id,
            item_name="batch",
            parent_task_id=parent_task_id,
            workflow_id=workflow_id,
            items_length=items_length,
            capture_enabled=bool(is_on),
        )

    def __next__(self) -> Any:
        item = super().__next__()
        if self.enabled and self._epochs_loop is not None:
            model = self._epochs_loop.model
            if hasattr(model, "new_batch"):
                model.new_batch(self.get_current_iteration_id())
        return item
