"""Runs each layer of a model alone, for as long as a slow sensor needs: `headrace resolve`.

python -m headrace.torch.resolve --layers MODULE:FACTORY [options]
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import headrace as hr
from headrace.torch.calls import RecordedCall
from headrace.torch.isolation import preserved
from headrace.torch.marks import tensors_in
from headrace.torch.repeats import SEED, run_for
from headrace.torch.watching import FACT_OF_INPUTS, Watch

# Of the refresh of a sensor that it runs alone, when nothing else is said; at least 2 s.
PERIODS = 20
LEAST_S = 2.0
# The processes of a folder, latest last.
PRODUCERS = """
    SELECT facts FROM producer LEFT JOIN
      (SELECT hostname, pid, max(started_at) AS started_at FROM workflow GROUP BY ALL)
      USING (hostname, pid)
    ORDER BY started_at NULLS FIRST
"""


class UsageError(Exception):
    """What is wrong with what was asked for."""


@dataclass
class Part:
    """A layer in a phase, and what it took so far."""

    index: int
    path: str
    phase: str
    ns: int = 0
    calls: int = 0


def model_of(place: str) -> tuple[Any, tuple[Any, ...] | None, dict[str, Any]]:
    """What the factory gives: the model, and what it takes unless the record knows that."""
    module_name, _, function_name = place.partition(":")
    if not module_name or not function_name:
        raise UsageError(f"--layers takes MODULE:FACTORY, such as train:make_model, not {place!r}")
    sys.path.insert(0, str(Path.cwd()))
    try:
        factory = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{place} cannot be imported: {error}") from error
    made = factory()
    model, inputs, keywords = (*made, None, {})[:3] if type(made) is tuple else (made, None, {})
    if not isinstance(model, torch.nn.Module):
        raise UsageError(
            f"{place} gave a {type(model).__name__}; it shall return a torch.nn.Module, or a tuple "
            "of one, its inputs, and its keyword arguments"
        )
    if inputs is not None and type(inputs) is not tuple:
        inputs = (inputs,)
    return model, inputs, keywords or {}


def recorded_inputs(name: str, device: Any) -> tuple[Any, ...]:
    """Random inputs of the shapes that a watched model of this name was last called with."""
    from headrace.store import StoreError  # DuckDB loads here

    key = f"{FACT_OF_INPUTS}{name}"
    try:
        producers = hr.open().sql(PRODUCERS).dicts()
    except StoreError as error:
        raise UsageError(f"the record cannot be asked for the inputs of {name}: {error}") from error
    texts = [row["facts"][key] for row in producers if key in (row["facts"] or {})]
    if not texts:
        raise UsageError(
            f"no watched model named {name} is recorded here; let the factory return its inputs "
            "too, or name another folder by --dir"
        )
    random_of = torch.Generator().manual_seed(SEED)
    inputs = []
    for each in json.loads(texts[-1]):
        shape, dtype = each["shape"], getattr(torch, each["dtype"])
        if dtype.is_floating_point or dtype.is_complex:
            tensor = torch.randn(shape, generator=random_of).to(dtype)
        else:
            below = 2 if dtype == torch.bool else max(each.get("below", 1), 1)
            tensor = torch.randint(0, below, shape, generator=random_of).to(dtype)
        inputs.append(tensor.to(device))
    return tuple(inputs)


class Offline:
    """A model, called once to see its layers, then run layer by layer. Stands where a watch has its
    repeats, and keeps the call of the layer that it wants."""

    def __init__(
        self, watch: Watch, model: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]
    ) -> None:
        self._watch, self._model = watch, model
        self._inputs, self._keywords = inputs, keywords
        self._call: tuple[Any, RecordedCall] | None = None
        self._error: Exception | None = None
        watch.repeats = self
        self.refused: dict[str, str] = {}

    def after_step(self) -> None:
        """Nothing: there are no steps here."""

    def record(self, layer: Any, inputs: Any, frame: Any) -> None:
        """The wanted layer is called."""
        self._watch.wanted = -1
        try:
            keywords = frame.f_locals.get("kwargs") or {}
            self._call = layer, RecordedCall(layer, inputs, keywords)
        except Exception as error:
            self._error = error

    def parts(self) -> list[Part]:
        """Every layer without others in it, forward, and backward where gradients go through."""
        output = self._model(*self._inputs, **self._keywords)
        outputs = [tensor for tensor in tensors_in(output) if tensor.requires_grad]
        if outputs:
            torch.autograd.backward(outputs, [torch.ones_like(tensor) for tensor in outputs])
            self._model.zero_grad()
        return [
            Part(index, self._watch.layers[index], phase)
            for index, phase in self._watch.repeatable(0.0, set())
        ]

    def run(self, part: Part, length_ns: int) -> None:
        """Runs a part alone for so long and records it, as a task of its own."""
        name = part.path or self._watch.name
        self._call, self._error = None, None
        self._watch.wanted = 2 * part.index + 1
        self._model(*self._inputs, **self._keywords)
        self._watch.resume()
        recorded: Any = self._call  # set by the call, through record()
        if recorded is None:
            self.refused[f"{name} {part.phase}"] = str(self._error or "it was not called")
            return
        layer, call = recorded
        try:
            with preserved():
                again = call.prepared(layer, part.phase)
                with hr.task("resolve", used={"layer": name, "phase": part.phase}):
                    clock = self._watch.timeline.clock
                    took_ns, count = run_for(again, length_ns, clock, call.uses_cuda)
                    self._watch.record_repeat(part.index, part.phase, took_ns, count)
        except Exception as error:
            self.refused[f"{name} {part.phase}"] = f"{type(error).__name__}: {error}"
            return
        part.ns += took_ns
        part.calls += count


def table(parts: list[Part], name: str) -> str:
    """What each part took, for a terminal."""
    rows = [("layer", "phase", "calls", "a call")]
    for part in sorted(parts, key=lambda part: (part.index, part.phase != "forward")):
        if part.calls:
            each = f"{part.ns / part.calls / 1e3:,.1f} us"
            rows.append((part.path or name, part.phase, f"{part.calls:,}", each))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}"
        for row in rows
    )


def resolve(options: argparse.Namespace) -> int:
    """Does what the command line asks for."""
    model, inputs, keywords = model_of(options.layers)
    name = options.name or type(model).__name__
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    if inputs is None:
        inputs = recorded_inputs(name, device)
    length_s = (
        max(LEAST_S, PERIODS * options.period) if options.seconds is None else options.seconds
    )
    with hr.workflow("resolve", used={"layers": options.layers, "seconds": length_s}):
        watch = hr.torch.watch(model, options.depth, options.pattern, name=name)
        offline = Offline(watch, model, inputs, keywords)
        parts = offline.parts()
        total_s = len(parts) * length_s
        print(f"{name}: {len(parts)} parts, {length_s:g} s each, {total_s:,.0f} s", file=sys.stderr)
        order = random.Random(SEED)  # noqa: S311 - no secret
        for _ in range(options.rounds):
            order.shuffle(parts)
            for part in parts:
                offline.run(part, round(length_s / options.rounds * 1e9))
        watch.unwatch()
    print(table(parts, name))
    for part_name, reason in sorted(offline.refused.items()):
        print(f"{part_name} was not run: {reason}", file=sys.stderr)
    return 0


def positive(text: str) -> float:
    """A number above 0, for argparse."""
    number = float(text)
    if not 0 < number < 1e6:
        raise ValueError(text)
    return number


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="headrace resolve", description=__doc__)
    add = parser.add_argument
    add("--layers", required=True, metavar="MODULE:FACTORY", help="a function of a module")
    add("--name", help="the model's name in the record; else its class's")
    add("--pattern", action="append", help="only layers whose paths match")
    add("--depth", type=int, help="only layers at most so many names deep")
    add("--seconds", type=positive, help="for each part; else 20 periods, at least 2 s")
    add("--period", type=positive, default=0.1, help="of the sensor, in seconds (default: 0.1)")
    add("--rounds", type=int, choices=range(1, 101), default=4, metavar="N", help="(default: 4)")
    options = parser.parse_args(arguments)
    try:
        return resolve(options)
    except (UsageError, ValueError) as error:
        print(f"headrace: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
