// Folding many values into one with an associative operation, in an order that depends on their number alone.
//
// The order: values go round-robin to a few accumulators, the accumulators of a block are combined pairwise, and so are
// the blocks. A sum of n terms thus has an error of O(log n) roundings times its block length, not O(n)
// (Higham 1993, The accuracy of floating point summation).
#pragma once
#include "math.inl"

namespace RAVINE_ISA {

struct Sum {
    static constexpr float identity = 0.0f;
    RAVINE_INLINE Vec combine(Vec a, Vec b) { return a + b; }
};
struct Product {
    static constexpr float identity = 1.0f;
    RAVINE_INLINE Vec combine(Vec a, Vec b) { return a * b; }
};
struct Max {
    static constexpr float identity = -kInfinity;
    RAVINE_INLINE Vec combine(Vec a, Vec b) { return max_nan(a, b); }
};
struct Min {
    static constexpr float identity = kInfinity;
    RAVINE_INLINE Vec combine(Vec a, Vec b) { return min_nan(a, b); }
};
/// NaN may be lost: for those who meet it again.
struct MaxNumber {
    static constexpr float identity = -kInfinity;
    RAVINE_INLINE Vec combine(Vec a, Vec b) { return max_vec(a, b); }
};

/// v in the first n lanes, the identity in the others.
template <class Fold>
RAVINE_INLINE Vec mask_lanes(Vec v, int64_t n) {
    return n == kWidth ? v : select(lane_index() < static_cast<int32_t>(n), v, splat(Fold::identity));
}

/// Two folds that run side by side.
struct Pair {
    Vec first, second;
};
struct SumPair {
    static constexpr float identity = 0.0f;
    RAVINE_INLINE Pair combine(const Pair& a, const Pair& b) { return {a.first + b.first, a.second + b.second}; }
};
template <class Fold>
RAVINE_INLINE Pair mask_lanes(const Pair& v, int64_t n) {
    return {mask_lanes<Fold>(v.first, n), mask_lanes<Fold>(v.second, n)};
}
RAVINE_INLINE void fill(Vec& v, float x) { v = splat(x); }
RAVINE_INLINE void fill(Pair& v, float x) { v = {splat(x), splat(x)}; }

template <class Fold>
RAVINE_INLINE Vec fold_lanes(Vec v) {
    return fold_lanes(v, [](Vec a, Vec b) __attribute__((always_inline)) { return Fold::combine(a, b); });
}
template <class Fold>
RAVINE_INLINE Pair fold_lanes(const Pair& v) {
    return {fold_lanes<Sum>(v.first), fold_lanes<Sum>(v.second)};
}

template <class Fold, class Value, int count>
RAVINE_INLINE Value fold_accumulators(Value (&a)[count]) {
#pragma GCC unroll 5
    for (int half = count / 2; half > 0; half /= 2)
#pragma GCC unroll 8
        for (int k = 0; k < half; ++k) a[k] = Fold::combine(a[k], a[k + half]);
    return a[0];
}

/// Folds leaf(begin, end) over blocks of [begin, end) as a balanced tree.
template <class Fold, int64_t block, class Leaf>
static auto fold_blocks(int64_t begin, int64_t end, const Leaf& leaf) -> decltype(leaf(begin, end)) {
    if (end - begin <= block) return leaf(begin, end);
    const int64_t middle = begin + (end - begin + 2 * block - 1) / (2 * block) * block;
    auto a = fold_blocks<Fold, block>(begin, middle, leaf);
    const auto b = fold_blocks<Fold, block>(middle, end, leaf);
    return Fold::combine(a, b);
}

/// Vectors that a row fold takes at a time.
constexpr int kFoldVectors = 4;

/// Folds the terms j to j + lanes, given by the vector (or Pair) term(j, lanes), over j in [0, n). Of kFoldVectors full
/// vectors terms(j, v) makes the same numbers together. Every lane gets the result.
template <class Fold, class Term, class Terms>
RAVINE_INLINE auto fold_row(int64_t n, Term term, Terms terms) {
    using Value = decltype(term(0, n));
    constexpr int64_t kBlock = 64 * kFoldVectors * kWidth;
    if (n <= kWidth) return fold_lanes<Fold>(mask_lanes<Fold>(term(0, n), n));
    const auto leaf = [&](int64_t j, int64_t end) __attribute__((always_inline)) {
        Value a[kFoldVectors];
        for (Value& v : a) fill(v, Fold::identity);
        for (; j + kFoldVectors * kWidth <= end; j += kFoldVectors * kWidth) {
            Value v[kFoldVectors];
            terms(j, v);
#pragma GCC unroll 4
            for (int k = 0; k < kFoldVectors; ++k) a[k] = Fold::combine(a[k], v[k]);
        }
#pragma GCC unroll 4
        for (int k = 0; k < kFoldVectors; ++k, j += kWidth) {
            if (j + kWidth <= end)
                a[k] = Fold::combine(a[k], term(j, kWidth));
            else if (j < end)
                a[k] = Fold::combine(a[k], mask_lanes<Fold>(term(j, end - j), end - j));
        }
        return fold_accumulators<Fold>(a);
    };
    return fold_lanes<Fold>(n <= kBlock ? leaf(0, n) : fold_blocks<Fold, kBlock>(0, n, leaf));
}
template <class Fold, class Term>
RAVINE_INLINE auto fold_row(int64_t n, Term term) {
    using Value = decltype(term(0, n));
    return fold_row<Fold>(n, term, [=](int64_t j, Value(&v)[kFoldVectors]) __attribute__((always_inline)) {
#pragma GCC unroll 4
        for (int k = 0; k < kFoldVectors; ++k) v[k] = term(j + k * kWidth, kWidth);
    });
}

/// Columns that are folded together.
constexpr int64_t kPanel = 4 * kWidth;
/// A matrix whose rows are short and follow each other without a gap is read as rows of kWidth * n: no lane is idle.
RAVINE_INLINE bool rows_are_merged(int64_t n, int64_t ld) { return 0 < n && ld == n && n <= kWidth / 2; }
/// Floats in the longest merged row or panel.
constexpr int64_t kMaxPeriod = kWidth / 2 * kWidth > kPanel ? kWidth / 2 * kWidth : kPanel;

/// Columns that are walked together when rows are far: their accumulators stay in the first-level cache.
constexpr int64_t kStrip = 256;
/// Do so many of the m rows fall into the same sets of the first-level cache that a walk down a few columns would lose
/// them? It is so when a large power of two divides their distance. A long piece of each row is taken then.
RAVINE_INLINE bool rows_collide(int64_t m, int64_t n, int64_t ld) {
    return n > kPanel && ld % 128 == 0 && m * (ld & -ld) >= 16384;
}

/// The numbers of fold_rows, whose accumulators live in memory here.
template <int n>
struct Rows {
    static constexpr int count = n;
};
template <class Fold, bool padded, class Term>
RAVINE_INLINE void fold_colliding_rows(int64_t m, int64_t n, int64_t ld, Term term, float* dst) {
    constexpr int64_t kBlock = 16 * kWidth;
    constexpr int kTogether = 4;
    struct Partial {
        Vec v[kStrip / kWidth];
    };
    struct StripFold {
        static inline Partial combine(Partial a, const Partial& b) {
            for (int64_t k = 0; k < kStrip / kWidth; ++k) a.v[k] = Fold::combine(a.v[k], b.v[k]);
            return a;
        }
    };
    for (int64_t strip = 0; strip < n; strip += kStrip) {
        const int64_t columns = smaller(kStrip, n - strip);
        const auto leaf = [&](int64_t begin, int64_t end) {
            float a[kWidth][kStrip];
            // Rows that go to one accumulator are taken kTogether at a time, in their order.
            const auto add = [&](int64_t i, int64_t k, auto rows) __attribute__((always_inline)) {
                const auto step = [&](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                    Vec sum = i == begin + k ? splat(Fold::identity) : load(a[k] + j);
#pragma GCC unroll 4
                    for (int r = 0; r < rows.count; ++r)
                        sum = Fold::combine(sum, term((i + r * kWidth) * ld + strip + j, strip + j, lanes));
                    store(a[k] + j, sum);
                };
                int64_t j = 0;
                for (; j + kWidth <= columns; j += kWidth) step(j, kWidth);
                if (j < columns) step(j, columns - j);
            };
            int64_t i = begin;
            for (; i + kTogether * kWidth <= end; i += kTogether * kWidth)
                for (int64_t k = 0; k < kWidth; ++k) add(i + k, k, Rows<kTogether>());
            for (; i < end; ++i) add(i, (i - begin) % kWidth, Rows<1>());
            for (int64_t k = end - begin; k < kWidth; ++k)
                for (int64_t j = 0; j < columns; j += kWidth) store(a[k] + j, splat(Fold::identity));
            Partial partial;
            for (int64_t j = 0; j < columns; j += kWidth) {
                Vec column[kWidth];
                for (int k = 0; k < kWidth; ++k) column[k] = load(a[k] + j);
                partial.v[j / kWidth] = fold_accumulators<Fold>(column);
            }
            return partial;
        };
        const Partial total = fold_blocks<StripFold, kBlock>(0, m, leaf);
        for (int64_t j = 0; j < columns; j += kWidth)
            store_lanes(dst + strip + j, total.v[j / kWidth], padded ? kWidth : smaller(kWidth, columns - j));
    }
}

/// dst[j] = fold over i in [0, m) of the terms of column j in [0, n). term(offset, column, lanes) is the vector of the
/// terms of the `lanes` elements from i * ld + j = offset on. `column` is where their parameters stand: j, or in merged
/// rows the position in the merged row. Row i belongs to accumulator i % kWidth of its block, merged or not.
/// A padded dst is written to the end of its last vector: a part of a vector, read back at once, would have to wait.
template <class Fold, bool padded = false, class Term>
RAVINE_INLINE void fold_rows(int64_t m, int64_t n, int64_t ld, Term term, float* dst) {
    constexpr int64_t kBlock = 16 * kWidth;
    struct Partial {
        Vec v[kPanel / kWidth];
    };
    struct PanelFold {
        static inline Partial combine(Partial a, const Partial& b) {
            for (int k = 0; k < kPanel / kWidth; ++k) a.v[k] = Fold::combine(a.v[k], b.v[k]);
            return a;
        }
    };
    if (rows_are_merged(n, ld)) {
        const auto leaf = [&](int64_t i, int64_t end) {
            float a[kMaxPeriod];
            for (int64_t p = 0; p < kMaxPeriod; p += kWidth) store(a + p, splat(Fold::identity));
            for (; i < end; i += kWidth) {
                const int64_t length = (end - i < kWidth ? end - i : kWidth) * n;
                int64_t p = 0;
                for (; p + kWidth <= length; p += kWidth)
                    store(a + p, Fold::combine(load(a + p), term(i * n + p, p, kWidth)));
                if (p == length) continue;
                const Vec last = mask_lanes<Fold>(term(i * n + p, p, length - p), length - p);
                store(a + p, Fold::combine(load(a + p), last));
            }
            for (int64_t half = kWidth / 2 * n; half >= n; half /= 2)
                for (int64_t p = 0; p < half; p += kWidth) store(a + p, Fold::combine(load(a + p), load(a + p + half)));
            return Partial{{load(a)}};
        };
        store_lanes(dst, fold_blocks<PanelFold, kBlock>(0, m, leaf).v[0], padded ? kWidth : n);
        return;
    }
    if (rows_collide(m, n, ld)) {
        fold_colliding_rows<Fold, padded>(m, n, ld, term, dst);
        return;
    }
    for (int64_t panel = 0; panel < n; panel += kPanel) {
        const int64_t columns = n - panel < kPanel ? n - panel : kPanel;
        const auto column_leaf = [&](int64_t i, int64_t end, int64_t j, int64_t lanes) __attribute__((always_inline)) {
            Vec a[kWidth];
            for (Vec& v : a) v = splat(Fold::identity);
            for (; i + kWidth <= end; i += kWidth)
#pragma GCC unroll 16
                for (int k = 0; k < kWidth; ++k) a[k] = Fold::combine(a[k], term((i + k) * ld + j, j, lanes));
            if (i < end)
#pragma GCC unroll 16
                for (int k = 0; k < kWidth; ++k)
                    if (i + k < end) a[k] = Fold::combine(a[k], term((i + k) * ld + j, j, lanes));
            return fold_accumulators<Fold>(a);
        };
        const auto leaf = [&](int64_t i, int64_t end) {
            Partial partial{};
            int64_t j = 0;
            for (; j + kWidth <= columns; j += kWidth) partial.v[j / kWidth] = column_leaf(i, end, panel + j, kWidth);
            if (j < columns) partial.v[j / kWidth] = column_leaf(i, end, panel + j, columns - j);
            return partial;
        };
        const Partial total = fold_blocks<PanelFold, kBlock>(0, m, leaf);
        for (int64_t j = 0; j < columns; j += kWidth)
            store_lanes(dst + panel + j, total.v[j / kWidth], padded ? kWidth : smaller(kWidth, columns - j));
    }
}

}  // namespace RAVINE_ISA
