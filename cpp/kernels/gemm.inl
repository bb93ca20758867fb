// The matrix product: which form serves which operands. The contract is GemmArgs, in table.h.
#pragma once

#include "gemm_blocked.inl"
#include "gemm_dot.inl"
#include "gemm_thin.inl"

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

/// Does it cost less to transpose A and the tiles of C than B; or would rows of C fill vectors worse than columns?
RAVINE_INLINE bool prefers_swap(const ravine::GemmArgs& g) {
    if (g.bias) return false;
    if (g.b_col == 1) return g.a_col != 1 && g.n < kWidth && g.m > g.n;
    return g.m > kWidth / 2 && g.m * (g.k + g.n) < g.k * g.n;
}

static void gemm(const ravine::GemmArgs& g) {
    if (g.m <= 0 || g.n <= 0) return;
    if (is_dot(g)) return gemm_dot(g);
    if (is_thin(g)) return gemm_thin(g);
    if (prefers_swap(g)) return gemm_swapped(g);
    gemm_blocked(g);
}

static int64_t gemm_scratch(int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit) {
    if (m <= 0 || n <= 0) return 0;
    const int64_t blocked = blocked_scratch(m, n, k, a_unit, b_unit);
    if (b_unit && a_unit) return blocked;
    return larger(blocked, blocked_scratch(n, m, k, !b_unit, !a_unit));
}

}  // namespace RAVINE_ISA
