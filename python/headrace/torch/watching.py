"""A watched model: its layers, what they took so far, and when that is recorded."""

from __future__ import annotations

import contextlib
import json
import os
import weakref
from collections.abc import Iterable
from typing import Any

import torch

from headrace import _capture
from headrace.adapters import describe
from headrace.failures import is_from_signal
from headrace.torch import loaders, patches
from headrace.torch.choice import chosen_layers, compiled_note, is_called, notes_about
from headrace.torch.forward import Forward
from headrace.torch.optimisers import WrappedStep, optimisers_of, trains
from headrace.torch.progress import Progress
from headrace.torch.sampling import OPTIMIZER
from headrace.torch.timeline import OUTSIDE, EventTimeline, HostTimeline
from headrace.torch.versions import Versions

# An interval is at least this long.
LEAST_NS = 50_000_000
# Optimizers are looked for after the first backward, and again after so many without a step, then
# after twice as many.
SEARCH_UNKNOWN, SEARCH_KNOWN = 2, 32

# What the model was first called with, in the facts of the process: this and the model's name.
FACT_OF_INPUTS = "torch.inputs."

watched: dict[int, Watch] = {}


class Watch:
    """What `watch` gives. As a context manager it ends with the block."""

    def __init__(
        self,
        model: Any,
        depth: int | None,
        pattern: str | Iterable[str] | None,
        phases: tuple[str, ...],
        name: str,
        tasks: tuple[str, ...] = (),
        calls: int | None = None,
        stats: tuple[str, ...] = (),
    ) -> None:
        chosen = chosen_layers(model, depth, pattern)
        self.layers = tuple(chosen)
        self.layer_set = frozenset(chosen)
        self.phases = phases
        self.name = name
        self.notes = notes_about(model, chosen)
        self.backwards = 0
        self.steps_seen = 0
        self.repeats: Any = None
        self.is_on = True
        # Layer i runs forward in slot 2 i + 1 and backward in the next; the last is the step's.
        slots = {
            id(module): 2 * i + 1 for i, module in enumerate(chosen.values()) if is_called(module)
        }
        self.step_slot = 2 * len(chosen) + 2
        self.timeline = HostTimeline(self.step_slot + 1)
        self._exported = self._named_slots(set(slots.values()))
        self._names = tuple(name for name, _ in self._exported)
        self._total_ns = [0] * (self.step_slot + 1)
        self._total_calls = [0] * (self.step_slot + 1)
        self._steps: list[WrappedStep] = []
        self._step_returns: list[int] = []
        self._unstepped = 0
        self._search_at = 1
        # The layers live as long as this, so that no other object gets the identity of one.
        self._modules = [module for path, module in chosen.items() if path]
        self._model = weakref.ref(model)
        watched[id(model)] = self
        self._finalizer = weakref.finalize(model, self.unwatch)
        self.versions = Versions(self)
        self.progress = Progress(self, tasks, calls, stats)
        self.forward = Forward(self, slots, LEAST_NS)
        self.forward.hooks.wants_step = self.progress.is_active
        patches.use(self.progress.is_active)
        self._find_optimisers()

    def _named_slots(self, called: set[int]) -> list[tuple[str, int]]:
        slots = [
            (f"{path}|{phase}", 2 * i + offset)
            for i, path in enumerate(self.layers)
            for offset, phase in ((1, "forward"), (2, "backward"))
            if phase in self.phases and 2 * i + 1 in called
        ]
        if "step" in self.phases:
            slots.append(("|step", self.step_slot))
        return slots

    @property
    def wanted(self) -> int:
        """The slot whose next call repeats ask for; -1: none."""
        return self.forward.hooks.wanted

    @wanted.setter
    def wanted(self, slot: int) -> None:
        self.forward.hooks.wanted = slot

    @property
    def model(self) -> Any:
        """The watched model; None when it is gone."""
        return self._model()

    def exposure(self) -> dict[tuple[str, str], tuple[float, int]]:
        """Seconds and calls of each (layer, phase) so far; repeats are not among them."""
        found = {}
        for name, slot in self._exported:
            path, _, phase = name.rpartition("|")
            ns, calls = self.timeline.peek(slot)
            found[path, phase] = (self._total_ns[slot] + ns) / 1e9, self._total_calls[slot] + calls
        return found

    def unwatch(self) -> None:
        """Ends it: PyTorch and the model's optimizers are as they were before."""
        if not self.is_on:
            return
        loaders.leave(self)
        self.is_on = False
        self._finalizer.detach()
        self.forward.remove()
        patches.leave()
        self.versions.end()
        for step in self._steps:
            step.restore()
        self._steps.clear()
        self._modules.clear()
        self.repeats = None
        for key in [key for key, watch in watched.items() if watch is self]:
            del watched[key]
        try:
            self._flush()
            if self.notes:
                describe(f"torch.watch.{self.name}", "\n".join(self.notes))
        except Exception as error:
            self.give_up(error)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.unwatch()

    def __repr__(self) -> str:
        ended = "" if self.is_on else ", ended"
        notes = "".join(f"\n  {note}" for note in self.notes)
        return f"<headrace watch of {self.name}: {len(self.layers)} layers{ended}>{notes}"

    def version(self) -> Any:
        """The object of the model as it is now, recorded if its state is new. Hashes the state.
        ReferenceError when the model is gone."""
        if self.model is None:
            raise ReferenceError("the model is gone; ask for its version while it is there")
        return self.versions.now()

    # What hooks and marks tell.

    def note(self, text: str) -> None:
        """Keeps a sentence about what is not measured, once."""
        if text not in self.notes:
            self.notes.append(text)

    def give_up(self, error: Exception) -> None:
        """After a mistake of this package: the program goes on unwatched. Raises again what a
        signal's handler of the program raised meanwhile."""
        if is_from_signal(error):
            raise error
        self.note(f"watching stopped: {type(error).__name__}: {error}")
        self.unwatch()

    def outermost_began(self) -> None:
        """A layer begins while no other runs."""
        hooks = self.forward.hooks
        if not hooks.is_begun:
            hooks.is_begun = True
            self._choose_clock()
            hooks.timeline = self.timeline
        elif hooks.is_fresh and self.timeline.elapsed_ns() > LEAST_NS:
            self.timeline.close()  # a pause: it belongs to no interval
        hooks.is_fresh = False

    def note_inputs(self, inputs: tuple[Any, ...], frame: Any) -> None:
        """Describes what the model is first called with, where that is tensors by position: shapes
        to run it on without its data."""
        if not frame.f_locals.get("kwargs") and all(type(each) is torch.Tensor for each in inputs):
            described = json.dumps([_shape_of(tensor) for tensor in inputs])
            describe(FACT_OF_INPUTS + self.name, described)

    def _choose_clock(self) -> None:
        devices = {parameter.device for parameter in self.model.parameters()}
        kinds = sorted({device.type for device in devices} - {"cpu"})
        if len(devices) == 1 and kinds == ["cuda"]:
            self.timeline = EventTimeline(self.step_slot + 1, torch.cuda)
        elif kinds:
            self.note(f"on {', '.join(kinds)}: times are the host's, not the devices'")

    def backward_ended(self) -> None:
        """The outermost backward ended, without a failure."""
        self.backwards += 1
        self._unstepped += 1
        if self._unstepped >= self._search_at:
            self._find_optimisers()
        if not self._steps:
            self._progressed()
            self.step_ended()

    def step_may_begin(self) -> None:
        """The model is called while no step is open."""
        self.progress.step_began()
        self.forward.hooks.wants_step = not self.progress.is_open

    def _progressed(self, skipped: bool = False) -> None:
        self.progress.step_ended(skipped)
        self.forward.hooks.wants_step = self.progress.is_active

    def step_skipped(self) -> None:
        """A scaler did not let the optimizer step."""
        try:
            self._progressed(skipped=True)
            self.step_ended()
        except Exception as error:
            self.give_up(error)

    def steps_with(self, optimiser: Any) -> bool:
        """Whether this optimizer trains the model."""
        return any(step.optimiser is optimiser for step in self._steps)

    def sample(self, on: bool) -> None:
        """Records calls from now on, or no more: the interval ends, so that one is this step."""
        self.forward.hooks.is_sampling = on
        if self.timeline.is_ready():
            self._flush()

    def step_ended(self) -> None:
        """The end of a step, or of what takes its place: an interval may end here."""
        if self.timeline.elapsed_ns() >= LEAST_NS and self.timeline.is_ready():
            self._flush()

    def optimiser_made(self, optimiser: Any) -> None:
        """The program made an optimizer, maybe of this model."""
        try:
            model = self.model
            if model is not None and self.is_on and trains(optimiser, model.parameters()):
                self._steps.append(WrappedStep(optimiser, self._step_began, self._step_over))
        except Exception as error:
            self.give_up(error)

    def _find_optimisers(self) -> None:
        self._steps = [step for step in self._steps if step.optimiser is not None]
        known = {id(step.optimiser) for step in self._steps}
        for optimiser in optimisers_of(self.model.parameters()):
            if id(optimiser) not in known:
                self._steps.append(WrappedStep(optimiser, self._step_began, self._step_over))
        if self.backwards:
            least = SEARCH_KNOWN if self._steps else SEARCH_UNKNOWN
            self._search_at = max(least, 2 * self._unstepped)

    def _step_began(self) -> None:
        if not self.is_on:
            return
        try:
            if not self._step_returns:
                # No layer and no backward runs now; what seems to had failed.
                self.forward.reset()
                if self.forward.backward.is_running:
                    self.forward.backward.reset()
                    self.timeline.forget(OUTSIDE)
                if self.progress.is_sampled:
                    self.progress.sampling.gradients()
                    self.progress.sampling.phase_began()
            self._step_returns.append(self.timeline.current)
            self.timeline.switch(self.step_slot)
        except Exception as error:
            self.give_up(error)

    def _step_over(self, ended: bool) -> None:
        if not self.is_on or not self._step_returns:
            return
        try:
            self.timeline.switch(self._step_returns.pop())
            if self._step_returns:
                return  # an optimizer inside another
            self.timeline.count(self.step_slot)
            self._unstepped = 0
            self.steps_seen += 1
            if self.progress.is_sampled:
                self.progress.sampling.phase_ended(OPTIMIZER)
            self._progressed()
            self.forward.hooks.is_fresh = False
            self.step_ended()
            if ended and self.repeats is not None:
                self.repeats.after_step()
        except Exception as error:
            self.give_up(error)

    # What repeats do.

    def repeatable(
        self, least_share: float, refused: set[tuple[int, str]]
    ) -> list[tuple[int, str]]:
        """Layers, by their number, and phases that take this share of all layers' time, and have no
        others in them."""
        exposed = self.exposure()
        least_s = least_share * sum(seconds for seconds, _ in exposed.values())
        called = {path for (path, _), (_, calls) in exposed.items() if calls and path}
        parents = {path[:i] for path in called for i, letter in enumerate(path) if letter == "."}
        if called:
            parents.add("")
        return [
            (index, phase)
            for index, path in enumerate(self.layers)
            for phase in ("forward", "backward")
            if path not in parents and (index, phase) not in refused
            and (exposed.get((path, phase), (0.0, 0)) > (least_s, 0))
        ]  # fmt: skip

    def interrupt(self) -> None:
        """Ends the interval, because what follows is no part of the training."""
        self._flush()

    def resume(self) -> None:
        """The training goes on."""
        self.timeline.close()

    def record_repeat(self, index: int, phase: str, took_ns: int, count: int) -> None:
        """Records that a phase of a layer ran alone for so long, until now."""
        slot = 2 * index + (1 if phase == "forward" else 2)
        self_ns, calls = [0] * (self.step_slot + 1), [0] * (self.step_slot + 1)
        self_ns[slot], calls[slot] = took_ns, count
        self.record(took_ns, self_ns, calls, repeated=True)

    # What is recorded.

    def _flush(self) -> None:
        since_ns, self_ns, calls = self.timeline.close()
        self.forward.hooks.is_fresh = True
        if not any(calls):
            return
        if getattr(self.model, "_compiled_call_impl", None) is not None:  # by model.compile()
            self.note(compiled_note(self.name))
        for slot, ns in enumerate(self_ns):
            self._total_ns[slot] += ns
            self._total_calls[slot] += calls[slot]
        self.record(since_ns, self_ns, calls, repeated=False)

    def record(self, since_ns: int, self_ns: list[int], calls: list[int], repeated: bool) -> None:
        """Records what an interval that ends now had of each layer."""
        _capture.exposure(
            _capture.current_task_number(),
            since_ns,
            self.name,
            repeated,
            self._names,
            [self_ns[slot] for _, slot in self._exported],
            [calls[slot] for _, slot in self._exported],
        )


def _shape_of(tensor: Any) -> dict[str, Any]:
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape: dict[str, Any] = {"shape": list(tensor.shape), "dtype": dtype}
    is_whole = not (tensor.dtype.is_floating_point or tensor.dtype.is_complex)
    if is_whole and tensor.device.type == "cpu" and tensor.numel():  # elsewhere, reading waits
        shape["below"] = int(tensor.max()) + 1
    return shape


def _after_fork_in_child() -> None:
    for watch in list(watched.values()):
        with contextlib.suppress(Exception):  # a device does not answer in a child
            watch.timeline.close()  # what ran so far is the parent's to record


os.register_at_fork(after_in_child=_after_fork_in_child)
