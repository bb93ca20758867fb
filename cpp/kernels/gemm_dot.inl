// A matrix times a vector, both lying along the depth: a dot product for each row.
#pragma once

namespace RAVINE_ISA {

// The lanes' partial sums make another order of summation than the blocked product's chain, so only strides and k,
// which no slicing changes, may decide for this form.

enum : int64_t { kDotDepth = 2 * kWidth };  // below it, adding up the lanes would take longer than a chain

/// Is B a vector beside the rows of A?
RAVINE_INLINE bool is_dot_of_rows(const ravine::GemmArgs& g) {
    return g.a_col == 1 && g.b_row == 1 && g.b_col == 1 && g.k >= kDotDepth;
}
/// Is A a vector beside the columns of B?
RAVINE_INLINE bool is_dot_of_columns(const ravine::GemmArgs& g) {
    return g.a_row == 1 && g.a_col == 1 && g.b_row == 1 && g.k >= kDotDepth;
}

/// out[r] = start[r * start_step] + the dot product of row r of x and y.
template <int kRows>
RAVINE_INLINE void dots(int64_t k, const float* x, int64_t x_row, const float* y, const float* start,
                        int64_t start_step, float* out, int64_t out_step) {
    Vec sum[kRows][2] = {};
    int64_t p = 0;
    for (; p + 2 * kWidth <= k; p += 2 * kWidth)
        for (int half = 0; half < 2; ++half) {
            const Vec v = load(y + p + half * kWidth);
            for (int r = 0; r < kRows; ++r)
                sum[r][half] = fma(load(x + r * x_row + p + half * kWidth), v, sum[r][half]);
        }
    if (p + kWidth <= k) {
        const Vec v = load(y + p);
        for (int r = 0; r < kRows; ++r) sum[r][0] = fma(load(x + r * x_row + p), v, sum[r][0]);
        p += kWidth;
    }
    if (p < k) {
        const Vec v = load_partial(y + p, k - p);
        for (int r = 0; r < kRows; ++r) sum[r][1] = fma(load_partial(x + r * x_row + p, k - p), v, sum[r][1]);
    }
    for (int r = 0; r < kRows; ++r)
        out[r * out_step] = sum_lanes(sum[r][0] + sum[r][1]) + (start ? start[r * start_step] : 0.0f);
}

enum : int64_t { kDotRows = 4 };  // at a time: they share what is loaded of the vector

static void dot_rows(int64_t rows, int64_t k, const float* x, int64_t x_row, const float* y, const float* start,
                     int64_t start_step, float* out, int64_t out_step) {
    int64_t r = 0;
    for (; r + kDotRows <= rows; r += kDotRows)
        dots<kDotRows>(k, x + r * x_row, x_row, y, start ? start + r * start_step : nullptr, start_step,
                       out + r * out_step, out_step);
    for (; r < rows; ++r)
        dots<1>(k, x + r * x_row, x_row, y, start ? start + r * start_step : nullptr, start_step, out + r * out_step,
                out_step);
}

static void gemm_dot_of_rows(const ravine::GemmArgs& g) {
    float buffer[kGemmRows];
    for (int64_t i = 0; i < g.m; i += kGemmRows) {
        const int64_t rows = smaller(kGemmRows, g.m - i), out_row = g.c ? g.ldc : 1;
        float* const out = g.c ? g.c + i * g.ldc : buffer;
        dot_rows(rows, g.k, g.a + i * g.a_row, g.a_row, g.b, g.bias, 0, out, out_row);
        if (g.epilogue) g.epilogue->apply(g.epilogue->context, out, out_row, i, 0, rows, 1);
    }
}

static void gemm_dot_of_columns(const ravine::GemmArgs& g) {
    float buffer[kGemmColumns];
    for (int64_t j = 0; j < g.n; j += kGemmColumns) {
        const int64_t columns = smaller(kGemmColumns, g.n - j);
        float* const out = g.c ? g.c + j : buffer;
        dot_rows(columns, g.k, g.b + j * g.b_col, g.b_col, g.a, g.bias ? g.bias + j : nullptr, 1, out, 1);
        if (g.epilogue) g.epilogue->apply(g.epilogue->context, out, columns, 0, j, 1, columns);
    }
}

}  // namespace RAVINE_ISA
