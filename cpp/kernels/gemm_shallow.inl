// The matrix product of a small depth, an outer product or little more: C is written row by row, and that is its cost.
#pragma once

namespace RAVINE_ISA {

enum : int64_t {
    kShallowDepth = 4,
    kShallowRows = 16  // fewer are not worth a transposed B
};

RAVINE_INLINE bool is_shallow(const ravine::GemmArgs& g) {
    return g.k >= 1 && g.k <= kShallowDepth && g.n >= kWidth && (g.b_col == 1 || g.m >= kShallowRows) && g.c &&
           !g.epilogue;
}

/// Each element is one chain of FMAs with ascending p, as everywhere.
template <int kDepth>
static void multiply_shallow(const ravine::GemmArgs& g, const float* b, int64_t b_row) {
    for (int64_t i = 0; i < g.m; ++i) {
        Vec x[kDepth];
#pragma GCC unroll 4
        for (int p = 0; p < kDepth; ++p) x[p] = splat(g.a[i * g.a_row + p * g.a_col]);
        float* const c = g.c + i * g.ldc;
        const auto step = [&](int64_t j, int64_t lanes) __attribute__((always_inline)) {
            Vec sum = g.bias ? load_lanes(g.bias + j, lanes) : Vec{};
#pragma GCC unroll 4
            for (int p = 0; p < kDepth; ++p) sum = fma(x[p], load_lanes(b + p * b_row + j, lanes), sum);
            store_lanes(c + j, sum, lanes);
        };
        int64_t j = 0;
        for (; j + kWidth <= g.n; j += kWidth) step(j, kWidth);
        if (j < g.n) step(j, g.n - j);
    }
}

static void gemm_shallow(const ravine::GemmArgs& g) {
    const float* b = g.b;
    int64_t b_row = g.b_row;
    if (g.b_col != 1) {
        transpose(g.n, g.k, g.b, g.b_col, g.scratch, g.n);
        b = g.scratch;
        b_row = g.n;
    }
    switch (g.k) {
        case 1: return multiply_shallow<1>(g, b, b_row);
        case 2: return multiply_shallow<2>(g, b, b_row);
        case 3: return multiply_shallow<3>(g, b, b_row);
        case 4: return multiply_shallow<4>(g, b, b_row);
    }
}

}  // namespace RAVINE_ISA
