"""Trigonometric and hyperbolic functions; angles are in radians."""

from __future__ import annotations

from math import inf
from typing import Any

from ravine.ops.math import (
    absolute,
    add,
    clip,
    divide,
    equal,
    exp,
    expm1,
    greater,
    isinf,
    less,
    log,
    log1p,
    logical_or,
    maximum,
    minimum,
    multiply,
    negative,
    reciprocal,
    sign,
    sqrt,
    square,
    subtract,
    where,
)
from ravine.ops.tracing import apply

_PI = 3.141592653589793


def sin(x: Any) -> Any:
    """The sine of x in radians"""
    return apply("sin", [x])


def cos(x: Any) -> Any:
    """The cosine of x in radians"""
    return apply("cos", [x])


def arctan(x: Any) -> Any:
    """The angle whose tangent is x, in radians, within [-pi/2, pi/2]"""
    return apply("arctan", [x])


def tan(x: Any) -> Any:
    """The tangent of x in radians"""
    return divide(sin(x), cos(x))


def arcsin(x: Any) -> Any:
    """The angle whose sine is x, within [-pi/2, pi/2]"""
    return apply("arcsin", [x])


def arccos(x: Any) -> Any:
    """The angle whose cosine is x, within [0, pi]"""
    return apply("arccos", [x])


def arctan2(x1: Any, x2: Any) -> Any:
    """The angle of the point (x2, x1), within [-pi, pi]"""
    steep = greater(absolute(x1), absolute(x2))
    flat_base = where(steep, 1.0, where(equal(x2, 0.0), 1.0, x2))
    ratio = where(steep, divide(negative(x2), where(steep, x1, 1.0)), divide(x1, flat_base))
    turned = where(less(x1, 0.0), -_PI, _PI)
    offset = where(steep, multiply(turned, 0.5), where(less(x2, 0.0), turned, 0.0))
    return add(arctan(ratio), offset)


def sinh(x: Any) -> Any:
    """The hyperbolic sine"""
    return multiply(subtract(expm1(x), expm1(negative(x))), 0.5)


def cosh(x: Any) -> Any:
    """The hyperbolic cosine"""
    return multiply(add(exp(x), exp(negative(x))), 0.5)


def arcsinh(x: Any) -> Any:
    """The inverse of sinh"""
    size = maximum(absolute(x), 1.0)
    large = multiply(sign(x), add(log(size), log1p(sqrt(add(square(reciprocal(size)), 1.0)))))
    near = clip(x, -1.0, 1.0)
    return where(less(absolute(x), 1.0), arctanh(divide(near, sqrt(add(square(near), 1.0)))), large)


def arccosh(x: Any) -> Any:
    """The inverse of cosh for x >= 1, not negative"""
    beyond = subtract(x, 1.0)
    return log1p(add(beyond, multiply(sqrt(beyond), sqrt(add(x, 1.0)))))


def arctanh(x: Any) -> Any:
    """The inverse of tanh"""
    return multiply(subtract(log1p(x), log1p(negative(x))), 0.5)


def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1 ** 2 + x2 ** 2), also where the squares are too large for a float; the gradient at (0, 0) is 0."""
    first, second = absolute(x1), absolute(x2)
    large = maximum(first, second)
    ratio = divide(minimum(first, second), where(logical_or(equal(large, 0.0), isinf(large)), 1.0, large))
    length = multiply(large, sqrt(add(square(ratio), 1.0)))
    return where(logical_or(isinf(first), isinf(second)), inf, length)


def deg2rad(x: Any) -> Any:
    """Degrees to radians"""
    return multiply(x, _PI / 180)


def rad2deg(x: Any) -> Any:
    """Radians to degrees"""
    return multiply(x, 180 / _PI)


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), and 1 at 0"""
    angle = multiply(where(equal(x, 0.0), 1.0, x), _PI)
    return where(equal(x, 0.0), 1.0, divide(sin(angle), angle))
