// x ** y through double precision: y log2(x) needs more bits than a float has.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

typedef double VecDouble __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef int64_t VecLong __attribute__((vector_size(RAVINE_WIDTH * 4)));
typedef float VecHalf __attribute__((vector_size(RAVINE_WIDTH * 2)));

RAVINE_INLINE VecDouble fma(VecDouble a, VecDouble b, VecDouble c) {
#if defined(__AVX512F__)
    return reinterpret_cast<VecDouble>(
        _mm512_fmadd_pd(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), reinterpret_cast<__m512d>(c)));
#elif defined(__AVX2__)
    return reinterpret_cast<VecDouble>(
        _mm256_fmadd_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b), reinterpret_cast<__m256d>(c)));
#else
    return a * b + c;
#endif
}

/// Horner's rule in double precision.
template <int count>
RAVINE_INLINE VecDouble polynomial(VecDouble x, const double (&c)[count]) {
    VecDouble sum = VecDouble{} + c[count - 1];
#pragma GCC unroll 16
    for (int i = count - 2; i >= 0; --i) sum = fma(sum, x, VecDouble{} + c[i]);
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

#if defined(__AVX512F__)

/// A table of 16 numbers, which fits two registers.
struct Table {
    RAVINE_INLINE __m512d at(__m512i index, const double (&t)[16]) {
        return _mm512_permutex2var_pd(_mm512_loadu_pd(t), index, _mm512_loadu_pd(t + 8));
    }
};

/// x ** y for finite x > 0, rounded to float. Both functions are cut into 16 pieces (Tang 1989 and 1990): the logarithm
/// at the leading bits of the mantissa m, where c is near 1 / m and m c - 1 is exact, the power at sixteenths of its
/// exponent. Where m is near 1, c is 1, so that the logarithm keeps its relative error of 2^-40.
RAVINE_INLINE VecHalf pow_positive(VecHalf x, VecHalf y) {
    constexpr double c[] = {1.0,
                            0.9142857142857143,
                            0.8648648648648649,
                            0.8205128205128205,
                            0.7804878048780488,
                            0.7441860465116279,
                            0.7111111111111111,
                            0.6808510638297872,
                            1.3061224489795917,
                            1.2549019607843137,
                            1.2075471698113207,
                            1.1636363636363636,
                            1.1228070175438596,
                            1.0847457627118644,
                            1.0491803278688525,
                            1.0};
    constexpr double minus_log2_c[] = {0.0,
                                       0.1292830169449665,
                                       0.2094533656289497,
                                       0.28540221886224837,
                                       0.3575520046180836,
                                       0.42626475470209796,
                                       0.49185309632967467,
                                       0.5545888516776374,
                                       -0.38529015588479165,
                                       -0.3275746580285044,
                                       -0.27207954543680074,
                                       -0.21864028647534034,
                                       -0.16710998583525824,
                                       -0.11735695063815874,
                                       -0.06926266243711379,
                                       0.0};
    constexpr double exp2_sixteenth[] = {1.0,
                                         1.0442737824274138,
                                         1.0905077326652577,
                                         1.1387886347566916,
                                         1.189207115002721,
                                         1.241857812073484,
                                         1.2968395546510096,
                                         1.3542555469368927,
                                         1.4142135623730951,
                                         1.4768261459394993,
                                         1.5422108254079407,
                                         1.6104903319492543,
                                         1.681792830507429,
                                         1.7562521603732995,
                                         1.8340080864093424,
                                         1.9152065613971474};
    constexpr double log_terms[] = {1.4426950408898451, -0.7213475202991384,  0.48089833518987257, -0.3606742551474695,
                                    0.2885668579163661, -0.24026339335934507, 0.1879709279920014};
    constexpr double exp_terms[] = {1.0, 0.6931471804009951, 0.24022650694073813, 0.05550541078283726,
                                    0.009618279533832767};
    const __m512d one = _mm512_set1_pd(1.0);
    const __m512d wide = _mm512_cvtps_pd(reinterpret_cast<__m256>(x));
    const __m512d m = _mm512_getmant_pd(wide, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_src);
    const __m512d floor_exponent = _mm512_getexp_pd(wide);
    const __m512d exponent =
        _mm512_mask_add_pd(floor_exponent, _mm512_cmp_pd_mask(m, one, _CMP_LT_OQ), floor_exponent, one);
    const __m512i piece = _mm512_srli_epi64(_mm512_castpd_si512(m), 48);
    const __m512d r = _mm512_fmsub_pd(m, Table::at(piece, c), one);
    const VecDouble p = polynomial(reinterpret_cast<VecDouble>(r), log_terms);
    const __m512d log2 =
        _mm512_fmadd_pd(r, reinterpret_cast<__m512d>(p), _mm512_add_pd(exponent, Table::at(piece, minus_log2_c)));

    __m512d t = _mm512_mul_pd(_mm512_cvtps_pd(reinterpret_cast<__m256>(y)), log2);
    t = _mm512_max_pd(_mm512_set1_pd(-200.0), _mm512_min_pd(_mm512_set1_pd(200.0), t));
    const __m512d magic = _mm512_set1_pd(0x1.8p48);  // the sum's low bits are t in sixteenths, rounded
    const __m512d shifted = _mm512_add_pd(t, magic), whole = _mm512_sub_pd(shifted, magic);
    const VecDouble f = reinterpret_cast<VecDouble>(_mm512_sub_pd(t, whole));
    const __m512d power = _mm512_mul_pd(Table::at(_mm512_castpd_si512(shifted), exp2_sixteenth),
                                        reinterpret_cast<__m512d>(polynomial(f, exp_terms)));
    return reinterpret_cast<VecHalf>(_mm512_cvtpd_ps(_mm512_scalef_pd(power, whole)));
}

#else

/// x ** y for finite x > 0, rounded to float.
RAVINE_INLINE VecHalf pow_positive(VecHalf x, VecHalf y) {
    VecDouble t = __builtin_convertvector(y, VecDouble) * log2_double(__builtin_convertvector(x, VecDouble));
    t = t > 200.0 ? VecDouble{} + 200.0 : t;
    t = t < -200.0 ? VecDouble{} - 200.0 : t;
    return __builtin_convertvector(exp2_double(t), VecHalf);
}

#endif

/// 1 ulp, with the special cases of C99 F.9.4.4.
RAVINE_INLINE Vec pow_vec(Vec x, Vec y) {
    const Vec magnitude = abs_vec(x), one = splat(1.0f), infinity = splat(kInfinity);
    struct alignas(sizeof(Vec)) Halves {
        VecHalf low, high;
    };
    const Halves a = reinterpret_cast<const Halves&>(magnitude), b = reinterpret_cast<const Halves&>(y);
    const Halves power = {pow_positive(a.low, b.low), pow_positive(a.high, b.high)};
    Vec result = reinterpret_cast<const Vec&>(power);
    const VecInt common = (x > 0.0f) & (x < kInfinity) & (abs_vec(y) < kInfinity);
    if (__builtin_expect(lane_bits(~common) == 0, 1)) return result;

    const Vec limit = ((magnitude == 0.0f) ^ (y > 0.0f)) ? infinity : Vec{};  // x is 0 or infinite
    result = (magnitude == 0.0f) | (magnitude == infinity) ? limit : result;
    const VecInt even = y * 0.5f == floor_vec(y * 0.5f), integral = y == floor_vec(y);
    result = from_bits(bits(result) ^ (bits(x) & INT32_MIN & integral & ~even));
    result = (x < 0.0f) & ~integral & (magnitude != infinity) ? splat(kNan) : result;
    result = (x != x) | (y != y) ? x + y : result;
    return (x == one) | (y == 0.0f) | ((x == -one) & (abs_vec(y) == infinity)) ? one : result;
}

}  // namespace RAVINE_ISA
