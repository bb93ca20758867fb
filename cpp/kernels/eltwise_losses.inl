// Losses that are element-wise, and normalization with given statistics.
#pragma once
#include "math.inl"

namespace RAVINE_ISA {
namespace op {

/// Binary cross-entropy of logit z against target t: max(z, 0) - z t + log1p(exp(-|z|)).
RAVINE_INLINE Vec sigmoid_loss(Vec z, Vec t) {
    return fma(-z, t, max_vec(Vec{}, z)) + log1p_unit(exp_vec(-abs_vec(z)));
}
RAVINE_INLINE Vec sigmoid_loss_grad(Vec z, Vec t, Vec dl) { return (sigmoid_vec(z) - t) * dl; }

RAVINE_INLINE Vec normalize(Vec x, Vec mean, Vec inv_std, Vec gamma, Vec beta) {
    return fma(x - mean, inv_std * gamma, beta);
}

}  // namespace op
}  // namespace RAVINE_ISA
