// Arithmetic, comparison and selection.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {
namespace op {

/// 1 where the mask is set, else 0.
RAVINE_INLINE Vec truth(VecInt mask) { return from_bits(mask & 0x3f800000); }

RAVINE_INLINE Vec add(Vec a, Vec b) { return a + b; }
RAVINE_INLINE Vec subtract(Vec a, Vec b) { return a - b; }
RAVINE_INLINE Vec multiply(Vec a, Vec b) { return a * b; }
RAVINE_INLINE Vec divide(Vec a, Vec b) { return a / b; }
RAVINE_INLINE Vec maximum(Vec a, Vec b) { return max_nan(a, b); }
RAVINE_INLINE Vec minimum(Vec a, Vec b) { return min_nan(a, b); }
RAVINE_INLINE Vec power(Vec a, Vec b) { return pow_vec(a, b); }
RAVINE_INLINE Vec fmod(Vec a, Vec b) { return fmod_vec(a, b); }
RAVINE_INLINE Vec equal(Vec a, Vec b) { return truth(a == b); }
RAVINE_INLINE Vec not_equal(Vec a, Vec b) { return truth(a != b); }
RAVINE_INLINE Vec greater(Vec a, Vec b) { return truth(a > b); }
RAVINE_INLINE Vec greater_equal(Vec a, Vec b) { return truth(a >= b); }
RAVINE_INLINE Vec less(Vec a, Vec b) { return truth(a < b); }
RAVINE_INLINE Vec less_equal(Vec a, Vec b) { return truth(a <= b); }
RAVINE_INLINE Vec logical_and(Vec a, Vec b) { return truth((a != 0.0f) & (b != 0.0f)); }
RAVINE_INLINE Vec logical_or(Vec a, Vec b) { return truth((a != 0.0f) | (b != 0.0f)); }
RAVINE_INLINE Vec logical_not(Vec x) { return truth(x == 0.0f); }
RAVINE_INLINE Vec where(Vec condition, Vec a, Vec b) { return condition != 0.0f ? a : b; }
RAVINE_INLINE Vec multiply_add(Vec a, Vec b, Vec c) { return fma(a, b, c); }
/// Exact at both ends: t = 0 gives a, t = 1 gives b.
RAVINE_INLINE Vec lerp(Vec a, Vec b, Vec t) { return fma(t, b, fma(-t, a, a)); }
RAVINE_INLINE Vec affine(Vec x, Vec scale, Vec offset) { return fma(x, scale, offset); }

RAVINE_INLINE Vec clip(Vec x, Vec low, Vec high) { return min_vec(high, max_vec(low, x)); }
RAVINE_INLINE Vec clip_grad(Vec x, Vec dy, Vec low, Vec high) { return (x >= low) & (x <= high) ? dy : Vec{}; }

}  // namespace op
}  // namespace RAVINE_ISA
