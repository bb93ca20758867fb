// Softmax, log-softmax and the cross-entropies made from them, row by row.
//
// The maximum of the row is subtracted first, so nothing overflows. A logit of -infinity has probability 0 and takes no
// part in a loss unless it is the target; a row with nothing but -infinity, or with +infinity, has no softmax: NaN.
#pragma once

namespace RAVINE_ISA {

/// f(j, lanes) for each vector of a row of n.
template <class F>
RAVINE_INLINE void for_row(int64_t n, F f) {
    int64_t j = 0;
    for (; j + kWidth <= n; j += kWidth) f(j, kWidth);
    if (j < n) f(j, n - j);
}

RAVINE_INLINE float max_of_row(int64_t n, const float* x) {
    return fold_row<MaxNumber>(
        n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) { return load_lanes(x + j, lanes); });
}
RAVINE_INLINE float sum_of_row(int64_t n, const float* x) {
    return fold_row<Sum>(
        n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) { return load_lanes(x + j, lanes); });
}
RAVINE_INLINE float dot_of_rows(int64_t n, const float* x, const float* y) {
    return fold_row<Sum>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        return load_lanes(x + j, lanes) * load_lanes(y + j, lanes);
    });
}

/// Maximum of a row and the sum of exp(x - maximum): log-sum-exp in two parts.
struct SumExp {
    float max, sum;
};
/// e, when not null, receives exp(x - maximum); it may be x.
RAVINE_INLINE SumExp sum_exp(int64_t n, const float* x, float* e) {
    const float max = max_of_row(n, x);
    const float sum = fold_row<Sum>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        const Vec v = exp_vec(load_lanes(x + j, lanes) - max);
        if (e) store_lanes(e + j, v, lanes);
        return v;
    });
    return {max, sum};
}

RAVINE_INLINE void scale_row(int64_t n, float scale, float* y) {
    for_row(n, [=](int64_t j, int64_t lanes)
                   __attribute__((always_inline)) { store_lanes(y + j, load_lanes(y + j, lanes) * scale, lanes); });
}

static void softmax(int64_t m, int64_t n, const float* x, float* y) {
    for (int64_t i = 0; i < m; ++i, x += n, y += n) scale_row(n, 1.0f / sum_exp(n, x, y).sum, y);
}

static void softmax_grad(int64_t m, int64_t n, const float* y, const float* dy, float* dx) {
    for (int64_t i = 0; i < m; ++i, y += n, dy += n, dx += n) {
        const float dot = dot_of_rows(n, y, dy);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(dx + j, load_lanes(y + j, lanes) * (load_lanes(dy + j, lanes) - dot), lanes);
        });
    }
}

RAVINE_INLINE float log_of(float x) { return log_vec(splat(x))[0]; }

static void log_softmax(int64_t m, int64_t n, const float* x, float* y) {
    for (int64_t i = 0; i < m; ++i, x += n, y += n) {
        const SumExp s = sum_exp(n, x, nullptr);
        const float log_sum = log_of(s.sum);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(y + j, load_lanes(x + j, lanes) - s.max - log_sum, lanes);
        });
    }
}

static void log_softmax_grad(int64_t m, int64_t n, const float* y, const float* dy, float* dx) {
    for (int64_t i = 0; i < m; ++i, y += n, dy += n, dx += n) {
        const float sum = sum_of_row(n, dy);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec p = exp_vec(load_lanes(y + j, lanes));
            store_lanes(dx + j, fma(p, splat(-sum), load_lanes(dy + j, lanes)), lanes);
        });
    }
}

/// The class that a target names, or -1 when it is no integer in [0, n).
RAVINE_INLINE int64_t class_of(float target, int64_t n) {
    if (!(target >= 0.0f && target < static_cast<float>(n))) return -1;
    const int64_t c = static_cast<int64_t>(target);
    return c < n && static_cast<float>(c) == target ? c : -1;
}

static int64_t softmax_loss_sparse(const SoftmaxLossArgs& args) {
    int64_t first_bad = -1;
    for (int64_t i = 0; i < args.m; ++i) {
        const float* x = args.logits + i * args.ld;
        float* probs = args.probs + i * args.n;
        const int64_t c = class_of(args.targets[i], args.n);
        const float target = c < 0 ? kNan : x[c];  // before probs, which may be the same memory, is written
        if (c < 0 && first_bad < 0) first_bad = i;
        const SumExp s = sum_exp(args.n, x, probs);
        args.loss[i] = log_of(s.sum) + (s.max - target);
        scale_row(args.n, 1.0f / s.sum, probs);
    }
    return first_bad;
}

static void softmax_loss_dense(const SoftmaxLossArgs& args) {
    for (int64_t i = 0; i < args.m; ++i) {
        const float *x = args.logits + i * args.ld, *t = args.targets + i * args.n;
        float* probs = args.probs + i * args.n;
        const float max = max_of_row(args.n, x);
        const float sum_targets = sum_of_row(args.n, t);
        // A target of 0 contributes nothing even where the logit is -infinity.
        const float distance = fold_row<Sum>(args.n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec weight = load_lanes(t + j, lanes);
            return select(weight == 0.0f, Vec{}, weight * (max - load_lanes(x + j, lanes)));
        });
        const float sum = sum_exp(args.n, x, probs).sum;
        args.loss[i] = log_of(sum) * sum_targets + distance;
        scale_row(args.n, 1.0f / sum, probs);
    }
}

static void softmax_loss_sparse_grad(int64_t m, int64_t n, const float* probs, const float* targets, const float* dloss,
                                     int64_t dloss_step, float* dlogits) {
    for (int64_t i = 0; i < m; ++i, probs += n, dlogits += n) {
        const float scale = dloss[i * dloss_step];
        const int64_t c = class_of(targets[i], n);
        const float at_target = c < 0 ? 0.0f : (probs[c] - 1.0f) * scale;
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(dlogits + j, load_lanes(probs + j, lanes) * scale, lanes);
        });
        if (c >= 0) dlogits[c] = at_target;
    }
}

static void softmax_loss_dense_grad(int64_t m, int64_t n, const float* probs, const float* targets, const float* dloss,
                                    int64_t dloss_step, float* dlogits) {
    for (int64_t i = 0; i < m; ++i, probs += n, targets += n, dlogits += n) {
        const float scale = dloss[i * dloss_step], sum = sum_of_row(n, targets);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = fma(load_lanes(probs + j, lanes), splat(sum), -load_lanes(targets + j, lanes));
            store_lanes(dlogits + j, d * scale, lanes);
        });
    }
}

}  // namespace RAVINE_ISA
