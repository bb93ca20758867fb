// Runs chains of element-wise kernels, tile by tile.
#pragma once
#include "plan/plan.h"

namespace ravine {

/// Rows and columns of the whole that a slice covers.
struct TileRange {
    int64_t row, column, rows, columns;
};
TileRange tile_range(const Step& step, const Slice& slice);

/// A step that is a chain alone. temps: chain.temps * chain.tile_floats floats.
void run_chain(const Step& step, const Slice& slice, float* temps);

/// What an epilogue needs to know of the slice it works in.
struct EpilogueContext {
    const Chain* chain;
    int64_t row, column;
    float* temps;
};
/// Epilogue::apply; context is an EpilogueContext.
void chain_epilogue(const void* context, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m, int64_t n);

/// Epilogue::update of a chain that has an `update`.
Update chain_update(const Chain& chain, const TileRange& range);

}  // namespace ravine
