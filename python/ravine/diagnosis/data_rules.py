"""What is wrong with the numbers that go in and come out; docs/diagnosis.md gives the reasons for the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ravine import _tree
from ravine.diagnosis.measurement import Measurement, Output
from ravine.diagnosis.report import INPUTS, NOT_FINITE, TARGETS, Verdict
from ravine.models.checks import loss_kind

# Root mean square of what the first weights get; He's and Glorot's initial weights assume about 1.
INPUT_SCALE = (0.01, 10.0)
SELU_INPUT_MEAN = 0.5
SELU_INPUT_STD = (0.5, 2.0)
# Root mean square of the targets of a regression.
TARGET_SCALE = 100.0

_REGRESSION = ("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh")
_RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
}


def not_finite(found: Measurement) -> Iterator[Verdict]:
    for name, array in _arrays(found):
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
            yield Verdict(
                NOT_FINITE,
                (),
                f"{int(bad.sum())} of the {len(array)} rows of {name} hold NaN or infinity, the first of them row "
                f"{int(np.argmax(bad))}.",
                f"Drop these rows or fill the gaps in them before training: np.isfinite({name}) finds them.",
            )
            return
    for call in found.calls:
        for variable in call.variables:
            if not np.isfinite(variable.array).all():
                yield Verdict(
                    NOT_FINITE,
                    (call.layer.name,),
                    f"the weight {variable.path} holds NaN or infinity.",
                    "The weights are lost; make the model anew or load saved ones. Then train with a lower learning "
                    "rate or with clipnorm=1.0, and stop early enough with callbacks.TerminateOnNaN().",
                )
                return
    for call in found.calls:
        if not math.isfinite(call.health.mean) or not math.isfinite(call.health.std):
            yield Verdict(
                NOT_FINITE,
                (call.health.name,),
                "its output holds NaN or infinity, although its weights and the inputs of the model are finite.",
                "Look for what overflows there: activations that grew layer by layer, or a log, square root or "
                "division in your own code that is given 0 or a negative number.",
            )
            return
    if not math.isfinite(found.loss):
        yield Verdict(
            NOT_FINITE,
            (),
            f"the loss is {found.loss}, although all layers put out finite numbers.",
            "Look at the loss (a log or a division that is given 0?), at the penalties, and at the targets.",
        )


def targets(found: Measurement) -> Iterator[Verdict]:
    for output in found.outputs:
        problem = _misfit(output)
        if problem is not None:
            evidence, fix = problem
            yield Verdict(TARGETS, () if output.layer is None else (output.layer,), evidence, fix)


def _misfit(output: Output) -> tuple[str, str] | None:
    """Why output and targets do not fit, and what to do."""
    if output.activation == "softmax" and output.shape[-1] == 1:
        return (
            "a softmax over a single unit is 1 for every sample, so nothing can be learned.",
            "For two classes take Dense(1, activation='sigmoid') with binary_crossentropy, or Dense(2, "
            "activation='softmax') with sparse_categorical_crossentropy.",
        )
    kind = None if output.loss is None else loss_kind(output.loss)
    y = _numeric(output.y)
    if kind is not None and kind.endswith("Crossentropy"):
        problem = _unlikely(output, kind, y)
    elif kind in _REGRESSION:
        problem = None if y is None else _out_of_reach(output, y)
    else:
        return None
    if problem is None and y is not None and len(y) > 1 and (y == y[0]).all():
        return (
            f"all {len(y)} targets are equal, {np.array2string(y[0], precision=3, threshold=5)}: all there is to learn "
            "is to say that, whatever the inputs are.",
            "Look at how y was made: a column too far, a comparison that is always true, one class only?",
        )
    return problem


def _unlikely(output: Output, kind: str, y: np.ndarray | None) -> tuple[str, str] | None:
    """Cross-entropies: of what is no probability, or of probabilities taken for logits."""
    low, high = output.range
    logits = getattr(output.loss, "_fn_kwargs", {}).get("from_logits", False)
    if logits and output.activation in ("softmax", "sigmoid"):
        return (
            f"the output has gone through {output.activation} already, but the loss was made with from_logits=True.",
            f"Remove the {output.activation} from the last layer, or from_logits=True from the loss.",
        )
    if not logits and (low < 0 or high > 1):
        return (
            f"{kind} expects probabilities, but the output reaches from {low:.3g} to {high:.3g}.",
            "Give the last layer activation='softmax' (one of several classes) or 'sigmoid' (yes or no), or make "
            "the loss with from_logits=True.",
        )
    if kind == "BinaryCrossentropy" and y is not None and (y.min() < 0 or y.max() > 1):
        return (
            f"binary_crossentropy expects targets from 0 to 1, but y reaches from {y.min():.3g} to {y.max():.3g}.",
            "Map the classes to 0 and 1.",
        )
    return None


def _out_of_reach(output: Output, y: np.ndarray) -> tuple[str, str] | None:
    """Regressions: targets that the last activation cannot reach, or of another size than initial predictions."""
    low, high = _RANGES.get(output.activation or "", (-math.inf, math.inf))
    outside = float(np.mean((y < low) | (y > high)))
    if outside > 0.01:
        return (
            f"{outside:.0%} of the targets lie outside of what {output.activation} can put out ({low:g} to {high:g}): "
            f"y reaches from {y.min():.3g} to {y.max():.3g}.",
            "Leave the last layer without an activation, or scale the targets into that range.",
        )
    size = float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))
    if size > TARGET_SCALE:
        return (
            f"the root mean square of the targets is {size:.3g}, while initial weights and the usual learning rates "
            "suit outputs of about 1.",
            "Train on (y - y.mean()) / y.std() and undo it after predict.",
        )
    return None


def inputs(found: Measurement) -> Iterator[Verdict]:
    for entry in found.entries:
        mean, std = entry.mean, entry.std
        activation = found.activation_behind(entry.call)
        name = entry.call.health.name
        if entry.size == 0:
            yield Verdict(
                INPUTS,
                (name,),
                f"what {name} gets is 0 in every one of {found.batch.size} samples, so there is nothing to learn from.",
                "Look at how x was made, and at what lies in front of this layer: integers divided by 255 with //?",
            )
        # Where most values are 0, as in one-hot codes, the others are what has to be of size 1.
        elif entry.size > INPUT_SCALE[1] or entry.size < INPUT_SCALE[0] * math.sqrt(entry.filled):
            yield Verdict(
                INPUTS,
                (name,),
                f"what {name} gets has mean {mean:.3g} and standard deviation {std:.3g}; its initial weights are made "
                "for values of about 1.",
                "Standardize each feature, (x - mean) / std, or let the model begin with layers.BatchNormalization() "
                "or a Normalization layer; images of 0..255 may just be divided by 255.",
            )
        elif activation == "selu" and (
            abs(mean) > SELU_INPUT_MEAN or not SELU_INPUT_STD[0] <= std <= SELU_INPUT_STD[1]
        ):
            yield Verdict(
                INPUTS,
                (name,),
                f"what {name} gets has mean {mean:.3g} and standard deviation {std:.3g}; a SELU net normalizes itself "
                "only from inputs of mean 0 and standard deviation 1 on.",
                "Standardize each feature: (x - mean) / std.",
            )


def _arrays(found: Measurement) -> Iterator[tuple[str, np.ndarray]]:
    """The data, with names."""
    for name, part in (("x", found.data.x), ("y", found.data.y)):
        arrays = [array for array in _tree.leaves(part) if array is not None]
        for number, array in enumerate(arrays):
            yield name if len(arrays) == 1 else f"{name}[{number}]", array


def _numeric(y: object) -> np.ndarray | None:
    """The targets as numbers without gaps, rows that have some left out; None when that is impossible."""
    if not isinstance(y, np.ndarray) or y.size == 0 or y.dtype.kind not in "iufb":
        return None
    finite = np.isfinite(y.reshape(len(y), -1)).all(axis=1)
    return y if finite.all() else y[finite] if finite.any() else None
