// The normal distribution, for GELU.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

/// exp(-a^2/2) and the upper tail of the normal distribution, Q(a) = erfc(a / sqrt 2) / 2, for a >= 0. Their ratio
/// (Mills' ratio up to a constant) is smooth, so the tail keeps its relative accuracy: 4 ulp up to a = 13.
struct NormalTail {
    Vec kernel, tail;
};
#if defined(__AVX512F__)
/// The ratio's piecewise polynomial.
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
/// a <= 15. The kernel is that of exp_of, but a^2 is never rounded: 2 ln 2 stands in two parts, and the product of the
/// first with any exponent is exact. s is -2 r.
RAVINE_INLINE NormalTail normal_tail(Vec a) {
    constexpr float kTwoLn2High = 0x1.62ep0f, kTwoLn2Low = 6.389237e-05f;
    constexpr float kTailOfS[] = {-0.5f, 0.125f, -0.0208333333f};
    const Vec shifted = fma(a * a, splat(-0.5f * kLog2E), splat(kExpShift));
    const Vec exponent = shifted - kExpShift;
    const Vec s = fma(exponent, splat(kTwoLn2Low), fma(a, a, exponent * kTwoLn2High));
    const Vec root = lookup(kRoot, bits(shifted)), lost = lookup(kRootLost, bits(shifted));
    const Vec kernel = scale_exponent(fma(root, fma(s, polynomial(s, kTailOfS), lost), root), exponent);
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
