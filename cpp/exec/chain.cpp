#include "exec/chain.h"

#include <algorithm>

namespace ravine {

namespace {

/// Runs all stages on the tile at (i, j) of the whole, m x n, whose head (a product's tile) lies apart.
void run_stages(const Chain& chain, int64_t i, int64_t j, int64_t m, int64_t n, float* head, int64_t head_ld,
                float* temps) {
    for (const Stage& stage : chain.stages) {
        TileArgs args;
        args.m = m;
        args.n = n;
        const auto locate = [&](const Stage::Operand& operand, int64_t* ld) -> float* {
            switch (operand.place) {
                case Stage::Place::head: *ld = head_ld; return head;
                case Stage::Place::temp: *ld = n; return temps + operand.temp * chain.tile_floats;
                default: *ld = operand.ld; return operand.data + i * operand.ld + j * operand.step;
            }
        };
        for (int k = 0; k < stage.sources; ++k) {
            args.in[k].data = locate(stage.in[k], &args.in[k].ld);
            args.in[k].step = stage.in[k].step;
        }
        for (int k = 0; k < stage.targets; ++k) args.out[k].data = locate(stage.out[k], &args.out[k].ld);
        for (int k = 0; k < kMaxTileParams; ++k) args.param[k] = stage.param[k];
        stage.run(args);
    }
}

}  // namespace

TileRange tile_range(const Step& step, const Slice& slice) {
    const int64_t columns = step.chain.columns;
    if (slice.axis == Axis::rows) {
        const int64_t lines = step.batched ? step.lines : 1;
        return {slice.begin * lines, 0, (slice.end - slice.begin) * lines, columns};
    }
    const int64_t lines = step.lines * (step.batched ? slice.rows : 1);
    if (slice.axis == Axis::columns) return {0, slice.begin, lines, slice.end - slice.begin};
    return {0, 0, lines, columns};
}

void run_chain(const Step& step, const Slice& slice, float* temps) {
    const TileRange range = tile_range(step, slice);
    if (range.rows <= 0 || range.columns <= 0) return;
    if (step.chain.temps == 0 && step.chain.stages.size() == 1) {
        run_stages(step.chain, range.row, range.column, range.rows, range.columns, nullptr, 0, temps);
        return;
    }
    const int64_t width = std::min(range.columns, step.chain.tile_floats);
    const int64_t height = std::max<int64_t>(1, step.chain.tile_floats / width);
    for (int64_t i = 0; i < range.rows; i += height)
        for (int64_t j = 0; j < range.columns; j += width)
            run_stages(step.chain, range.row + i, range.column + j, std::min(height, range.rows - i),
                       std::min(width, range.columns - j), nullptr, 0, temps);
}

void chain_epilogue(const void* context, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m, int64_t n) {
    const EpilogueContext& where = *static_cast<const EpilogueContext*>(context);
    run_stages(*where.chain, where.row + i, where.column + j, m, n, tile, ld, where.temps);
}

Update chain_update(const Chain& chain, const TileRange& range) {
    const UpdateStages& found = chain.update;
    const Stage& stage = chain.stages[static_cast<size_t>(found.update)];
    Update update{};
    update.kernel = stage.kernel;
    update.slots = stage.targets - 1;
    update.decay = found.decay;
    update.sign_decay = found.sign_decay;
    update.clip = found.clip < 0 ? nullptr : chain.stages[static_cast<size_t>(found.clip)].param;
    const auto locate = [&](const Stage::Operand& operand) {
        return operand.data + range.row * operand.ld + range.column * operand.step;
    };
    for (int k = 0; k < stage.sources; ++k)
        if (stage.in[k].place == Stage::Place::memory)
            update.args.in[k] = {locate(stage.in[k]), stage.in[k].ld, stage.in[k].step};
    for (int k = 0; k < stage.targets; ++k) update.args.out[k] = {locate(stage.out[k]), stage.out[k].ld};
    std::copy_n(stage.param, kMaxTileParams, update.args.param);
    return update;
}

}  // namespace ravine
