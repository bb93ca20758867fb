// x ** y through double precision: y log2(x) needs more bits than a float has.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

typedef double VecDouble __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef int64_t VecLong __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef float VecHalf __attribute__((vector_size(RAVINE_WIDTH * 2)));

/// Horner's rule in double precision.
template <int count>
RAVINE_INLINE VecDouble polynomial(VecDouble x, const double (&c)[count]) {
    VecDouble sum = VecDouble{} + c[count - 1];
#pragma GCC unroll 16
    for (int i = count - 2; i >= 0; --i) sum = sum * x + c[i];
    return sum;
}

/// Binary logarithm of a normal x > 0, relative error 2^-46: log2(m) = 2 atanh((m - 1) / (m + 1)) / ln 2.
RAVINE_INLINE VecDouble log2_double(VecDouble x) {
    constexpr double c[] = {2.8853900817779308, 0.961796693915379,   0.5770780206383193, 0.4121979415182263,
                            0.320644408897992,  0.26066153149890936, 0.25110483679480294};
    const VecLong pattern = reinterpret_cast<VecLong>(x);
    const VecLong exponent = (pattern - 0x3fe8000000000000) >> 52;
    const VecLong mantissa_bits = pattern - (exponent << 52);
    const VecDouble m = reinterpret_cast<VecDouble>(mantissa_bits);
    const VecDouble s = (m - 1.0) / (m + 1.0);
    return __builtin_convertvector(exponent, VecDouble) + s * polynomial(s * s, c);
}

/// 2^t, relative error 2^-34, for t in [-1000, 1000].
RAVINE_INLINE VecDouble exp2_double(VecDouble t) {
    constexpr double c[] = {0.999999999961682,    0.6931471807284486,  0.24022651198157333,   0.055504103534436876,
                            0.009618027253695122, 0.00133339225668237, 0.0001546929113432447, 1.5201920855888452e-05};
    const VecDouble shifted = t + 0x1.8p52;  // the sum's low bits are t rounded to an integer
    const VecLong scale_bits = (reinterpret_cast<VecLong>(shifted) + 1023) << 52;
    return polynomial(t - (shifted - 0x1.8p52), c) * reinterpret_cast<VecDouble>(scale_bits);
}

/// x ** y for finite x > 0, rounded to float.
RAVINE_INLINE VecHalf pow_positive(VecHalf x, VecHalf y) {
    VecDouble t = __builtin_convertvector(y, VecDouble) * log2_double(__builtin_convertvector(x, VecDouble));
    t = t > 200.0 ? VecDouble{} + 200.0 : t;
    t = t < -200.0 ? VecDouble{} - 200.0 : t;
    return __builtin_convertvector(exp2_double(t), VecHalf);
}

/// 1 ulp, with the special cases of C99 F.9.4.4.
RAVINE_INLINE Vec pow_vec(Vec x, Vec y) {
    const Vec magnitude = abs_vec(x), one = splat(1.0f), infinity = splat(kInfinity);
    struct alignas(sizeof(Vec)) Halves {
        VecHalf low, high;
    };
    const Halves a = reinterpret_cast<const Halves&>(magnitude), b = reinterpret_cast<const Halves&>(y);
    const Halves power = {pow_positive(a.low, b.low), pow_positive(a.high, b.high)};
    Vec result = reinterpret_cast<const Vec&>(power);

    const Vec limit = ((magnitude == 0.0f) ^ (y > 0.0f)) ? infinity : Vec{};  // x is 0 or infinite
    result = (magnitude == 0.0f) | (magnitude == infinity) ? limit : result;
    const VecInt even = y * 0.5f == floor_vec(y * 0.5f), integral = y == floor_vec(y);
    result = from_bits(bits(result) ^ (bits(x) & INT32_MIN & integral & ~even));
    result = (x < 0.0f) & ~integral & (magnitude != infinity) ? splat(kNan) : result;
    result = (x != x) | (y != y) ? x + y : result;
    return (x == one) | (y == 0.0f) | ((x == -one) & (abs_vec(y) == infinity)) ? one : result;
}

}  // namespace RAVINE_ISA
