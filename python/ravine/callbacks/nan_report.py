"""Why a loss became NaN or infinite, in words: which batch, which layer, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ravine import _tree
from ravine.models.preserve import Values
from ravine.optimizers.nested import optimizers_of

EXPLODED = 1e6  # no trained network has weights or gradients like this

_LOWER_RATE = "Lower the learning rate, clip the gradients (clipnorm=1.0) or start from smaller weights."


def explain_batch(model: Any, batch: Any, rows: Sequence[int] | None = None) -> str | None:
    """Why a training step with `batch` and the weights as they are gives a loss or an update that is not finite; None
    when it does not.

    The step is run again layer by layer, without changing the model.

    Args:
        rows: the numbers of the batch's rows in the data, for the message.
    """
    from ravine.callbacks._inspection import inspect_step

    found = _bad_data(batch, rows) or _bad_weights(model)
    if found:
        return found
    seen = inspect_step(model, batch)
    return _bad_output(model, seen) or _bad_loss(model, seen) or _bad_gradient(seen) or _large_update(model, seen)


def explain_history(model: Any, steps: Sequence[tuple[int, Any, Sequence[int] | None, Values]]) -> str:
    """Why the loss was lost in the last of these steps: (number, batch, rows, values of the variables before it)."""
    now = Values(model.variables)
    try:
        found = None
        for number, batch, rows, before in reversed(steps):
            before.restore()
            of_weights = _bad_data(batch, rows) is None and _bad_weights(model)
            if not of_weights:
                why = explain_batch(model, batch, rows)
                if found is None:
                    return why or "The batch by itself gives a finite loss; a callback may have changed the weights."
                return f"{found[:-1]} after the update of batch {number}. {why or ''}".rstrip()
            found = of_weights
        return found or ""
    finally:
        now.restore()


def explain_epoch(model: Any, data: Any, epoch: int, loss: float) -> str:
    """What can be said after an epoch that ended with a loss that is not finite."""
    beginning = f"Epoch {epoch + 1}: the loss is {loss}."
    rows = getattr(data, "rows", None)
    found = _bad_data(data.mark()()[0] if rows is None else rows, None, "the last batch" if rows is None else None)
    if found:
        return f"{beginning} {found}"
    found = explain_batch(model, data.sample()) or ""
    return f"{beginning} {found} callbacks.TerminateOnNaN() stops at the batch and finds the cause."


# Where to look, in the order of the computation.


def _bad_data(batch: Any, rows: Sequence[int] | None, where: str | None = None) -> str | None:
    names = {"x": "The input", "y": "The targets", "sample_weight": "The sample weights"}
    for field, part in zip(batch._fields, batch, strict=True):
        arrays = [a for a in _tree.leaves(part) if a is not None]
        for number, array in enumerate(arrays):
            with np.errstate(over="ignore"):
                finite = np.isfinite(array.astype(np.float32, copy=False))  # what the engine gets
            if finite.all():
                continue
            bad = np.argwhere(~finite)
            place = bad[0]
            value = array[tuple(place)]
            told = f"{value:g}, too large for float32," if np.isfinite(value) else _kind(value)
            advice = "Scale the data." if np.isfinite(value) else "Drop or fill such rows (np.isfinite finds them)."
            many = sorted({int(row if rows is None else rows[row]) for row in bad[:, 0]})
            what = names[field] + (f" number {number + 1}" if len(arrays) > 1 else "")
            verb = "holds" if field == "x" else "hold"
            column = f", column {', '.join(map(str, place[1:]))}" if len(place) > 1 else ""
            others = f" (and in {len(many) - 1} other rows)" if len(many) > 1 else ""
            inside = f" of {where}" if where else ""
            return f"{what} {verb} {told} in row {many[0]}{inside}{column}{others}. {advice}"
    return None


def _bad_weights(model: Any) -> str | None:
    for variable in model.variables:
        array = variable.array
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return f"The weights {variable.path!r} have become {_kind(array)}."
    return None


def _bad_output(model: Any, seen: Any) -> str | None:
    for call in seen.calls:
        if all(np.isfinite(x).all() for x in call.outputs):
            continue
        array = next(x for x in call.outputs if not np.isfinite(x).all())
        label, largest, weight = call.layer._label, _largest(call.inputs), _largest(_weights_of(call.layer))
        beginning = f"{label} puts out {_kind(array)}, the first layer that does."
        if max(largest, weight) > EXPLODED:
            blown, cause = _exploded(model)
            if weight > EXPLODED or cause:
                return (
                    f"{beginning} The weights have exploded: {blown or f'up to {weight:.3g} in {label}'}. {_LOWER_RATE}"
                )
            return f"{beginning} Its input reaches {largest:.3g}. Scale the inputs, or normalize between the layers."
        return (
            f"{beginning} Its inputs are finite (up to {largest:.3g}) and so are its weights: look in its call() for a "
            "logarithm or a root of what may be 0 or negative, a division by 0, or an overflow in exp."
        )
    return None


def _bad_loss(model: Any, seen: Any) -> str | None:
    if np.isfinite(seen.loss):
        return None
    low, high = min(float(p.min()) for p in seen.predictions), max(float(p.max()) for p in seen.predictions)
    beginning = f"The loss ({_loss_name(model)}) is {seen.loss} for finite predictions from {low:.4g} to {high:.4g}."
    blown, exploded = _exploded(model)
    if exploded or max(abs(low), abs(high)) > EXPLODED:
        what = f"The weights have exploded: {blown}. " if exploded else "The predictions are too large to be squared. "
        return f"{beginning} {what}{_LOWER_RATE}"
    return (
        f"{beginning} Look for a logarithm of 0 or a division by 0 in it: clip what goes into it, or compute it from "
        "logits."
    )


def _bad_gradient(seen: Any) -> str | None:
    bad = [path for path, gradient in seen.gradients.items() if not np.isfinite(gradient).all()]
    if not bad:
        return None
    return (
        f"The loss is finite ({seen.loss:.4g}) but its gradient is {_kind(seen.gradients[bad[-1]])}, first seen (going "
        f"back from the loss) in {bad[-1]!r}: look there for the root of 0, a norm of 0 or 0 to a power below 1, whose "
        "derivatives are infinite; add a small number inside."
    )


def _large_update(model: Any, seen: Any) -> str | None:
    if not seen.gradients:
        return None
    path, gradient = max(seen.gradients.items(), key=lambda item: _largest([item[1]]))
    rate = max(float(optimizer.learning_rate) for optimizer in optimizers_of(model.optimizer))
    largest = _largest([gradient])
    if rate <= 1 and largest <= EXPLODED:
        return None
    return (
        f"The update was too large: learning rate {rate:.4g}, gradients up to {largest:.3g} in {path!r}. {_LOWER_RATE}"
    )


def _exploded(model: Any) -> tuple[str, bool]:
    """The largest weight, and whether it is absurd."""
    largest, path = max(((_largest([v.array]), v.path) for v in model.trainable_variables), default=(0.0, ""))
    return f"up to {largest:.3g} in {path!r}", largest > EXPLODED


def _weights_of(layer: Any) -> list[np.ndarray]:
    return [v.array for v in layer._own_variables()]


def _largest(arrays: Iterable[np.ndarray]) -> float:
    return max((float(np.nanmax(np.abs(a))) for a in arrays if a.size), default=0.0)


def _kind(values: Any) -> str:
    return "NaN" if np.isnan(values).any() else "infinity"


def _loss_name(model: Any) -> str:
    losses = [output.loss for output in model._compiled.outputs if output.loss is not None]
    return " and ".join(getattr(loss, "name", type(loss).__name__) for loss in losses) or "of the layers"
