// The loops around the micro-kernel.
//
//   for columns of C, kColumnsBlock at a time
//     for the depth, kDepthBlock at a time
//       for rows of C, kRowsBlock at a time       (that much of A stays in L2)
//         for panels of B                         (a panel stays in L1 or L2)
//           for tiles down the panel
//
// No cut changes a bit of the result, so each may be chosen freely. B is read where it lies if it can be: small
// products lose more to packing than they gain.
#pragma once

#include "gemm_tile.inl"

namespace RAVINE_ISA {

/// The largest tile an epilogue sees.
enum : int64_t { kGemmRows = 32, kGemmColumns = kTileVectors * kWidth };

enum : int64_t {
    kDepthBlock = 800,
    kRowsBlock = 128,
    kColumnsBlock = 1024 / kGemmColumns * kGemmColumns,
    kPartialColumns = 4 * kGemmColumns,  // kColumnsBlock when partial sums live in scratch
};

struct Blocking {
    int64_t panel;    // columns of a panel
    int64_t depth;    // rows of B per pass
    int64_t columns;  // columns of B per pass
    bool pack;        // copy each panel of B into scratch?
    int64_t packed;   // floats of scratch: the packed panels
    int64_t partial;  // floats of scratch: sums over a part of the depth, when there is no C to keep them
};

static Blocking choose_blocking(int64_t m, int64_t n, int64_t k, bool b_unit, bool has_c) {
    const bool split = k > kDepthBlock, in_scratch = split && !has_c;
    Blocking f;
    f.pack = !b_unit || m >= 1024 || (m >= 64 && k * n >= 1 << 19);
    f.panel = kGemmColumns;
    if (!f.pack && !in_scratch) f.panel = larger(f.panel, smaller(kTileAccumulators / m, kMaxTileVectors) * kWidth);
    f.depth = split ? divide_up(k, divide_up(k, kDepthBlock)) : k;
    f.columns = smaller(larger(in_scratch ? int64_t{kPartialColumns} : int64_t{kColumnsBlock}, f.panel),
                        divide_up(n, f.panel) * f.panel);
    f.packed = f.pack ? f.depth * (m > kRowsBlock ? f.columns : f.panel) : 0;
    f.partial = in_scratch ? m * f.columns : 0;
    return f;
}

static int64_t blocked_scratch(int64_t m, int64_t n, int64_t k, bool b_unit) {
    const Blocking stored = choose_blocking(m, n, k, b_unit, true), unstored = choose_blocking(m, n, k, b_unit, false);
    return larger(stored.packed, unstored.packed + unstored.partial);
}

static void apply_epilogue(const ravine::Epilogue& e, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m,
                           int64_t n) {
    for (int64_t x = 0; x < n; x += kGemmColumns)
        e.apply(e.context, tile + x, ld, i, j + x, m, smaller(kGemmColumns, n - x));
}

/// Where `count` things shared out evenly among `parts` begin: no part is much smaller than another.
RAVINE_INLINE int64_t share_begin(int64_t part, int64_t parts, int64_t count) { return part * count / parts; }

/// Partial sums left the caches a pass ago, and a tile cannot begin without them.
RAVINE_INLINE void prefetch_tile(int64_t rows, int64_t columns, const float* c, int64_t c_row) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t x = 0; x < columns; x += 16) __builtin_prefetch(c + r * c_row + x, 1);
}

/// One panel of B against a range of row blocks.
struct PanelJob {
    int64_t j, columns;
    int64_t p, depth;
    int64_t block_begin, block_end, blocks;  // `blocks` share out all rows
    float* packed;                           // the panel's place in scratch, or null
    int64_t panel;                           // floats in a row of a packed panel, or of a tile in the buffer
    bool pack;                               // is it still to be packed?
    float* sums;  // column j of row 0 of C or of the partial sums; null when a tile's life ends with its epilogue
    int64_t sums_row;
};

static void multiply_panel(const ravine::GemmArgs& g, const PanelJob& job) {
    const int64_t vectors = divide_up(job.columns, kWidth), last = job.columns - (vectors - 1) * kWidth;
    const bool last_piece = job.p + job.depth >= g.k;
    alignas(64) float buffer[kGemmRows * kGemmColumns];

    Tile t;
    t.k = job.depth;
    t.a_row = g.a_row;
    t.a_col = g.a_col;
    t.b = g.b + job.p * g.b_row + job.j * g.b_col;
    t.b_row = g.b_row;
    t.b_last = t.c_last = last;
    t.copy = nullptr;
    t.copy_row = job.panel;
    if (job.pack && g.b_col == 1)
        t.copy = job.packed;
    else if (job.pack)
        transpose_padded(job.columns, job.depth, t.b, g.b_col, job.packed, job.panel);
    const auto use_packed = [&] {
        t.b = job.packed;
        t.b_row = job.panel;
        t.b_last = kWidth;
        t.copy = nullptr;
    };
    if (job.packed && !t.copy) use_packed();

    for (int64_t group = job.block_begin; group < job.block_end; group += kGemmRows / kTileRows) {
        const int64_t group_end = smaller(group + kGemmRows / kTileRows, job.block_end);
        const int64_t i = share_begin(group, job.blocks, g.m), i_end = share_begin(group_end, job.blocks, g.m);
        float* const out = job.sums ? job.sums + i * job.sums_row : buffer;
        t.c_row = job.sums ? job.sums_row : job.panel;
        for (int64_t block = group; block < group_end; ++block) {
            const int64_t row = share_begin(block, job.blocks, g.m), next = share_begin(block + 1, job.blocks, g.m);
            t.a = g.a + row * g.a_row + job.p * g.a_col;
            t.c = out + (row - i) * t.c_row;
            t.start = job.p > 0 ? t.c : g.bias ? g.bias + job.j : nullptr;
            t.start_row = job.p > 0 ? t.c_row : 0;
            if (job.p > 0 && block + 1 < job.block_end)
                prefetch_tile(share_begin(block + 2, job.blocks, g.m) - next, job.columns, t.c + (next - row) * t.c_row,
                              t.c_row);
            multiply_tile(next - row, vectors, t);
            if (t.copy) use_packed();
        }
        if (last_piece && g.epilogue) apply_epilogue(*g.epilogue, out, t.c_row, i, job.j, i_end - i, job.columns);
    }
}

static void gemm_blocked(const ravine::GemmArgs& g) {
    const Blocking f = choose_blocking(g.m, g.n, g.k, g.b_col == 1, g.c != nullptr);
    const int64_t vectors = divide_up(g.n, kWidth), panels = divide_up(g.n, f.panel);
    const int64_t panels_per_pass = f.columns / f.panel, blocks_per_pass = kRowsBlock / kTileRows;
    const auto panel_begin = [&](int64_t q) { return smaller(share_begin(q, panels, vectors) * kWidth, g.n); };
    PanelJob job;
    job.blocks = divide_up(g.m, kTileRows);
    job.panel = f.panel;

    for (int64_t q_begin = 0; q_begin < panels; q_begin += panels_per_pass) {
        const int64_t q_end = smaller(q_begin + panels_per_pass, panels);
        for (job.p = 0; job.p == 0 || job.p < g.k; job.p += f.depth) {
            job.depth = smaller(f.depth, g.k - job.p);
            for (job.block_begin = 0; job.block_begin < job.blocks; job.block_begin += blocks_per_pass) {
                job.block_end = smaller(job.block_begin + blocks_per_pass, job.blocks);
                for (int64_t q = q_begin; q < q_end; ++q) {
                    job.j = panel_begin(q);
                    job.columns = panel_begin(q + 1) - job.j;
                    job.pack = f.pack && job.block_begin == 0;
                    job.packed =
                        f.pack ? g.scratch + (g.m > kRowsBlock ? (q - q_begin) * f.panel * f.depth : 0) : nullptr;
                    job.sums = g.c         ? g.c + job.j
                               : f.partial ? g.scratch + f.packed + job.j - panel_begin(q_begin)
                                           : nullptr;
                    job.sums_row = g.c ? g.ldc : f.columns;
                    multiply_panel(g, job);
                }
            }
            if (g.k == 0) break;
        }
    }
}

}  // namespace RAVINE_ISA
