// Products that nobody stores: weight gradients on their way into an update.
#pragma once

#include "gemm_blocked.inl"

namespace RAVINE_ISA {

/// A band of the product: kTileRows (or a few times as many) rows of it, as wide as C if C is not too wide. The
/// epilogue then sees rows that follow each other without a gap, in its tile as in the weights, and works on
/// full, aligned vectors only; in tiles as narrow as a panel a third of its time would go into tails.
enum : int64_t { kBandColumns = 512, kBandFloats = kBandColumns * kMaxTileRows, kBandDepth = 128 };

RAVINE_INLINE bool has_bands(const ravine::GemmArgs& g) {
    const ravine::Update* const update = g.epilogue ? g.epilogue->update : nullptr;
    return !g.c && !g.bias && g.b_col == 1 && g.a_col != 1 && g.k <= kBandDepth && g.m >= kTileRows &&
           !(update && updates_in_registers(update->kernel));
}

/// Rows [i, i + rows) and columns [j, j + columns) into the band.
static void multiply_band(const ravine::GemmArgs& g, int64_t i, int64_t j, int64_t rows, int64_t columns, float* band) {
    Tile t{};
    t.k = g.k;
    t.a_row = g.a_row;
    t.a_col = g.a_col;
    t.b_row = g.b_row;
    t.c_row = columns;
    const int64_t vectors = divide_up(columns, kWidth), panels = divide_up(vectors, kTileVectors);
    for (int64_t r = 0; r < rows; r += kTileRows) {
        t.a = g.a + (i + r) * g.a_row;
        for (int64_t q = 0; q < panels; ++q) {
            const int64_t first = share_begin(q, panels, vectors), end = share_begin(q + 1, panels, vectors);
            t.b = g.b + (j + first * kWidth) * g.b_col;
            t.b_last = t.c_last = smaller(kWidth, columns - (end - 1) * kWidth);
            t.c = band + r * columns + first * kWidth;
            multiply_tile(smaller(kTileRows, rows - r), end - first, t);
        }
    }
}

static void gemm_bands(const ravine::GemmArgs& g) {
    alignas(64) float band[kBandFloats];
    const int64_t blocks = divide_up(g.n, kBandColumns);
    for (int64_t q = 0; q < blocks; ++q) {
        const int64_t vectors = divide_up(g.n, kWidth), j = share_begin(q, blocks, vectors) * kWidth;
        const int64_t columns = smaller(share_begin(q + 1, blocks, vectors) * kWidth, g.n) - j;
        const int64_t height = smaller(kBandFloats / columns, 32) / kTileRows * kTileRows;
        for (int64_t i = 0; i < g.m; i += height) {
            const int64_t rows = smaller(height, g.m - i);
            multiply_band(g, i, j, rows, columns, band);
            g.epilogue->apply(g.epilogue->context, band, columns, i, j, rows, columns);
        }
    }
}

}  // namespace RAVINE_ISA
