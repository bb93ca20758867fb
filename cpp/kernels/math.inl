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

#if defined(__AVX512F__)
constexpr float kTanh[6][32] = {
    {0.7615942f,  0.84828365f, 0.90514827f, 0.94137555f, 0.9640276f,  0.9780261f, 0.9866143f,  0.99185973f,
     0.9950548f,  0.9981779f,  0.9993293f,  0.99975324f, 0.9999092f,  0.9999666f, 0.9999877f,  0.99999547f,
     0.99999833f, 0.99999976f, 1.0f,        1.0f,        1.0f,        1.0f,       1.0f,        1.0f,
     0.0f,        0.124353f,   0.24491866f, 0.3583574f,  0.46211717f, 0.5545997f, 0.63514894f, 0.7039056f},
    {0.41997057f,  0.2804134f,     0.1807039f,    0.11380909f,    0.07065011f,    0.043469433f,   0.02659446f,
     0.016212385f, 0.009863119f,   0.0036419756f, 0.0013380566f,  4.9092487e-04f, 1.7979954e-04f, 6.43871e-05f,
     2.36001e-05f, 9.9684885e-06f, 3.617563e-06f, 1.1151799e-06f, 0.0f,           0.0f,           0.0f,
     0.0f,         0.0f,           0.0f,          1.0f,           0.98453754f,    0.94001615f,    0.87157935f,
     0.78644437f,  0.69242734f,    0.59658986f,   0.5045256f},
    {-0.31974068f,
     -0.23783192f,
     -0.1634812f,
     -0.107044f,
     -0.06808602f,
     -0.042653795f,
     -0.026307292f,
     -0.01602114f,
     -0.009767716f,
     -0.0036505347f,
     -0.0012933438f,
     -4.5178173e-04f,
     -1.5298731e-04f,
     -2.8126777e-05f,
     -8.955486e-06f,
     -2.386376e-05f,
     -5.6442977e-06f,
     -5.7652924e-06f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     3.1189953e-07f,
     -0.122512385f,
     -0.23031196f,
     -0.3122929f,
     -0.36320886f,
     -0.3845478f,
     -0.37918404f,
     -0.35569477f},
    {0.10257187f,
     0.107997455f,
     0.086912245f,
     0.06185552f,
     0.041842274f,
     0.02869229f,
     0.017809432f,
     0.009856469f,
     0.0061789914f,
     0.0024957207f,
     6.2711275e-04f,
     9.447153e-05f,
     -3.9465347e-05f,
     -1.7216908e-04f,
     -7.113352e-05f,
     8.8985274e-05f,
     8.655292e-06f,
     1.5171298e-05f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     -0.33335564f,
     -0.31106433f,
     -0.25507766f,
     -0.17969835f,
     -0.09931193f,
     -0.005785616f,
     0.047765695f,
     0.09451077f},
    {0.030749494f,   -0.0122908475f, -0.021292884f,  -0.0187403f,     -0.016631488f, -0.019592332f,  -0.011591674f,
     -0.0019003693f, -0.0023821993f, -0.0013429283f, 1.7678333e-04f,  3.771462e-04f, 3.0846632e-04f, 4.7377902e-04f,
     1.9211201e-04f, -1.924921e-04f, -8.342769e-06f, -1.7126413e-05f, 0.0f,          0.0f,           0.0f,
     0.0f,           0.0f,           0.0f,           4.7281824e-04f,  0.062821835f,  0.123680435f,   0.17980596f,
     0.21291028f,    0.02715812f,    0.04482884f,    -0.056276765f},
    {-0.043222874f,
     -0.014034197f,
     -0.0061135865f,
     -0.0033781223f,
     0.0026194185f,
     0.015307151f,
     0.008240428f,
     -0.0034292692f,
     3.1909236e-04f,
     4.812508e-04f,
     -3.6085647e-04f,
     -3.825883e-04f,
     -2.7653313e-04f,
     -3.8994497e-04f,
     -1.5770635e-04f,
     1.524943e-04f,
     3.1639165e-06f,
     6.8264667e-06f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.0f,
     0.12998585f,
     0.16194175f,
     0.10984796f,
     -0.033125985f,
     -0.19239448f,
     0.29768878f,
     0.11315585f,
     0.3203166f}};
/// 2 ulp. It is 1 from 9.02 on.
RAVINE_INLINE Vec tanh_vec(Vec x) {
    const Vec a = min_vec(splat(10.0f), abs_vec(x));
    const Vec y = piecewise_polynomial(a, kTanh);
    return from_bits(bits(y) | (bits(x) & INT32_MIN));
}
#else
/// 2 ulp. With h = expm1(2|x|) / 2 the result is h / (1 + h), which is h - h^2 / (1 + h) where h is small and
/// 1 - 1 / (1 + h) where it is large: the quotient is only a correction. It is 1 from 9.02 on.
RAVINE_INLINE Vec tanh_vec(Vec x) {
    const VecInt sign = bits(x) & INT32_MIN;
    const Vec h = half_expm1_of(exp_parts(2.0f * min_vec(splat(9.1f), abs_vec(x))));
    const Vec base = min_vec(splat(1.0f), h);
    return from_bits(bits(base - base * base / (1.0f + h)) | sign);
}
#endif

/// 2 ulp. Odd polynomial up to 1, then 1 - exp(p(|x|)), p fitted to log(erfc) on [1, 4].
RAVINE_INLINE Vec erf_vec(Vec x) {
    constexpr float near[] = {0.128379107f,   -0.376122177f,   0.112789661f,   -0.0266611725f,
                              0.00482336478f, -0.00048123271f, -2.6800044e-05f};
    constexpr float far[] = {-0.000353719486f, -1.12704003f,    -0.638225675f,  -0.103037409f,
                             0.0218053684f,    -0.00293963007f, 0.000185577519f};
    const VecInt sign = bits(x) & INT32_MIN;
    const Vec a = abs_vec(x);
    const Vec erfc = exp_of(exp_parts(polynomial(min_vec(splat(4.0f), a), far)));
    const Vec y = a < 1.0f ? fma(a, polynomial(a * a, near), a) : 1.0f - erfc;
    return from_bits(bits(y) | sign);
}

/// e = exp(-|x|) and 1 / (1 + e): what the logistic function and its relatives are made of without overflow.
struct LogisticParts {
    Vec e, inverse;
};
RAVINE_INLINE LogisticParts logistic_parts(Vec x) {
    const Vec e = exp_vec<true>(minus_abs(x));
    return {e, 1.0f / (1.0f + e)};
}

/// 2 ulp, in both tails. 1 / (1 + exp(-x)).
RAVINE_INLINE Vec sigmoid_vec(Vec x) {
    const Vec e = exp_vec<true>(minus_abs(x));
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
    const Vec shifted_exponent = fma(a * a, splat(-0.5f * kLog2E), splat(kExpShift));
    const Vec exponent = shifted_exponent - kExpShift;
    const Vec r = fma(exponent, splat(6.389237e-05f), fma(a, a, exponent * 0x1.62ep0f));  // times -2
    const VecInt fraction = bits(shifted_exponent);
    const Vec root = lookup(kRoot, fraction);
    const Vec slope = fma(fma(r, splat(-0.0208333333f), splat(0.125f)), r, splat(-0.5f));
    const Vec kernel = scale_exponent(fma(root, fma(r, slope, lookup(kRootLost, fraction)), root), exponent);
    const Vec ratio = piecewise_polynomial(a, kMills);
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
