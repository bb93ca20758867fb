// Losses that are element-wise, and normalization with given statistics.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {
namespace op {

/// Binary cross-entropy of logit z against target t: max(z, 0) - z t + log1p(exp(-|z|)).
RAVINE_INLINE Vec sigmoid_loss(Vec z, Vec t) {
    return fma(-z, t, max_vec(Vec{}, z)) + log1p_unit(exp_vec<true>(minus_abs(z)));
}
RAVINE_INLINE Vec sigmoid_loss_grad(Vec z, Vec t, Vec dl) { return (sigmoid_vec(z) - t) * dl; }

/// What two samples of similarity s contribute to the circle loss: z = gamma max(w + margin, 0) (w - margin), w being
/// their distance within a class, else their similarity.
struct CirclePair {
    VecInt same;
    Vec w, z;
};
RAVINE_INLINE CirclePair circle_pair(Vec s, Vec a, Vec b, Vec gamma, Vec margin) {
    const VecInt same = a == b;
    const Vec w = same ? max_vec(Vec{}, 1.0f - s) : min_vec(splat(1.0f), s);
    return {same, w, gamma * max_vec(Vec{}, w + margin) * (w - margin)};
}
RAVINE_INLINE Results<2> circle(Vec s, Vec a, Vec b, Vec gamma, Vec margin, Vec excluded) {
    const CirclePair pair = circle_pair(s, a, b, gamma, margin);
    return {{pair.same ? pair.z : excluded, pair.same ? excluded : pair.z}};
}
/// Of logsumexp(z) times its slope, with respect to s. At a tie the limit that depends on s has the gradient.
RAVINE_INLINE Vec circle_grad(Vec s, Vec a, Vec b, Vec own, Vec others, Vec slope, Vec gamma, Vec margin) {
    const CirclePair pair = circle_pair(s, a, b, gamma, margin);
    const Vec dz = (s <= 1.0f) & (pair.w + margin >= 0.0f) ? 2.0f * gamma * pair.w : Vec{};
    return (pair.same ? -dz : dz) * exp_vec(pair.z - (pair.same ? own : others)) * slope;
}

RAVINE_INLINE Vec normalize(Vec x, Vec mean, Vec inv_std, Vec gamma, Vec beta) {
    return fma(x - mean, inv_std * gamma, beta);
}

}  // namespace op
}  // namespace RAVINE_ISA
