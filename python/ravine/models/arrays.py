"""Arrays as the engine takes them: any numeric type of the machine's byte order, each row contiguous."""

from __future__ import annotations

from typing import Any

import numpy as np

_KINDS = "biuf"


class NotNumericError(ValueError, TypeError):
    """Data that is no numbers: a ValueError as in Keras, and a TypeError."""


def is_array_like(value: Any) -> bool:
    """Whether `value` is one array (NumPy, torch, jax, pandas, a list of numbers) and not a stream of batches."""
    if isinstance(value, (np.ndarray, list, tuple, int, float, np.generic)):
        return True
    return (
        hasattr(value, "__array__")
        or hasattr(value, "toarray")
        or (hasattr(value, "__dlpack__") and hasattr(value, "shape"))
    )


def as_array(value: Any, what: str) -> np.ndarray:
    """`value` as an array with contiguous rows; copied only when it has to be, and then once.

    Args:
        value: array of any numeric dtype and layout, list, or anything NumPy can convert (torch, jax, pandas).
        what: "x", "y" or "sample_weight", for the error messages.

    Raises:
        ValueError: ragged or empty of axes, or values are masked.
        NotNumericError: text, objects, complex numbers.
    """
    if np.ma.is_masked(value):
        raise ValueError(
            f"{what}: {np.ma.count_masked(value)} of {value.size} values are masked. Fill them, with {what}.filled(0) "
            "for example, or leave these rows out."
        )
    array = np.asarray(value) if isinstance(value, np.ndarray) else _from_foreign(value, what)
    if array.dtype.kind not in _KINDS:
        raise NotNumericError(f"{what}: expected numbers, received {_describe(value, array)}.{_hint(array)}")
    if array.ndim == 0:
        raise ValueError(f"{what}: expected an array whose first axis counts the samples, received a single number.")
    if not array.dtype.isnative or array.dtype.itemsize > 8:
        array = array.astype(array.dtype.newbyteorder("=") if array.dtype.itemsize <= 8 else np.float64)
    return array if _rows_contiguous(array) else np.ascontiguousarray(array)


def _from_foreign(value: Any, what: str) -> np.ndarray:
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # torch: leave the gradient tape and the device
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        return value.numpy()
    if isinstance(value, (list, tuple)) and any(hasattr(item, "detach") for item in value[:1]):
        value = [_from_foreign(item, what) for item in value]
    if hasattr(value, "toarray"):  # a SciPy sparse matrix
        return value.toarray()
    if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{what}: the rows have different lengths, so they do not form an array ({error}).") from error


def _rows_contiguous(array: np.ndarray) -> bool:
    if array.flags.c_contiguous:
        return True
    # Rows may lie apart (a slice of rows or columns' first part), but not overlap or run backwards.
    if array.ndim < 1 or array.shape[0] == 0 or not array[0].flags.c_contiguous:
        return False
    return array.strides[0] >= array[0].nbytes and array.strides[0] % array.itemsize == 0


def _describe(value: Any, array: np.ndarray) -> str:
    return f"{type(value).__name__} of dtype {array.dtype} and shape {array.shape}"


def _hint(array: np.ndarray) -> str:
    if array.dtype.kind == "O":
        return " Columns of text, of mixed types and with missing values (None, NA) must become numbers first."
    if array.dtype.kind in "US":
        return " Encode the text as numbers first."
    if array.dtype.kind == "c":
        return " Split complex numbers into their real and imaginary parts."
    return ""
