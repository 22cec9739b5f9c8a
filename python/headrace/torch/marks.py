"""Backward, seen from the graph: a node runs, and from then on it is another layer's turn.

The engine runs nodes in the reverse order of their making, so a layer's backward begins at the
node that made its output, and ends at the one that made its input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from headrace.torch.timeline import OUTSIDE

_queue_callback: Callable[[Callable[[], None]], None] = (
    torch.autograd.Variable._execution_engine.queue_callback
)
_BACKWARD_CODES = (torch.autograd.backward.__code__, torch.autograd.grad.__code__)
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


def _place_quickly(tensor: Any, node: Any, mark: Callable[[Any], None]) -> None:
    """The same for PyTorch 1.x, in less than half the time: what Tensor.register_hook does there,
    but the tensor forgets it, so that its node alone has the mark."""
    if tensor._backward_hooks is None:
        tensor._backward_hooks = {0: mark}
        node._register_hook_dict(tensor)
        tensor._backward_hooks = None
    else:
        node.register_prehook(mark)


place = _place_quickly if torch.__version__.startswith("1.") else _place


def is_inside_backward(frame: Any) -> bool:
    """Whether this frame runs for a call of backward further out."""
    while frame is not None:
        if frame.f_code in _BACKWARD_CODES:
            return True
        frame = frame.f_back
    return False


class Marks:
    """Marks on the nodes of the graph. Each fires whenever its node runs, so a graph that is gone
    through twice counts twice, and one that is dropped leaves nothing."""

    def __init__(self, watch: Any) -> None:
        self._watch = watch
        # The nodes that are marked, of the forward that runs, and who begins there; 0: nobody.
        self.seen: dict[Any, int] = {}
        self.taken = 0  # who made what the last layer took that took something marked
        self._unannounced = True
        self._returns: list[int] = []  # where time goes on after each backward that runs
        slots = len(watch.timeline.calls)
        self._enter = [self._turning(slot, 1) for slot in range(slots)]
        self._leave = [self._turning(slot, 0) for slot in range(slots)]
        self._count = [self._guarded(self._counting(slot)) for slot in range(slots)]

    def _guarded(self, function: Callable[[], None]) -> Callable[[Any], None]:
        watch = self._watch

        def mark(_: Any) -> None:
            if watch.is_on:
                try:
                    if self._unannounced:
                        self._announce()
                    function()
                except Exception as error:
                    watch.give_up(error)

        return mark

    def _turning(self, slot: int, calls: int) -> Callable[[Any], None]:
        """A mark from which on it is this slot's turn, with so many calls."""
        watch = self._watch

        def mark(_: Any) -> None:
            if watch.is_on:
                try:
                    if self._unannounced:
                        self._announce()
                    timeline = watch.timeline
                    timeline.switch(slot)
                    timeline.calls[slot] += calls
                except Exception as error:
                    watch.give_up(error)

        return mark

    def _counting(self, slot: int) -> Callable[[], None]:
        def count() -> None:
            self._watch.timeline.calls[slot] += 1

        return count

    def _announce(self) -> None:
        """The first mark of a backward: asks the engine to say when it has ended."""
        self._unannounced = False
        self._returns.append(self._watch.timeline.current)
        _queue_callback(self._ended)

    def _ended(self) -> None:
        if not self._returns or not self._watch.is_on:
            return
        try:
            self._watch.timeline.switch(self._returns.pop())
            self._unannounced = not self._returns
            if not self._returns:
                self._watch.backward_ended()
        except Exception as error:
            self._watch.give_up(error)

    @property
    def is_running(self) -> bool:
        """Whether a backward runs, or ended by an exception."""
        return bool(self._returns)

    def expect_inner(self) -> None:
        """A forward began inside a backward: it may have a backward of its own."""
        self._unannounced = True

    def reset(self) -> None:
        """No backward runs any more."""
        self._returns.clear()
        self._unannounced = True

    def before(self, tensor: Any, node: Any, parent: int) -> None:
        """Marks where a layer's backward ends, at the node that made what it takes, which is not
        marked yet; `parent` is the slot during which the layer began."""
        # A marked node belongs to the layer that made it, or to whom took it further out.
        self.seen[node] = self.taken = 0
        if parent & 1:  # forward's slots are odd, and the one of backward follows
            place(tensor, node, self._leave[parent + 1])
        # Inside a backward or a step, what it takes is of an older graph, which has its marks; and
        # of several calls from outside, one may have made what the other takes.
        elif parent == OUTSIDE and "headrace" not in node.metadata:
            place(tensor, node, self._leave[OUTSIDE])

    def after(self, tensor: Any, node: Any, slot: int) -> None:
        """Marks where the backward of the layer of this slot begins, at the node of its output."""
        if node in self.seen:
            # A layer that gives what another one in it gave takes no turn of its own.
            place(tensor, node, self._count[slot])
        else:
            self.seen[node] = slot
            place(tensor, node, self._enter[slot])

    def after_in_place(self, tensor: Any) -> None:
        """A layer gave what it took, changed in place. Of a view, PyTorch then replaces the node
        that was marked; what stood before it is the taken one's all the same."""
        if self.taken and tensor._is_view() and (changed := tensor._base.grad_fn) is not None:
            for before, _ in changed.next_functions[:1]:
                if before is not None and before not in self.seen:
                    self.seen[before] = self.taken
                    before.register_prehook(self._enter[self.taken])

    def after_several(self, output: Any, slot: int) -> None:
        """The same for what may hold tensors, however many."""
        found = {tensor.grad_fn: tensor for tensor in tensors_in(output)}
        found.pop(None, None)
        if len(found) == 1:
            [(node, tensor)] = found.items()
            self.after(tensor, node, slot)
        elif found:
            enter = self._guarded(self._entering_once(slot))
            for node, tensor in found.items():
                if node not in self.seen:
                    self.seen[node] = slot
                    place(tensor, node, enter)

    def forward_ended(self, output: Any) -> None:
        """The outermost layer gave this. Nothing of the graph is held from here on."""
        if self.seen:
            self.seen.clear()
            for tensor in tensors_in(output):
                if tensor.grad_fn is not None:
                    tensor.grad_fn.metadata["headrace"] = True

    def _entering_once(self, slot: int) -> Callable[[], None]:
        """For a layer of several outputs: one call, whichever of them gradients come from."""
        inside: list[int] = []

        def enter() -> None:
            timeline = self._watch.timeline
            timeline.switch(slot)
            if not inside or inside[0] != self._watch.backwards:
                inside[:] = [self._watch.backwards]
                timeline.calls[slot] += 1

        return enter
