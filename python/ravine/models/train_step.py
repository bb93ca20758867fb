"""Tracing a model's training, test and prediction step into programs of the engine."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ravine.models.checks import Shape, check_targets
from ravine.models.data_adapter import Batch
from ravine.ops.trace import SymbolicTensor, Trace


class StepProgram:
    """A planned step and how to feed it.

    Attributes:
        program: the engine's program; its inputs are x, then y and the weights where there are any.
        output_shape: of the predictions, None in front.
    """

    __slots__ = ("output_dtype", "output_shape", "program")

    def __init__(self, program: Any, y_pred: SymbolicTensor) -> None:
        self.program = program
        self.output_shape: Shape = y_pred.shape
        self.output_dtype = y_pred.dtype


def trace_train(model: Any, batch: Batch) -> StepProgram:
    """Forward, loss, metrics, gradients and the optimizer's update, all in one program.

    The loss and the metrics are those of the weights before the update.
    """
    with Trace() as trace:
        inputs, y_pred, loss = _trace_loss(trace, model, batch, training=True)
        variables = _unique(model.trainable_variables)
        if variables:
            _trace_update(trace, model, loss, variables)
        else:
            warnings.warn(f"{model._label}: there are no trainable weights, so fit changes nothing.", stacklevel=6)
        return StepProgram(trace.program(inputs, []), y_pred)


def trace_test(model: Any, batch: Batch) -> StepProgram:
    """Forward in inference mode, loss and metrics."""
    with Trace() as trace:
        inputs, y_pred, _ = _trace_loss(trace, model, batch, training=False)
        return StepProgram(trace.program(inputs, []), y_pred)


def trace_predict(model: Any, batch: Batch) -> StepProgram:
    """Forward in inference mode; the program returns the predictions."""
    with Trace() as trace:
        x = _input(trace, "x", batch.x)
        y_pred = _forward(model, x, training=False)
        return StepProgram(trace.program([x], [y_pred]), y_pred)


def _trace_loss(
    trace: Trace, model: Any, batch: Batch, training: bool
) -> tuple[list[SymbolicTensor], SymbolicTensor, SymbolicTensor]:
    x = _input(trace, "x", batch.x)
    y = None if batch.y is None else _input(trace, "y", batch.y)
    weight = None if batch.sample_weight is None else _input(trace, "sample_weight", batch.sample_weight)
    y_pred = _forward(model, x, training)
    check_targets(model._compiled.loss_for(batch.y, y_pred.shape), batch.y, y_pred.shape, model._label)
    model._compiled.build_metrics(None if y is None else y.shape, y_pred.shape)
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
    model._compiled.loss_tracker.update_state(loss, sample_weight=trace.apply("batch_size", [x]))
    model.compute_metrics(x, y, y_pred, sample_weight=weight)
    return [tensor for tensor in (x, y, weight) if tensor is not None], y_pred, loss


def _trace_update(trace: Trace, model: Any, loss: SymbolicTensor, variables: Sequence[Any]) -> None:
    model.optimizer.build(variables)
    gradients = trace.gradients(loss, variables)
    pairs = [
        (gradient, variable) for gradient, variable in zip(gradients, variables, strict=True) if gradient is not None
    ]
    if not pairs:
        raise ValueError(f"{model._label}: the loss does not depend on any trainable weight, so there is no gradient.")
    if len(pairs) < len(variables):
        reached = {id(variable) for _, variable in pairs}
        missing = ", ".join(variable.path for variable in variables if id(variable) not in reached)
        warnings.warn(f"{model._label}: the loss does not depend on {missing}; they do not train.", stacklevel=7)
    model.optimizer.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])


def _input(trace: Trace, name: str, array: np.ndarray) -> SymbolicTensor:
    return trace.input(name, (None, *array.shape[1:]))


def _forward(model: Any, x: SymbolicTensor, training: bool) -> SymbolicTensor:
    y_pred = model(x, training=training)
    if not isinstance(y_pred, SymbolicTensor):
        raise TypeError(
            f"{model._label}: call() must return one tensor computed from its input with ravine.ops and layers, "
            f"received {type(y_pred).__name__}."
        )
    return y_pred


def _unique(variables: Sequence[Any]) -> list[Any]:
    return list({id(variable): variable for variable in variables}.values())
