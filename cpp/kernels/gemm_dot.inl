// A matrix times a vector, both lying along the depth: a dot product for each row.
#pragma once

namespace RAVINE_ISA {

// The lanes' partial sums make another order of summation than the blocked product's chain, so only strides and k,
// which no slicing changes, may decide for this form.

enum : int64_t { kDotDepth = 2 * kWidth };  // below it, adding up the lanes would take longer than a chain

/// Is B a vector beside the rows of A?
RAVINE_INLINE bool is_dot(const ravine::GemmArgs& g) {
    return g.a_col == 1 && g.b_row == 1 && g.b_col == 1 && g.k >= kDotDepth;
}

/// out[r * out_row] = bias + the dot product of row r of x and y.
template <int kRows>
RAVINE_INLINE void dots(int64_t k, const float* x, int64_t x_row, const float* y, float bias, float* out,
                        int64_t out_row) {
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
    for (int r = 0; r < kRows; ++r) out[r * out_row] = sum_lanes(sum[r][0] + sum[r][1]) + bias;
}

enum : int64_t { kDotRows = 4 };  // at a time: they share what is loaded of the vector

static void gemm_dot(const ravine::GemmArgs& g) {
    float buffer[kGemmRows];
    const float bias = g.bias ? *g.bias : 0.0f;
    for (int64_t i = 0; i < g.m; i += kGemmRows) {
        const int64_t rows = smaller(kGemmRows, g.m - i), out_row = g.c ? g.ldc : 1;
        float* const out = g.c ? g.c + i * g.ldc : buffer;
        const float* const a = g.a + i * g.a_row;
        int64_t r = 0;
        for (; r + kDotRows <= rows; r += kDotRows)
            dots<kDotRows>(g.k, a + r * g.a_row, g.a_row, g.b, bias, out + r * out_row, out_row);
        for (; r < rows; ++r) dots<1>(g.k, a + r * g.a_row, g.a_row, g.b, bias, out + r * out_row, out_row);
        if (g.epilogue) g.epilogue->apply(g.epilogue->context, out, out_row, i, 0, rows, 1);
    }
}

}  // namespace RAVINE_ISA
