"""Do the targets fit the loss? Found out before training, with a message that says what to change."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine import losses
from ravine.losses import Loss, LossFunctionWrapper

Shape = tuple[int | None, ...]

SPARSE = ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy")
ONE_HOT = ("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge")
OTHER = ("Circle", "CTC")  # their targets have shapes of their own, and they check them


def check_targets(loss: Any, y: np.ndarray | None, y_pred_shape: Shape, where: str) -> None:
    """Compare targets with the predictions that `loss` will see.

    Args:
        loss: a Loss object, a function, or None.
        y: all targets or one batch of them.
        y_pred_shape: of the model's output, None in front.
        where: such as "Sequential 'digits'", for the message.

    Raises:
        ValueError: the shapes do not fit, or class indices are out of range or not integers.
    """
    if loss is None:
        return
    kind = loss_kind(loss)
    if y is None:
        raise ValueError(f"{where}: the loss {kind or loss!r} needs targets, but y is None.")
    if kind in SPARSE:
        rows = list(y_pred_shape)
        classes = rows.pop(getattr(loss, "axis", -1))
        _check_sparse(kind, y, (*rows, classes), where, getattr(loss, "ignore_class", None))
    elif kind in ONE_HOT:
        _check_one_hot(kind, y, y_pred_shape, where)
    elif kind is not None and kind not in OTHER:
        _check_same(kind, y, y_pred_shape, where)


def loss_kind(loss: Any) -> str | None:
    """The class name of a loss of ravine's own; None for a loss of the user's, whose contract is not known."""
    if isinstance(loss, Loss) and type(loss) is not LossFunctionWrapper:
        kind = type(loss)
        return kind.__name__ if getattr(losses, kind.__name__, None) is kind and kind is not Loss else None
    function = loss.fn if isinstance(loss, LossFunctionWrapper) else loss
    for name, known in losses.functions.items():
        if known is function:
            classes = (name for name in losses.__all__ if isinstance(getattr(losses, name), type))
            return next((cls for cls in classes if cls.lower() == name.replace("_", "")), None)
    return None


def _check_sparse(kind: str, y: np.ndarray, y_pred_shape: Shape, where: str, ignored: int | None = None) -> None:
    expected = y_pred_shape[:-1]
    classes = y_pred_shape[-1]
    shape = (None, *y.shape[1:])
    if shape not in (expected, (*expected, 1)):
        hint = ""
        if shape == y_pred_shape:
            hint = " One-hot targets go with CategoricalCrossentropy ('categorical_crossentropy')."
        raise ValueError(
            f"{where}: {kind} with predictions of shape {y_pred_shape} expected y of shape {expected} or "
            f"{(*expected, 1)} holding class indices, received y of shape {y.shape}.{hint}"
        )
    if y.size == 0 or classes is None:
        return
    if y.dtype.kind == "f":
        wrong = ~(np.floor(y) == y)
        if wrong.any():
            at = int(np.flatnonzero(wrong.reshape(-1))[0])
            raise ValueError(
                f"{where}: {kind} expected integer class indices, received {y.reshape(-1)[at]} (dtype {y.dtype}) "
                f"at position {at}."
            )
    if y.min() < 0 or y.max() >= classes:
        outside = (y < 0) | (y >= classes)
        if ignored is not None:
            outside &= y != ignored
        if not outside.any():
            return
        at = int(np.flatnonzero(outside.reshape(-1))[0])
        raise ValueError(
            f"{where}: {kind} expected labels in [0, {classes}) because the output has {classes} units, "
            f"received {y.reshape(-1)[at]} at position {at} ({int(outside.sum())} of {y.size} labels are out of range)."
            + (" Labels that count from 1 need one more unit or y - 1." if y.min() == 1 and y.max() == classes else "")
        )


def _check_one_hot(kind: str, y: np.ndarray, y_pred_shape: Shape, where: str) -> None:
    if (None, *y.shape[1:]) == y_pred_shape:
        return
    hint = ""
    if y.ndim == 1 or y.shape[1:] == (1,):
        hint = " Class indices go with SparseCategoricalCrossentropy ('sparse_categorical_crossentropy')."
    raise ValueError(f"{where}: {kind} expected y of shape {y_pred_shape}, received {y.shape}.{hint}")


def _check_same(kind: str, y: np.ndarray, y_pred_shape: Shape, where: str) -> None:
    shape = (None, *y.shape[1:])
    if shape == y_pred_shape or (*shape, 1) == y_pred_shape or shape == (*y_pred_shape, 1):
        return
    raise ValueError(
        f"{where}: {kind} expected y of the same shape as the predictions, {y_pred_shape}, received {y.shape}."
    )
