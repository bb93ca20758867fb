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

/// In every lane, as all folds of a row.
RAVINE_INLINE Vec max_of_row(int64_t n, const float* x) {
    return fold_row<MaxNumber>(
        n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) { return load_lanes(x + j, lanes); });
}
RAVINE_INLINE Vec sum_of_row(int64_t n, const float* x) {
    return fold_row<Sum>(
        n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) { return load_lanes(x + j, lanes); });
}
RAVINE_INLINE Vec dot_of_rows(int64_t n, const float* x, const float* y) {
    return fold_row<Sum>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        return load_lanes(x + j, lanes) * load_lanes(y + j, lanes);
    });
}

/// Maximum of a row and the sum of exp(x - maximum): log-sum-exp in two parts.
struct SumExp {
    float max, sum;
};

/// Rows of up to so many vectors are small: they stay in registers.
constexpr int kSmallRow = kWidth > 8 ? 8 : 3;
RAVINE_INLINE bool is_small(int64_t n) { return n <= kSmallRow * kWidth; }

/// use(count) with the number of vectors of a small row as a constant.
template <int value>
struct Constant {
    static constexpr int count = value;
};
template <int count = 1, class Use>
RAVINE_INLINE void for_small_row(int64_t n, Use use) {
    if constexpr (count < kSmallRow) {
        if (n > count * kWidth) return for_small_row<count + 1>(n, use);
    }
    use(Constant<count>());
}

template <int count>
RAVINE_INLINE void load_row(int64_t n, const float* x, Vec (&v)[count]) {
    for (int k = 0; k + 1 < count; ++k) v[k] = load(x + k * kWidth);
    v[count - 1] = load_lanes(x + (count - 1) * kWidth, n - (count - 1) * kWidth);
}
template <int count>
RAVINE_INLINE void store_row(int64_t n, float* y, const Vec (&v)[count]) {
    for (int k = 0; k + 1 < count; ++k) store(y + k * kWidth, v[k]);
    store_partial(y + (count - 1) * kWidth, v[count - 1], n - (count - 1) * kWidth);
}

/// e is exp(x - max), 0 beyond n.
template <int count>
struct SmallRow {
    Vec max, sum, e[count];
};
template <int count>
RAVINE_INLINE SmallRow<count> small_row(int64_t n, const float* x) {
    SmallRow<count> row;
    load_row(n, x, row.e);
    row.e[count - 1] = mask_lanes<MaxNumber>(row.e[count - 1], n - (count - 1) * kWidth);
    row.max = row.e[0];
    for (int k = 1; k < count; ++k) row.max = max_vec(row.max, row.e[k]);
    row.max = fold_lanes<MaxNumber>(row.max);
    for (int k = 0; k < count; ++k) row.e[k] -= row.max;
    exp_nonpositive(row.e);
    row.sum = row.e[0];
    for (int k = 1; k < count; ++k) row.sum += row.e[k];
    row.sum = fold_lanes<Sum>(row.sum);
    return row;
}

/// Sum of exp(x - max) over a row. keep(j, lanes, e) sees the exponentials. Meanwhile the row ld further on is fetched,
/// because the arithmetic leaves memory idle; behind the last row that does nothing.
template <class Keep>
RAVINE_INLINE Vec sum_exp_of_row(int64_t n, const float* x, Vec max, int64_t ld, Keep keep) {
    return fold_row<Sum>(
        n,
        [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            Vec e[] = {load_lanes(x + j, lanes) - max};
            exp_nonpositive(e);
            keep(j, lanes, e[0]);
            return e[0];
        },
        [=](int64_t j, Vec(&e)[kFoldVectors]) __attribute__((always_inline)) {
            for (int k = 0; k < kFoldVectors; ++k) e[k] = load(x + j + k * kWidth) - max;
            for (int k = 0; k < kFoldVectors; k += 16 / kWidth) __builtin_prefetch(x + ld + j + k * kWidth, 0, 3);
            exp_nonpositive(e);
            for (int k = 0; k < kFoldVectors; ++k) keep(j + k * kWidth, kWidth, e[k]);
        });
}

/// Of a row that the next one follows.
RAVINE_INLINE SumExp sum_exp(int64_t n, const float* x) {
    SumExp result;
    if (is_small(n)) {
        for_small_row(n, [&](auto size) __attribute__((always_inline)) {
            const auto r = small_row<decltype(size)::count>(n, x);
            result = {r.max[0], r.sum[0]};
        });
        return result;
    }
    const Vec max = max_of_row(n, x);
    const Vec sum = sum_exp_of_row(n, x, max, n, [](int64_t, int64_t, Vec) __attribute__((always_inline)) {});
    return {max[0], sum[0]};
}

/// Softmax of m rows, one after the other.
struct SoftmaxRows {
    int64_t m, n, ld;
    const float* x;
    Vec max;  // of the row that comes next, where rows are not small
    /// A load waits for a store of a part of a vector before it, though what that part leaves out is all it reads:
    /// small rows that are replaced are collected here.
    float collected[kWidth * kSmallRow * kWidth];

    __attribute__((always_inline)) inline SoftmaxRows(int64_t rows, int64_t columns, int64_t stride, const float* data)
        : m(rows), n(columns), ld(stride), x(data), max(m > 0 && !is_small(n) ? max_of_row(n, x) : Vec{}) {}

    /// y, which may be the row itself, = softmax of row i.
    __attribute__((always_inline)) inline SumExp run(int64_t i, float* y) {
        const float* row = x + i * ld;
        SumExp result;
        if (is_small(n)) {
            for_small_row(n, [&](auto size) __attribute__((always_inline)) {
                constexpr int count = decltype(size)::count;
                SmallRow<count> r = small_row<count>(n, row);
                result = {r.max[0], r.sum[0]};
                const Vec scale = 1.0f / r.sum;
                for (int k = 0; k < count; ++k) r.e[k] *= scale;
                const int64_t part = i % kWidth;
                const bool replaces = y == row;
                store_row(n, replaces ? collected + part * n : y, r.e);
                if (replaces && (part + 1 == kWidth || i + 1 == m)) {
                    float* const first = y - part * n;
                    for_row((part + 1) * n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                        store_lanes(first + j, load_lanes(collected + j, lanes), lanes);
                    });
                }
            });
            return result;
        }
        const Vec sum = sum_exp_of_row(n, row, max, ld,
                                       [=](int64_t j, int64_t lanes, Vec e)
                                           __attribute__((always_inline)) { store_lanes(y + j, e, lanes); });
        result = {max[0], sum[0]};
        // Between a sum and the division by it, so that neither waits.
        if (i + 1 < m) max = max_of_row(n, row + ld);
        const Vec scale = 1.0f / sum;
        for_row(n, [=](int64_t j, int64_t lanes)
                       __attribute__((always_inline)) { store_lanes(y + j, load_lanes(y + j, lanes) * scale, lanes); });
        return result;
    }
};

static void softmax(int64_t m, int64_t n, const float* x, float* y) {
    SoftmaxRows rows(m, n, n, x);
    for (int64_t i = 0; i < m; ++i) rows.run(i, y + i * n);
}

static void softmax_grad(int64_t m, int64_t n, const float* y, const float* dy, float* dx) {
    if (is_small(n)) {
        for_small_row(n, [=](auto size) __attribute__((always_inline)) {
            constexpr int count = decltype(size)::count;
            for (int64_t i = 0; i < m; ++i) {
                Vec p[count], d[count];
                load_row(n, y + i * n, p);
                load_row(n, dy + i * n, d);
                Vec dot = p[0] * d[0];
                for (int k = 1; k < count; ++k) dot += p[k] * d[k];
                dot = fold_lanes<Sum>(dot);
                for (int k = 0; k < count; ++k) d[k] = p[k] * (d[k] - dot);
                store_row(n, dx + i * n, d);
            }
        });
        return;
    }
    for (int64_t i = 0; i < m; ++i, y += n, dy += n, dx += n) {
        const Vec dot = dot_of_rows(n, y, dy);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            store_lanes(dx + j, load_lanes(y + j, lanes) * (load_lanes(dy + j, lanes) - dot), lanes);
        });
    }
}

/// first(i) gives row i's sum of exponentials, then second(i, log(sum)) finishes the row. Several rows of n at a time,
/// so that their logarithms cost one, but no more than stay in the first-level cache.
template <class First, class Second>
RAVINE_INLINE void for_rows_with_log(int64_t m, int64_t n, First first, Second second) {
    const int64_t batch = n > 256 ? larger(1, smaller(kWidth, 4096 / n)) : kWidth;
    for (int64_t i = 0; i < m; i += batch) {
        const int64_t rows = smaller(m - i, batch);
        float sums[kWidth] = {};
        for (int64_t k = 0; k < rows; ++k) sums[k] = first(i + k, k);
        store(sums, log_vec(load(sums)));
        for (int64_t k = 0; k < rows; ++k) second(i + k, k, sums[k]);
    }
}

static void log_softmax(int64_t m, int64_t n, const float* x, float* y) {
    float shifts[kWidth];
    for_rows_with_log(
        m, n,
        [&](int64_t i, int64_t k) __attribute__((always_inline)) {
            const SumExp s = sum_exp(n, x + i * n);
            shifts[k] = s.max;
            return s.sum;
        },
        [&](int64_t i, int64_t k, float log_sum) __attribute__((always_inline)) {
            const float shift = shifts[k];
            for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                store_lanes(y + i * n + j, load_lanes(x + i * n + j, lanes) - shift - log_sum, lanes);
            });
        });
}

static void log_sum_exp(int64_t m, int64_t n, const float* x, float* y) {
    for_rows_with_log(
        m, n,
        [&](int64_t i, int64_t) __attribute__((always_inline)) {
            const SumExp s = sum_exp(n, x + i * n);
            y[i] = s.max;
            return s.sum;
        },
        [&](int64_t i, int64_t, float log_sum) __attribute__((always_inline)) { y[i] += log_sum; });
}

static void log_softmax_grad(int64_t m, int64_t n, const float* y, const float* dy, float* dx) {
    for (int64_t i = 0; i < m; ++i, y += n, dy += n, dx += n) {
        const Vec sum = sum_of_row(n, dy);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec p = exp_vec(load_lanes(y + j, lanes));
            store_lanes(dx + j, fma(p, -sum, load_lanes(dy + j, lanes)), lanes);
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
    SoftmaxRows rows(args.m, args.n, args.ld, args.logits);
    for_rows_with_log(
        args.m, args.n,
        [&](int64_t i, int64_t) __attribute__((always_inline)) {
            const int64_t c = class_of(args.targets[i], args.n);
            // Before probs, which may be the same memory, is written.
            const float target = c < 0 ? kNan : args.logits[i * args.ld + c];
            if (c < 0 && first_bad < 0) first_bad = i;
            const SumExp s = rows.run(i, args.probs + i * args.n);
            args.loss[i] = s.max - target;
            return s.sum;
        },
        [&](int64_t i, int64_t, float log_sum) __attribute__((always_inline)) { args.loss[i] += log_sum; });
    return first_bad;
}

static void softmax_loss_dense(const SoftmaxLossArgs& args) {
    float weights[kWidth];
    SoftmaxRows rows(args.m, args.n, args.ld, args.logits);
    for_rows_with_log(
        args.m, args.n,
        [&](int64_t i, int64_t k) __attribute__((always_inline)) {
            const float *x = args.logits + i * args.ld, *t = args.targets + i * args.n;
            const Vec max = is_small(args.n) ? max_of_row(args.n, x) : rows.max;
            const Pair sums = fold_row<SumPair>(args.n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                const Vec weight = load_lanes(t + j, lanes);
                // A target of 0 contributes nothing even where the logit is -infinity.
                return Pair{weight, select(weight == 0.0f, Vec{}, weight * (max - load_lanes(x + j, lanes)))};
            });
            weights[k] = sums.first[0];
            args.loss[i] = sums.second[0];
            return rows.run(i, args.probs + i * args.n).sum;
        },
        [&](int64_t i, int64_t k, float log_sum)
            __attribute__((always_inline)) { args.loss[i] += log_sum * weights[k]; });
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
        const Vec scale = splat(dloss[i * dloss_step]), sum = sum_of_row(n, targets);
        for_row(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            const Vec d = fma(load_lanes(probs + j, lanes), sum, -load_lanes(targets + j, lanes));
            store_lanes(dlogits + j, d * scale, lanes);
        });
    }
}

}  // namespace RAVINE_ISA
