// Activations and their gradients. A gradient takes y where the derivative is cheap in terms of the result (relu, selu,
// sigmoid, tanh) and x elsewhere. Definitions and the derivatives at kinks are those of Keras 3.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {
namespace op {

/// max(x, 0); relu'(0) = 0.
RAVINE_INLINE Vec relu(Vec x) { return max_vec(Vec{}, x); }
RAVINE_INLINE Vec relu_grad(Vec y, Vec dy) { return y > 0.0f ? dy : Vec{}; }

/// min(x, max_value) above the threshold, slope * (x - threshold) elsewhere.
RAVINE_INLINE Vec relu_general(Vec x, Vec slope, Vec max_value, Vec threshold) {
    const Vec below = slope * (x - threshold);
    const Vec finite = (slope == 0.0f) & (x == x) ? Vec{} : below;  // 0 * -infinity would be NaN
    return x > threshold ? min_vec(max_value, x) : finite;
}
RAVINE_INLINE Vec relu_general_grad(Vec x, Vec dy, Vec slope, Vec max_value, Vec threshold) {
    return x > threshold ? (x < max_value ? dy : Vec{}) : slope * dy;
}

RAVINE_INLINE Vec leaky_relu(Vec x, Vec slope) { return x >= 0.0f ? x : slope * x; }
RAVINE_INLINE Vec leaky_relu_grad(Vec x, Vec dy, Vec slope) { return x >= 0.0f ? dy : slope * dy; }

/// Clevert et al. 2016, eq. 15: x above 0, alpha (exp(x) - 1) below.
RAVINE_INLINE Vec elu(Vec x, Vec alpha) { return x > 0.0f ? x : 2.0f * alpha * half_expm1(x); }
RAVINE_INLINE Vec elu_grad(Vec x, Vec dy, Vec alpha) { return x > 0.0f ? dy : alpha * exp_vec(x) * dy; }

/// Klambauer et al. 2017, eq. 2: scale * elu(x, alpha), with the constants of the paper's fixed point (0, 1).
constexpr float kSeluScale = 1.0507009873554805f;
constexpr float kSeluScaleAlpha = 1.7580993408473766f;
RAVINE_INLINE Vec selu(Vec x) { return x > 0.0f ? kSeluScale * x : 2.0f * kSeluScaleAlpha * half_expm1(x); }
RAVINE_INLINE Vec selu_grad(Vec y, Vec dy) { return y > 0.0f ? kSeluScale * dy : (y + kSeluScaleAlpha) * dy; }

/// Hendrycks & Gimpel 2016: x P(X <= x) for a normal X, written as max(x, 0) - |x| Q(|x|) so that the left tail keeps
/// its digits. Beyond 15 the tail is 0 and stays it for infinite x.
RAVINE_INLINE Vec gelu(Vec x) {
    const Vec a = limited_abs(x, 15.0f);
    return fma(-a, normal_tail(a).tail, max_vec(Vec{}, x));
}
/// P(X <= x) + x density(x), which is g for negative x and 1 - g for positive, g = Q(|x|) - |x| density(|x|).
RAVINE_INLINE Vec gelu_grad(Vec x, Vec dy) {
    constexpr float kInverseSqrt2Pi = 0.398942280401432678f;
    const Vec a = min_vec(splat(15.0f), abs_vec(x));
    const NormalTail normal = normal_tail(a);
    const Vec g = fma(a * -kInverseSqrt2Pi, normal.kernel, normal.tail);
    return (x > 0.0f ? 1.0f - g : g) * dy;
}

/// The same paper's tanh form, 0.5 x (1 + tanh u) = x sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3).
constexpr float kGeluSlope = 1.595769121605730711f;  // 2 sqrt(2/pi)
constexpr float kGeluCubic = 0.044715f;
RAVINE_INLINE Vec gelu_tanh(Vec x) {
    const Vec limited = clamp(x, -12.0f, 12.0f);
    const Vec s = sigmoid_vec(kGeluSlope * limited * fma(limited * limited, splat(kGeluCubic), splat(1.0f)));
    return max_vec(splat(-12.0f), x) * s;
}
RAVINE_INLINE Vec gelu_tanh_grad(Vec x, Vec dy) {
    const Vec limited = clamp(x, -12.0f, 12.0f), square = limited * limited;
    const Vec u = kGeluSlope * limited * fma(square, splat(kGeluCubic), splat(1.0f));
    const Vec du = kGeluSlope * fma(square, splat(3.0f * kGeluCubic), splat(1.0f));
    const LogisticParts s = logistic_parts(u);
    const Vec other = s.e * s.inverse;  // sigmoid(-|u|)
    return fma(limited * du, s.inverse * other, u < 0.0f ? other : s.inverse) * dy;
}

/// Ramachandran et al. 2017 (swish): x sigmoid(beta x).
RAVINE_INLINE Vec silu(Vec x, Vec beta) {
    const Vec u = beta * x, e = exp_vec<true>(minus_abs(u));
    return (u < 0.0f ? x * e : x) / (1.0f + e);
}
/// s + u s (1 - s), u = beta x. With e = exp(-|u|) and d = 1 + e both s and 1 - s are 1 / d or e / d.
RAVINE_INLINE Vec silu_grad(Vec x, Vec dy, Vec beta) {
    const Vec u = clamp(beta * x, -104.0f, 104.0f);
    const Vec e = exp_of(exp_parts(minus_abs(u))), d = 1.0f + e;
    return fma(u < 0.0f ? e : splat(1.0f), d, u * e) * dy / (d * d);
}

/// Misra 2019: x tanh(softplus(x)). With e = exp(x) the factor is n / (n + 2), n = e (e + 2); it is 1 beyond 20.
RAVINE_INLINE Vec mish(Vec x) {
    const Vec e = exp_vec(min_vec(splat(20.0f), x));
    const Vec n = e * (e + 2.0f);
    return x * (n / (n + 2.0f));
}
RAVINE_INLINE Vec mish_grad(Vec x, Vec dy) {
    const Vec limited = clamp(x, -104.0f, 20.0f);
    const Vec e = exp_vec(limited);
    const Vec n = e * (e + 2.0f), inverse = 1.0f / (n + 2.0f);
    return fma(limited * (4.0f * e * (e + 1.0f)), inverse * inverse, n * inverse) * dy;
}

RAVINE_INLINE Vec sigmoid(Vec x) { return sigmoid_vec(x); }
RAVINE_INLINE Vec sigmoid_grad(Vec y, Vec dy) { return y * (1.0f - y) * dy; }

RAVINE_INLINE Vec tanh(Vec x) { return tanh_vec(x); }
RAVINE_INLINE Vec tanh_grad(Vec y, Vec dy) { return (1.0f - y) * (1.0f + y) * dy; }

/// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
RAVINE_INLINE Vec softplus(Vec x) { return max_vec(Vec{}, x) + log1p_unit(exp_vec<true>(minus_abs(x))); }
RAVINE_INLINE Vec softplus_grad(Vec x, Vec dy) { return sigmoid_vec(x) * dy; }

RAVINE_INLINE Vec softsign(Vec x) { return x / (1.0f + abs_vec(x)); }
RAVINE_INLINE Vec softsign_grad(Vec x, Vec dy) {
    const Vec d = 1.0f + abs_vec(x);
    return dy / (d * d);
}

/// relu6(x + 3) / 6.
RAVINE_INLINE Vec hard_sigmoid(Vec x) { return clamp(x + 3.0f, 0.0f, 6.0f) / 6.0f; }
RAVINE_INLINE Vec hard_sigmoid_grad(Vec x, Vec dy) { return abs_vec(x) < 3.0f ? dy / 6.0f : Vec{}; }

/// x hard_sigmoid(x) (hard swish, Howard et al. 2019).
RAVINE_INLINE Vec hard_silu(Vec x) { return x * hard_sigmoid(x); }
RAVINE_INLINE Vec hard_silu_grad(Vec x, Vec dy) {
    const Vec inside = fma(x, splat(2.0f), splat(3.0f)) / 6.0f;
    return (x >= 3.0f ? splat(1.0f) : (x <= -3.0f ? Vec{} : inside)) * dy;
}

}  // namespace op
}  // namespace RAVINE_ISA
