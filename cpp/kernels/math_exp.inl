// What the elementary functions share, and those made from an exponential alone: exp and expm1.
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

/// 2^n for an integral n in [-126, 127].
RAVINE_INLINE Vec power_of_two(Vec n) { return from_bits((to_int(n) + 127) << 23); }

#if defined(__AVX512F__)
/// Entries of a table that fits one or two registers. Only the last 4 or 5 bits of an index count.
RAVINE_INLINE Vec lookup(const float (&table)[16], VecInt index) {
    return _mm512_permutexvar_ps(reinterpret_cast<__m512i>(index), load(table));
}
RAVINE_INLINE Vec lookup(const float (&table)[32], VecInt index) {
    return _mm512_permutex2var_ps(load(table), reinterpret_cast<__m512i>(index), load(table + 16));
}

/// The polynomial of the piece that a >= 0 lies in, in powers of its distance from where the piece begins. Each octave
/// of a + 1 is cut into as many pieces of the same length: a quarter of the table's. Those of [1, 2) come last.
template <int terms, int pieces>
RAVINE_INLINE Vec piecewise_polynomial(Vec a, const float (&c)[terms][pieces]) {
    constexpr int kBits = pieces == 16 ? 21 : 20;  // of the distance, and not of the piece
    const VecInt shifted = bits(a + 1.0f), piece = shifted >> kBits;
    const Vec distance = a - (from_bits((shifted >> kBits) << kBits) - 1.0f);
    Vec sum = lookup(c[terms - 1], piece);
#pragma GCC unroll 8
    for (int i = terms - 2; i >= 0; --i) sum = fma(sum, distance, lookup(c[i], piece));
    return sum;
}

/// exp(x) = 2^floor(exponent) * root (1 + lost) * exp(r), |r| <= ln(2) / 32 (Tang 1989). The exponent is a multiple of
/// 1/16, and the last four bits of `shifted` are its fraction: root is 2^fraction rounded, lost what that rounding
/// lost.
struct ExpParts {
    Vec exponent, r;
    VecInt shifted;
};
constexpr float kExpShift = 0x1.8p19f;
constexpr float kExpTail[] = {0.5f, 0.166666672f, 0.0416666679f};
constexpr float kRoot[] = {1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
                           1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
                           1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
constexpr float kRootLost[] = {0.0f,
                               4.62854679e-08f,
                               -1.19921575e-08f,
                               4.72978208e-08f,
                               3.19341815e-08f,
                               3.62105723e-08f,
                               -3.09907229e-08f,
                               -7.47521334e-09f,
                               1.71142709e-08f,
                               -3.04768335e-08f,
                               5.23333421e-09f,
                               6.10759177e-09f,
                               -1.4719606e-08f,
                               -5.25879518e-09f,
                               -6.12825968e-09f,
                               5.14060927e-09f};
RAVINE_INLINE ExpParts exp_parts(Vec x) {
    const Vec shifted = fma(x, splat(kLog2E), splat(kExpShift));
    const Vec exponent = shifted - kExpShift;
    return {exponent, fma(exponent, splat(-kLn2Low), fma(exponent, splat(-kLn2High), x)), bits(shifted)};
}
RAVINE_INLINE Vec exp_of(const ExpParts& e) {
    const Vec root = lookup(kRoot, e.shifted), lost = lookup(kRootLost, e.shifted);
    const Vec slope = fma(fma(e.r, splat(kExpTail[1]), splat(kExpTail[0])), e.r, splat(1.0f));
    return scale_exponent(fma(root, fma(e.r, slope, lost), root), e.exponent);
}
/// (exp(x) - 1) / 2, relative also near 0. Of 2^128, which is no float, half is one.
RAVINE_INLINE Vec half_expm1_of(const ExpParts& e) {
    const VecInt half_root = difference(bits(lookup(kRoot, e.shifted)), VecInt{} + (1 << 23));
    const Vec half = from_bits(half_root + ((e.shifted << 19) & static_cast<int32_t>(0xff800000)));
    const Vec p = fma(e.r * e.r, polynomial(e.r, kExpTail), e.r) + lookup(kRootLost, e.shifted);
    return fma(half, p, half - 0.5f);
}
#else
/// exp(x) = 2^exponent * (1 + r + r^2 tail), |r| <= ln(2) / 2.
struct ExpParts {
    Vec exponent, r, tail;
};
RAVINE_INLINE ExpParts exp_parts(Vec x) {
    constexpr float c[] = {0.49999997f, 0.16666545f, 0.0416674614f, 0.00836643204f, 0.00138684351f};
    ExpParts e;
    e.exponent = round_even(x * kLog2E);
    e.r = fma(e.exponent, splat(-kLn2Low), fma(e.exponent, splat(-kLn2High), x));
    e.tail = polynomial(e.r, c);
    return e;
}
RAVINE_INLINE Vec exp_of(const ExpParts& e) {
    return scale_exponent(fma(fma(e.tail, e.r, splat(1.0f)), e.r, splat(1.0f)), e.exponent);
}
RAVINE_INLINE Vec half_expm1_of(const ExpParts& e) {
    const Vec half = power_of_two(e.exponent - 1.0f);
    return fma(half, fma(e.r * e.r, e.tail, e.r), half - 0.5f);
}
#endif

/// 1 ulp, denormal results included. The limits are where the result is 0 or infinity for certain; of numbers that are
/// not positive none needs the upper one.
template <bool nonpositive = false>
RAVINE_INLINE Vec exp_vec(Vec x) {
    if constexpr (!nonpositive) x = min_vec(splat(89.0f), x);
#if defined(__AVX512F__)
    return exp_of(exp_parts(max_vec(splat(-104.0f), x)));
#else
    // A product that underflows costs a hundred cycles on many processors, and exp(-infinity) is common.
    const VecInt alive = ~(x < -104.0f);
    return from_bits(bits(exp_of(exp_parts(from_bits(bits(x) & alive)))) & alive);
#endif
}

/// exp_vec of vectors without positive numbers. Step by step for all of them, so that none waits for itself.
template <int count>
RAVINE_INLINE void exp_nonpositive(Vec (&x)[count]) {
#if defined(__AVX512F__)
    ExpParts e[count];
    Vec y[count], root[count];
    for (int k = 0; k < count; ++k) e[k] = exp_parts(max_vec(splat(-104.0f), x[k]));
    for (int k = 0; k < count; ++k) y[k] = fma(e[k].r, splat(kExpTail[1]), splat(kExpTail[0]));
    for (int k = 0; k < count; ++k) y[k] = fma(y[k], e[k].r, splat(1.0f));
    for (int k = 0; k < count; ++k) y[k] = fma(y[k], e[k].r, lookup(kRootLost, e[k].shifted));
    for (int k = 0; k < count; ++k) root[k] = lookup(kRoot, e[k].shifted);
    for (int k = 0; k < count; ++k) y[k] = fma(root[k], y[k], root[k]);
    for (int k = 0; k < count; ++k) x[k] = scale_exponent(y[k], e[k].exponent);
#else
    for (int k = 0; k < count; ++k) x[k] = exp_vec<true>(x[k]);
#endif
}

/// (exp(x) - 1) / 2 for x <= 89. An error of one in the last place of a denormal number.
RAVINE_INLINE Vec half_expm1(Vec x) { return half_expm1_of(exp_parts(max_vec(splat(-18.0f), x))); }

/// 2 ulp, relative also near 0.
RAVINE_INLINE Vec expm1_vec(Vec x) {
    const Vec y = 2.0f * half_expm1(min_vec(splat(89.0f), x));
    return abs_vec(x) < 0x1p-24f ? x : y;
}

}  // namespace RAVINE_ISA
