"""One training step of a model looked at from inside: what each layer puts out, and the gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import _tree
from ravine.layers import _call
from ravine.models.preserve import preserved
from ravine.models.train_step import trace_loss
from ravine.ops.tracing import SymbolicTensor, Trace


@dataclass
class Inspection:
    """What `inspect_step` saw.

    Attributes:
        calls: in order, inner layers before outer ones, with arrays in place of the tensors.
        predictions: one array per output.
        loss: penalties included.
        gradients: of the loss, by the path of each trained variable.
    """

    calls: list[_call.LayerCall]
    predictions: list[np.ndarray]
    loss: float
    gradients: dict[str, np.ndarray]


def inspect_step(model: Any, batch: Any) -> Inspection:
    """Run the forward and backward pass of a compiled model on a batch, in training mode and without an update.

    Weights, moving statistics, metrics and random state are afterwards what they were.
    """
    recorder = _call.Recorder()
    with Trace() as trace:
        with _call.watching(recorder):
            inputs, y_pred, loss = trace_loss(trace, model, batch, training=True)
        variables = list({id(v): v for v in model.trainable_variables}.values())
        gradients = trace.gradients(loss, variables) if variables else []
        reached = [(v.path, g) for v, g in zip(variables, gradients, strict=True) if g is not None]
        tensors = [x for call in recorder.calls for x in call.inputs + call.outputs]
        tensors += [*_call.traced_tensors(y_pred), loss, *(g for _, g in reached)]
        wanted = {x.id: x for x in tensors}
        given = {x.id for x in inputs}
        computed = [id for id in wanted if id not in given]
        program = trace.program(inputs, [_copied(trace, wanted[id]) for id in computed])
    arrays = batch.arrays()
    with preserved(trace._variables.values()):
        values = dict(zip(computed, program.run(arrays), strict=True))
    values.update(zip((x.id for x in inputs), arrays, strict=True))
    calls = [
        _call.LayerCall(call.layer, [values[x.id] for x in call.inputs], [values[x.id] for x in call.outputs])
        for call in recorder.calls
    ]
    return Inspection(
        calls,
        [values[x.id] for x in _call.traced_tensors(y_pred)],
        float(values[loss.id]),
        {path: values[g.id] for path, g in reached},
    )


def layer_graph(model: Any, batch: Any) -> list[tuple[str, str, list[str], tuple]]:
    """The calls of layers as nodes of a graph: (name, class, names of the nodes before, shape of the output)."""
    recorder = _call.Recorder()
    with Trace() as trace, _call.watching(recorder):
        inputs, _, _ = trace_loss(trace, model, batch, training=True)
    nodes: list[tuple[str, str, list[str], tuple]] = []
    made_by: dict[int, str] = {}
    taken: set[str] = set()

    def add(name: str, kind: str, before: list[SymbolicTensor], outputs: list[SymbolicTensor]) -> None:
        number, base = 0, name
        while name in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name)
        sources = [made_by[x.id] for x in before if x.id in made_by]
        nodes.append((name, kind, list(dict.fromkeys(sources)), outputs[0].shape if outputs else ()))
        for x in outputs:
            made_by[x.id] = name

    for x, name in zip(inputs, _input_names(batch), strict=True):
        add(name, "Input", [], [x])
    outer = {id(layer) for layer in _containers(model)}
    for call in recorder.calls:
        if id(call.layer) not in outer:
            add(call.layer.name, type(call.layer).__name__, call.inputs, call.outputs)
    return nodes


def _input_names(batch: Any) -> list[str]:
    names = []
    for part, arrays in zip(batch._fields, batch, strict=True):
        present = [a for a in _tree.leaves(arrays) if a is not None]
        names += [part if len(present) == 1 else f"{part}_{number}" for number in range(len(present))]
    return names


def _containers(model: Any) -> list[Any]:
    return [layer for layer in model._flatten_layers() if layer._sublayers()]


def _copied(trace: Trace, x: SymbolicTensor) -> SymbolicTensor:
    """The engine returns what it computes: a variable is copied."""
    return x if x.producer() is not None else trace.apply("copy", [x])
