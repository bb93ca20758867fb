"""Model files for C++ programs: the planned computation itself, without Python."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ravine import _core
from ravine.metrics.reduction import Mean
from ravine.models.batch import Batch
from ravine.optimizers.nested import has_one_rate
from ravine.variable import Variable


def export_model(model: Any, path: str | os.PathLike, target_shape: tuple[int, ...] | None = None) -> None:
    """Write a model to a file that `ravine::Model::load` reads in C++ (and `NativeModel` in Python).

    The file is a safetensors container: the variables, and in its metadata the graph of the prediction and, when the
    model is compiled, of the test and training step, optimizer state included, so that training goes on where it
    stopped. It is written beside `path` and renamed, so that a crash leaves the old file.

    Args:
        model: a built model.
        path: of the file; `.ravine` by custom.
        target_shape: shape of one sample's target, needed only for a compiled model that was never trained and whose
            targets do not follow from its loss: `()` for class indices, else the shape of the predictions.

    Raises:
        ValueError: the model is not built, or has several inputs or outputs.
        RuntimeError: the file cannot be written.
    """
    if not model.built or model._network is None:
        raise ValueError(f"{model._label}: build the model (give it an Input, or call it on data) before export().")
    if len(model.inputs) > 1 or len(model.outputs) > 1:
        raise ValueError(f"{model._label}: model files for C++ hold one input and one output.")
    x = np.zeros((1, *model.inputs[0].shape[1:]), np.float32)
    programs: dict[str, tuple[Any, list]] = {"predict": (model._step("predict", Batch(x)).program, [])}
    learning_rate = None
    if model.compiled:
        y = np.zeros((1, *_target_shape(model, target_shape)), np.float32)
        for phase in ("test", "train"):
            program = model._step(phase, Batch(x, y)).program
            programs[phase] = (program, _running_means(model))
        # A schedule is part of the training step; a MultiOptimizer has several rates.
        rate = model.optimizer.learning_rate if has_one_rate(model.optimizer) else None
        learning_rate = rate._handle if isinstance(rate, Variable) else None
    _core.export_model(os.fspath(path), programs, learning_rate)


def _target_shape(model: Any, given: tuple[int, ...] | None) -> tuple[int, ...]:
    if given is not None:
        return tuple(given)
    for phase, shapes, *_ in model._steps:
        if phase != "predict" and len(shapes) > 1 and shapes[1] is not None:
            return shapes[1]
    output = model.outputs[0].shape[1:]
    sparse = "sparse" in model._compiled.loss_name
    return output[:-1] if sparse else output


def _running_means(model: Any) -> list[tuple[str, Any, Any]]:
    """The metrics that a C++ program can read: totals divided by counts."""
    means, others = [], []
    for metric in model.metrics:
        if isinstance(metric, Mean) and type(metric).result is Mean.result:
            means.append((model._name_of(metric), metric.total._handle, metric.count._handle))
        else:
            others.append(metric.name)
    if others:
        warnings.warn(
            f"export: the metrics {', '.join(others)} are computed in Python; C++ programs will not see them.",
            stacklevel=4,
        )
    return means
