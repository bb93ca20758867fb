// Products that nobody stores: weight gradients on their way into an update.
#pragma once

#include "gemm_blocked.inl"

namespace RAVINE_ISA {

/// A band of the product: kTileRows (or a few times as many) rows of it, as wide as C if C is not too wide. The
/// epilogue then sees rows that follow each other without a gap, in its tile as in the weights, and works on
/// full, aligned vectors only; in tiles as narrow as a panel a third of its time would go into tails. An update in
/// registers needs no band, but it too meets rows of weights where they end beside where they go on.
enum : int64_t { kBandColumns = 512, kBandFloats = kBandColumns * kMaxTileRows, kBandDepth = 128 };
/// Above a shorter product the fetching of what its band meets costs more than it saves.
enum : int64_t { kFetchedDepth = 64 };
/// And what is as small as this is in the L1 cache anyway.
enum : int64_t { kNearFloats = 1 << 12 };

RAVINE_INLINE bool goes_into_update(const ravine::GemmArgs& g) {
    return g.epilogue && updates_in_registers(g.epilogue->update, g.m, g.n) && g.k <= kDepthBlock;
}

RAVINE_INLINE bool has_bands(const ravine::GemmArgs& g) {
    if (g.c || g.bias || g.b_col != 1 || g.a_col == 1 || g.m < kTileRows) return false;
    if (panels_collide(g.m, g.k, g.b_row)) return false;  // where packing B gains more
    return g.k <= kBandDepth || (goes_into_update(g) && g.a_col % kAliasing != 0);
}

/// Rows [i, i + rows) and columns [j, j + columns), into the band if there is one.
template <class Way>
static void multiply_band(const ravine::GemmArgs& g, int64_t i, int64_t j, int64_t rows, int64_t columns, float* band) {
    Tile t{};
    t.k = g.k;
    t.a_row = g.a_row;
    t.a_col = g.a_col;
    t.b_row = g.b_row;
    t.c_row = columns;
    t.update = g.epilogue->update;
    t.near = t.update && g.m * g.n * (t.update->slots + 1) <= kNearFloats;
    const int64_t narrow = narrow_columns(rows, columns);
    const int64_t vectors = divide_up(columns - narrow, kWidth), panels = divide_up(vectors, kTileVectors);
    const int64_t tiles = divide_up(rows, kTileRows);
    for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t r = share_begin(tile, tiles, rows), next = share_begin(tile + 1, tiles, rows);
        t.a = g.a + (i + r) * g.a_row;
        t.row = i + r;
        for (int64_t q = 0; q < panels; ++q) {
            const int64_t first = share_begin(q, panels, vectors), end = share_begin(q + 1, panels, vectors);
            t.column = j + first * kWidth;
            t.b = g.b + t.column * g.b_col;
            t.narrow = narrow > 0 && q + 1 == panels;
            t.b_last = t.c_last = t.narrow ? narrow : smaller(kWidth, columns - (end - 1) * kWidth);
            t.c = band + r * columns + first * kWidth;
            multiply_tile<Way>(next - r, end - first + t.narrow, t);
        }
    }
}

template <class Way>
static void gemm_bands(const ravine::GemmArgs& g, float* band) {
    const int64_t blocks = divide_up(g.n, kBandColumns);
    for (int64_t q = 0; q < blocks; ++q) {
        const int64_t vectors = divide_up(g.n, kWidth), j = share_begin(q, blocks, vectors) * kWidth;
        const int64_t columns = smaller(share_begin(q + 1, blocks, vectors) * kWidth, g.n) - j;
        const int64_t height = band ? smaller(kBandFloats / columns, 32) / kTileRows * kTileRows : g.m;
        for (int64_t i = 0; i < g.m; i += height) {
            const int64_t rows = smaller(height, g.m - i);
            multiply_band<Way>(g, i, j, rows, columns, band);
            if (band) g.epilogue->apply(g.epilogue->context, band, columns, i, j, rows, columns);
        }
    }
}

static void gemm_bands(const ravine::GemmArgs& g) {
    const Update* const update = g.epilogue->update;
    if (goes_into_update(g)) return choose_way(*update, [&](auto way) { gemm_bands<decltype(way)>(g, nullptr); });
    alignas(64) float band[kBandFloats];
    if (!update || g.k < kFetchedDepth) return gemm_bands<ToMemory<FetchNothing>>(g, band);
    switch (update->slots) {
        case 0: return gemm_bands<ToMemory<FetchMatrices<1>>>(g, band);
        case 1: return gemm_bands<ToMemory<FetchMatrices<2>>>(g, band);
        default: return gemm_bands<ToMemory<FetchMatrices<3>>>(g, band);
    }
}

}  // namespace RAVINE_ISA
