// The SIMD layer: one float vector and the few operations that differ between instruction sets.
//
// Included only by isa.cpp, inside the namespace of one instruction set. Arithmetic, comparison and `?:` come from
// GCC's vector extension, so the baseline build (SSE2, NEON, anything) needs no intrinsics.
#pragma once

#if defined(__AVX512F__)
#define RAVINE_WIDTH 16
#elif defined(__AVX2__)
#define RAVINE_WIDTH 8
#else
#define RAVINE_WIDTH 4
#endif

#define RAVINE_INLINE static inline __attribute__((always_inline))

namespace RAVINE_ISA {

enum : int { kWidth = RAVINE_WIDTH };
typedef float Vec __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef float VecUnaligned __attribute__((vector_size(RAVINE_WIDTH * 4), aligned(4), may_alias));
/// Comparison results (all ones or zeros per lane) and bit patterns.
typedef int32_t VecInt __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef uint32_t VecUint __attribute__((vector_size(RAVINE_WIDTH * 4)));

RAVINE_INLINE Vec splat(float x) { return Vec{} + x; }
RAVINE_INLINE Vec load(const float* p) { return *reinterpret_cast<const VecUnaligned*>(p); }
RAVINE_INLINE void store(float* p, Vec v) { *reinterpret_cast<VecUnaligned*>(p) = v; }
RAVINE_INLINE VecInt bits(Vec v) { return reinterpret_cast<VecInt&>(v); }
RAVINE_INLINE Vec from_bits(VecInt v) { return reinterpret_cast<Vec&>(v); }
RAVINE_INLINE Vec select(VecInt mask, Vec yes, Vec no) { return mask ? yes : no; }
RAVINE_INLINE VecInt to_int(Vec v) { return __builtin_convertvector(v, VecInt); }
RAVINE_INLINE Vec to_float(VecInt v) { return __builtin_convertvector(v, Vec); }

#if defined(__AVX512F__)

RAVINE_INLINE __mmask16 first_lanes(int64_t n) { return static_cast<__mmask16>((1u << n) - 1u); }
/// The first n lanes (0 <= n <= kWidth) from memory, zeros in the others; memory beyond n is not touched.
RAVINE_INLINE Vec load_partial(const float* p, int64_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), p); }
RAVINE_INLINE void store_partial(float* p, Vec v, int64_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), v); }
RAVINE_INLINE Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
RAVINE_INLINE Vec sqrt_vec(Vec a) { return _mm512_sqrt_ps(a); }
RAVINE_INLINE Vec round_even(Vec a) { return _mm512_roundscale_ps(a, 0); }
RAVINE_INLINE Vec floor_vec(Vec a) { return _mm512_roundscale_ps(a, 1); }
RAVINE_INLINE Vec ceil_vec(Vec a) { return _mm512_roundscale_ps(a, 2); }

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

#else

RAVINE_INLINE Vec load_partial(const float* p, int64_t n) {
    Vec v{};
    for (int i = 0; i < n; ++i) v[i] = p[i];
    return v;
}
RAVINE_INLINE void store_partial(float* p, Vec v, int64_t n) {
    for (int i = 0; i < n; ++i) p[i] = v[i];
}
RAVINE_INLINE Vec fma(Vec a, Vec b, Vec c) { return a * b + c; }
RAVINE_INLINE Vec sqrt_vec(Vec a) {
    for (int i = 0; i < kWidth; ++i) a[i] = __builtin_sqrtf(a[i]);
    return a;
}
RAVINE_INLINE Vec round_even(Vec a) {
    for (int i = 0; i < kWidth; ++i) a[i] = __builtin_rintf(a[i]);
    return a;
}
RAVINE_INLINE Vec floor_vec(Vec a) {
    for (int i = 0; i < kWidth; ++i) a[i] = __builtin_floorf(a[i]);
    return a;
}
RAVINE_INLINE Vec ceil_vec(Vec a) {
    for (int i = 0; i < kWidth; ++i) a[i] = __builtin_ceilf(a[i]);
    return a;
}

#endif

/// IEEE-like maximum and minimum that give NaN when either side is NaN.
RAVINE_INLINE Vec max_nan(Vec a, Vec b) { return a > b ? a : (b != b ? b : (a != a ? a : b)); }
RAVINE_INLINE Vec min_nan(Vec a, Vec b) { return a < b ? a : (b != b ? b : (a != a ? a : b)); }
RAVINE_INLINE Vec abs_vec(Vec a) { return from_bits(bits(a) & 0x7fffffff); }

/// Sum of the lanes, pairwise, in one fixed order.
RAVINE_INLINE float sum_lanes(Vec v) {
    float lanes[kWidth];
    store(lanes, v);
    for (int half = kWidth / 2; half > 0; half /= 2)
        for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    return lanes[0];
}

}  // namespace RAVINE_ISA
