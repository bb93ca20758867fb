// Sine and cosine over the whole range of float.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

/// An angle x = (quadrant + 4 k) pi/2 + r, |r| <= pi/4 (a little more by rounding).
struct Angle {
    Vec r;
    VecInt quadrant;
};

/// Payne & Hanek 1983: x 2/pi modulo 4 for |x| >= 2^11 from the 96 bits of 2/pi that matter, in integers.
static __attribute__((noinline)) void reduce_large_angle(float x, float* r, int32_t* quadrant) {
    static const uint32_t two_over_pi[] = {0,           0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u,
                                           0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u};
    uint32_t pattern;
    __builtin_memcpy(&pattern, &x, 4);
    const int exponent = static_cast<int>(pattern >> 23 & 255);
    if (exponent == 255) {
        *r = kNan;
        *quadrant = 0;
        return;
    }
    // |x| = mantissa * 2^(exponent - 150); the table starts 32 bits early, and the result is wanted in units of 4.
    const uint64_t mantissa = (pattern & 0x7fffffu) | 0x800000u;
    const int position = exponent - 150 - 2 + 32, word = position / 32, shift = position % 32;
    const uint32_t* w = two_over_pi + word;
    const uint64_t high = static_cast<uint64_t>(w[0]) << 32 | w[1], low = static_cast<uint64_t>(w[2]) << 32 | w[3];
    const uint64_t window = shift ? high << shift | low >> (64 - shift) : high;
    const uint64_t rest = (low << shift) >> 32;
    const uint64_t turns = mantissa * window + (mantissa * rest >> 32);  // 2^64 is a full turn
    const uint64_t nearest = (turns + (uint64_t{1} << 61)) >> 62;
    const double angle = static_cast<double>(static_cast<int64_t>(turns - (nearest << 62))) * 0x1.921fb54442d18p-62;
    *r = static_cast<float>(x < 0 ? -angle : angle);
    *quadrant = static_cast<int32_t>(x < 0 ? 0 - nearest : nearest);
}

RAVINE_INLINE Angle reduce_angle(Vec x) {
    constexpr float kTwoOverPi = 0.636619772367581343f;
    // pi/2 in parts of 11 bits (and a rest), whose products with a quadrant below 2^11 are exact. Cody & Waite 1980.
    constexpr float kHalfPi[] = {0x1.92p+0f, 0x1.fb4p-12f, 0x1.444p-24f, 0x1.68c234p-39f};
    const Vec quadrant = round_even(x * kTwoOverPi);
    Angle angle{x, to_int(quadrant)};
    for (float part : kHalfPi) angle.r = fma(quadrant, splat(-part), angle.r);
    const VecInt small = abs_vec(x) < 3000.0f;
    if (__builtin_expect(lane_bits(~small) != 0, 0)) {
        for (int i = 0; i < kWidth; ++i) {
            if (small[i]) continue;
            float r;
            int32_t q;
            reduce_large_angle(x[i], &r, &q);
            angle.r[i] = r;
            angle.quadrant[i] = q;
        }
    }
    return angle;
}

/// sin(r + quadrant pi/2). 2 ulp.
RAVINE_INLINE Vec sin_of_angle(Vec r, VecInt quadrant) {
    constexpr float s[] = {-0.166666552f, 0.00833218731f, -0.000195179062f};
    constexpr float c[] = {0.0416666456f, -0.00138873095f, 2.44323273e-05f};
    const Vec square = r * r;
    const Vec sine = fma(square * r, polynomial(square, s), r);
    const Vec cosine = fma(square * square, polynomial(square, c), fma(square, splat(-0.5f), splat(1.0f)));
    const VecInt sign = (quadrant & 2) << 30;
    return from_bits(bits((quadrant & 1) == 0 ? sine : cosine) ^ sign);
}

RAVINE_INLINE Vec sin_vec(Vec x) {
    const Angle angle = reduce_angle(x);
    return sin_of_angle(angle.r, angle.quadrant);
}
RAVINE_INLINE Vec cos_vec(Vec x) {
    const Angle angle = reduce_angle(x);
    return sin_of_angle(angle.r, angle.quadrant + 1);
}

}  // namespace RAVINE_ISA
