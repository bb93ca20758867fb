// Optimizer updates: sources first, results in the order of the targets. The formulas are those of Keras 3.
#pragma once

namespace RAVINE_ISA {
namespace op {

/// w -= lr g.
RAVINE_INLINE Vec sgd(Vec w, Vec g, Vec lr) { return fma(-lr, g, w); }

/// v = momentum v - lr g; w += v.
RAVINE_INLINE Results<2> sgd_momentum(Vec w, Vec g, Vec v, Vec lr, Vec momentum) {
    v = fma(momentum, v, -(lr * g));
    return {{w + v, v}};
}

/// v = momentum v - lr g; w += momentum v - lr g.
RAVINE_INLINE Results<2> sgd_nesterov(Vec w, Vec g, Vec v, Vec lr, Vec momentum) {
    const Vec step = lr * g;
    v = fma(momentum, v, -step);
    return {{w + fma(momentum, v, -step), v}};
}

/// Kingma & Ba 2015, section 2, in the form before section 3: the bias corrections are part of the rate, and epsilon is
/// added to the uncorrected root. alpha is 1 - beta.
RAVINE_INLINE Results<3> adam(Vec w, Vec g, Vec m, Vec v, Vec rate, Vec alpha_1, Vec alpha_2, Vec epsilon) {
    m = fma(alpha_1, g - m, m);
    v = fma(alpha_2, fma(g, g, -v), v);
    return {{w - rate * m / (sqrt_vec(v) + epsilon), m, v}};
}

/// Dozat 2016 with Keras' schedule of the momentum. The bias corrections are part of the rates and of epsilon.
RAVINE_INLINE Results<3> nadam(Vec w, Vec g, Vec m, Vec v, Vec m_rate, Vec g_rate, Vec epsilon, Vec alpha_1,
                               Vec alpha_2) {
    m = fma(alpha_1, g - m, m);
    v = fma(alpha_2, fma(g, g, -v), v);
    return {{w - fma(m_rate, m, g_rate * g) / (sqrt_vec(v) + epsilon), m, v}};
}

/// Decoupled weight decay (Loshchilov & Hutter 2019): w -= decay w before the step. decay is the learning rate times
/// its factor.
RAVINE_INLINE Vec decayed(Vec w, Vec decay) { return w - w * decay; }
RAVINE_INLINE Vec sgdw(Vec w, Vec g, Vec lr, Vec decay) { return sgd(decayed(w, decay), g, lr); }
RAVINE_INLINE Results<2> sgdw_momentum(Vec w, Vec g, Vec v, Vec lr, Vec momentum, Vec decay) {
    return sgd_momentum(decayed(w, decay), g, v, lr, momentum);
}
RAVINE_INLINE Results<2> sgdw_nesterov(Vec w, Vec g, Vec v, Vec lr, Vec momentum, Vec decay) {
    return sgd_nesterov(decayed(w, decay), g, v, lr, momentum);
}
RAVINE_INLINE Results<3> adamw(Vec w, Vec g, Vec m, Vec v, Vec rate, Vec alpha_1, Vec decay, Vec alpha_2, Vec epsilon) {
    return adam(decayed(w, decay), g, m, v, rate, alpha_1, alpha_2, epsilon);
}

}  // namespace op
}  // namespace RAVINE_ISA
