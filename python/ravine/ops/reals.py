"""Functions of complex numbers in Keras. All numbers here are real, so that most of them are simple."""

from __future__ import annotations

from typing import Any

import numpy as np

from ravine.ops import math, shapes


def real(x: Any) -> Any:
    """`x` itself. Raises TypeError for complex arrays, as all functions of this file do."""
    x = shapes.convert_to_tensor(x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "c":
        raise TypeError("Complex numbers are not supported: compute with their real and imaginary parts.")
    return x


def conj(x: Any) -> Any:
    """`x` itself"""
    return real(x)


conjugate = conj


def imag(x: Any) -> Any:
    """Zeros in the shape of `x`"""
    return shapes.zeros_like(real(x))


def isreal(x: Any) -> Any:
    """True everywhere"""
    return shapes.ones_like(real(x), "bool")


def angle(x: Any) -> Any:
    """pi where x is below 0, else 0"""
    return math.where(math.isnan(x), float("nan"), math.where(math.less(real(x), 0), 3.141592653589793, 0.0))
