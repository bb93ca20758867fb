"""The error function and its kin, and powers of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ravine.ops import math
from ravine.ops._dtypes import tag
from ravine.ops.math import (
    absolute,
    add,
    divide,
    equal,
    exp,
    floor_divide,
    greater,
    isinf,
    less,
    logical_and,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    rsqrt,
    square,
    subtract,
    where,
)
from ravine.ops.tracing import apply


def erf(x: Any) -> Any:
    """The Gauss error function"""
    return apply("erf", [x])


def erfinv(x: Any) -> Any:
    """The inverse of erf, for x in [-1, 1]"""
    return apply("erfinv", [x])


def exp2(x: Any) -> Any:
    """2 ** x"""
    return power(2.0, x)


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without overflow"""
    same = logical_and(equal(x1, x2), isinf(x1))
    gap = where(same, 0.0, subtract(x1, x2))
    # From the larger one: the other may be so low that nothing is left of it.
    first = add(x1, apply("softplus", [negative(gap)]))
    return where(greater(gap, 0.0), first, add(x2, apply("softplus", [gap])))


def erfc(x: Any) -> Any:
    """1 - erf(x), accurate where that is close to 0 (Press et al., Numerical Recipes, section 6.2: a Chebyshev fit)"""
    size = minimum(absolute(x), 30.0)
    t = divide(1.0, add(multiply(size, 0.5), 1.0))
    # exp(-size^2), with a square that is exact: rounding it would cost digits far out.
    near = divide(math.round(multiply(size, 16.0)), 16.0)
    rest = multiply(subtract(size, near), add(size, near))
    bell = multiply(exp(negative(square(near))), exp(subtract(_polynomial(t, _ERFC), rest)))
    tail = multiply(t, bell)
    far = where(less(x, 0.0), subtract(2.0, tail), tail)
    return where(less(absolute(x), 0.5), subtract(1.0, erf(x)), where(math.isnan(x), x, far))


_ERFC = (
    *(-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806),
    *(0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277),
)


def i0(x: Any) -> Any:
    """The modified Bessel function of the first kind and order 0 (Abramowitz & Stegun 1964, 9.8.1 and 9.8.2)"""
    size = absolute(x)
    low = minimum(size, 3.75)
    high = maximum(size, 3.75)
    grown = multiply(multiply(exp(high), rsqrt(high)), _polynomial(divide(3.75, high), _I0_LARGE))
    return where(less(size, 3.75), _polynomial(square(multiply(low, 1 / 3.75)), _I0_SMALL), grown)


_I0_SMALL = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813)
_I0_LARGE = (
    *(0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281),
    *(-0.02057706, 0.02635537, -0.01647633, 0.00392377),
)


def _polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """The coefficients are those of x^0, x^1, ..."""
    total: Any = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = add(multiply(x, total), coefficient)
    return total


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2 ** x1 + 2 ** x2), without overflow"""
    return divide(logaddexp(multiply(x1, _LOG_2), multiply(x2, _LOG_2)), _LOG_2)


_LOG_2 = 0.6931471805599453


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2 ** x2 for integers x2; TypeError for others"""
    if tag(x2) != "int32":
        raise TypeError(f"ops.ldexp: expected exponents of an integer dtype, received {tag(x2)}; see ops.cast.")
    half = floor_divide(x2, 2)  # 2 ** x2 alone may be too large or too small for a float
    return multiply(multiply(x1, exp2(half)), exp2(subtract(x2, half)))
