// The matrix product when one side has only a few rows or columns and the other lies along the depth: a vector holds
// elements of C that lie one below the other in the long side's order, and blocks of the long side are transposed in
// registers on their way.
#pragma once

#include "gemm_blocked.inl"

namespace RAVINE_ISA {

enum : int64_t { kAcrossMost = kWidth / 2 };  // rows or columns of the narrow side

/// out(i, c) = start + the sum over p of x[i * x_row + p] * y[p * y_row + c * y_col].
struct Across {
    int64_t rows, few, k;
    const float* x;
    int64_t x_row;
    const float* y;
    int64_t y_row, y_col;
    const float* bias;  // or null
    bool bias_per_row;  // one for each i, else one for each c
    float* out;
    int64_t out_row, out_col;  // one of them is 1
};

/// Rows [i, i + count), count <= kWidth. Each element is one chain of FMAs with ascending p, as everywhere.
template <int kFew, bool kFull>
static void across_tile(const Across& t, int64_t i, int64_t count) {
    const int64_t lanes = kFull ? int64_t{kWidth} : count;
    Vec sum[kFew];
#pragma GCC unroll 8
    for (int c = 0; c < kFew; ++c)
        sum[c] = !t.bias ? Vec{} : t.bias_per_row ? load_partial(t.bias + i, lanes) : splat(t.bias[c]);

    const float *x = t.x + i * t.x_row, *y = t.y;
    const int64_t x_row = t.x_row, y_row = t.y_row, y_col = t.y_col;
    const auto add_block = [&](int64_t depth) __attribute__((always_inline)) {
        Vec r[kWidth];
        // Rows beyond the last are the last again.
#pragma GCC unroll 16
        for (int64_t j = 0; j < kWidth; ++j) r[j] = load_lanes(x + (kFull ? j : smaller(j, lanes - 1)) * x_row, depth);
        transpose_registers(r);
#pragma GCC unroll 16
        for (int64_t j = 0; j < kWidth; ++j)
            if (depth == kWidth || j < depth)
#pragma GCC unroll 8
                for (int c = 0; c < kFew; ++c) sum[c] = fma(r[j], splat(y[j * y_row + c * y_col]), sum[c]);
        x += kWidth;
        y += kWidth * y_row;
    };
    int64_t p = 0;
    for (; p + kWidth <= t.k; p += kWidth) add_block(kWidth);
    if (p < t.k) add_block(t.k - p);

    float* const out = t.out + i * t.out_row;
    if (t.out_row == 1) {
#pragma GCC unroll 8
        for (int c = 0; c < kFew; ++c) store_partial(out + c * t.out_col, sum[c], lanes);
        return;
    }
    Vec r[kWidth] = {};
#pragma GCC unroll 8
    for (int c = 0; c < kFew; ++c) r[c] = sum[c];
    transpose_registers(r);
#pragma GCC unroll 16
    for (int64_t j = 0; j < kWidth; ++j)
        if (kFull || j < lanes) store_partial(out + j * t.out_row, r[j], kFew);
}

template <int kFew>
static void across_tile(const Across& t, int64_t i) {
    if (i + kWidth <= t.rows)
        across_tile<kFew, true>(t, i, kWidth);
    else
        across_tile<kFew, false>(t, i, t.rows - i);
}

/// kWidth rows from i on.
template <int kFew = 1>
static void across_rows(const Across& t, int64_t i) {
    if (t.few == kFew) return across_tile<kFew>(t, i);
    if constexpr (kFew < kAcrossMost) across_rows<kFew + 1>(t, i);
}

/// Few columns of C: vectors hold columns of C, and rows of A lie along the depth.
static void gemm_few_columns(const ravine::GemmArgs& g) {
    Across t{g.m, g.n, g.k, g.a, g.a_row, g.b, g.b_row, g.b_col, g.bias, false, nullptr, 0, 1};
    if (g.b_row > kWidth) {
        // Otherwise every float would come from a cache line of its own, again for every tile.
        for (int64_t p = 0; p < g.k; ++p)
            for (int64_t c = 0; c < g.n; ++c) g.scratch[p * g.n + c] = g.b[p * g.b_row + c * g.b_col];
        t.y = g.scratch;
        t.y_row = g.n;
        t.y_col = 1;
    }
    alignas(64) float buffer[kWidth * kAcrossMost];
    t.out_row = g.c ? g.ldc : g.n;
    for (int64_t i = 0; i < g.m; i += kWidth) {
        const int64_t count = smaller(kWidth, g.m - i);
        t.out = g.c ? g.c : buffer - i * t.out_row;
        across_rows(t, i);
        if (g.epilogue) g.epilogue->apply(g.epilogue->context, t.out + i * t.out_row, t.out_row, i, 0, count, g.n);
    }
}

/// Few rows of C: vectors hold rows of C, and columns of B lie along the depth.
static void gemm_few_rows(const ravine::GemmArgs& g) {
    alignas(64) float buffer[kWidth * kAcrossMost];
    Across t{
        g.n, g.m, g.k, g.b, g.b_col, g.a, g.a_col, g.a_row, g.bias, true, nullptr, 1, g.c ? g.ldc : int64_t{kWidth}};
    for (int64_t j = 0; j < g.n; j += kWidth) {
        const int64_t count = smaller(kWidth, g.n - j);
        t.out = g.c ? g.c : buffer - j;
        across_rows(t, j);
        if (g.epilogue) apply_epilogue(*g.epilogue, t.out + j, t.out_col, 0, j, g.m, count);
    }
}

}  // namespace RAVINE_ISA
