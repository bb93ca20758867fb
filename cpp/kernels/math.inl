// Elementary functions of a vector.
//
// The reductions are the classical ones (Muller, Elementary Functions, 3rd ed., ch. 9-11: additive for exp and sin,
// multiplicative for log). The polynomials are minimax fits made for this file, weighted so that the relative error of
// the function is what is minimised, coefficients rounded to float one by one and the rest fitted again. Errors in
// units in the last place stand beside each function; the build without fused multiply-add adds about half a unit.
#pragma once
#include "vec.h"

namespace RAVINE_ISA {

constexpr float kInfinity = __builtin_inff();
constexpr float kNan = __builtin_nanf("");
constexpr float kLog2E = 1.442695040888963407f;
/// ln 2 in two parts, the first short enough that its product with any exponent is exact. Both are positive, so that an
/// exponent of -infinity gives no NaN.
constexpr float kLn2High = 0x1.62e4p-1f;
constexpr float kLn2Low = 1.42860676533018518e-6f;

/// c[0] + c[1] x + ... by Horner's rule.
template <int count>
RAVINE_INLINE Vec polynomial(Vec x, const float (&c)[count]) {
    Vec sum = splat(c[count - 1]);
#pragma GCC unroll 16
    for (int i = count - 2; i >= 0; --i) sum = fma(sum, x, splat(c[i]));
    return sum;
}

/// x limited to [low, high]; NaN stays NaN.
RAVINE_INLINE Vec clamp(Vec x, float low, float high) { return min_vec(splat(high), max_vec(splat(low), x)); }

/// exp(x) = 2^exponent * (1 + r + r^2 tail), |r| <= ln(2) / 2.
struct ExpParts {
    Vec exponent, r, tail;
};
constexpr float kExpTail[] = {0.49999997f, 0.16666545f, 0.0416674614f, 0.00836643204f, 0.00138684351f};
RAVINE_INLINE ExpParts exp_parts(Vec x) {
    ExpParts e;
    e.exponent = round_even(x * kLog2E);
    e.r = fma(e.exponent, splat(-kLn2Low), fma(e.exponent, splat(-kLn2High), x));
    e.tail = polynomial(e.r, kExpTail);
    return e;
}

/// 1 ulp, denormal results included. The limits are where the result is 0 or infinity for certain.
RAVINE_INLINE Vec exp_vec(Vec x) {
    const Vec one = splat(1.0f);
#if defined(__AVX512F__)
    const ExpParts e = exp_parts(clamp(x, -104.0f, 89.0f));
    return scale_exponent(fma(fma(e.tail, e.r, one), e.r, one), e.exponent);
#else
    // A product that underflows costs a hundred cycles on many processors, and exp(-infinity) is common.
    const VecInt alive = ~(x < -104.0f);
    const ExpParts e = exp_parts(min_vec(splat(89.0f), from_bits(bits(x) & alive)));
    const Vec y = scale_exponent(fma(fma(e.tail, e.r, one), e.r, one), e.exponent);
    return from_bits(bits(y) & alive);
#endif
}

#if defined(__AVX512F__)
/// exp(x + error), |x| < 2^20, where error is what the rounding of x lost.
RAVINE_INLINE Vec exp_sum(Vec x, Vec error) {
    const Vec exponent = round_even(x * kLog2E);
    const Vec r = fma(exponent, splat(-kLn2Low), fma(exponent, splat(-kLn2High), x)) + error;
    const Vec y = fma(fma(polynomial(r, kExpTail), r, splat(1.0f)), r, splat(1.0f));
    return scale_exponent(y, exponent);
}
#endif

/// exp_vec of vectors without positive numbers. Step by step for all of them, so that none waits for itself.
template <int count>
RAVINE_INLINE void exp_nonpositive(Vec (&x)[count]) {
#if defined(__AVX512F__)
    constexpr float c[] = {1.0f, 1.0f, kExpTail[0], kExpTail[1], kExpTail[2], kExpTail[3], kExpTail[4]};
    Vec exponent[count], y[count];
    for (int k = 0; k < count; ++k) x[k] = max_vec(splat(-104.0f), x[k]);
    for (int k = 0; k < count; ++k) exponent[k] = round_even(x[k] * kLog2E);
    for (int k = 0; k < count; ++k) x[k] = fma(exponent[k], splat(-kLn2High), x[k]);
    for (int k = 0; k < count; ++k) x[k] = fma(exponent[k], splat(-kLn2Low), x[k]);
    for (int k = 0; k < count; ++k) y[k] = splat(c[6]);
#pragma GCC unroll 6
    for (int i = 5; i >= 0; --i)
        for (int k = 0; k < count; ++k) y[k] = fma(y[k], x[k], splat(c[i]));
    for (int k = 0; k < count; ++k) x[k] = scale_exponent(y[k], exponent[k]);
#else
    for (int k = 0; k < count; ++k) x[k] = exp_vec(x[k]);
#endif
}

/// 2^n for an integral n in [-126, 127].
RAVINE_INLINE Vec power_of_two(Vec n) { return from_bits((to_int(n) + 127) << 23); }

/// 2 ulp, relative also near 0. Half of the result is formed first: 2^128 is no float.
RAVINE_INLINE Vec expm1_vec(Vec x) {
    const ExpParts e = exp_parts(clamp(x, -18.0f, 89.0f));
    const Vec p = fma(e.r * e.r, e.tail, e.r);
    const Vec half = power_of_two(e.exponent - 1.0f);
    const Vec y = 2.0f * fma(half, p, half - 0.5f);
    return abs_vec(x) < 0x1p-24f ? x : y;
}

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

/// 2 ulp. With h = expm1(2|x|) / 2 the result is h / (1 + h), which is h - h^2 / (1 + h) where h is small and
/// 1 - 1 / (1 + h) where it is large: the quotient is only a correction. It is 1 from 9.02 on.
RAVINE_INLINE Vec tanh_vec(Vec x) {
    const VecInt sign = bits(x) & INT32_MIN;
    const ExpParts e = exp_parts(2.0f * min_vec(splat(9.1f), abs_vec(x)));
    const Vec half = power_of_two(e.exponent - 1.0f);
    const Vec h = fma(half, fma(e.r * e.r, e.tail, e.r), half - 0.5f);
    const Vec base = min_vec(splat(1.0f), h);
    return from_bits(bits(base - base * base / (1.0f + h)) | sign);
}

/// 2 ulp. Odd polynomial up to 1, then 1 - exp(p(|x|)), p fitted to log(erfc) on [1, 4].
RAVINE_INLINE Vec erf_vec(Vec x) {
    constexpr float near[] = {0.128379107f,   -0.376122177f,   0.112789661f,   -0.0266611725f,
                              0.00482336478f, -0.00048123271f, -2.6800044e-05f};
    constexpr float far[] = {-0.000353719486f, -1.12704003f,    -0.638225675f,  -0.103037409f,
                             0.0218053684f,    -0.00293963007f, 0.000185577519f};
    const VecInt sign = bits(x) & INT32_MIN;
    const Vec a = abs_vec(x);
    const ExpParts e = exp_parts(polynomial(min_vec(splat(4.0f), a), far));
    const Vec erfc = fma(fma(e.tail, e.r, splat(1.0f)), e.r, splat(1.0f)) * power_of_two(e.exponent);
    const Vec y = a < 1.0f ? fma(a, polynomial(a * a, near), a) : 1.0f - erfc;
    return from_bits(bits(y) | sign);
}

/// e = exp(-|x|) and 1 / (1 + e): what the logistic function and its relatives are made of without overflow.
struct LogisticParts {
    Vec e, inverse;
};
RAVINE_INLINE LogisticParts logistic_parts(Vec x) {
    const Vec e = exp_vec(-abs_vec(x));
    return {e, 1.0f / (1.0f + e)};
}

/// 2 ulp, in both tails. 1 / (1 + exp(-x)).
RAVINE_INLINE Vec sigmoid_vec(Vec x) {
    const Vec e = exp_vec(-abs_vec(x));
    return (x < 0.0f ? e : splat(1.0f)) / (1.0f + e);
}

/// exp(-a^2/2) and the upper tail of the normal distribution, Q(a) = erfc(a / sqrt 2) / 2, for a >= 0. Their ratio
/// (Mills' ratio up to a constant) is smooth, so the tail keeps its relative accuracy: 4 ulp up to a = 13.
struct NormalTail {
    Vec kernel, tail;
};
#if defined(__AVX512F__)
/// The ratio by sixteen polynomials, four for each octave of a + 1, in powers of the distance from where their piece
/// begins. The last four bits before those of that distance tell the piece; those of [0, 1/4) are 12.
constexpr float kMills[6][16] = {
    {0.261578292f, 0.20578067f, 0.168101996f, 0.14133133f, 0.12151394f, 0.0944106355f, 0.0769193023f, 0.0647793114f,
     0.0558934771f, 0.0437987894f, 0.03597489f, 0.0305094142f, 0.5f, 0.414032102f, 0.349618822f, 0.30023247f},
    {-0.137363449f, -0.0902712718f, -0.0627377555f, -0.0456137955f, -0.0343998745f, -0.0212993808f, -0.0143456105f,
     -0.01026625f, -0.00768772792f, -0.00475315936f, -0.00321849156f, -0.00231988216f, -0.398942083f, -0.295433939f,
     -0.224130511f, -0.17376934f},
    {0.0620920546f, 0.035183724f, 0.0213034991f, 0.0136453165f, 0.00914972555f, 0.00460258685f, 0.00259390287f,
     0.00158926006f, 0.0010380632f, 0.000509903359f, 0.000285682559f, 0.000175361725f, 0.249988809f, 0.170074135f,
     0.118701339f, 0.0849960595f},
    {-0.0249453299f, -0.0124567794f, -0.00664425176f, -0.0038110665f, -0.00228156382f, -0.000946519955f,
     -0.000451731757f, -0.000237470202f, -0.000135890557f, -5.37023188e-05f, -2.50567009e-05f, -1.31029237e-05f,
     -0.132773012f, -0.0841171816f, -0.0540634729f, -0.0371399373f},
    {0.00867217407f, 0.00391830038f, 0.00179919507f, 0.000954274961f, 0.000497078232f, 0.000171793392f, 7.05832063e-05f,
     3.08200179e-05f, 1.57796949e-05f, 5.20194772e-06f, 2.06742402e-06f, 9.13803262e-07f, 0.0607944503f, 0.0359828696f,
     0.0187465772f, 0.0162821729f},
    {-0.00200842205f, -0.000856407569f, -0.000306438014f, -0.00016226228f, -6.86706189e-05f, -1.98057041e-05f,
     -7.12978863e-06f, -2.18654964e-06f, -1.151231e-06f, -3.37754841e-07f, -1.2025491e-07f, -4.39039951e-08f,
     -0.0200476553f, -0.0108971912f, -0.00106806937f, -0.00757130841f},
};
/// a <= 15.
RAVINE_INLINE NormalTail normal_tail(Vec a) {
    const Vec half = -0.5f * a, exponent = a * half;
    const Vec kernel = exp_sum(exponent, fma(a, half, -exponent));
    const VecInt shifted = bits(a + 1.0f);
    const Vec distance = a - (from_bits(shifted & static_cast<int32_t>(0xffe00000)) - 1.0f);
    const __m512i piece = reinterpret_cast<__m512i>(shifted >> 21);
    Vec ratio = _mm512_permutexvar_ps(piece, load(kMills[5]));
#pragma GCC unroll 5
    for (int i = 4; i >= 0; --i) ratio = fma(ratio, distance, _mm512_permutexvar_ps(piece, load(kMills[i])));
    return {kernel, kernel * ratio};
}
#else
RAVINE_INLINE NormalTail normal_tail(Vec a) {
    constexpr float p[] = {0.5f, 0.43759495f, 0.182681531f, 0.0404362343f, 0.00408395473f};
    constexpr float q[] = {1.0f, 1.67307472f, 1.20027983f, 0.467999607f, 0.101365171f, 0.0102368342f};
    const Vec square = a * a;
    const Vec rounded = exp_vec(-0.5f * square);
    const Vec kernel = fma(rounded, -0.5f * square_error(a, square), rounded);
    return {kernel, kernel * (polynomial(a, p) / polynomial(a, q))};
}
#endif

}  // namespace RAVINE_ISA

#include "math_inverse.inl"
#include "math_power.inl"
#include "math_remainder.inl"
#include "math_trigonometric.inl"
