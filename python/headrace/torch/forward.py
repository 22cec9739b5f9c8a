"""Forward, seen by PyTorch's global hooks of modules, which know a layer by its identity.

Nothing is put into the model, so that copies, pickles and state dicts of it are as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import get_ident
from typing import Any

import torch
from torch import Tensor
from torch.nn.modules import module as modules

from headrace.torch.marks import is_inside_backward
from headrace.torch.timeline import OUTSIDE

_CALL_CODE = modules.Module._call_impl.__code__
ROOT = 1  # the slot of the model itself
# Forward passes that no backward and no step follow are an interval of their own by then.
UNSTEPPED_NS = 1_000_000_000


class Forward:
    """Which layers of a watch are running, innermost last."""

    def __init__(self, watch: Any, slots: dict[int, int]) -> None:
        self._watch = watch
        self._slots = slots
        self._stack: list[int] = []  # the running layers, and below them whose turn it was before
        self._thread = 0
        self._handles = [
            modules.register_module_forward_pre_hook(self._pre_hook()),
            modules.register_module_forward_hook(self._hook()),
        ]

    def remove(self) -> None:
        """Takes the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._slots.clear()
        self._stack.clear()

    def reset(self) -> None:
        """No layer runs any more: one had failed."""
        self._stack.clear()

    # A layer that takes 20 us and has nothing in it feels each call here, so there are few.

    def _pre_hook(self) -> Callable[[Any, Any], None]:
        watch, stack, slot_of = self._watch, self._stack, self._slots.get
        marks = watch.marks if "backward" in watch.phases else None
        seen = watch.marks.seen

        def pre_hook(module: Any, inputs: Any) -> None:
            slot = slot_of(id(module))
            if slot is None:
                return
            try:
                if get_ident() != self._thread and not self._may_run_here():
                    return
                if not stack or slot in stack or slot == ROOT:
                    self._settle(module, slot)
                    if slot == ROOT and watch.has_no_inputs:
                        watch.note_inputs(inputs, sys._getframe(1))
                timeline = watch.timeline
                parent = stack[-1]
                stack.append(slot)
                if timeline.is_host:
                    now_ns = timeline.clock()
                    timeline.self_ns[timeline.current] += now_ns - timeline.last_ns
                    timeline.last_ns = now_ns
                    timeline.current = slot
                else:
                    timeline.switch(slot)
                timeline.calls[slot] += 1
                if marks is not None:
                    for tensor in inputs:
                        if isinstance(tensor, Tensor) and (node := tensor.grad_fn) is not None:
                            if node in seen:
                                marks.taken = seen[node]
                            else:
                                marks.before(tensor, node, parent)
                if slot == watch.wanted:
                    watch.repeats.record(module, inputs, sys._getframe(1))
            except Exception as error:
                watch.give_up(error)

        return pre_hook

    def _hook(self) -> Callable[[Any, Any, Any], None]:
        watch, stack, slot_of = self._watch, self._stack, self._slots.get
        marks = watch.marks if "backward" in watch.phases else None

        def hook(module: Any, inputs: Any, output: Any) -> None:
            slot = slot_of(id(module))
            if slot is None or not stack:
                return
            try:
                if get_ident() != self._thread and not watch.marks.is_running:
                    return
                if stack[-1] != slot:
                    if slot not in stack:
                        return  # began before the watch did
                    del stack[stack.index(slot) + 1 :]  # one in it failed, and it went on
                stack.pop()
                parent = stack[-1]
                timeline = watch.timeline
                if timeline.is_host:
                    now_ns = timeline.clock()
                    timeline.self_ns[timeline.current] += now_ns - timeline.last_ns
                    timeline.last_ns = now_ns
                    timeline.current = parent
                else:
                    timeline.switch(parent)
                if marks is not None:
                    if isinstance(output, Tensor):
                        if (node := output.grad_fn) is not None:
                            marks.after(output, node, slot + 1)
                            if inputs and output is inputs[0]:
                                marks.after_in_place(output)
                    else:
                        marks.after_several(output, slot + 1)
                if len(stack) == 1:
                    stack.clear()
                    self._outermost_ended(output)
            except Exception as error:
                watch.give_up(error)

        return hook

    def _outermost_ended(self, output: Any) -> None:
        watch = self._watch
        watch.marks.forward_ended(output)
        if not watch.marks.is_running and (
            not torch.is_grad_enabled() or watch.timeline.elapsed_ns() > UNSTEPPED_NS
        ):
            watch.step_ended()

    def _may_run_here(self) -> bool:
        """Whether this thread's calls count: one thread's at a time, and its backward's."""
        if self._watch.marks.is_running:
            return True
        if self._stack:
            self._watch.note("calls from other threads meanwhile are not measured")
            return False
        self._thread = get_ident()
        return True

    def _settle(self, module: Any, slot: int) -> None:
        """A layer begins while none runs, or while it runs: it calls itself, or had failed."""
        stack, watch = self._stack, self._watch
        if stack:
            running = self._running(module)
            if running is None:
                return
            base = stack[0] if running or watch.marks.is_running else OUTSIDE
            stack[:] = [base, *running] if running else []
            watch.timeline.forget(stack[-1] if stack else base)
        if not stack:
            watch.outermost_began()
            self._settle_backward()
            stack.append(watch.timeline.current)

    def _running(self, module: Any) -> list[int] | None:
        """The layers around this call; None if this one is among them."""
        running: list[int] = []
        is_further_out = False  # than this call
        frame: Any = sys._getframe()
        while frame is not None:
            if frame.f_code is _CALL_CODE:
                caller = frame.f_locals.get("self")
                if not is_further_out:
                    is_further_out = True
                elif caller is module:
                    return None
                elif (slot := self._slots.get(id(caller))) is not None:
                    running.append(slot)
            frame = frame.f_back
        return running[::-1]

    def _settle_backward(self) -> None:
        """A layer begins outside of all others, maybe while a backward runs: then it recomputes, or
        the backward had failed."""
        marks = self._watch.marks
        if marks.is_running:
            if get_ident() != self._thread or is_inside_backward(sys._getframe()):
                marks.expect_inner()
            else:
                marks.reset()
                self._watch.timeline.forget(OUTSIDE)
