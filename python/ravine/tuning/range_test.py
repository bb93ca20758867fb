"""The learning-rate range test (Smith 2017): train a few hundred steps while the rate grows, and watch the loss."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ravine import _core, ops, random
from ravine.models.array_data import ArrayData
from ravine.models.counts import check_batch_size, check_count
from ravine.models.data_adapter import is_stream
from ravine.models.preserve import preserved, twin_of
from ravine.models.train_step import apply_update, trace_loss
from ravine.ops.tracing import Trace
from ravine.variable import Variable

# How far the smoothed loss has to rise over its lowest value (and over the first loss) to have diverged.
DIVERGED = 4.0
SMOOTHING = 0.9
# Of the rate from which on the loss rises, this part is a good constant rate (Géron 2022, chapter 11).
SAFETY = 10.0
POLL_SECONDS = 0.1
FEW_STEPS = 20


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """What `find_learning_rate` measured. ``rates, losses = result`` unpacks it.

    Attributes:
        rates: the learning rate of each step, float64, shape (steps,).
        losses: the loss of each batch before its update, penalties included, shape (steps,).
        smoothed: their moving average with factor 0.9, corrected for its start.
        factor: between one rate and the next.
        diverged: whether the test was ended because the loss exploded.
    """

    rates: np.ndarray
    losses: np.ndarray
    factor: float
    diverged: bool

    @property
    def smoothed(self) -> np.ndarray:
        return _smooth(self.losses)

    @property
    def turning_point(self) -> float:
        """The rate at which the smoothed loss is lowest; from there on it climbs."""
        return float(self.rates[np.nanargmin(self.smoothed)])

    @property
    def suggestion(self) -> float | None:
        """A tenth of `turning_point`: a constant rate that is fast and safe. None when the loss never fell."""
        lowest = int(np.nanargmin(self.smoothed))
        return None if lowest == 0 else self.turning_point / SAFETY

    @property
    def one_cycle_maximum(self) -> float | None:
        """Half of `turning_point`: as high as the peak of a 1cycle schedule may go. None when the loss never fell."""
        return None if self.suggestion is None else self.turning_point / 2

    def plot(self, path: str | os.PathLike | None = None, ax: Any = None) -> Any:
        """Draw the loss over the rates, into `ax` if given, and save the figure when there is a `path`; returns the
        Matplotlib figure.

        Raises:
            ImportError: Matplotlib is not installed.
        """
        from ravine.plots import style

        with style.panels("LearningRateRange.plot", path, ax) as [axes]:
            axes.plot(self.rates, self.losses, color=style.SKY, linewidth=1, label="loss of each batch")
            axes.plot(self.rates, self.smoothed, color=style.BLUE, label="smoothed")
            axes.axvline(
                self.turning_point, color=style.MUTED, linestyle=":", label=f"turning point {self.turning_point:.2g}"
            )
            if self.suggestion is not None:
                axes.axvline(
                    self.suggestion, color=style.ORANGE, linestyle="--", label=f"suggestion {self.suggestion:.2g}"
                )
            low, first = float(np.nanmin(self.losses)), float(self.losses[0])
            margin = 0.05 * abs(first - low) or 1.0
            axes.set(
                xscale="log", ylim=(low - margin, first + 4 * margin), xlabel="learning rate", ylabel="loss",
                title="Learning-rate range test",
            )  # fmt: skip
            axes.legend()
        return axes.figure

    def __iter__(self) -> Iterator[np.ndarray]:
        yield self.rates
        yield self.losses

    def __repr__(self) -> str:
        hint = "none: the loss never fell" if self.suggestion is None else f"{self.suggestion:.3g}"
        return (
            f"<LearningRateRange {len(self.rates)} steps from {self.rates[0]:.3g} to {self.rates[-1]:.3g}, "
            f"turning point {self.turning_point:.3g}, suggestion {hint}>"
        )


def find_learning_rate(
    model: Any,
    x: Any,
    y: Any = None,
    epochs: int = 1,
    batch_size: int | None = None,
    min_rate: float = 1e-5,
    max_rate: float = 10.0,
    *,
    steps: int | None = None,
    sample_weight: Any = None,
) -> LearningRateRange:
    """Train a compiled model while its learning rate grows from `min_rate` to `max_rate` by the same factor at each
    step; then put everything back.

    All steps run inside the engine. The test ends early when the loss explodes. Afterwards (also after Ctrl-C or an
    error) weights, moving statistics, metrics and the random state are bit for bit what they were; the optimizer is
    not touched at all, because a copy of it makes the steps.

    Args:
        model: compiled; its optimizer decides what a rate means.
        x, y, sample_weight: arrays, as in `fit`.
        epochs: how often the data is passed.
        batch_size: default 32. Rates depend on it: use that of the training to come.
        min_rate, max_rate: the ends of the range. Step i has rate ``min_rate * (max_rate / min_rate) ** (i / steps)``.
        steps: the number of steps, instead of `epochs`.

    Returns:
        LearningRateRange, with `rates`, `losses`, `suggestion` and `plot(path)`. A warning says when the range was too
        small to find the turning point.

    Raises:
        TypeError: a rate is no number.
        ValueError: not compiled, with a MultiOptimizer, no arrays, not 0 < min_rate < max_rate, or a loss that is NaN
            from the start.
    """
    model._require_compiled("find_learning_rate")
    for name, given in (("min_rate", min_rate), ("max_rate", max_rate)):
        if not isinstance(given, (int, float, np.number)):
            raise TypeError(f"find_learning_rate: expected {name} to be a number, received {given!r}.")
    if not 0 < min_rate < max_rate < float("inf"):
        raise ValueError(
            f"find_learning_rate: expected 0 < min_rate < max_rate, received {min_rate!r} and {max_rate!r}."
        )
    data = model._data(x, y, sample_weight, None if is_stream(x) else check_batch_size(batch_size), None)
    if not isinstance(data, ArrayData):
        raise ValueError("find_learning_rate: pass arrays as x and y; a stream of batches cannot be put back.")
    steps = data.batches * check_count(epochs, "epochs") if steps is None else check_count(steps, "steps")
    model._build_for_data(data.rows)
    factor = (max_rate / min_rate) ** (1 / steps)
    losses = Variable(np.full(steps, np.nan, np.float32), trainable=False, name="losses")
    step = Variable(0.0, trainable=False, name="step")
    rate = Variable(min_rate, trainable=False, name="learning_rate")
    with Trace() as trace:
        inputs, _, loss = trace_loss(trace, model, data.rows, training=True)
        variables = list({id(v): v for v in model.trainable_variables}.values())
        optimizer = twin_of(model.optimizer, model, rate)
        apply_update(trace, model, optimizer, loss, variables)
        here = ops.one_hot(step, steps)
        losses.assign(ops.where(ops.greater(here, 0), loss, losses))
        step.assign_add(1.0)
        rate.assign(ops.multiply(ops.exp(ops.multiply(step, np.log(factor))), min_rate))
        program = trace.program(inputs, [])
    with preserved(trace._variables.values()):
        order = _order(data.size, steps * data.batch_size)
        recorded = losses.array

        def poll(done: int) -> bool:
            return _divergence(recorded[: done - 1]) is None  # other threads may still be in the last one

        program.run_batches(data.rows.arrays(), data.batch_size, 0, steps, order, None, poll, POLL_SECONDS)
        found = recorded[: int(step)].copy()
    if not len(found) or not np.isfinite(found[0]):
        raise ValueError(
            f"find_learning_rate: the loss is {found[0] if len(found) else 'unknown'} before any step; "
            "ravine.diagnose(model, x, y) says why."
        )
    end = _divergence(found)
    found = found if end is None else found[: end + 1]
    rates = min_rate * factor ** np.arange(len(found))
    result = LearningRateRange(rates, found, factor, end is not None)
    _warn(result, steps, max_rate)
    return result


def _order(size: int, rows: int) -> np.ndarray:
    """So many rows in a row: the data as often as it takes, shuffled anew each time."""
    passes = -(-rows // size)
    return np.concatenate([_core.shuffle(size, random.draw_seed()) for _ in range(passes)])[:rows]


def _smooth(losses: np.ndarray) -> np.ndarray:
    average, weight = 0.0, 0.0
    smoothed = np.empty(len(losses))
    for i, loss in enumerate(losses):
        average = SMOOTHING * average + (1 - SMOOTHING) * float(loss)
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        smoothed[i] = average / weight
    return smoothed


def _divergence(losses: np.ndarray) -> int | None:
    """The first step whose loss is not finite or has exploded."""
    if not len(losses):
        return None
    smoothed = _smooth(losses)
    with np.errstate(invalid="ignore"):
        lowest = np.minimum.accumulate(smoothed)
        exploded = (smoothed > DIVERGED * np.abs(lowest)) & (smoothed > DIVERGED * abs(float(losses[0])))
    wrong = np.flatnonzero(~np.isfinite(losses) | exploded)
    return int(wrong[0]) if len(wrong) else None


def _warn(result: LearningRateRange, steps: int, max_rate: float) -> None:
    lowest = int(np.nanargmin(result.smoothed))
    if steps < FEW_STEPS:
        warnings.warn(
            f"find_learning_rate: {steps} steps are too few for a curve; pass epochs or steps for 100 or more.",
            stacklevel=3,
        )
    elif lowest == 0:
        warnings.warn(
            "find_learning_rate: the loss never fell. Lower min_rate, or ask ravine.diagnose(model, x, y) why.",
            stacklevel=3,
        )
    elif lowest >= 0.95 * len(result.rates) and not result.diverged:
        warnings.warn(
            f"find_learning_rate: the loss was still falling at the end; raise max_rate ({max_rate:g}).", stacklevel=3
        )
