// The remainder of a division.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

/// r mod d for 0 <= r and normal d: takes the largest d * 2^k off r until r < d, each time without rounding.
RAVINE_INLINE Vec reduced(Vec r, Vec d) {
    constexpr int32_t kExponent = 0x7f800000;
    for (VecInt left = r >= d; lane_bits(left); left = r >= d) {
        const Vec largest = from_bits(bits(d) + difference(bits(r) & kExponent, bits(d) & kExponent));
        const Vec fitting = largest > r ? largest * 0.5f : largest;
        r = left ? r - fitting : r;
    }
    return r;
}

/// a - trunc(a / b) * b, exact; NaN where a is infinite or b is 0.
RAVINE_INLINE Vec fmod_vec(Vec a, Vec b) {
    const Vec d = abs_vec(b), r = abs_vec(a);
    const VecInt known = (r < kInfinity) & (d > 0.0f);
    // A divisor close to the denormal numbers grows by 2^24; a remainder of that multiple is small enough to grow, too.
    const VecInt tiny = d < 0x1p-100f;
    const Vec scale = select(tiny, splat(0x1p24f), splat(1.0f)), back = select(tiny, splat(0x1p-24f), splat(1.0f));
    const Vec divisor = select(known, d * scale, splat(1.0f));
    const Vec rest = reduced(reduced(select(known, r, Vec{}), divisor) * scale, divisor) * back;
    const Vec signed_rest = from_bits(bits(rest) | (bits(a) & static_cast<int32_t>(0x80000000u)));
    return select(known, signed_rest, splat(__builtin_nanf("")));
}

}  // namespace RAVINE_ISA
