// The SIMD layer: one float vector and the few operations that differ between instruction sets.
//
// Included only by isa.cpp, inside the namespace of one instruction set. Arithmetic, comparison and `?:` come from
// GCC's vector extension, so the baseline build (SSE2, NEON, anything) needs no intrinsics.
#pragma once
#include "table.h"

#if defined(__AVX512F__)
#define RAVINE_WIDTH 16
#elif defined(__AVX2__)
#define RAVINE_WIDTH 8
#else
#define RAVINE_WIDTH 4
#endif

#define RAVINE_INLINE static inline __attribute__((always_inline))

namespace RAVINE_ISA {

using namespace ravine;

constexpr int kWidth = RAVINE_WIDTH;
typedef float Vec __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef float VecUnaligned __attribute__((vector_size(RAVINE_WIDTH * 4), aligned(4), may_alias));
/// Comparison results (all ones or zeros per lane) and bit patterns.
typedef int32_t VecInt __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef uint32_t VecUint __attribute__((vector_size(RAVINE_WIDTH * 4)));

/// Subtracting +0 is exact for every float, -0 included, so this compiles to a plain broadcast.
RAVINE_INLINE Vec splat(float x) { return x - Vec{}; }
RAVINE_INLINE Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
RAVINE_INLINE void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }
#if defined(__SSE2__)
/// Past the caches, to an aligned address. Other threads see it after finish_streaming.
RAVINE_INLINE void stream(float* p, Vec v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(p, v);
#elif defined(__AVX2__)
    _mm256_stream_ps(p, v);
#else
    _mm_stream_ps(p, v);
#endif
}
RAVINE_INLINE void finish_streaming() { _mm_sfence(); }
#else
RAVINE_INLINE void stream(float* p, Vec v) { store(p, v); }
RAVINE_INLINE void finish_streaming() {}
#endif
RAVINE_INLINE VecInt bits(Vec v) { return (VecInt)v; }
RAVINE_INLINE Vec from_bits(VecInt v) { return (Vec)v; }
/// a - b of bit patterns, which may wrap around.
RAVINE_INLINE VecInt difference(VecInt a, VecInt b) { return (VecInt)((VecUint)a - (VecUint)b); }
RAVINE_INLINE Vec select(VecInt mask, Vec yes, Vec no) { return mask ? yes : no; }
RAVINE_INLINE VecInt to_int(Vec v) { return __builtin_convertvector(v, VecInt); }
RAVINE_INLINE Vec to_float(VecInt v) { return __builtin_convertvector(v, Vec); }

RAVINE_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
RAVINE_INLINE int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
RAVINE_INLINE int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

#if defined(__AVX512F__)

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // the undefined operands in GCC's own headers
#endif

RAVINE_INLINE __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
/// The first n lanes (0 <= n <= kWidth) from memory, zeros in the others; memory beyond n is not touched.
RAVINE_INLINE Vec load_partial(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
RAVINE_INLINE void store_partial(float* p, Vec v, int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
RAVINE_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
RAVINE_INLINE Vec sqrt_vec(Vec a) { return _mm512_sqrt_ps(a); }
RAVINE_INLINE Vec round_even(Vec a) { return _mm512_roundscale_ps(a, 0); }
RAVINE_INLINE Vec floor_vec(Vec a) { return _mm512_roundscale_ps(a, 1); }
RAVINE_INLINE Vec ceil_vec(Vec a) { return _mm512_roundscale_ps(a, 2); }
/// a > b ? a : b and a < b ? a : b, so b when either is NaN.
RAVINE_INLINE Vec max_vec(Vec a, Vec b) { return _mm512_max_ps(a, b); }
RAVINE_INLINE Vec min_vec(Vec a, Vec b) { return _mm512_min_ps(a, b); }
/// Lane i gets lane i ^ distance, distance being a power of two below kWidth.
template <int distance>
RAVINE_INLINE Vec swap_lanes(Vec v) {
    if constexpr (distance == 8) return _mm512_shuffle_f32x4(v, v, 0x4e);
    if constexpr (distance == 4) return _mm512_shuffle_f32x4(v, v, 0xb1);
    if constexpr (distance == 2) return _mm512_permute_ps(v, 0x4e);
    return _mm512_permute_ps(v, 0xb1);
}
/// a * 2^n for an integral n, rounded once.
RAVINE_INLINE Vec scale_exponent(Vec a, Vec n) { return _mm512_scalef_ps(a, n); }
/// Bit i is set when lane i of the mask is.
RAVINE_INLINE uint32_t lane_bits(VecInt mask) { return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask)); }

#elif defined(__AVX2__)

RAVINE_INLINE __m256i first_lanes(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
RAVINE_INLINE Vec load_partial(const float* p, int64_t n) { return _mm256_maskload_ps(p, first_lanes(n)); }
RAVINE_INLINE void store_partial(float* p, Vec v, int64_t n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
RAVINE_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
RAVINE_INLINE Vec sqrt_vec(Vec a) { return _mm256_sqrt_ps(a); }
RAVINE_INLINE Vec round_even(Vec a) { return _mm256_round_ps(a, 8); }
RAVINE_INLINE Vec floor_vec(Vec a) { return _mm256_floor_ps(a); }
RAVINE_INLINE Vec ceil_vec(Vec a) { return _mm256_ceil_ps(a); }
RAVINE_INLINE Vec max_vec(Vec a, Vec b) { return _mm256_max_ps(a, b); }
RAVINE_INLINE Vec min_vec(Vec a, Vec b) { return _mm256_min_ps(a, b); }
template <int distance>
RAVINE_INLINE Vec swap_lanes(Vec v) {
    if constexpr (distance == 4) return _mm256_permute2f128_ps(v, v, 1);
    if constexpr (distance == 2) return _mm256_permute_ps(v, 0x4e);
    return _mm256_permute_ps(v, 0xb1);
}
RAVINE_INLINE uint32_t lane_bits(VecInt mask) { return static_cast<uint32_t>(_mm256_movemask_ps(from_bits(mask))); }

#else

RAVINE_INLINE Vec load_partial(const float* p, int64_t n) {
    Vec v{};
#pragma GCC unroll 4
    for (int i = 0; i < kWidth; ++i)
        if (i < n) v[i] = p[i];
    return v;
}
RAVINE_INLINE void store_partial(float* p, Vec v, int64_t n) {
#pragma GCC unroll 4
    for (int i = 0; i < kWidth; ++i)
        if (i < n) p[i] = v[i];
}
RAVINE_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
RAVINE_INLINE Vec sqrt_vec(Vec a) {
    for (int i = 0; i < kWidth; ++i) a[i] = __builtin_sqrtf(a[i]);
    return a;
}
/// Adding and subtracting 2^23 rounds to an integer; the sign survives, and so does what has no fraction bits left.
RAVINE_INLINE Vec round_even(Vec a) {
    const VecInt sign = bits(a) & INT32_MIN;
    const Vec magnitude = from_bits(bits(a) ^ sign);
    const Vec rounded = from_bits(bits((magnitude + 0x1p23f) - 0x1p23f) | sign);
    return magnitude < 0x1p23f ? rounded : a;
}
RAVINE_INLINE Vec floor_vec(Vec a) {
    const Vec r = round_even(a);
    return r > a ? r - 1.0f : r;
}
RAVINE_INLINE Vec ceil_vec(Vec a) { return -floor_vec(-a); }
RAVINE_INLINE Vec max_vec(Vec a, Vec b) { return a > b ? a : b; }
RAVINE_INLINE Vec min_vec(Vec a, Vec b) { return a < b ? a : b; }
template <int distance>
RAVINE_INLINE Vec swap_lanes(Vec v) {
    Vec swapped;
    for (int i = 0; i < kWidth; ++i) swapped[i] = v[i ^ distance];
    return swapped;
}
RAVINE_INLINE uint32_t lane_bits(VecInt mask) {
    uint32_t set = 0;
    for (int i = 0; i < kWidth; ++i) set |= static_cast<uint32_t>(mask[i] & 1) << i;
    return set;
}

#endif

#if !defined(__AVX512F__)
/// In two steps, so that no factor leaves the range of normal numbers: |n| <= 252, and a normal.
RAVINE_INLINE Vec scale_exponent(Vec a, Vec n) {
    const VecInt whole = to_int(n), half = whole >> 1;
    return a * from_bits((half + 127) << 23) * from_bits((whole - half + 127) << 23);
}
#endif

/// Rounded as the vectors' is.
RAVINE_INLINE float fma(float a, float b, float c) {
#if RAVINE_WIDTH > 4
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/// load_partial and store_partial that cost nothing when n is a literal kWidth.
RAVINE_INLINE Vec load_lanes(const float* p, int64_t n) { return n == kWidth ? load(p) : load_partial(p, n); }
RAVINE_INLINE void store_lanes(float* p, Vec v, int64_t n) {
    if (n == kWidth)
        store(p, v);
    else
        store_partial(p, v, n);
}

/// IEEE-like maximum and minimum that give NaN when either side is NaN.
RAVINE_INLINE Vec max_nan(Vec a, Vec b) { return a != a ? a : max_vec(a, b); }
RAVINE_INLINE Vec min_nan(Vec a, Vec b) { return a != a ? a : min_vec(a, b); }
/// a^2 - square, square being a * a rounded: what the rounding lost.
RAVINE_INLINE Vec square_error(Vec a, Vec square) {
#if defined(__AVX2__)
    return fma(a, a, -square);
#else
    const Vec high = from_bits(bits(a) & static_cast<int32_t>(0xfffff000)), low = a - high;  // Dekker 1971
    return ((high * high - square) + 2.0f * high * low) + low * low;
#endif
}
RAVINE_INLINE Vec abs_vec(Vec a) { return from_bits(bits(a) & 0x7fffffff); }
RAVINE_INLINE Vec minus_abs(Vec a) { return from_bits(bits(a) | INT32_MIN); }
/// The smaller one of |a| and limit; of NaN either NaN or limit.
RAVINE_INLINE Vec limited_abs(Vec a, float limit) {
#if defined(__AVX512F__)
    constexpr int kSmallerMagnitude = 0b0010, kPositive = 0b1000;
    return _mm512_range_ps(a, splat(limit), kSmallerMagnitude | kPositive);
#else
    return min_vec(splat(limit), abs_vec(a));
#endif
}

/// 0, 1, 2, ...
RAVINE_INLINE VecInt lane_index() {
    VecInt v{};
    for (int i = 0; i < kWidth; ++i) v[i] = i;
    return v;
}

/// Combines all lanes, pairwise, in one fixed order: lane i with lane i + kWidth / 2 first. Every lane gets the result.
template <class Combine>
RAVINE_INLINE Vec fold_lanes(Vec v, Combine combine) {
    if constexpr (kWidth > 8) v = combine(v, swap_lanes<kWidth / 2>(v));
    if constexpr (kWidth > 4) v = combine(v, swap_lanes<4>(v));
    v = combine(v, swap_lanes<2>(v));
    return combine(v, swap_lanes<1>(v));
}
RAVINE_INLINE float sum_lanes(Vec v) {
    return fold_lanes(v, [](Vec a, Vec b) { return a + b; })[0];
}

}  // namespace RAVINE_ISA
