// A matrix product so small that choosing how to do it would take longer than doing it.
#pragma once

namespace RAVINE_ISA {

enum : int64_t { kTinyProducts = 64 };

RAVINE_INLINE bool is_tiny(const ravine::GemmArgs& g) {
    return g.c && !g.epilogue && g.n < kWidth && g.m < kWidth && g.m * g.n * g.k <= kTinyProducts;
}

/// One chain of FMAs with ascending p, as everywhere.
RAVINE_INLINE float chain(const ravine::GemmArgs& g, int64_t i, int64_t j) {
    float sum = g.bias ? g.bias[j] : 0.0f;
    const float *a = g.a + i * g.a_row, *b = g.b + j * g.b_col;
    for (int64_t p = 0; p < g.k; ++p, a += g.a_col, b += g.b_row) sum = fma(*a, *b, sum);
    return sum;
}

static void gemm_tiny(const ravine::GemmArgs& g) {
    for (int64_t i = 0; i < g.m; ++i)
        for (int64_t j = 0; j < g.n; ++j) g.c[i * g.ldc + j] = chain(g, i, j);
}

}  // namespace RAVINE_ISA
