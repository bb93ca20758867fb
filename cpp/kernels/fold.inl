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
/// Columns that are walked together when rows are far: their accumulators stay in the first-level cache.
constexpr int64_t kStrip = 256;
/// Do so many of the m rows fall into the same sets of the first-level cache that a walk down a few columns would lose
/// them? It is so when a large power of two divides their distance. A long piece of each row is taken then.
RAVINE_INLINE bool rows_collide(int64_t m, int64_t n, int64_t ld) {
    return n > kPanel && ld % 128 == 0 && m * (ld & -ld) >= 16384;
}

/// Accumulators of a column: row i of a block belongs to accumulator i % kApart.
constexpr int kApart = 4;
constexpr int64_t kRowBlock = 16 * kApart;

template <class Value, int count>
struct Values {
    Value v[count];
};
template <class Fold, class Value, int count>
struct FoldEach {
    static inline Values<Value, count> combine(Values<Value, count> a, const Values<Value, count>& b) {
        for (int k = 0; k < count; ++k) a.v[k] = Fold::combine(a.v[k], b.v[k]);
        return a;
    }
};

/// Folds of the `count` vectors of columns from j on, of which only a single one may have less lanes than kWidth.
template <class Fold, class Value, int count, class Term>
RAVINE_INLINE Values<Value, count> fold_columns(int64_t m, int64_t ld, int64_t j, int64_t lanes, Term term) {
    const auto leaf = [&](int64_t i, int64_t end) __attribute__((always_inline)) {
        Value a[count][kApart];
        for (int c = 0; c < count; ++c)
            for (Value& v : a[c]) fill(v, Fold::identity);
        int64_t offset = i * ld + j;
        const auto add = [&](int k) __attribute__((always_inline)) {
#pragma GCC unroll 4
            for (int c = 0; c < count; ++c)
                a[c][k] = Fold::combine(a[c][k], term(offset + k * ld + c * kWidth, j + c * kWidth, lanes));
        };
        for (; i + kApart <= end; i += kApart, offset += kApart * ld)
#pragma GCC unroll 4
            for (int k = 0; k < kApart; ++k) add(k);
#pragma GCC unroll 4
        for (int k = 0; k + 1 < kApart; ++k)
            if (i + k < end) add(k);
        Values<Value, count> result;
        for (int c = 0; c < count; ++c) result.v[c] = fold_accumulators<Fold>(a[c]);
        return result;
    };
    return fold_blocks<FoldEach<Fold, Value, count>, kRowBlock>(0, m, leaf);
}

/// The numbers of fold_columns for columns whose rows collide. The accumulators live in memory here.
template <int n>
struct Rows {
    static constexpr int count = n;
};
template <class Fold, class Value, class Term, class Give>
RAVINE_INLINE void fold_colliding_rows(int64_t m, int64_t n, int64_t ld, Term term, Give give) {
    constexpr int kTogether = 4, kVectors = kStrip / kWidth;
    for (int64_t strip = 0; strip < n; strip += kStrip) {
        const int64_t columns = smaller(kStrip, n - strip);
        const auto leaf = [&](int64_t begin, int64_t end) {
            Value a[kVectors][kApart];
            // Rows that go to one accumulator are taken kTogether at a time, in their order.
            const auto add = [&](int64_t i, int64_t k, auto rows) __attribute__((always_inline)) {
                const auto step = [&](int64_t j, int64_t lanes) __attribute__((always_inline)) {
                    Value sum = a[j / kWidth][k];
#pragma GCC unroll 4
                    for (int r = 0; r < rows.count; ++r)
                        sum = Fold::combine(sum, term((i + r * kApart) * ld + strip + j, strip + j, lanes));
                    a[j / kWidth][k] = sum;
                };
                int64_t j = 0;
                for (; j + kWidth <= columns; j += kWidth) step(j, kWidth);
                if (j < columns) step(j, columns - j);
            };
            for (int64_t j = 0; j < columns; j += kWidth)
                for (Value& v : a[j / kWidth]) fill(v, Fold::identity);
            int64_t i = begin;
            for (; i + kTogether * kApart <= end; i += kTogether * kApart)
                for (int64_t k = 0; k < kApart; ++k) add(i + k, k, Rows<kTogether>());
            for (; i < end; ++i) add(i, (i - begin) % kApart, Rows<1>());
            Values<Value, kVectors> partial;
            for (int64_t j = 0; j < columns; j += kWidth)
                partial.v[j / kWidth] = fold_accumulators<Fold>(a[j / kWidth]);
            return partial;
        };
        const auto total = fold_blocks<FoldEach<Fold, Value, kVectors>, kRowBlock>(0, m, leaf);
        for (int64_t j = 0; j < columns; j += kWidth)
            give(strip + j, smaller(kWidth, columns - j), total.v[j / kWidth]);
    }
}

/// give(j, lanes, v) gets the folds v of the columns from j on, over the terms of all m rows, for each vector of
/// columns. term(offset, j, lanes) is the vector (or Pair) of the terms of the `lanes` elements from i * ld + j =
/// offset on.
template <class Fold, class Term, class Give>
RAVINE_INLINE void fold_rows(int64_t m, int64_t n, int64_t ld, Term term, Give give) {
    using Value = decltype(term(0, 0, n));
    constexpr bool kPair = sizeof(Value) > sizeof(Vec);
    if (rows_collide(m, n, ld)) return fold_colliding_rows<Fold, Value>(m, n, ld, term, give);
    // With four accumulators each, as many columns as leave registers.
    constexpr int kTogether = (kWidth == 16 ? 4 : 2) / (kPair ? 2 : 1);
    int64_t j = 0;
    for (; j + kTogether * kWidth <= n; j += kTogether * kWidth) {
        const auto folds = fold_columns<Fold, Value, kTogether>(m, ld, j, kWidth, term);
        for (int c = 0; c < kTogether; ++c) give(j + c * kWidth, kWidth, folds.v[c]);
    }
    if constexpr (kTogether > 1)
        for (; j + kWidth <= n; j += kWidth) give(j, kWidth, fold_columns<Fold, Value, 1>(m, ld, j, kWidth, term).v[0]);
    if (j < n) give(j, n - j, fold_columns<Fold, Value, 1>(m, ld, j, n - j, term).v[0]);
}

}  // namespace RAVINE_ISA
