// The matrix product: which loops run around the micro-kernel.
#pragma once

#include "gemm_pack.inl"
#include "gemm_tile.inl"

namespace RAVINE_ISA {

enum : int64_t { kGemmRows = 4 * 8, kGemmColumns = kTileVectors * kWidth };

// Cache blocks: a panel of kDepthBlock rows stays in L1, kRowsBlock rows of A in L2, kColumnsBlock columns of B in L2/L3.
#ifndef KC
#define KC 256
#endif
#ifndef MC
#define MC 256
#endif
enum : int64_t { kDepthBlock = KC, kRowsBlock = MC / kTileRows * kTileRows, kColumnsBlock = 1024 / kGemmColumns * kGemmColumns };
/// Products of at most this depth are never cut along k.
enum : int64_t { kWholeDepth = 1024 };
/// B is packed from this many rows of C on.
enum : int64_t { kPackRows = 64 };


/// How the loops cut a product. It may depend on everything: no cut changes a bit of the result.
#ifndef PFC
#define PFC 1
#endif
#ifndef PFB
#define PFB 1
#endif
#ifndef PFM
#define PFM 256
#endif
#ifndef PBM
#define PBM 64
#define PBK 128
#endif
#ifndef PV
#define PV 2
#endif
#ifndef PAM
#define PAM 64
#define PAN 256
#define PAK 128
#endif
struct Blocking {
    int64_t panel;    // columns of a panel
    int64_t depth;    // rows of B per pass
    int64_t columns;  // columns of B per pass
    bool pack;
    bool pack_a;
};

static Blocking choose_blocking(int64_t m, int64_t n, int64_t k, bool b_unit, bool has_c) {
    Blocking f;
    f.pack = !b_unit || (m >= PBM && (k >= PBK || m >= 4 * PBM));
    f.pack_a = m >= PAM && n >= PAN && k >= PAK;
    const int64_t wide = larger(smaller(kTileAccumulators / m, kMaxTileVectors), kTileVectors);
    f.panel = kWidth * (f.pack ? int64_t{PV} : wide);
    const bool whole = k <= (f.pack && has_c ? int64_t{kDepthBlock} : int64_t{kWholeDepth});
    f.depth = whole ? larger(k, 1) : divide_up(divide_up(k, divide_up(k, kDepthBlock)), 16) * 16;
    f.columns = f.depth < k && !has_c ? 4 * f.panel : larger(kColumnsBlock, f.panel);
    f.columns = smaller(f.columns, divide_up(n, f.panel) * f.panel);
    return f;
}

static void apply_epilogue(const ravine::Epilogue& e, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m, int64_t n) {
    for (int64_t x = 0; x < n; x += kGemmColumns)
        e.apply(e.context, tile + x, ld, i, j + x, m, smaller(kGemmColumns, n - x));
}

/// Rows and panels are shared out evenly, so that no last tile is too small to keep the FMA pipes busy.
static void gemm_blocked(const ravine::GemmArgs& g) {
    const Blocking f = choose_blocking(g.m, g.n, g.k, g.b_col == 1, g.c != nullptr);
    const int64_t vectors = divide_up(g.n, kWidth), panels = divide_up(vectors, f.panel / kWidth);
    const int64_t blocks = divide_up(g.m, kTileRows);
    const int64_t panels_per_pass = f.columns / f.panel, blocks_per_pass = kRowsBlock / kTileRows;
    const int64_t blocks_per_group = kGemmRows / kTileRows;
    float* const packed = g.scratch;
    float* const partial_sums = g.scratch + (f.pack ? f.depth * f.columns : 0);
    float* const packed_a = partial_sums + (!g.c && f.depth < g.k ? g.m * f.columns : 0);
    alignas(64) float tile[kGemmRows * kGemmColumns];

    for (int64_t q0 = 0; q0 < panels; q0 += panels_per_pass) {
        const int64_t q1 = smaller(q0 + panels_per_pass, panels), j0 = q0 * vectors / panels * kWidth;
        for (int64_t p = 0; p == 0 || p < g.k; p += f.depth) {
            const int64_t depth = smaller(f.depth, g.k - p);
            const bool last_pass = p + depth >= g.k;
            for (int64_t s0 = 0; s0 < blocks; s0 += blocks_per_pass) {
                const int64_t s1 = smaller(s0 + blocks_per_pass, blocks);
                if (f.pack_a)
                    for (int64_t s = s0; s < s1; ++s) {
                        const int64_t row = s * g.m / blocks, rows = (s + 1) * g.m / blocks - row;
                        pack_rows(rows, depth, g.a + row * g.a_row + p * g.a_col, g.a_row, g.a_col, packed_a + (s - s0) * kTileRows * f.depth, kTileRows);
                    }
                for (int64_t q = q0; q < q1; ++q) {
                    const int64_t j = q * vectors / panels * kWidth;
                    const int64_t columns = smaller((q + 1) * vectors / panels * kWidth, g.n) - j;
                    const int64_t tile_vectors = divide_up(columns, kWidth);
                    Tile t;
                    t.k = depth;
                    t.a_row = g.a_row;
                    t.a_col = g.a_col;
                    t.b = g.b + p * g.b_row + j * g.b_col;
                    t.b_row = g.b_row;
                    t.b_padded = f.pack;
                    t.last = columns - (tile_vectors - 1) * kWidth;
                    if (f.pack) {
                        float* panel = packed + (q - q0) * f.panel * f.depth;
                        if (s0 == 0) pack_panel(depth, columns, t.b, g.b_row, g.b_col, panel, f.panel);
                        t.b = panel;
                        t.b_row = f.panel;
                    }
                    for (int64_t s = s0; s < s1; s += blocks_per_group) {
                        const int64_t s_end = smaller(s + blocks_per_group, s1);
                        const int64_t i = s * g.m / blocks, i_end = s_end * g.m / blocks;
                        float* out = tile;
                        t.c_row = f.panel;
                        if (g.c) {
                            out = g.c + i * g.ldc + j;
                            t.c_row = g.ldc;
                        } else if (f.depth < g.k) {
                            out = partial_sums + i * f.columns + (j - j0);
                            t.c_row = f.columns;
                        }
                        for (int64_t u = s; u < s_end; ++u) {
                            const int64_t row = u * g.m / blocks, rows = (u + 1) * g.m / blocks - row;
                            t.a = g.a + row * g.a_row + p * g.a_col;
                            if (f.pack_a) {
                                t.a = packed_a + (u - s0) * kTileRows * f.depth;
                                t.a_row = 1;
                                t.a_col = kTileRows;
                            }
                            t.c = out + (row - i) * t.c_row;
                            t.start = p > 0 ? t.c : g.bias ? g.bias + j : nullptr;
                            t.start_row = p > 0 ? t.c_row : 0;
                            if (PFC && p > 0 && g.c && u + 1 < s1) {
                                const int64_t next = (u + 1) * g.m / blocks;
                                for (int64_t r = 0; r < rows; ++r)
                                    for (int64_t x = 0; x < columns; x += 16)
                                        __builtin_prefetch(g.c + (next + r) * g.ldc + j + x, 1, 3);
                            }
                            if (PFB && f.pack && g.m <= PFM && q + 1 < panels && s0 == 0) {
                                const int64_t jn = (q + 1) * vectors / panels * kWidth;
                                const int64_t nextc = smaller((q + 2) * vectors / panels * kWidth, g.n) - jn;
                                const float* next = g.b + p * g.b_row + jn * g.b_col;
                                if (g.b_col == 1) {
                                    const int64_t x0 = (u - s0) * depth / (s1 - s0), x1 = (u + 1 - s0) * depth / (s1 - s0);
                                    prefetch_rows(x1 - x0, nextc, next + x0 * g.b_row, g.b_row);
                                } else {
                                    const int64_t x0 = (u - s0) * nextc / (s1 - s0), x1 = (u + 1 - s0) * nextc / (s1 - s0);
                                    prefetch_rows(x1 - x0, depth, next + x0 * g.b_col, g.b_col);
                                }
                            }
                            multiply_tile(rows, tile_vectors, t);
                        }
                        if (last_pass && g.epilogue)
                            apply_epilogue(*g.epilogue, out, t.c_row, i, j, i_end - i, columns);
                    }
                }
            }
        }
    }
}

/// C^T = B^T A^T, each finished tile transposed back: the form for a transposed B (or A) whose other operand is the
/// smaller to rearrange. The products inside each FMA commute, so the bits are those of gemm_blocked.
static void gemm_swapped(const ravine::GemmArgs& g) {
    ravine::Epilogue untranspose;
    untranspose.context = &g;
    untranspose.apply = [](const void* context, float* src, int64_t ld, int64_t j, int64_t i, int64_t n, int64_t m) {
        const ravine::GemmArgs& args = *static_cast<const ravine::GemmArgs*>(context);
        alignas(64) float tile[kGemmRows * kGemmColumns];
        float* dst = args.c ? args.c + i * args.ldc + j : tile;
        const int64_t ld_dst = args.c ? args.ldc : int64_t{kGemmRows};
        transpose(n, m, src, ld, dst, ld_dst);
        if (args.epilogue) apply_epilogue(*args.epilogue, dst, ld_dst, i, j, m, n);
    };
    ravine::GemmArgs swapped = g;
    swapped.m = g.n;
    swapped.n = g.m;
    swapped.a = g.b;
    swapped.a_row = g.b_col;
    swapped.a_col = g.b_row;
    swapped.b = g.a;
    swapped.b_row = g.a_col;
    swapped.b_col = g.a_row;
    swapped.c = nullptr;
    swapped.epilogue = &untranspose;
    gemm_blocked(swapped);
}

/// A column vector for B: dot products of contiguous rows. The lanes' partial sums make another order of summation than
/// gemm_blocked's, so strides and k alone may decide for it.
static void gemm_dot(const ravine::GemmArgs& g) {
    for (int64_t j = 0; j < g.n; ++j) {
        for (int64_t i = 0; i < g.m; ++i) {
            const float *a = g.a + i * g.a_row, *b = g.b + j;
            Vec sum[2] = {};
            int64_t p = 0;
            for (; p + 2 * kWidth <= g.k; p += 2 * kWidth) {
                sum[0] = fma(load(a + p), load(b + p), sum[0]);
                sum[1] = fma(load(a + p + kWidth), load(b + p + kWidth), sum[1]);
            }
            if (p + kWidth <= g.k) {
                sum[0] = fma(load(a + p), load(b + p), sum[0]);
                p += kWidth;
            }
            if (p < g.k) sum[1] = fma(load_partial(a + p, g.k - p), load_partial(b + p, g.k - p), sum[1]);
            const float dot = sum_lanes(sum[0] + sum[1]);
            float c = g.bias ? dot + g.bias[j] : dot;
            if (g.c) g.c[i * g.ldc + j] = c;
            if (g.epilogue) g.epilogue->apply(g.epilogue->context, g.c ? g.c + i * g.ldc + j : &c, 1, i, j, 1, 1);
        }
    }
}

RAVINE_INLINE bool prefers_swap(int64_t m, int64_t n, bool a_unit, bool b_unit) {
    return b_unit ? !a_unit && n < kWidth && m > n : m > 8 && m <= 128 && m <= n;
}

static void gemm(const ravine::GemmArgs& g) {
    if (g.m <= 0 || g.n <= 0) return;
    if (g.a_col == 1 && g.b_row == 1 && g.b_col == 1 && g.k > 1) return gemm_dot(g);
    if (!g.bias && prefers_swap(g.m, g.n, g.a_col == 1, g.b_col == 1)) return gemm_swapped(g);
    gemm_blocked(g);
}

static int64_t blocked_scratch(int64_t m, int64_t n, int64_t k, bool b_unit) {
    int64_t size = 0;
    for (int has_c = 0; has_c < 2; ++has_c) {
        const Blocking f = choose_blocking(m, n, k, b_unit, has_c);
        size = larger(size, (f.pack_a ? f.depth * (kRowsBlock + kTileRows) + kWidth : 0) + (f.pack ? f.depth * f.columns : 0) + (!has_c && f.depth < k ? m * f.columns : 0));
    }
    return size;
}

static int64_t gemm_scratch(int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit) {
    if (m <= 0 || n <= 0) return 0;
    return larger(blocked_scratch(m, n, k, b_unit), blocked_scratch(n, m, k, !a_unit));
}

}  // namespace RAVINE_ISA
