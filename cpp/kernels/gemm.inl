// The matrix product: which form serves which operands. The contract is GemmArgs, in table.h.
#pragma once

#include "gemm_across.inl"
#include "gemm_bands.inl"
#include "gemm_blocked.inl"
#include "gemm_dot.inl"
#include "gemm_shallow.inl"
#include "gemm_tail.inl"
#include "gemm_thin.inl"
#include "gemm_tiny.inl"

namespace RAVINE_ISA {

/// C^T = B^T A^T, each finished tile transposed back. The factors of an FMA commute, so the bits are gemm_blocked's.
static void gemm_swapped(const ravine::GemmArgs& g) {
    ravine::Epilogue untranspose;
    untranspose.context = &g;
    untranspose.update = nullptr;
    untranspose.apply = [](const void* context, float* src, int64_t ld, int64_t j, int64_t i, int64_t n, int64_t m) {
        const ravine::GemmArgs& args = *static_cast<const ravine::GemmArgs*>(context);
        alignas(64) float tile[kGemmRows * kGemmColumns];
        float* const dst = args.c ? args.c + i * args.ldc + j : tile;
        const int64_t ld_dst = args.c ? args.ldc : n;
        transpose(n, m, src, ld, dst, ld_dst);
        // A tile is at most kGemmColumns high now: more than epilogues are promised.
        if (!args.epilogue) return;
        for (int64_t y = 0; y < m; y += kGemmRows)
            apply_epilogue(*args.epilogue, dst + y * ld_dst, ld_dst, i + y, j, smaller(kGemmRows, m - y), n);
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

/// Is C one column whose rows lie along the rows of A in memory?
RAVINE_INLINE bool is_upright(const ravine::GemmArgs& g) {
    return g.n == 1 && g.m > 1 && g.a_row == 1 && !g.bias && (!g.c || g.ldc == 1);
}

/// Then it is a row of C^T, as contiguous as it was.
static void gemm_upright(const ravine::GemmArgs& g) {
    ravine::Epilogue turn;
    turn.context = &g;
    turn.update = nullptr;
    turn.apply = [](const void* context, float* tile, int64_t, int64_t, int64_t j, int64_t, int64_t n) {
        const ravine::Epilogue& e = *static_cast<const ravine::GemmArgs*>(context)->epilogue;
        for (int64_t y = 0; y < n; y += kGemmRows)
            e.apply(e.context, tile + y, 1, j + y, 0, smaller(kGemmRows, n - y), 1);
    };
    ravine::GemmArgs turned = g;
    turned.m = 1;
    turned.n = g.m;
    turned.a = g.b;
    turned.a_row = 0;
    turned.a_col = g.b_row;
    turned.b = g.a;
    turned.b_row = g.a_col;
    turned.b_col = 1;
    turned.ldc = g.m;
    if (g.epilogue) turned.epilogue = &turn;
    gemm_thin(turned);
}

/// Do the columns of A push each other out of the second-level cache, with too few columns of C to copy them first?
RAVINE_INLINE bool collides(const ravine::GemmArgs& g) {
    return g.a_col % kAliasing == 0 && g.k * g.a_col >= kCollidingFloats && g.n < kPackedColumns;
}

/// Does it cost less to transpose A and the tiles of C than B; or would rows of C fill vectors worse than columns?
RAVINE_INLINE bool prefers_swap(const ravine::GemmArgs& g) {
    if (g.bias) return false;
    if (g.b_col == 1) return g.a_col != 1 && g.m > g.n && (g.n <= kWidth || collides(g));
    return g.m > kWidth / 2 && g.m * (g.k + g.n) < g.k * g.n;
}

/// C of a few columns and many more rows, with a row-major A.
static void gemm_narrow(const ravine::GemmArgs& g) {
#if defined(__AVX512F__)
    // Rows that lie a multiple of 2 KiB apart would fall into two cache sets, and each line is visited four times.
    if (g.n > 1 && g.n <= kTailColumns && g.a_row % (kAliasing / 2) != 0) return gemm_tail(g);
#endif
    gemm_few_columns(g);
}

RAVINE_INLINE bool is_narrow(const ravine::GemmArgs& g) {
    return g.a_col == 1 && g.m >= kWidth && (g.n <= kWidth / 4 || (g.n <= kAcrossMost && kWidth == 16 && g.k >= 64));
}

static void gemm(const ravine::GemmArgs& g) {
    if (g.m <= 0 || g.n <= 0) return;
    if (is_dot(g)) return gemm_dot(g);
    if (is_tiny(g)) return gemm_tiny(g);
    if (is_shallow(g)) return gemm_shallow(g);
    if (is_upright(g)) return gemm_upright(g);
    if (is_thin(g)) return gemm_thin(g);
    if (g.b_col != 1 && g.m <= kAcrossMost) return gemm_few_rows(g);
    if (is_narrow(g)) return gemm_narrow(g);
    if (prefers_swap(g)) return gemm_swapped(g);
    if (has_bands(g)) return gemm_bands(g);
    gemm_blocked(g);
}

static int64_t gemm_scratch(int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit) {
    if (m <= 0 || n <= 0) return 0;
    const int64_t blocked = blocked_scratch(m, n, k, a_unit, b_unit);
    if (a_unit && b_unit) return larger(blocked, k * kAcrossMost);
    const int64_t swapped = blocked_scratch(n, m, k, !b_unit, !a_unit);
    const int64_t shallow = b_unit ? 0 : smaller(k, kShallowDepth) * n;
    return larger(larger(blocked, swapped), larger(shallow, a_unit ? k * kAcrossMost : 0));
}

}  // namespace RAVINE_ISA
