// Reductions of a matrix over its rows or its columns.
#pragma once
#include "fold.inl"

namespace RAVINE_ISA {

/// The first index where the row has its maximum, or its first NaN.
static float argmax_of_row(int64_t n, const float* src) {
    const Vec max = fold_row<Max>(
        n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) { return load_lanes(src + j, lanes); });
    for (int64_t j = 0; j < n; j += kWidth) {
        const int64_t lanes = n - j < kWidth ? n - j : kWidth;
        const Vec v = load_lanes(src + j, lanes);
        const uint32_t found = lane_bits((v == max) | (v != v)) & ((1u << lanes) - 1u);
        if (found != 0) return static_cast<float>(j + __builtin_ctz(found));
    }
    return 0.0f;
}

static void argmax_over_rows(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    for (int64_t j = 0; j < n; j += kWidth) {
        const int64_t lanes = n - j < kWidth ? n - j : kWidth;
        Vec best = splat(-kInfinity);
        VecInt index{};
        for (int64_t i = 0; i < m; ++i) {
            const Vec v = load_lanes(src + i * ld + j, lanes);
            const VecInt beaten = ~(v <= best) & (best == best);  // by a NaN too, but a NaN is beaten by nothing
            best = beaten ? v : best;
            index = beaten ? VecInt{} + static_cast<int32_t>(i) : index;
        }
        store_lanes(dst + j, to_float(index), lanes);
    }
}

// What is folded: the values themselves, or something made of each.
struct Itself {
    RAVINE_INLINE Vec of(Vec v) { return v; }
};
struct Squared {
    RAVINE_INLINE Vec of(Vec v) { return v * v; }
};
struct Magnitude {
    RAVINE_INLINE Vec of(Vec v) { return abs_vec(v); }
};

template <class Fold, class Part = Itself>
static void fold_over_rows(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    fold_rows<Fold>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return Part::of(load_lanes(src + offset, lanes)); },
        [=](int64_t j, int64_t lanes, Vec v) __attribute__((always_inline)) { store_lanes(dst + j, v, lanes); });
}

template <class Fold, class Part = Itself>
static void fold_over_columns(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    for (int64_t i = 0; i < m; ++i, src += ld)
        dst[i] = fold_row<Fold>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            return Part::of(load_lanes(src + j, lanes));
        })[0];
}

static void sum_absolutes_and_squares(int64_t n, const float* src, float* absolutes, float* squares) {
    const Pair sums = fold_row<SumPair>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        const Vec v = load_lanes(src + j, lanes);
        return Pair{Magnitude::of(v), Squared::of(v)};
    });
    *absolutes = sums.first[0];
    *squares = sums.second[0];
}

static void reduce_over_rows(Reduction reduction, int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    switch (reduction) {
        case Reduction::sum: return fold_over_rows<Sum>(m, n, src, ld, dst);
        case Reduction::sum_squares: return fold_over_rows<Sum, Squared>(m, n, src, ld, dst);
        case Reduction::sum_absolutes: return fold_over_rows<Sum, Magnitude>(m, n, src, ld, dst);
        case Reduction::max: return fold_over_rows<Max>(m, n, src, ld, dst);
        case Reduction::min: return fold_over_rows<Min>(m, n, src, ld, dst);
        case Reduction::prod: return fold_over_rows<Product>(m, n, src, ld, dst);
        case Reduction::argmax: return argmax_over_rows(m, n, src, ld, dst);
        case Reduction::count_: return;
    }
}

static void reduce_over_columns(Reduction reduction, int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    switch (reduction) {
        case Reduction::sum: return fold_over_columns<Sum>(m, n, src, ld, dst);
        case Reduction::sum_squares: return fold_over_columns<Sum, Squared>(m, n, src, ld, dst);
        case Reduction::sum_absolutes: return fold_over_columns<Sum, Magnitude>(m, n, src, ld, dst);
        case Reduction::max: return fold_over_columns<Max>(m, n, src, ld, dst);
        case Reduction::min: return fold_over_columns<Min>(m, n, src, ld, dst);
        case Reduction::prod: return fold_over_columns<Product>(m, n, src, ld, dst);
        case Reduction::argmax:
            for (int64_t i = 0; i < m; ++i) dst[i] = argmax_of_row(n, src + i * ld);
            return;
        case Reduction::count_: return;
    }
}

}  // namespace RAVINE_ISA
