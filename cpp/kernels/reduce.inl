// Reductions of a matrix over its rows or its columns.
#pragma once
#include "fold.inl"

namespace RAVINE_ISA {

/// The best value met so far, lane by lane, and its index.
struct Best {
    Vec value;
    VecInt index;
};
/// Does b beat a? NaN beats all numbers, and nothing beats a NaN that came first.
RAVINE_INLINE VecInt beats(Vec b, Vec a) { return ~(b <= a) & (a == a); }
RAVINE_INLINE Best better(Best a, Best b) {
    const VecInt take = beats(b.value, a.value);
    return {select(take, b.value, a.value), take ? b.index : a.index};
}

static float argmax_of_row(int64_t n, const float* src) {
    if (n == 0) return 0.0f;
    Best best{splat(-kInfinity), lane_index()};
    for (int64_t j = 0; j < n; j += kWidth) {
        const int64_t lanes = n - j < kWidth ? n - j : kWidth;
        const Vec v = mask_lanes<Max>(load_lanes(src + j, lanes), lanes);
        best = better(best, {v, lane_index() + static_cast<int32_t>(j)});
    }
    int first = 0;
    for (int k = 1; k < kWidth; ++k) {
        const float a = best.value[first], b = best.value[k];
        const bool equal = a == b || (a != a && b != b);
        if (equal ? best.index[k] < best.index[first] : a == a && !(b <= a)) first = k;
    }
    return static_cast<float>(best.index[first]);
}

static void argmax_over_rows(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    for (int64_t j = 0; j < n; j += kWidth) {
        const int64_t lanes = n - j < kWidth ? n - j : kWidth;
        Best best{splat(-kInfinity), VecInt{}};
        for (int64_t i = 0; i < m; ++i)
            best = better(best, {load_lanes(src + i * ld + j, lanes), VecInt{} + static_cast<int32_t>(i)});
        store_lanes(dst + j, to_float(best.index), lanes);
    }
}

template <class Fold>
static void fold_over_rows(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    fold_rows<Fold>(
        m, n, ld,
        [=](int64_t offset, int64_t, int64_t lanes)
            __attribute__((always_inline)) { return load_lanes(src + offset, lanes); },
        dst);
}

template <class Fold>
static void fold_over_columns(int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    for (int64_t i = 0; i < m; ++i, src += ld)
        dst[i] = fold_row<Fold>(n, [=](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            return load_lanes(src + j, lanes);
        });
}

static void reduce_over_rows(Reduction reduction, int64_t m, int64_t n, const float* src, int64_t ld, float* dst) {
    switch (reduction) {
        case Reduction::sum: return fold_over_rows<Sum>(m, n, src, ld, dst);
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
