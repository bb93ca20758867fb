// The matrix product of a small depth, an outer product or little more: what it costs is to write C.
#pragma once

namespace RAVINE_ISA {

enum : int64_t {
    kShallowDepth = 4,
    kShallowRows = 16,                       // fewer are not worth a transposed B
    kShallowVectors = kWidth == 16 ? 4 : 2,  // in a row of a block of B that stays in registers
    kShallowBand = 16,                       // rows of C that such blocks meet before the next
    kShallowStrip = 1024                     // columns of B that stay in the L1 cache
};

RAVINE_INLINE bool is_shallow(const ravine::GemmArgs& g) {
    return g.k >= 1 && g.k <= kShallowDepth && g.n >= kWidth && (g.b_col == 1 || g.m >= kShallowRows) && g.c &&
           !g.epilogue;
}

/// Rows [i, i + m) and columns [j, j + n).
RAVINE_INLINE ravine::GemmArgs part_of(const ravine::GemmArgs& g, int64_t i, int64_t m, int64_t j, int64_t n) {
    ravine::GemmArgs part = g;
    part.m = m;
    part.n = n;
    part.a += i * g.a_row;
    part.b += j * g.b_col;
    part.c += i * g.ldc + j;
    if (g.bias) part.bias += j;
    return part;
}

/// A few columns, all of B in registers. Each element is one chain of FMAs with ascending p, as everywhere.
template <int kDepth, int kVectors>
static void shallow_block(const ravine::GemmArgs& g) {
    const int64_t a_row = g.a_row, a_col = g.a_col, ldc = g.ldc, last = g.n - (kVectors - 1) * kWidth;
    Vec start[kVectors], y[kDepth][kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
        const int64_t lanes = v + 1 < kVectors ? int64_t{kWidth} : last;
        start[v] = g.bias ? load_partial(g.bias + v * kWidth, lanes) : Vec{};
#pragma GCC unroll 4
        for (int p = 0; p < kDepth; ++p) y[p][v] = load_partial(g.b + p * g.b_row + v * kWidth, lanes);
    }
    const float* a = g.a;
    float* c = g.c;
    for (int64_t i = 0; i < g.m; ++i, a += a_row, c += ldc) {
        Vec sum[kVectors];
#pragma GCC unroll 4
        for (int p = 0; p < kDepth; ++p) {
            const Vec x = splat(a[p * a_col]);
#pragma GCC unroll 4
            for (int v = 0; v < kVectors; ++v) sum[v] = fma(x, y[p][v], p > 0 ? sum[v] : start[v]);
        }
#pragma GCC unroll 4
        for (int v = 0; v + 1 < kVectors; ++v) store(c + v * kWidth, sum[v]);
        store_lanes(c + (kVectors - 1) * kWidth, sum[kVectors - 1], last);
    }
}

template <int kDepth, int kVectors = kShallowVectors>
static void shallow_block(int64_t vectors, const ravine::GemmArgs& g) {
    if (vectors == kVectors) return shallow_block<kDepth, kVectors>(g);
    if constexpr (kVectors > 1) shallow_block<kDepth, kVectors - 1>(vectors, g);
}

/// C of a few vectors a row, which would be too short to be written one by one.
template <int kDepth>
static void shallow_blocks(const ravine::GemmArgs& g, int64_t vectors, int64_t blocks) {
    const int64_t band = blocks > 1 ? int64_t{kShallowBand} : g.m;
    for (int64_t i = 0; i < g.m; i += band)
        for (int64_t q = 0; q < blocks; ++q) {
            const int64_t first = q * vectors / blocks, end = (q + 1) * vectors / blocks, j = first * kWidth;
            shallow_block<kDepth>(end - first,
                                  part_of(g, i, smaller(band, g.m - i), j, smaller((end - first) * kWidth, g.n - j)));
        }
}

/// kRows whole rows, which share what is loaded of B.
template <int kDepth, int kRows>
static void shallow_rows(const ravine::GemmArgs& g) {
    const float *const b = g.b, *const bias = g.bias;
    float* const c = g.c;
    const int64_t b_row = g.b_row, ldc = g.ldc;
    Vec x[kRows][kDepth];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 4
        for (int p = 0; p < kDepth; ++p) x[r][p] = splat(g.a[r * g.a_row + p * g.a_col]);
    const auto step = [&](int64_t j, int64_t lanes) __attribute__((always_inline)) {
        Vec y[kDepth];
#pragma GCC unroll 4
        for (int p = 0; p < kDepth; ++p) y[p] = load_lanes(b + p * b_row + j, lanes);
        const Vec start = bias ? load_lanes(bias + j, lanes) : Vec{};
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) {
            Vec sum = start;
#pragma GCC unroll 4
            for (int p = 0; p < kDepth; ++p) sum = fma(x[r][p], y[p], sum);
            store_lanes(c + r * ldc + j, sum, lanes);
        }
    };
    int64_t j = 0;
    for (; j + kWidth <= g.n; j += kWidth) step(j, kWidth);
    if (j < g.n) step(j, g.n - j);
}

template <int kDepth>
static void multiply_shallow(const ravine::GemmArgs& g) {
    constexpr int kRows = kDepth > 2 && kWidth == 16 ? 4 : kDepth > 1 ? 2 : 1;
    const int64_t vectors = divide_up(g.n, kWidth), blocks = divide_up(vectors, kShallowVectors);
    if (blocks <= 2) return shallow_blocks<kDepth>(g, vectors, blocks);
    for (int64_t j = 0; j < g.n; j += kShallowStrip) {
        const int64_t n = smaller(kShallowStrip, g.n - j);
        int64_t i = 0;
        for (; i + kRows <= g.m; i += kRows) shallow_rows<kDepth, kRows>(part_of(g, i, kRows, j, n));
        for (; i < g.m; ++i) shallow_rows<kDepth, 1>(part_of(g, i, 1, j, n));
    }
}

static void gemm_shallow(const ravine::GemmArgs& given) {
    ravine::GemmArgs g = given;
    if (g.b_col != 1) {
        transpose(g.n, g.k, g.b, g.b_col, g.scratch, g.n);
        g.b = g.scratch;
        g.b_row = g.n;
        g.b_col = 1;
    }
    switch (g.k) {
        case 1: return multiply_shallow<1>(g);
        case 2: return multiply_shallow<2>(g);
        case 3: return multiply_shallow<3>(g);
        case 4: return multiply_shallow<4>(g);
    }
}

}  // namespace RAVINE_ISA
