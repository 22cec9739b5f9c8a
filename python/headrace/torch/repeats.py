"""Short repeats of single layers during a training, so that a slow sensor can tell them apart.

Layers that always run in one order look like one to a sensor that refreshes less often than they
take turns. A layer that runs alone for a refresh or more does not. After a step, and within a share
of the run's time, one layer is run again and again on a copy of it and of what a recent call took.
"""

from __future__ import annotations

import random
from typing import Any

import torch

from headrace.failures import is_from_signal
from headrace.torch.calls import RecordedCall
from headrace.torch.isolation import preserved
from headrace.torch.marks import is_inside_backward

# Which layers are repeated when, the same in every process of a training.
SEED = 0x48656164
# Of the sensor. A repeat of one period has no window of its own, and leaves layers weakly resolved.
LEAST_PERIODS, MOST_PERIODS = 2.0, 4.0
# A layer and phase below this share of all layers' time is not worth a repeat.
LEAST_SHARE = 0.005
# Steps that may pass until a chosen layer is called, before another one is chosen.
MOST_STEPS = 3


class Repeats:
    """The repeats of one watch. `spent_ns` of the run's time went into them so far."""

    def __init__(self, watch: Any, share: float, period_s: float) -> None:
        self._watch = watch
        self._share = share
        self._period_ns = round(period_s * 1e9)
        self._random = random.Random(SEED)  # noqa: S311 - no secret
        self._begin_ns = watch.timeline.clock()
        self._overhead_ns = 0  # the most that a repeat took beside itself
        self._round: list[tuple[int, str]] = []
        self._refused: set[tuple[int, str]] = set()
        self._target = (-1, "")
        self._length_ns = 0
        self._call: RecordedCall | None = None
        self._layer: Any = None
        self._steps_left = 0
        self.spent_ns = 0
        self.done = 0

    def _affordable_ns(self) -> float:
        elapsed_ns: int = self._watch.timeline.clock() - self._begin_ns
        return self._share * elapsed_ns - self.spent_ns - self._overhead_ns

    def after_step(self) -> None:
        """The time for a repeat, if there is something to repeat and it can be afforded."""
        if self._call is not None:
            if self._affordable_ns() >= self._length_ns:
                self._repeat()
        elif self._watch.wanted >= 0 and self._steps_left > 0:
            self._steps_left -= 1
        else:
            self._choose()

    def _choose(self) -> None:
        self._watch.wanted = -1
        periods = self._random.uniform(LEAST_PERIODS, MOST_PERIODS)
        self._length_ns = self._length_ns or round(periods * self._period_ns)
        if self._affordable_ns() < self._length_ns:
            return
        self._round = [target for target in self._round if target not in self._refused]
        if not self._round:
            self._round = self._watch.repeatable(LEAST_SHARE, self._refused)
            self._random.shuffle(self._round)
        if self._round:
            self._target = self._round.pop()
            self._watch.wanted = 2 * self._target[0] + 1
            self._steps_left = MOST_STEPS

    def record(self, layer: Any, inputs: Any, frame: Any) -> None:
        """A call of the chosen layer begins: keeps what it takes. `frame` is that of the call."""
        timeline = self._watch.timeline
        self._watch.wanted = -1
        current = timeline.current
        timeline.switch(0)
        from_ns = timeline.clock()
        try:
            keywords = frame.f_locals.get("kwargs") or {}
            self._call, self._layer = RecordedCall(layer, inputs, keywords), layer
        except Exception as error:
            self._refuse(error)
        self.spent_ns += timeline.clock() - from_ns
        timeline.switch(current)

    def _refuse(self, error: Exception) -> None:
        if is_from_signal(error):
            raise error
        index, phase = self._target
        layer = self._watch.layers[index] or self._watch.name
        self._refused.add(self._target)
        self._watch.note(f"{layer} {phase} is not repeated: {error}")

    def _repeat(self) -> None:
        call, layer, self._call, self._layer = self._call, self._layer, None, None
        if call is None or torch.is_inference_mode_enabled() or is_inside_backward(_frame()):
            return
        watch, clock = self._watch, self._watch.timeline.clock
        allowed_ns = self._affordable_ns() + self._overhead_ns
        from_ns = clock()
        took_ns = 0
        watch.interrupt()
        try:
            with preserved():
                again = call.prepared(layer, self._target[1])
                left_ns = allowed_ns - (clock() - from_ns)
                # Running it once took less than preparing it, which ran it once.
                if left_ns - (clock() - from_ns) >= self._length_ns:
                    took_ns, count = run_for(again, self._length_ns, clock, call.uses_cuda)
                    watch.record_repeat(*self._target, took_ns, count)
                    self.done += 1
                else:
                    self._round.append(self._target)
        except Exception as error:
            self._refuse(error)
        finally:
            watch.resume()
            spent_ns = clock() - from_ns
            self.spent_ns += spent_ns
            self._overhead_ns = max(self._overhead_ns, spent_ns - took_ns)
            self._length_ns = 0


def _frame() -> Any:
    import sys

    return sys._getframe(1)


def run_for(again: Any, length_ns: int, clock: Any, uses_cuda: bool) -> tuple[int, int]:
    """Runs it for so long, at least once: how long it was, and how often."""
    if uses_cuda:
        torch.cuda.synchronize()
    from_ns = clock()
    count, batch, now_ns = 0, 1, from_ns
    while now_ns - from_ns < length_ns:
        for _ in range(batch):
            again()
        count += batch
        if uses_cuda:
            torch.cuda.synchronize()
        batch_ns, now_ns = clock() - now_ns, clock()
        # Between batches a device stands still, so they are long, but no longer than what is left.
        if uses_cuda and 8 * batch_ns < length_ns - (now_ns - from_ns):
            batch *= 2
    return now_ns - from_ns, count
