// A matrix times a vector whose elements lie one behind the other: a dot product for each row.
#pragma once

namespace RAVINE_ISA {

/// The lanes' partial sums make another order of summation than the blocked product's chain, so only strides and k,
/// which no slicing changes, may decide for this form.
RAVINE_INLINE bool is_dot(const ravine::GemmArgs& g) { return g.a_col == 1 && g.b_row == 1 && g.b_col == 1 && g.k > 1; }

RAVINE_INLINE float dot(int64_t k, const float* a, const float* b) {
    Vec sum[2] = {};
    int64_t p = 0;
    for (; p + 2 * kWidth <= k; p += 2 * kWidth) {
        sum[0] = fma(load(a + p), load(b + p), sum[0]);
        sum[1] = fma(load(a + p + kWidth), load(b + p + kWidth), sum[1]);
    }
    if (p + kWidth <= k) {
        sum[0] = fma(load(a + p), load(b + p), sum[0]);
        p += kWidth;
    }
    if (p < k) sum[1] = fma(load_partial(a + p, k - p), load_partial(b + p, k - p), sum[1]);
    return sum_lanes(sum[0] + sum[1]);
}

static void gemm_dot(const ravine::GemmArgs& g) {
    float buffer[kGemmRows];
    for (int64_t j = 0; j < g.n; ++j) {
        const float bias = g.bias ? g.bias[j] : 0.0f;
        for (int64_t i = 0; i < g.m; i += kGemmRows) {
            const int64_t rows = smaller(kGemmRows, g.m - i);
            float* const out = g.c ? g.c + i * g.ldc + j : buffer;
            const int64_t out_row = g.c ? g.ldc : 1;
            for (int64_t r = 0; r < rows; ++r) out[r * out_row] = dot(g.k, g.a + (i + r) * g.a_row, g.b + j) + bias;
            if (g.epilogue) g.epilogue->apply(g.epilogue->context, out, out_row, i, j, rows, 1);
        }
    }
}

}  // namespace RAVINE_ISA
