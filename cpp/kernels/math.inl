// Elementary functions of a vector.
//
// The reductions are the classical ones (Muller, Elementary Functions, 3rd ed., ch. 9-11: additive for exp and sin,
// multiplicative for log). The polynomials are minimax fits made for this file, weighted so that the relative error of
// the function is what is minimised, coefficients rounded to float one by one and the rest fitted again. Errors in
// units in the last place stand beside each function; the build without fused multiply-add adds about half a unit.
#pragma once
#include "math_exp.inl"

namespace RAVINE_ISA {

/// log(2^exponent * (1 + f)), -1/4 <= f <= 1/2.
RAVINE_INLINE Vec log_of_parts(Vec f, Vec exponent) {
    constexpr float c[] = {-0.5f,      0.333334506f,  -0.250001103f, 0.19990848f,   -0.166468784f,
                           0.1447763f, -0.131639361f, 0.10472551f,   -0.0451522693f};
    const Vec log1p = fma(f * f, polynomial(f, c), f);
    return fma(exponent, splat(kLn2High), fma(exponent, splat(kLn2Low), log1p));
}

/// The exponent e, as bits, that brings 2^-e x into [3/4, 3/2).
RAVINE_INLINE VecInt exponent_bits(Vec x) {
    return difference(bits(x), VecInt{} + 0x3f400000) & static_cast<int32_t>(0xff800000);
}

/// 1 ulp. log(0) = -inf, log(x < 0) = NaN.
RAVINE_INLINE Vec log_vec(Vec x) {
#if defined(__AVX512F__)
    const Vec mantissa = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    const Vec floor_exponent = _mm512_getexp_ps(x);
    return log_of_parts(mantissa - 1.0f, mantissa < 1.0f ? floor_exponent + 1.0f : floor_exponent);
#else
    const VecInt denormal = x < 0x1p-126f;
    const Vec scaled = denormal ? x * 0x1p23f : x;
    const VecInt e = exponent_bits(scaled);
    const Vec exponent = to_float(e >> 23) - (denormal ? splat(23.0f) : Vec{});
    const Vec y = log_of_parts(from_bits(difference(bits(scaled), e)) - 1.0f, exponent);
    const Vec special = x == 0.0f ? splat(-kInfinity) : (x < 0.0f ? splat(kNan) : x);
    return (x > 0.0f) & (x < kInfinity) ? y : special;
#endif
}

/// 2 ulp, relative also near 0. 1 + x is rounded only to find the exponent e: f = 2^-e x + (2^-e - 1) is rounded once.
RAVINE_INLINE Vec log1p_vec(Vec x) {
    const VecInt e = exponent_bits(1.0f + x);
    const VecInt power = difference(VecInt{} + 0x3f800000, e);
    const Vec f = from_bits(difference(bits(x), e)) + (from_bits(power > 0 ? power : 0) - 1.0f);
    const Vec y = log_of_parts(f, to_float(e >> 23));
    const Vec special = x == -1.0f ? splat(-kInfinity) : (x < 0.0f ? splat(kNan) : x);
    return (x > -1.0f) & (x < kInfinity) & (x != 0.0f) ? y : special;
}

/// log(1 + x) for 0 <= x <= 1 (or NaN), for the tails of softplus and of the logistic losses.
RAVINE_INLINE Vec log1p_unit(Vec x) {
    const VecInt upper = x >= 0.5f;
    return log_of_parts(upper ? fma(x, splat(0.5f), splat(-0.5f)) : x, upper ? splat(1.0f) : Vec{});
}

/// 2 ulp. Odd polynomial up to 1, then 1 - exp(p(|x|)), p fitted to log(erfc) on [1, 4].
RAVINE_INLINE Vec erf_vec(Vec x) {
    constexpr float near[] = {0.128379107f,   -0.376122177f,   0.112789661f,   -0.0266611725f,
                              0.00482336478f, -0.00048123271f, -2.6800044e-05f};
    constexpr float far[] = {-0.000353719486f, -1.12704003f,    -0.638225675f,  -0.103037409f,
                             0.0218053684f,    -0.00293963007f, 0.000185577519f};
    const VecInt sign = bits(x) & INT32_MIN;
    const Vec a = abs_vec(x);
    const Vec erfc = exp_of(exp_parts(polynomial(min_vec(splat(4.0f), a), far)));
    const Vec y = a < 1.0f ? fma(a, polynomial(a * a, near), a) : 1.0f - erfc;
    return from_bits(bits(y) | sign);
}

/// e = exp(-|x|) and 1 / (1 + e): what the logistic function and its relatives are made of without overflow.
struct LogisticParts {
    Vec e, inverse;
};
RAVINE_INLINE LogisticParts logistic_parts(Vec x) {
    const Vec e = exp_vec<true>(minus_abs(x));
    return {e, 1.0f / (1.0f + e)};
}

/// 2 ulp, in both tails. 1 / (1 + exp(-x)).
RAVINE_INLINE Vec sigmoid_vec(Vec x) {
    const Vec e = exp_vec<true>(minus_abs(x));
    return (x < 0.0f ? e : splat(1.0f)) / (1.0f + e);
}

}  // namespace RAVINE_ISA

#include "math_inverse.inl"
#include "math_normal.inl"
#include "math_power.inl"
#include "math_remainder.inl"
#include "math_tanh.inl"
#include "math_trigonometric.inl"
