"""Element-wise arithmetic, comparison and elementary functions; operands broadcast as in NumPy."""

from __future__ import annotations

from typing import Any

from ravine.ops._dtypes import common, is_number, tag
from ravine.ops.tracing import apply


def add(x1: Any, x2: Any) -> Any:
    """x1 + x2"""
    if is_number(x2) and not is_number(x1):
        return _affine(x1, 1.0, x2, common(x1, x2))
    if is_number(x1) and not is_number(x2):
        return _affine(x2, 1.0, x1, common(x1, x2))
    return apply("add", [x1, x2], dtype=common(x1, x2))


def subtract(x1: Any, x2: Any) -> Any:
    """x1 - x2"""
    if is_number(x2) and not is_number(x1):
        return _affine(x1, 1.0, -float(x2), common(x1, x2))
    if is_number(x1) and not is_number(x2):
        return _affine(x2, -1.0, x1, common(x1, x2))
    return apply("subtract", [x1, x2], dtype=common(x1, x2))


def multiply(x1: Any, x2: Any) -> Any:
    """x1 * x2, element by element"""
    if is_number(x2) and not is_number(x1):
        return _affine(x1, x2, 0.0, common(x1, x2))
    if is_number(x1) and not is_number(x2):
        return _affine(x2, x1, 0.0, common(x1, x2))
    return apply("multiply", [x1, x2], dtype=common(x1, x2))


def divide(x1: Any, x2: Any) -> Any:
    """x1 / x2; always float32"""
    return apply("divide", [x1, x2])


true_divide = divide


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0"""
    zero = equal(x2, 0)
    return where(zero, 0.0, divide(x1, where(zero, 1.0, x2)))


def floor_divide(x1: Any, x2: Any) -> Any:
    """floor(x1 / x2), of the exact quotient; infinite where x2 is 0"""
    rest = where(equal(x2, 0), 0, fmod(x1, x2))
    whole = divide(subtract(x1, rest), x2)
    return apply("round", [subtract(whole, _on_other_side(rest, x2))], dtype=common(x1, x2))


def mod(x1: Any, x2: Any) -> Any:
    """x1 - floor(x1 / x2) * x2: the remainder, exact, with the sign of x2"""
    rest = fmod(x1, x2)
    return where(_on_other_side(rest, x2), add(rest, x2), rest)


def _on_other_side(rest: Any, x2: Any) -> Any:
    return logical_and(not_equal(rest, 0), not_equal(less(rest, 0), less(x2, 0)))


def power(x1: Any, x2: Any) -> Any:
    """x1 raised to x2"""
    if is_number(x2) and not is_number(x1):
        if x2 == 2:
            return square(x1)
        return apply("pow_scalar", [x1], {"exponent": float(x2)}, common(x1, x2))
    return apply("power", [x1, x2], dtype=common(x1, x2))


def maximum(x1: Any, x2: Any) -> Any:
    """The larger of each pair; at a tie the gradient goes to x1."""
    return apply("maximum", [x1, x2], dtype=common(x1, x2))


def minimum(x1: Any, x2: Any) -> Any:
    """The smaller of each pair; at a tie the gradient goes to x1."""
    return apply("minimum", [x1, x2], dtype=common(x1, x2))


def clip(x: Any, x_min: float, x_max: float) -> Any:
    """min(max(x, x_min), x_max); the gradient is 0 outside."""
    if is_number(x_min) and is_number(x_max):
        return apply("clip", [x], {"low": float(x_min), "high": float(x_max)}, tag(x))
    return minimum(maximum(x, x_min), x_max)


def negative(x: Any) -> Any:
    """-x"""
    return apply("negative", [x], dtype=common(x))


def absolute(x: Any) -> Any:
    """|x|; the gradient at 0 is 0."""
    return apply("absolute", [x], dtype=common(x))


abs = absolute


def fabs(x: Any) -> Any:
    """|x|, always float32"""
    return apply("absolute", [x])


def sign(x: Any) -> Any:
    """-1, 0 or 1"""
    return apply("sign", [x], dtype=common(x))


def square(x: Any) -> Any:
    """x * x"""
    return apply("square", [x], dtype=common(x))


def sqrt(x: Any) -> Any:
    """The square root"""
    return apply("sqrt", [x])


def rsqrt(x: Any) -> Any:
    """1 / sqrt(x)"""
    return apply("rsqrt", [x])


def reciprocal(x: Any) -> Any:
    """1 / x"""
    return apply("reciprocal", [x])


def exp(x: Any) -> Any:
    """e ** x"""
    return apply("exp", [x])


def expm1(x: Any) -> Any:
    """e ** x - 1, accurate near 0"""
    return apply("expm1", [x])


def log(x: Any) -> Any:
    """The natural logarithm"""
    return apply("log", [x])


def log1p(x: Any) -> Any:
    """log(1 + x), accurate near 0"""
    return apply("log1p", [x])


def log2(x: Any) -> Any:
    """The logarithm to base 2"""
    return multiply(log(x), 1.4426950408889634)


def log10(x: Any) -> Any:
    """The logarithm to base 10"""
    return multiply(log(x), 0.4342944819032518)


def cbrt(x: Any) -> Any:
    """The cube root, negative for negative x"""
    side = where(signbit(x), -1.0, 1.0)  # unlike sign(x), not 0 at 0, where the slope is infinite
    return multiply(side, power(multiply(side, x), 1 / 3))


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below 0, 1 above, x2 at 0"""
    return where(equal(x1, 0), x2, add(multiply(sign(x1), 0.5), 0.5))


def fmod(x1: Any, x2: Any) -> Any:
    """x1 - trunc(x1 / x2) * x2: the remainder, exact, with the sign of x1"""
    return apply("fmod", [x1, x2], dtype=common(x1, x2))


def fmax(x1: Any, x2: Any) -> Any:
    """The larger of each pair; a number where the other is NaN"""
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of each pair; a number where the other is NaN"""
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


def trunc(x: Any) -> Any:
    """The whole number next to x on the side of 0"""
    if tag(x) != "float32":
        return x
    return where(less(x, 0.0), ceil(x), floor(x))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """`x` with NaN and infinities replaced; by default the infinities by the largest floats"""
    if tag(x) != "float32":
        return x
    large = 3.4028235e38
    x = where(isnan(x), float(nan), x)
    x = where(greater(x, large), large if posinf is None else float(posinf), x)
    return where(less(x, -large), -large if neginf is None else float(neginf), x)


def floor(x: Any) -> Any:
    """The largest whole number not above x"""
    return apply("floor", [x])


def ceil(x: Any) -> Any:
    """The smallest whole number not below x"""
    return apply("ceil", [x])


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with `decimals` digits after the point; halves go to the even neighbour."""
    if decimals == 0:
        return apply("round", [x], dtype=tag(x))
    scale = 10.0**decimals
    return divide(apply("round", [multiply(x, scale)]), scale)


def equal(x1: Any, x2: Any) -> Any:
    """x1 == x2"""
    return apply("equal", [x1, x2], dtype="bool")


def not_equal(x1: Any, x2: Any) -> Any:
    """x1 != x2"""
    return apply("not_equal", [x1, x2], dtype="bool")


def greater(x1: Any, x2: Any) -> Any:
    """x1 > x2"""
    return apply("greater", [x1, x2], dtype="bool")


def greater_equal(x1: Any, x2: Any) -> Any:
    """x1 >= x2"""
    return apply("greater_equal", [x1, x2], dtype="bool")


def less(x1: Any, x2: Any) -> Any:
    """x1 < x2"""
    return apply("less", [x1, x2], dtype="bool")


def less_equal(x1: Any, x2: Any) -> Any:
    """x1 <= x2"""
    return apply("less_equal", [x1, x2], dtype="bool")


def logical_and(x1: Any, x2: Any) -> Any:
    """True where both are"""
    return apply("logical_and", [x1, x2], dtype="bool")


def logical_or(x1: Any, x2: Any) -> Any:
    """True where at least one is"""
    return apply("logical_or", [x1, x2], dtype="bool")


def logical_not(x: Any) -> Any:
    """True where x is not"""
    return apply("logical_not", [x], dtype="bool")


def isnan(x: Any) -> Any:
    """True where x is not a number"""
    return apply("isnan", [x], dtype="bool")


def isfinite(x: Any) -> Any:
    """True where x is neither infinite nor NaN"""
    return apply("isfinite", [x], dtype="bool")


def isposinf(x: Any) -> Any:
    """True where x is infinity"""
    return equal(x, float("inf"))


def isneginf(x: Any) -> Any:
    """True where x is minus infinity"""
    return equal(x, float("-inf"))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """True where |x1 - x2| <= atol + rtol |x2|, or both are the same infinity (or, with `equal_nan`, NaN)"""
    near = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), float(rtol)), float(atol)))
    close = logical_or(equal(x1, x2), logical_and(near, isfinite(x2)))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


def signbit(x: Any) -> Any:
    """True where x is below 0, or is -0.0"""
    return less(where(equal(x, 0), reciprocal(x), x), 0) if tag(x) == "float32" else less(x, 0)


def isinf(x: Any) -> Any:
    """True where x is infinite"""
    return equal(absolute(x), float("inf"))


def logical_xor(x1: Any, x2: Any) -> Any:
    """True where exactly one is"""
    return not_equal(not_equal(x1, 0), not_equal(x2, 0))


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, else x2. With the condition alone: as `nonzero`."""
    if x1 is None and x2 is None:
        from ravine.ops import selection

        return selection.nonzero(condition)
    return apply("where", [condition, x1, x2], dtype="bool" if tag(x1) == tag(x2) == "bool" else common(x1, x2))


def stop_gradient(variable: Any) -> Any:
    """The same values, through which no gradient flows"""
    return apply("stop_gradient", [variable], dtype=tag(variable))


def _affine(x: Any, scale: float, offset: float, dtype: str) -> Any:
    return apply("affine", [x], {"scale": float(scale), "offset": float(offset)}, dtype)
