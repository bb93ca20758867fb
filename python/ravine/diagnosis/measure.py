"""Measuring a training step: what every layer puts out, what gradient reaches it, how far the optimizer moves it.

One program of the engine computes all of it on one batch. Weights, moving statistics and random state are put back.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ravine import _tree, ops
from ravine.diagnosis.activations import activation_of, saturated
from ravine.diagnosis.initial_weights import units_are_equal
from ravine.diagnosis.measurement import Call, Entry, Measurement, Output
from ravine.diagnosis.report import LayerHealth
from ravine.layers import _call
from ravine.models.batch import Batch
from ravine.models.compiled import Compiled
from ravine.models.preserve import Values, preserved, twin_of
from ravine.models.train_step import trace_loss
from ravine.ops.tracing import SymbolicTensor, Trace
from ravine.optimizers.nested import single_of
from ravine.variable import Variable

_RESHAPES = frozenset({"reshape", "copy", "transpose", "broadcast_to"})


def measure(model: Any, data: Batch, batch: Batch, loss: Any, optimizer: Any) -> Measurement:
    """Trace one training step of `model` on `batch` and run it.

    Args:
        data: all rows, of which `batch` holds some.
        loss: instead of the compiled one; None for that.
        optimizer: whose steps are tried, on copies of its slots; None for no step.
    """
    recorder = _call.Recorder()
    given_rate = 0.0 if optimizer is None else float(optimizer.learning_rate)
    with _compiled_with(model, loss), Trace() as trace:
        with _call.watching(recorder):
            inputs, y_pred, total = trace_loss(trace, model, batch, training=True)
        predictions = _tree.leaves(y_pred)
        losses = [output.loss for output in model._compiled.outputs]
        targets = model._compiled._targets(data.y, y_pred)
        calls = _rows([_described(call) for call in recorder.calls if len(call.outputs) == 1])
        variables = list({id(v): v for v in model.trainable_variables}.values())
        taps = [_tap(call) for call in calls]
        gradients = trace.gradients(total, [tensor for tap in taps for tensor in tap] + variables)
        by_variable = dict(zip(map(id, variables), gradients[len(gradients) - len(variables) :], strict=True))
        reached = [next((g for g in pair if g is not None), None) for pair in _split(gradients, taps)]
        sheet = _Sheet()
        sheet.add("loss", total)
        for i, y in enumerate(predictions):
            sheet.add(("range", i), ops.min(y), ops.max(y))
        entries = _entries(calls)
        for i, call in enumerate(entries):
            given = call.inputs[0]
            sheet.add(("entry", i), *_moments(given), ops.mean(ops.cast(ops.not_equal(given, 0), "float32")))
        for i, (call, gradient) in enumerate(zip(calls, reached, strict=True)):
            sheet.add(("output", i), *_moments(call.output))
            sheet.add(("dead", i), _dead(call))
            sheet.add(("saturated", i), saturated(call.activation, call.output))
            sheet.add(("gradient", i), None if gradient is None else _length([gradient]))
            of_weights = [g for g in (by_variable.get(id(v)) for v in call.variables) if g is not None]
            sheet.add(("weights", i), _length(of_weights) if of_weights else None)
            sheet.add(("unlike", i), _unlike(call.kernel, by_variable))
        rate = None
        trained = [(g, v) for v in variables if (g := by_variable[id(v)]) is not None]
        if optimizer is not None and trained:
            rate = Variable(given_rate, trainable=False, name="learning_rate")
            twin = twin_of(optimizer, model, rate)
            single_of(twin).gradient_accumulation_steps = None  # this step is to move the weights
            twin._ensure_built([v for _, v in trained])
            twin.apply([twin.scale_loss(g) for g, _ in trained], [v for _, v in trained])
        program = trace.program(inputs, sheet.tensors)
    arrays = batch.arrays()
    stepped = [v for _, v in trained]
    with preserved(trace._variables.values()) as before:
        values = sheet.read(program.run(arrays))
        moved, losses_after = {}, {}
        if rate is not None:
            moved = _moved(before, stepped)
            losses_after = _try_rates(program, arrays, before, stepped, rate, values["loss"][0])
    for i, call in enumerate(calls):
        call.health = _health(call, i, values, batch.size, moved)
        call.stays_equal = values["unlike", i][0] == 0
    makers = [next((c for c in calls if c.output.id == y.id), None) for y in predictions]
    return Measurement(
        data=data,
        batch=batch,
        loss=values["loss"][0],
        calls=calls,
        entries=[Entry(call, *values["entry", i]) for i, call in enumerate(entries)],
        outputs=[
            Output(
                layer=None if maker is None else maker.layer.name,
                activation=None if maker is None else maker.activation,
                shape=y.shape,
                loss=loss,
                y=target,
                range=values["range", i],
            )
            for i, (maker, y, loss, target) in enumerate(zip(makers, predictions, losses, targets, strict=True))
        ],
        rate=None if rate is None else float(rate),
        scheduled=optimizer is not None and not isinstance(optimizer.learning_rate, Variable),
        losses_after_one_step=losses_after,
    )


# Which calls make a row.


def _described(call: _call.LayerCall) -> Call:
    output = call.outputs[0]
    return Call(call.layer, call.inputs, output, activation_of(call.layer, output), _kernel_of(call.layer))


def _rows(calls: list[Call]) -> list[Call]:
    """Of the calls that share an output the one with weights, else the innermost; none that only pass numbers on."""
    by_output: dict[int, Call] = {}
    for call in calls:
        known = by_output.get(call.output.id)
        if known is None or (call.parameters and not known.parameters):
            by_output[call.output.id] = call
    rows = []
    for call in calls:
        produced = call.output.producer()
        passes_on = any(x.id == call.output.id for x in call.inputs) or produced is None or produced[0] in _RESHAPES
        if by_output[call.output.id] is call and (call.parameters or not passes_on) and not _is_noise(call, produced):
            rows.append(call)
    outputs = {call.output.id for call in rows}
    for call in rows:
        call.sources = _sources(call, outputs)
    return rows


def _sources(call: Call, outputs: set[int]) -> set[int]:
    """Which of these outputs a call computes with, directly or through what is no row, such as dropout."""
    found: set[int] = set()
    seen: set[int] = set()
    waiting = list(call.inputs)
    while waiting:
        x = waiting.pop()
        if x.id in seen:
            continue
        seen.add(x.id)
        if x.id in outputs:
            found.add(x.id)
        else:
            produced = x.producer()
            waiting += produced[1] if produced is not None else []
    return found


def _is_noise(call: Call, produced: Any) -> bool:
    from ravine.tuning.monte_carlo import is_dropout_like

    return is_dropout_like(call.layer) or (produced is not None and produced[0] == "dropout")


def _entries(calls: list[Call]) -> list[Call]:
    """The calls with a kernel whose input no other kernel has touched."""
    weighed: set[int] = set()
    entries = []
    for call in calls:
        touched = bool(call.sources & weighed)
        if call.kernel is not None and not touched and call.inputs and type(call.layer).__name__ != "Embedding":
            entries.append(call)
        if call.kernel is not None or touched:
            weighed.add(call.output.id)
    return entries


def _kernel_of(layer: Any) -> Variable | None:
    kernels = [v for v in layer._own_variables() if v.is_parameter and v.ndim >= 2]
    return max(kernels, key=lambda v: v.size) if kernels else None


# What is computed in the engine.


class _Sheet:
    """Named scalars that a program returns."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self._places: dict[Any, list[int | None]] = {}

    def add(self, name: Any, *tensors: Any) -> None:
        """Note scalars; one that is None reads as None."""
        places: list[int | None] = []
        for tensor in tensors:
            places.append(None if tensor is None else len(self.tensors))
            if tensor is not None:
                self.tensors.append(tensor)
        self._places[name] = places

    def read(self, results: Sequence[np.ndarray]) -> dict[Any, Any]:
        return {
            name: tuple(None if at is None else float(results[at]) for at in places)
            for name, places in self._places.items()
        }


def _tap(call: Call) -> list[SymbolicTensor]:
    """Where to look for the gradient of a layer: its output, or what its last function was applied to when the loss
    goes past that function, as the cross-entropies do."""
    produced = call.output.producer()
    if produced is not None and produced[0] in ("softmax", "sigmoid"):
        return [call.output, produced[1][0]]
    return [call.output]


def _split(gradients: list, taps: list[list]) -> Iterator[list]:
    at = 0
    for tap in taps:
        yield gradients[at : at + len(tap)]
        at += len(tap)


def _moments(x: SymbolicTensor) -> tuple[Any, Any]:
    return ops.mean(x), ops.std(x)


def _length(tensors: list[Any]) -> Any:
    """The joint length of tensors, also where their squares would leave the range of float32."""
    largest: Any = None
    for x in tensors:
        top = ops.max(ops.abs(x))
        largest = top if largest is None else ops.maximum(largest, top)
    scale = ops.where(ops.equal(largest, 0), 1.0, largest)
    total: Any = 0.0
    for x in tensors:
        total = ops.add(ops.sum(ops.square(ops.divide(x, scale))), total)
    return ops.multiply(ops.sqrt(total), scale)


def _unlike(kernel: Variable | None, gradients: dict[int, Any]) -> Any:
    """How much the gradients of a layer's units differ, 0 when it is by rounding alone; None where the weights do."""
    gradient = None if kernel is None else gradients.get(id(kernel))
    if kernel is None or gradient is None or not units_are_equal(kernel):
        return None
    largest = ops.max(ops.abs(gradient))
    difference = ops.max(ops.abs(ops.subtract(gradient, gradient[..., :1])))
    return ops.where(ops.greater(difference, ops.multiply(largest, 1e-4)), difference, 0.0)


def _dead(call: Call) -> Any:
    """The share of units (positions along the last axis) that are 0 for every sample."""
    if call.activation != "relu" or call.output.ndim < 2:
        return None
    most = ops.max(ops.abs(call.output), axis=tuple(range(call.output.ndim - 1)))
    return ops.mean(ops.cast(ops.equal(most, 0), "float32"))


# Steps.


def _moved(before: Values, stepped: list[Variable]) -> dict[int, float]:
    """How far the step moved each variable."""
    was = dict(zip(map(id, before.variables), before.arrays, strict=True))
    return {id(v): _norm(v.array - was[id(v)]) for v in stepped}


def _try_rates(
    program: Any, arrays: list, before: Values, stepped: list[Variable], rate: Variable, loss: float
) -> dict[float, float]:
    """The loss on the same batch after one step from where the model stands, at the learning rate that is set and, as
    long as that changes little, at larger ones."""
    found: dict[float, float] = {}
    given = float(rate)
    for factor in (1.0, *(10.0**power for power in range(3, 13))):
        if not math.isfinite(loss) or given == 0:
            break
        before.restore()
        rate.assign(given * factor)
        program.run(arrays)
        before.restore(but=stepped)
        after = float(program.run(arrays)[0])
        found[given * factor] = after
        if not math.isfinite(after) or abs(after - loss) > 0.05 * abs(loss):
            break
    return found


def _health(call: Call, i: int, values: dict, rows: int, moved: dict[int, float]) -> LayerHealth:
    mean, std = values["output", i]
    gradient = values["gradient", i][0]
    weight_norm = math.sqrt(sum(_norm(v.array) ** 2 for v in call.parameters)) if call.parameters else None
    steps = [moved[id(v)] for v in call.parameters if id(v) in moved]
    ratio = math.sqrt(sum(step * step for step in steps)) / weight_norm if steps and weight_norm else None
    return LayerHealth(
        name=call.layer.name,
        kind=type(call.layer).__name__,
        activation=call.activation,
        shape=call.output.shape,
        trainable=bool(call.layer.trainable),
        mean=mean,
        std=std,
        saturated=values["saturated", i][0],
        dead=values["dead", i][0],
        # The loss is a mean over the samples: times their number, the gradient is that of one sample.
        gradient_norm=None if gradient is None else gradient * math.sqrt(rows),
        weight_norm=weight_norm,
        weight_gradient_norm=values["weights", i][0],
        update_ratio=ratio,
    )


def _norm(array: np.ndarray) -> float:
    return float(np.linalg.norm(np.asarray(array, np.float64)))


@contextmanager
def _compiled_with(model: Any, loss: Any) -> Iterator[None]:
    """Inside, the model is compiled with `loss`."""
    if loss is None:
        yield
        return
    state = model.__dict__
    saved = state["_compiled"]
    state["_compiled"] = Compiled("sgd", loss, None, None, None)
    try:
        yield
    finally:
        state["_compiled"] = saved
