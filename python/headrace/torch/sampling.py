"""Calls of layers as tasks, in one step of so many: what they took and gave, and statistics."""

from __future__ import annotations

from typing import Any

import torch

from headrace.adapters import Moment, now
from headrace.torch.adapter import ADAPTER
from headrace.torch.architecture import class_name
from headrace.torch.marks import tensors_in

FORWARD, OPTIMIZER = "torch.forward", "torch.optimizer"
GRADIENTS = "torch.gradients"
STATISTICS = ("activations", "gradients")
# Of statistics without `calls`, how many steps apart they are.
STEPS_APART = 100
_MOST_INPUTS = 8


def statistics(tensor: Any) -> dict[str, Any]:
    """Mean, deviation, least and most, share of zeros and count of NaN; nothing of what is not
    floating or has no numbers. On a device it waits for it."""
    if not tensor.is_floating_point() or tensor.layout is not torch.strided or not tensor.numel():
        return {}
    with torch.no_grad():
        numbers = tensor.detach().float()
        nan = int(numbers.isnan().sum())
        good = numbers[~numbers.isnan()] if nan else numbers
        found: dict[str, Any] = {"nan": nan}
        if good.numel():
            found |= {
                "mean": float(good.mean()),
                "std": float(good.std(unbiased=False)),
                "min": float(good.min()),
                "max": float(good.max()),
                "norm": float(good.norm()),
                "zeros": float((good == 0).float().mean()),
            }
    return found


class _Call:
    def __init__(self, slot: int, parent: str | None, used: dict[str, Any]) -> None:
        self.slot = slot
        self.parent = parent
        self.used = used
        self.task_id = ADAPTER.draw()
        self.begin = now()


class Sampling:
    """The calls of the step that is recorded, outermost first."""

    def __init__(self, watch: Any, wanted: tuple[str, ...]) -> None:
        self._watch = watch
        self._wants_activations = "activations" in wanted
        self._wants_gradients = "gradients" in wanted
        self._open: list[_Call] = []
        self._phases: list[tuple[str | None, Moment]] = []

    def _outside(self) -> int:
        """What recording takes is no layer's time."""
        current: int = self._watch.timeline.current
        self._watch.timeline.switch(0)
        return current

    def began(self, module: Any, slot: int, inputs: Any, keywords: dict[str, Any]) -> None:
        """A layer is called."""
        current = self._outside()
        path = self._watch.layers[slot // 2]
        used: dict[str, Any] = {"layer": path, "type": class_name(type(module))}
        given = inputs if isinstance(inputs, tuple) else (inputs,)
        used |= {f"input_{i}": each for i, each in enumerate(given[:_MOST_INPUTS])}
        used |= {f"input_{name}": each for name, each in list(keywords.items())[:_MOST_INPUTS]}
        parent = self._open[-1].task_id if self._open else self._watch.progress.task_id
        self._open.append(_Call(slot, parent, used))
        self._watch.timeline.switch(current)

    def ended(self, slot: int, output: Any) -> None:
        """The layer gave this; calls within it that are still open failed."""
        current = self._outside()
        if any(call.slot == slot for call in self._open):
            while self._open[-1].slot != slot:
                self._record(self._open.pop(), {}, failed=True)
            generated: dict[str, Any] = {"output": output}
            tensors = list(tensors_in(output))
            if not isinstance(output, torch.Tensor):
                generated |= {f"output_{i}": each for i, each in enumerate(tensors[:_MOST_INPUTS])}
                generated["output"] = type(output).__name__
            if self._wants_activations and tensors:
                generated |= statistics(tensors[0])
            self._record(self._open.pop(), generated, failed=False)
        self._watch.timeline.switch(current)

    def _record(self, call: _Call, generated: dict[str, Any], failed: bool) -> None:
        self._put(call.task_id, FORWARD, call.begin, call.parent, call.used, generated, failed)

    def _put(
        self,
        task_id: str | None,
        activity: str,
        begin: Moment,
        parent: str | None,
        used: dict[str, Any],
        generated: dict[str, Any],
        failed: bool = False,
    ) -> None:
        if task_id is not None:
            ADAPTER.record(
                activity,
                begin_ns=begin,
                end_ns=now(),
                id=task_id,
                parent=parent or "",
                status="failed" if failed else None,
                used=used,
                generated=generated,
                attributes={"model": self._watch.name},
            )

    def phase_began(self) -> None:
        """A backward, or the optimizer's step."""
        self._phases.append((self._watch.progress.task_id, now()))

    def phase_ended(self, activity: str) -> None:
        """The phase that began last is over."""
        if self._phases:
            parent, begin = self._phases.pop()
            self._put(ADAPTER.draw(), activity, begin, parent, {}, {})

    def gradients(self) -> None:
        """Statistics of the gradients of each layer's own parameters, before the optimizer uses
        them."""
        if not self._wants_gradients:
            return
        current = self._outside()
        for path, module in self._watch.model.named_modules():
            found = [p.grad for p in module.parameters(recurse=False) if p.grad is not None]
            dense = [each.flatten().float() for each in found if each.layout is torch.strided]
            if path in self._watch.layer_set and dense:
                begin = now()
                numbers = statistics(torch.cat(dense))
                parent = self._watch.progress.task_id
                self._put(ADAPTER.draw(), GRADIENTS, begin, parent, {"layer": path}, numbers)
        self._watch.timeline.switch(current)

    def step_ended(self) -> None:
        """What is still open failed."""
        while self._open:
            self._record(self._open.pop(), {}, failed=True)
        self._phases.clear()
