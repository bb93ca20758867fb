"""diagnose: one training step under the microscope."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.diagnosis import rules
from ravine.diagnosis.measure import measure
from ravine.diagnosis.report import Report
from ravine.models.batch import Batch
from ravine.models.counts import check_count
from ravine.optimizers.nested import has_one_rate


def diagnose(
    model: Any,
    x: Any,
    y: Any = None,
    *,
    loss: Any = None,
    optimizer: Any = None,
    sample_weight: Any = None,
    samples: int = 512,
) -> Report:
    """Why does this net not learn? Looks at one training step, layer by layer, and says what is wrong.

    The step is computed by the engine in training mode, and undone: weights, moving statistics, slots and step count of
    the optimizer, metrics and random state are afterwards bit for bit what they were. It may be called at any time,
    before and during training.

    Args:
        model: any model; a model that is not built is built for `x`.
        x, y, sample_weight: as in `fit`.
        loss: a loss instead of the compiled one; needed when the model is not compiled.
        optimizer: an optimizer (or its name) instead of the compiled one, with the state that it has. Without any, and
            with a MultiOptimizer, which has several rates, no rate is judged.
        samples: at most so many rows are used, evenly spread over the data (of a stream, the first batch); all rows are
            searched for NaN. Too few make units look dead that are not.

    Returns:
        Report: `print` it, ask for `healthy`, `verdicts` and `layers`, or call `plot(path)`.

    Raises:
        TypeError: `model` is no model.
        ValueError: there is neither a compiled loss nor `loss`, or the data does not fit the model or the loss.
    """
    from ravine import optimizers
    from ravine.models import Model

    if not isinstance(model, Model):
        raise TypeError(f"diagnose: expected a model, received {type(model).__name__}.")
    if not model.compiled and loss is None:
        raise ValueError(
            f"{model._label}: diagnose() needs a loss; pass loss='mse', for example, or compile the model."
        )
    samples = check_count(samples, "samples", 2)
    data = model._data(x, y, sample_weight, None, None).first()
    model._build_for_data(data)
    batch = _sample(data, samples)
    optimizer = optimizers.get(optimizer) if optimizer is not None else model._compiled and model.optimizer
    if optimizer is not None and not has_one_rate(optimizer):
        optimizer = None
    found = measure(model, data, batch, loss, optimizer)
    return Report(
        model=model.name,
        samples=batch.size,
        loss=found.loss,
        learning_rate=found.rate,
        layers=tuple(found.layers),
        verdicts=rules.verdicts(found),
    )


def _sample(data: Batch, samples: int) -> Batch:
    """Rows evenly spread over the data."""
    if data.size <= samples:
        return data
    chosen = np.linspace(0, data.size - 1, samples).astype(np.int64)
    return data.rows(chosen)
