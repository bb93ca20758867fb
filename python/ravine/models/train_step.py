"""Tracing a model's training, test and prediction step into programs of the engine."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine import _tree
from ravine.models.batch import Batch
from ravine.ops.tracing import SymbolicTensor, Trace


class StepProgram:
    """A planned step and how to feed it.

    Attributes:
        program: the engine's program; its inputs are those of the model, then the targets and the weights where there
            are any.
        run: of the program, at hand for predictions of few rows.
        variables: what a training step reads and changes, in the order of the trace.
        output_shapes, output_dtypes: of the predictions, None in front; a list, one for each output.
        leaves_losses: whether layers add losses to it, which a call of the model is to leave behind.
    """

    __slots__ = ("_structure", "leaves_losses", "output_dtypes", "output_shapes", "program", "run", "variables")

    def __init__(self, program: Any, y_pred: Any, variables: Sequence[Any] = (), leaves_losses: bool = False) -> None:
        self.program = program
        self.run = program.run
        self.variables = list(variables)
        self.leaves_losses = leaves_losses
        outputs = _tree.leaves(y_pred)
        self.output_shapes = [tuple(y.shape) for y in outputs]
        self.output_dtypes = [y.dtype for y in outputs]
        self._structure = None if len(outputs) == 1 and outputs[0] is y_pred else _tree.mapped(lambda y: None, y_pred)

    @property
    def single_float(self) -> bool:
        """Whether there is one output, a float32 tensor by itself."""
        return self._structure is None and self.output_dtypes == ["float32"]

    def in_structure(self, results: list[Any]) -> Any:
        """One result per output in the structure of the model's outputs."""
        if self._structure is None:
            return results[0]
        remaining = iter(results)
        return _tree.mapped(lambda _: next(remaining), self._structure)


def trace_train(model: Any, batch: Batch) -> StepProgram:
    """Forward, loss, metrics, gradients and the optimizer's update, all in one program.

    The loss and the metrics are those of the weights before the update.
    """
    with Trace() as trace:
        inputs, y_pred, loss = trace_loss(trace, model, batch, training=True)
        variables = _unique(model.trainable_variables)
        if variables:
            apply_update(trace, model, model.optimizer, loss, variables)
        else:
            warnings.warn(f"{model._label}: there are no trainable weights, so fit changes nothing.", stacklevel=6)
        program = trace.program(inputs, [])
        return StepProgram(program, y_pred, list(trace._variables.values()))


def trace_test(model: Any, batch: Batch) -> StepProgram:
    """Forward in inference mode, loss and metrics."""
    with Trace() as trace:
        inputs, y_pred, _ = trace_loss(trace, model, batch, training=False)
        return StepProgram(trace.program(inputs, []), y_pred)


def trace_predict(model: Any, batch: Batch) -> StepProgram:
    """Forward in inference mode; the program returns the predictions."""
    with Trace() as trace:
        x = _inputs(trace, "x", batch.x)
        y_pred = _forward(model, x, training=False)
        outputs = [_own(y) for y in _tree.leaves(y_pred)]
        program = trace.program(_tree.leaves(x), outputs)
        return StepProgram(program, y_pred, leaves_losses=bool(trace.losses()))


def trace_loss(
    trace: Trace, model: Any, batch: Batch, training: bool
) -> tuple[list[SymbolicTensor], Any, SymbolicTensor]:
    x, y, weight = (
        None if part is None else _inputs(trace, name, part) for name, part in zip(batch._fields, batch, strict=True)
    )
    y_pred = _forward(model, x, training)
    model._compiled.settle(batch.y, y_pred, model)
    loss = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weight, training=training)
    if not isinstance(loss, SymbolicTensor):
        raise TypeError(
            f"{model._label}: the loss must be computed from the predictions with ravine.ops; got {loss!r}."
        )
    if loss.shape != ():
        raise ValueError(
            f"{model._label}: the loss must be one number per batch, received shape {loss.shape}. "
            "Give the loss a reduction such as 'sum_over_batch_size'."
        )
    model._compiled.loss_tracker.update_state(loss, sample_weight=trace.apply("batch_size", [_tree.leaves(x)[0]]))
    model.compute_metrics(x, y, y_pred, sample_weight=weight)
    return [tensor for tensor in _tree.leaves([x, y, weight]) if tensor is not None], y_pred, loss


def apply_update(trace: Trace, model: Any, optimizer: Any, loss: SymbolicTensor, variables: Sequence[Any]) -> None:
    """Append the gradients of `loss` and a step of `optimizer`, which may be another one than the compiled."""
    optimizer._ensure_built(variables)
    gradients = trace.gradients(optimizer.scale_loss(loss), variables)
    pairs = [
        (gradient, variable) for gradient, variable in zip(gradients, variables, strict=True) if gradient is not None
    ]
    if not pairs:
        raise ValueError(f"{model._label}: the loss does not depend on any trainable weight, so there is no gradient.")
    if len(pairs) < len(variables):
        reached = {id(variable) for _, variable in pairs}
        missing = ", ".join(variable.path for variable in variables if id(variable) not in reached)
        warnings.warn(f"{model._label}: the loss does not depend on {missing}; they do not train.", stacklevel=7)
    optimizer.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])


def _inputs(trace: Trace, name: str, arrays: Any) -> Any:
    """Inputs of the trace for an array or a structure of arrays."""
    if isinstance(arrays, np.ndarray):
        return trace.input(name, (None, *arrays.shape[1:]))
    numbers = itertools.count()
    return _tree.mapped(lambda a: None if a is None else _inputs(trace, f"{name}_{next(numbers)}", a), arrays)


def _forward(model: Any, x: Any, training: bool) -> Any:
    y_pred = model(x, training=training)
    for y in _tree.leaves(y_pred):
        if not isinstance(y, SymbolicTensor):
            raise TypeError(
                f"{model._label}: call() must return tensors computed from its input with ravine.ops and layers, "
                f"received {type(y).__name__}."
            )
    return y_pred


def _own(y: SymbolicTensor) -> SymbolicTensor:
    """An output that is itself an input or a variable is copied: the engine returns what it computes."""
    return y if y.producer() is not None else y.trace.apply("copy", [y], dtype=y.dtype)


def _unique(variables: Sequence[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())
