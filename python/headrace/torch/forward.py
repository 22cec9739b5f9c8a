"""Forward, seen by PyTorch's global hooks of modules, which know a layer by its identity.

Nothing is put into the model, so that copies, pickles and state dicts of it are as ever.
"""

from __future__ import annotations

import sys
from threading import get_ident
from typing import Any

import torch
from torch.nn.modules import module as modules

from headrace._capture import LayerHooks
from headrace.torch.marks import Backward, is_inside_backward, place
from headrace.torch.timeline import OUTSIDE

_CALL_CODE = modules.Module._call_impl.__code__
# Forward passes that no backward and no step follow are an interval of their own by then.
UNSTEPPED_NS = 1_000_000_000


class Forward:
    """Which layers of a watch are running, innermost last. What happens at every call is done by
    `_capture.LayerHooks`, which asks this for the rest."""

    def __init__(self, watch: Any, slots: dict[int, int], least_ns: int) -> None:
        self._watch = watch
        self._slots = slots
        has_backward = "backward" in watch.phases
        self.hooks = LayerHooks(
            self, slots, watch.timeline, torch.Tensor, place, has_backward, least_ns
        )
        self.backward = Backward(watch, self.hooks)
        self.announce = self.backward.announce
        self.after_in_place = self.backward.after_in_place
        self.after_several = self.backward.after_several
        self.given = self.backward.given
        self.give_up = watch.give_up
        self.hooks.wants_inputs = True
        self._handles = [
            modules.register_module_forward_pre_hook(self.hooks.pre_hook),
            modules.register_module_forward_hook(self.hooks.hook),
        ]

    def remove(self) -> None:
        """Takes the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._slots.clear()
        self.hooks.stop()

    def reset(self) -> None:
        """No layer runs any more: one had failed."""
        self.hooks.stack = []

    # What LayerHooks asks.

    def note_inputs(self, inputs: Any) -> None:
        """The model is called for the first time."""
        self.hooks.wants_inputs = False
        self._watch.note_inputs(inputs, sys._getframe(1))

    def began(self, module: Any, slot: int, inputs: Any) -> None:
        """The layer that repeats asked for is called, or any while calls are recorded."""
        if slot == self.hooks.wanted:
            self._watch.repeats.record(module, inputs, sys._getframe(1))
        if self.hooks.is_sampling:
            keywords = sys._getframe(1).f_locals.get("kwargs") or {}
            self._watch.progress.sampling.began(module, slot, inputs, keywords)

    def ended(self, module: Any, slot: int, inputs: Any, output: Any) -> None:
        """A layer gave something while calls are recorded."""
        self._watch.progress.sampling.ended(slot, output)

    def outermost_ended(self) -> None:
        """The outermost layer ended, and the interval is long enough to be recorded."""
        watch = self._watch
        if not torch.is_grad_enabled() or watch.timeline.elapsed_ns() > UNSTEPPED_NS:
            watch.step_ended()

    def may_run_here(self) -> bool:
        """Whether this thread's calls count: one thread's at a time, and its backward's."""
        if self.backward.is_running:
            return True
        if self.hooks.stack:
            self._watch.note("calls from other threads meanwhile are not measured")
            return False
        self.hooks.thread = get_ident()
        return True

    def settle(self, module: Any, slot: int) -> None:
        """A layer begins while none runs, or while it runs: it calls itself, or had failed."""
        stack, watch = self.hooks.stack, self._watch
        if stack:
            running = self._running(module)
            if running is None:
                return
            base = stack[0] if running or self.backward.is_running else OUTSIDE
            stack = [base, *running] if running else []
            watch.timeline.forget(stack[-1] if stack else base)
        if not stack:
            if self.hooks.wants_step:
                watch.step_may_begin()
            watch.outermost_began()
            self._settle_backward()
            stack = [watch.timeline.current]
        self.hooks.stack = stack

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
        marks = self.backward
        if marks.is_running:
            if get_ident() != self.hooks.thread or is_inside_backward(sys._getframe()):
                marks.expect_inner()
            else:
                marks.reset()
                self._watch.timeline.forget(OUTSIDE)
