// Softmax, log-softmax and the cross-entropies made from them, row by row.
//
// The maximum of the row is subtracted first, so nothing overflows. A logit of -infinity has probability 0 and takes no
// part in a loss unless it is the target; a row with nothing but -infinity, or with +infinity, has no softmax: NaN.
#pragma once
#include "fold.inl"

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

/// A row of at most `count` vectors, which stays in registers: e is exp(x - max), 0 beyond n.
template <int count>
struct SmallRow {
    Vec max, sum, e[count];
};
template <int count>
RAVINE_INLINE SmallRow<count> small_row(int64_t n, const float* x) {
    const auto larger = [](Vec a, Vec b) __attribute__((always_inline)) { return max_vec(a, b); };
    const auto add = [](Vec a, Vec b) __attribute__((always_inline)) { return a + b; };
    SmallRow<count> row;
    for (int k = 0; k < count; ++k) {
        const int64_t rest = n - k * kWidth, lanes = k + 1 < count ? kWidth : rest;
        row.e[k] = mask_lanes<MaxNumber>(load_lanes(x + k * kWidth, lanes), lanes);
        row.max = k ? larger(row.max, row.e[k]) : row.e[k];
    }
    row.max = fold_lanes(row.max, larger);
    for (int k = 0; k < count; ++k) {
        row.e[k] = exp_vec(row.e[k] - row.max);
        row.sum = k ? row.sum + row.e[k] : row.e[k];
    }
    row.sum = fold_lanes(row.sum, add);
    return row;
}
template <int count>
RAVINE_INLINE SumExp small_sum_exp(int64_t n, const float* x) {
    const SmallRow<count> row = small_row<count>(n, x);
    return {row.max[0], row.sum[0]};
}
template <int count>
RAVINE_INLINE SumExp small_softmax(int64_t n, const float* x, float* y) {
    const SmallRow<count> row = small_row<count>(n, x);
    const Vec scale = 1.0f / row.sum;
    for (int k = 0; k + 1 < count; ++k) store(y + k * kWidth, row.e[k] * scale);
    store_partial(y + (count - 1) * kWidth, row.e[count - 1] * scale, n - (count - 1) * kWidth);
    return {row.max[0], row.sum[0]};
}

RAVINE_INLINE SumExp sum_exp(int64_t n, const float* x) {
    if (n <= kWidth) return small_sum_exp<1>(n, x);
    if (n <= 2 * kWidth) return small_sum_exp<2>(n, x);
    if (n <= 3 * kWidth) return small_sum_exp<3>(n, x);
    const float max = max_of_row(n, x);
    return {max, fold_row<Sum>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                return exp_vec(load_lanes(x + j, lanes) - max);
            })};
}

/// y = softmax(x), which may be x.
RAVINE_INLINE SumExp softmax_row(int64_t n, const float* x, float* y) {
    if (n <= kWidth) return small_softmax<1>(n, x, y);
    if (n <= 2 * kWidth) return small_softmax<2>(n, x, y);
    if (n <= 3 * kWidth) return small_softmax<3>(n, x, y);
    const float max = max_of_row(n, x);
    const float sum = fold_row<Sum>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        const Vec e = exp_vec(load_lanes(x + j, lanes) - max);
        store_lanes(y + j, e, lanes);
        return e;
    });
    const float scale = 1.0f / sum;
    for_row(n, [=](int64_t j, int64_t lanes)
                   __attribute__((always_inline)) { store_lanes(y + j, load_lanes(y + j, lanes) * scale, lanes); });
    return {max, sum};
}

static void softmax(int64_t m, int64_t n, const float* x, float* y) {
    for (int64_t i = 0; i < m; ++i) softmax_row(n, x + i * n, y + i * n);
}

static void softmax_grad(int64_t m, int64_t n, const float* y, const float* dy, float* dx) {
    for (int64_t i = 0; i < m; ++i, y += n, dy += n, dx += n) {
        const float dot = dot_of_rows(n, y, dy);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(dx + j, load_lanes(y + j, lanes) * (load_lanes(dy + j, lanes) - dot), lanes);
        });
    }
}

/// first(i) gives row i's sum of exponentials, then second(i, log(sum)) finishes the row. A vector of rows at a time,
/// so that their logarithms cost one.
template <class First, class Second>
RAVINE_INLINE void for_rows_with_log(int64_t m, First first, Second second) {
    for (int64_t i = 0; i < m; i += kWidth) {
        const int64_t rows = m - i < kWidth ? m - i : kWidth;
        float sums[kWidth] = {};
        for (int64_t k = 0; k < rows; ++k) sums[k] = first(i + k);
        store(sums, log_vec(load(sums)));
        for (int64_t k = 0; k < rows; ++k) second(i + k, sums[k]);
    }
}

static void log_softmax(int64_t m, int64_t n, const float* x, float* y) {
    float max[kWidth];
    for_rows_with_log(
        m,
        [&](int64_t i) __attribute__((always_inline)) {
            const SumExp s = sum_exp(n, x + i * n);
            max[i % kWidth] = s.max;
            return s.sum;
        },
        [&](int64_t i, float log_sum) __attribute__((always_inline)) {
            const float shift = max[i % kWidth];
            for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                store_lanes(y + i * n + j, load_lanes(x + i * n + j, lanes) - shift - log_sum, lanes);
            });
        });
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
    for_rows_with_log(
        args.m,
        [&](int64_t i) __attribute__((always_inline)) {
            const float* x = args.logits + i * args.ld;
            float* probs = args.probs + i * args.n;
            const int64_t c = class_of(args.targets[i], args.n);
            const float target = c < 0 ? kNan : x[c];  // before probs, which may be the same memory, is written
            if (c < 0 && first_bad < 0) first_bad = i;
            const SumExp s = softmax_row(args.n, x, probs);
            args.loss[i] = s.max - target;
            return s.sum;
        },
        [&](int64_t i, float log_sum) __attribute__((always_inline)) { args.loss[i] += log_sum; });
    return first_bad;
}

static void softmax_loss_dense(const SoftmaxLossArgs& args) {
    float weights[kWidth];
    for_rows_with_log(
        args.m,
        [&](int64_t i) __attribute__((always_inline)) {
            const float *x = args.logits + i * args.ld, *t = args.targets + i * args.n;
            float* probs = args.probs + i * args.n;
            const float max = max_of_row(args.n, x);
            weights[i % kWidth] = sum_of_row(args.n, t);
            // A target of 0 contributes nothing even where the logit is -infinity.
            args.loss[i] = fold_row<Sum>(args.n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                const Vec weight = load_lanes(t + j, lanes);
                return select(weight == 0.0f, Vec{}, weight * (max - load_lanes(x + j, lanes)));
            });
            return softmax_row(args.n, x, probs).sum;
        },
        [&](int64_t i, float log_sum)
            __attribute__((always_inline)) { args.loss[i] += log_sum * weights[i % kWidth]; });
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
