// The matrix product for a few rows of A, as in predicting one sample: B is read once, in the order in which it lies.
#pragma once

#include "gemm_blocked.inl"

namespace RAVINE_ISA {

enum : int64_t {
    kThinRows = 4,
    kThinDepth = 4,            // rows of B that one pass adds to C
    kThinColumns = 4096,       // C stays in the L1 cache from pass to pass
    kWideColumns = 256,        // fewer, and the tiles of gemm_blocked do better with several rows of A
    kThinPrefetch = 1536 / 4,  // floats
};
#if defined(__AVX512F__)
enum : int64_t { kThinAccumulators = 24 };
#else
enum : int64_t { kThinAccumulators = 12 };
#endif

RAVINE_INLINE bool is_thin(const ravine::GemmArgs& g) {
    return g.b_col == 1 && (g.m == 1 || (g.m <= kThinRows && g.n >= kWideColumns));
}

/// C += A B for kRows rows and the rows [p, p + kDepth) of B.
template <int kRows, int kDepth>
RAVINE_INLINE void thin_pass(const ravine::GemmArgs& g, int64_t p, int64_t j, int64_t columns, float* c, int64_t ldc) {
    Vec x[kRows][kDepth];
    for (int r = 0; r < kRows; ++r)
        for (int d = 0; d < kDepth; ++d) x[r][d] = splat(g.a[r * g.a_row + (p + d) * g.a_col]);
    const float* const b = g.b + p * g.b_row + j;
    const int64_t b_row = g.b_row;
    const auto step = [&](int64_t q, int64_t lanes) __attribute__((always_inline)) {
        Vec y[kDepth];
        for (int d = 0; d < kDepth; ++d) y[d] = load_lanes(b + d * b_row + q, lanes);
        for (int r = 0; r < kRows; ++r) {
            Vec sum = load_lanes(c + r * ldc + q, lanes);
            for (int d = 0; d < kDepth; ++d) sum = fma(x[r][d], y[d], sum);
            store_lanes(c + r * ldc + q, sum, lanes);
        }
    };
    int64_t q = 0;
    for (; q + kWidth <= columns; q += kWidth) step(q, kWidth);
    if (q < columns) step(q, columns - q);
}

template <int kRows>
static void thin_passes(const ravine::GemmArgs& g, int64_t j, int64_t columns, float* c, int64_t ldc) {
    for (int r = 0; r < kRows; ++r)
        for (int64_t q = 0; q < columns; q += kWidth) {
            const int64_t lanes = smaller(kWidth, columns - q);
            store_partial(c + r * ldc + q, g.bias ? load_partial(g.bias + j + q, lanes) : Vec{}, lanes);
        }
    int64_t p = 0;
    for (; p + kThinDepth <= g.k; p += kThinDepth) thin_pass<kRows, kThinDepth>(g, p, j, columns, c, ldc);
    for (; p < g.k; ++p) thin_pass<kRows, 1>(g, p, j, columns, c, ldc);
}

/// One row of C in accumulators that stay in registers.
template <int kVectors>
static void thin_row(const ravine::GemmArgs& g, int64_t j, int64_t columns, float* c) {
    const int64_t last = columns - (kVectors - 1) * kWidth;
    Vec sum[kVectors];
#pragma GCC unroll 24
    for (int v = 0; v < kVectors; ++v)
        sum[v] = !g.bias ? Vec{} : load_partial(g.bias + j + v * kWidth, v + 1 < kVectors ? int64_t{kWidth} : last);
    const int64_t a_col = g.a_col, b_row = g.b_row, ahead = divide_up(kThinPrefetch, columns) * b_row;
    const float *a = g.a, *b = g.b + j;
    for (int64_t p = 0; p < g.k; ++p, a += a_col, b += b_row) {
        const Vec x = splat(*a);
#pragma GCC unroll 24
        for (int v = 0; v < kVectors; ++v) {
            if (v * kWidth % 16 == 0) __builtin_prefetch(b + v * kWidth + ahead);
            sum[v] = fma(x, v + 1 < kVectors ? load(b + v * kWidth) : load_partial(b + v * kWidth, last), sum[v]);
        }
    }
#pragma GCC unroll 24
    for (int v = 0; v + 1 < kVectors; ++v) store(c + v * kWidth, sum[v]);
    store_partial(c + (kVectors - 1) * kWidth, sum[kVectors - 1], last);
}

template <int kVectors = 1>
static void thin_row(int64_t vectors, const ravine::GemmArgs& g, int64_t j, int64_t columns, float* c) {
    if (vectors == kVectors) return thin_row<kVectors>(g, j, columns, c);
    if constexpr (kVectors < kThinAccumulators) thin_row<kVectors + 1>(vectors, g, j, columns, c);
}

/// The bits are gemm_blocked's: chains of FMAs with ascending p from the bias, and partial sums in memory are exact.
static void gemm_thin(const ravine::GemmArgs& g) {
    alignas(64) float buffer[kThinColumns];
    const int64_t widest = g.c ? kThinColumns : kThinColumns / g.m / kGemmColumns * kGemmColumns;
    const int64_t vectors = divide_up(g.n, kWidth);
    for (int64_t j = 0; j < g.n; j += widest) {
        const int64_t columns = smaller(widest, g.n - j), ldc = g.c ? g.ldc : columns;
        float* const c = g.c ? g.c + j : buffer;
        if (g.m == 1 && vectors <= kThinAccumulators)
            thin_row(vectors, g, j, columns, c);
        else if (g.m == 1)
            thin_passes<1>(g, j, columns, c, ldc);
        else if (g.m == 2)
            thin_passes<2>(g, j, columns, c, ldc);
        else if (g.m == 3)
            thin_passes<3>(g, j, columns, c, ldc);
        else
            thin_passes<4>(g, j, columns, c, ldc);
        if (g.epilogue) apply_epilogue(*g.epilogue, c, ldc, 0, j, g.m, columns);
    }
}

}  // namespace RAVINE_ISA
