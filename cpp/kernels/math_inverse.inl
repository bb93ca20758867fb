// Inverse functions: the arc tangent and the inverse of the error function.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

/// 2 ulp. Angles beyond pi/8 and 3 pi/8 are turned back by pi/4 and pi/2 first.
RAVINE_INLINE Vec arctan_vec(Vec x) {
    constexpr float kTanEighth = 0.41421356f, kTanThreeEighths = 2.41421356f;
    constexpr float kQuarterPi = 0.785398163f, kHalfPi = 1.57079633f;
    constexpr float c[] = {-3.3332956e-01f, 1.9977924e-01f, -1.3879833e-01f, 8.0602475e-02f};
    const Vec a = abs_vec(x);
    const VecInt steep = a > kTanThreeEighths, middle = a > kTanEighth;
    const Vec turned = select(steep, -1.0f / a, select(middle, (a - 1.0f) / (a + 1.0f), a));
    const Vec base = select(steep, splat(kHalfPi), select(middle, splat(kQuarterPi), Vec{}));
    const Vec square = turned * turned;
    const Vec y = base + fma(turned * square, polynomial(square, c), turned);
    return from_bits(bits(y) | (bits(x) & static_cast<int32_t>(0x80000000u)));
}

/// Giles 2011, "Approximating the erfinv function" (GPU Computing Gems, Jade edition), the single-precision polynomials
/// of its table. NaN outside [-1, 1], infinite at its ends.
RAVINE_INLINE Vec erfinv_vec(Vec x) {
    constexpr float centre[] = {1.50140941f,     0.246640727f,   -0.00417768164f, -0.00125372503f, 0.00021858087f,
                                -4.39150654e-6f, -3.5233877e-6f, 3.43273939e-7f,  2.81022636e-8f};
    constexpr float tail[] = {2.83297682f,     1.00167406f,    0.00943887047f,  -0.0076224613f,  0.00573950773f,
                              -0.00367342844f, 0.00134934322f, 0.000100950558f, -0.000200214257f};
    const Vec w = -log_vec((1.0f - x) * (1.0f + x));
    const Vec near = polynomial(w - 2.5f, centre), far = polynomial(sqrt_vec(w) - 3.0f, tail);
    const Vec y = x * select(w < 5.0f, near, far);
    return select(abs_vec(x) == 1.0f, x * kInfinity, y);
}

}  // namespace RAVINE_ISA
