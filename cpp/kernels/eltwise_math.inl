// Functions of one variable.
#pragma once
#include "eltwise_arithmetic.inl"

namespace RAVINE_ISA {
namespace op {

RAVINE_INLINE Vec copy(Vec x) { return x; }
RAVINE_INLINE Vec negative(Vec x) { return -x; }
RAVINE_INLINE Vec absolute(Vec x) { return abs_vec(x); }
/// sign(NaN) is NaN, sign(+-0) is +-0.
RAVINE_INLINE Vec sign(Vec x) { return x > 0.0f ? splat(1.0f) : (x < 0.0f ? splat(-1.0f) : x); }
RAVINE_INLINE Vec square(Vec x) { return x * x; }
RAVINE_INLINE Vec sqrt(Vec x) { return sqrt_vec(x); }
RAVINE_INLINE Vec rsqrt(Vec x) { return 1.0f / sqrt_vec(x); }
RAVINE_INLINE Vec reciprocal(Vec x) { return 1.0f / x; }
RAVINE_INLINE Vec exp(Vec x) { return exp_vec(x); }
RAVINE_INLINE Vec log(Vec x) { return log_vec(x); }
RAVINE_INLINE Vec log1p(Vec x) { return log1p_vec(x); }
RAVINE_INLINE Vec expm1(Vec x) { return expm1_vec(x); }
RAVINE_INLINE Vec erf(Vec x) { return erf_vec(x); }
RAVINE_INLINE Vec sin(Vec x) { return sin_vec(x); }
RAVINE_INLINE Vec cos(Vec x) { return cos_vec(x); }
RAVINE_INLINE Vec arctan(Vec x) { return arctan_vec(x); }
RAVINE_INLINE Vec arcsin(Vec x) { return arctan_vec(x / sqrt_vec((1.0f - x) * (1.0f + x))); }
RAVINE_INLINE Vec arccos(Vec x) { return 2.0f * arctan_vec(sqrt_vec((1.0f - x) / (1.0f + x))); }
RAVINE_INLINE Vec erfinv(Vec x) { return erfinv_vec(x); }
RAVINE_INLINE Vec floor(Vec x) { return floor_vec(x); }
RAVINE_INLINE Vec ceil(Vec x) { return ceil_vec(x); }
/// To the nearest integer, halves to the even one.
RAVINE_INLINE Vec round(Vec x) { return round_even(x); }
RAVINE_INLINE Vec isnan(Vec x) { return truth(x != x); }
RAVINE_INLINE Vec isfinite(Vec x) { return truth(abs_vec(x) < kInfinity); }
/// Exponents that are everyday functions, rounded once, are tried where the exponent is a power of two.
RAVINE_INLINE Vec pow_scalar(Vec x, Vec exponents) {
    if ((bits(exponents)[0] & 0x7fffff) == 0) {
        const float exponent = exponents[0];
        if (exponent == 1.0f) return x;
        if (exponent == 2.0f) return x * x;
        if (exponent == -1.0f) return 1.0f / x;
        if (exponent == 0.5f) return x == -kInfinity ? splat(kInfinity) : sqrt_vec(x + 0.0f);  // -0 ** 0.5 is +0
    }
    return pow_vec(x, exponents);
}

}  // namespace op
}  // namespace RAVINE_ISA
