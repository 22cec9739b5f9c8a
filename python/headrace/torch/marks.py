"""Backward, seen from the graph: a node runs, and from then on it is another layer's turn.

The engine runs nodes in the reverse order of their making, so a layer's backward begins at the
node that made its output, and ends at the one that made its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from headrace._capture import LayerHooks

_queue_callback: Callable[[Callable[[], None]], None] = (
    torch.autograd.Variable._execution_engine.queue_callback
)
_BACKWARD_CODES = (torch.autograd.backward.__code__, torch.autograd.grad.__code__)
BACKWARD = "torch.backward"  # the activity of one as a task
# How deep tensors are looked for in what a layer takes and gives.
_MOST_DEPTH = 4


def tensors_in(value: Any, depth: int = 0) -> Iterator[Any]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif depth < _MOST_DEPTH:
        if isinstance(value, tuple | list):
            for item in value:
                yield from tensors_in(item, depth + 1)
        elif isinstance(value, dict):
            for item in value.values():
                yield from tensors_in(item, depth + 1)


def _place(_: Any, node: Any, mark: Callable[[Any], None]) -> None:
    node.register_prehook(mark)


# For PyTorch 1.x LayerHooks has a quicker way.
place = None if torch.__version__.startswith("1.") else _place


def is_inside_backward(frame: Any) -> bool:
    """Whether this frame runs for a call of backward further out."""
    while frame is not None:
        if frame.f_code in _BACKWARD_CODES:
            return True
        frame = frame.f_back
    return False


class Backward:
    """Marks on the nodes of the graph. Each fires whenever its node runs, so a graph that is gone
    through twice counts twice, and one that is dropped leaves nothing. Where a layer takes and
    gives one tensor, `_capture.LayerHooks` sets them; here is the rest."""

    def __init__(self, watch: Any, hooks: LayerHooks) -> None:
        self._watch = watch
        self._hooks = hooks
        self._returns: list[int] = []  # where time goes on after each backward that runs

    def announce(self) -> None:
        """The first mark of a backward: asks the engine to say when it has ended."""
        self._hooks.is_unannounced = False
        self._returns.append(self._watch.timeline.current)
        self._hooks.is_running = True
        if (progress := self._watch.progress).is_sampled and len(self._returns) == 1:
            progress.sampling.phase_began()
        _queue_callback(self._ended)

    def _ended(self) -> None:
        if not self._returns or not self._watch.is_on:
            return
        try:
            self._watch.timeline.switch(self._returns.pop())
            self._hooks.is_running = bool(self._returns)
            self._hooks.is_unannounced = not self._returns
            if not self._returns:
                if (progress := self._watch.progress).is_sampled:
                    progress.sampling.phase_ended(BACKWARD)
                self._watch.backward_ended()
        except Exception as error:
            self._watch.give_up(error)

    @property
    def is_running(self) -> bool:
        """Whether a backward runs, or ended by an exception."""
        return bool(self._returns)

    def expect_inner(self) -> None:
        """A forward began inside a backward: it may have a backward of its own."""
        self._hooks.is_unannounced = True

    def reset(self) -> None:
        """No backward runs any more."""
        self._returns.clear()
        self._hooks.is_running = False
        self._hooks.is_unannounced = True

    def after_in_place(self, tensor: Any) -> None:
        """A layer gave what it took, changed in place. Of a view, PyTorch then replaces the node
        that was marked; what stood before it is the taken one's all the same."""
        taken = self._hooks.taken
        if taken and tensor._is_view() and (changed := tensor._base.grad_fn) is not None:
            for before, _ in changed.next_functions[:1]:
                if before is not None and self._hooks.maker(before) < 0:
                    self._hooks.see(before, taken)
                    before.register_prehook(self._hooks.enter_mark(taken))

    def after_several(self, output: Any, slot: int) -> None:
        """Marks where a layer's backward begins, for what may hold tensors, however many."""
        found = {tensor.grad_fn: tensor for tensor in tensors_in(output)}
        found.pop(None, None)
        if len(found) == 1:
            [(node, tensor)] = found.items()
            self._hooks.after(tensor, node, slot)
        elif found:
            enter = self._entering_once(slot)
            for node in found:
                if self._hooks.maker(node) < 0:
                    self._hooks.see(node, slot)
                    node.register_prehook(enter)

    def given(self, output: Any) -> None:
        """The outermost layer gave this: what takes it next is outside of the model."""
        for tensor in tensors_in(output):
            if tensor.grad_fn is not None:
                tensor.grad_fn.metadata["headrace"] = True

    def _entering_once(self, slot: int) -> Callable[[Any], None]:
        """For a layer of several outputs: one call, whichever of them gradients come from."""
        watch, hooks, inside = self._watch, self._hooks, [-1]

        def enter(_: Any) -> None:
            if not watch.is_on:
                return
            try:
                if hooks.is_unannounced:
                    self.announce()
                watch.timeline.switch(slot)
                if inside[0] != watch.backwards:
                    inside[0] = watch.backwards
                    watch.timeline.count(slot)
            except Exception as error:
                watch.give_up(error)

        return enter
