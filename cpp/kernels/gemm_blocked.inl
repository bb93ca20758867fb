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

#include "gemm_micro.inl"

namespace RAVINE_ISA {

/// The largest tile an epilogue sees, and the distance of the rows of one with a narrow vector.
enum : int64_t { kGemmRows = 32, kGemmColumns = kTileVectors * kWidth, kWidePanel = kGemmColumns + kWidth };

enum : int64_t {
    kDepthBlock = 800,
    kRowsBlock = 128,
    kColumnsBlock = 2112 / kGemmColumns * kGemmColumns,
    kAliasing = 1024,               // columns of A so many floats (4 KiB) apart all fall into one set of the L1 cache,
    kPackedRows = kRowsBlock + 16,  // so they are copied to this distance,
    kCopiedAhead = 8,               // and no hardware foresees the next,
    kPackedColumns = 512,           // if C has so many;
    kCollidingFloats = 1 << 19,     // from so many floats on they fill their sets of the L2 cache as well
    kFarFloats = 1 << 16,           // of A, from which on its rows are fetched ahead,
    kWideFloats = 3 << 20,          // and of B, from which on its panels are
    kPartialColumns = 4 * kGemmColumns,  // kColumnsBlock when partial sums live in scratch
};

struct Blocking {
    int64_t narrow;        // columns of C that join the last panel
    int64_t panel;         // columns of a panel
    int64_t depth;         // rows of B per pass
    int64_t columns;       // columns of B per pass
    bool pack_a, pack_b;   // copy them into scratch?
    int64_t size_a;        // floats of scratch: a block of A,
    int64_t size_b;        // panels of B,
    int64_t size_partial;  // sums over a part of the depth when there is no C to keep them
};

RAVINE_INLINE bool packs_a(int64_t m, int64_t columns, int64_t k, int64_t a_col) {
    return a_col % kAliasing == 0 && m >= 64 && columns >= kPackedColumns && k >= 64;
}
/// Panels narrower than two cache lines share lines, and more of their rows fall into one set than that holds.
RAVINE_INLINE bool panels_collide(int64_t m, int64_t k, int64_t b_row) {
    return kGemmColumns < 32 && b_row % kAliasing == 0 && m >= 8 && k >= 16;
}
RAVINE_INLINE bool packs_b(int64_t m, int64_t n, int64_t k, int64_t b_row, bool b_unit) {
    return !b_unit || m >= 1024 || (m >= 64 && k * n >= 1 << 19) || panels_collide(m, k, b_row);
}

static Blocking choose_blocking(int64_t m, int64_t n, int64_t k, int64_t a_col, int64_t b_row, bool b_unit,
                                bool has_c) {
    const bool split = k > kDepthBlock, in_scratch = split && !has_c;
    Blocking f;
    f.narrow = narrow_columns(m, n);
    f.pack_b = packs_b(m, n, k, b_row, b_unit);
    f.panel = kGemmColumns;
    if (!f.pack_b && !in_scratch) f.panel = larger(f.panel, smaller(kTileAccumulators / m, kMaxTileVectors) * kWidth);
    f.depth = split ? divide_up(k, divide_up(k, kDepthBlock)) : k;
    const int64_t panels = divide_up(n - f.narrow, f.panel), most = in_scratch ? kPartialColumns : kColumnsBlock;
    f.columns = divide_up(panels, divide_up(panels, larger(most / f.panel, 1))) * f.panel;
    f.pack_a = packs_a(m, f.columns, k, a_col);
    f.size_a = f.pack_a ? f.depth * kPackedRows : 0;
    f.size_b = f.pack_b ? f.depth * ((m > kRowsBlock ? f.columns : f.panel) + kWidth) : 0;
    f.size_partial = in_scratch ? m * (f.columns + kWidth) : 0;
    return f;
}

/// Enough for every product of no more rows, columns and depth: a plan serves shorter batches too. The even pieces into
/// which a depth is cut are no measure for that, since a lesser depth can have longer ones.
static int64_t blocked_scratch(int64_t m, int64_t n, int64_t k, bool a_unit, bool b_unit) {
    const int64_t depth = smaller(k, kDepthBlock), columns = divide_up(n, kGemmColumns) * kGemmColumns;
    const int64_t per_pass = smaller(columns, kColumnsBlock);
    const int64_t size_a = packs_a(m, per_pass, k, a_unit ? 1 : int64_t{kAliasing}) ? depth * kPackedRows : 0;
    const int64_t size_b =
        packs_b(m, n, k, kAliasing, b_unit) ? depth * ((m > kRowsBlock ? per_pass : kGemmColumns) + kWidth) : 0;
    return size_a + size_b + (k > kDepthBlock ? m * (smaller(columns, kPartialColumns) + kWidth) : 0);
}

static void apply_epilogue(const ravine::Epilogue& e, float* tile, int64_t ld, int64_t i, int64_t j, int64_t m,
                           int64_t n) {
    for (int64_t x = 0; x < n; x += kGemmColumns)
        e.apply(e.context, tile + x, ld, i, j + x, m, smaller(kGemmColumns, n - x));
}

/// Where `count` things shared out evenly among `parts` begin: no part is much smaller than another.
RAVINE_INLINE int64_t share_begin(int64_t part, int64_t parts, int64_t count) { return part * count / parts; }

RAVINE_INLINE void copy_rows(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst) {
    for (int64_t i = 0; i < m; ++i)
        for (int64_t j = 0; j < n; j += kWidth) {
            __builtin_prefetch(src + (i + kCopiedAhead) * ld_src + j);
            store(dst + i * ld_dst + j, load_partial(src + i * ld_src + j, smaller(n - j, kWidth)));
        }
}

/// Partial sums left the caches a pass ago, and a tile cannot begin without them.
RAVINE_INLINE void prefetch_tile(int64_t rows, int64_t columns, const float* c, int64_t c_row) {
    for (int64_t r = 0; r < rows; ++r)
        for (int64_t x = 0; x < columns; x += 16) __builtin_prefetch(c + r * c_row + x, 1);
}

/// Rows [i_begin, i_end) of one panel of C, over a piece of the depth.
struct PanelJob {
    int64_t i_begin, i_end;
    int64_t j, columns;
    bool narrow;  // is the last vector narrow?
    int64_t p, depth;
    const float* a;  // A(i_begin, p)
    int64_t a_row, a_col;
    float* packed;  // the panel of B in scratch, or null
    int64_t panel;  // floats in a row of a packed panel, or of a tile in the buffer
    bool pack;      // is the panel still to be packed?
    float* sums;    // (i_begin, j) of C or of the partial sums; null when a tile's life ends with its epilogue
    int64_t sums_row;
};

static void multiply_panel(const ravine::GemmArgs& g, const PanelJob& job) {
    const int64_t vectors = divide_up(job.columns, kWidth), last = job.columns - (vectors - 1) * kWidth;
    const int64_t tile_rows = job.narrow ? kTileRows : smaller(kTileAccumulators / vectors, kMaxTileRows);
    const int64_t rows = job.i_end - job.i_begin, tiles = divide_up(rows, tile_rows), group = kGemmRows / tile_rows;
    const bool last_piece = job.p + job.depth >= g.k;
    // Rows of a large A come from memory, where no hardware looks ahead from one row's piece of the depth to the next.
    const bool far = job.a_col == 1 && job.j == 0 && g.m * g.k >= kFarFloats;
    const bool wide = job.a_col == 1 && !job.packed && job.j + job.columns < g.n && g.k * g.n >= kWideFloats;
    alignas(64) float buffer[kGemmRows * kWidePanel];

    Tile t;
    t.k = job.depth;
    t.a_row = job.a_row;
    t.a_col = job.a_col;
    t.b = g.b + job.p * g.b_row + job.j * g.b_col;
    t.b_row = g.b_row;
    t.b_last = t.c_last = last;
    t.narrow = job.narrow;
    t.copy = nullptr;
    t.copy_row = job.panel;
    t.c_row = job.sums ? job.sums_row : job.panel;
    t.update = nullptr;
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

    int64_t i = 0, group_begin = 0;
    for (int64_t tile = 0; tile < tiles; ++tile) {
        const int64_t next = share_begin(tile + 1, tiles, rows);
        float* const out = job.sums ? job.sums + group_begin * t.c_row : buffer;
        t.a = job.a + i * t.a_row;
        t.c = out + (i - group_begin) * t.c_row;
        t.start = job.p > 0 ? t.c : g.bias ? g.bias + job.j : nullptr;
        t.start_row = job.p > 0 ? t.c_row : 0;
        if (job.p > 0) prefetch_tile(smaller(tile_rows, rows - next), job.columns, t.c + (next - i) * t.c_row, t.c_row);
        if (wide && tile + 1 == tiles)
            multiply_tile<ToMemory<FetchPanel>>(next - i, vectors, t);
        else if (far && next + tile_rows <= rows)
            multiply_tile<ToMemory<FetchRows>>(next - i, vectors, t);
        else
            multiply_tile(next - i, vectors, t);
        if (t.copy) use_packed();
        i = next;
        if ((tile + 1) % group == 0 || i == rows) {
            if (last_piece && g.epilogue)
                apply_epilogue(*g.epilogue, out, t.c_row, job.i_begin + group_begin, job.j, i - group_begin,
                               job.columns);
            group_begin = i;
        }
    }
}

static void gemm_blocked(const ravine::GemmArgs& g) {
    const Blocking f = choose_blocking(g.m, g.n, g.k, g.a_col, g.b_row, g.b_col == 1, g.c != nullptr);
    const int64_t row_passes = divide_up(g.m, kRowsBlock);
    const int64_t panels = divide_up(g.n - f.narrow, f.panel), panels_per_pass = f.columns / f.panel;
    const auto panel_begin = [&](int64_t q) {
        return q == panels ? g.n : share_begin(q, panels, divide_up(g.n - f.narrow, kWidth)) * kWidth;
    };
    float* const packed_a = g.scratch;
    float* const packed_b = packed_a + f.size_a;
    float* const partial = packed_b + f.size_b;
    PanelJob job;
    job.sums_row = g.c ? g.ldc : f.columns + kWidth;

    for (int64_t q_begin = 0; q_begin < panels; q_begin += panels_per_pass) {
        const int64_t q_end = smaller(q_begin + panels_per_pass, panels);
        for (job.p = 0; job.p == 0 || job.p < g.k; job.p += larger(f.depth, 1)) {
            job.depth = smaller(f.depth, g.k - job.p);
            for (int64_t pass = 0; pass < row_passes; ++pass) {
                job.i_begin = share_begin(pass, row_passes, g.m);
                job.i_end = share_begin(pass + 1, row_passes, g.m);
                job.a = g.a + job.i_begin * g.a_row + job.p * g.a_col;
                job.a_row = g.a_row;
                job.a_col = g.a_col;
                if (f.pack_a) {
                    copy_rows(job.depth, job.i_end - job.i_begin, job.a, g.a_col, packed_a, kPackedRows);
                    job.a = packed_a;
                    job.a_col = kPackedRows;
                }
                for (int64_t q = q_begin; q < q_end; ++q) {
                    job.j = panel_begin(q);
                    job.columns = panel_begin(q + 1) - job.j;
                    job.narrow = f.narrow > 0 && q + 1 == panels;
                    job.panel = job.narrow ? int64_t{kWidePanel} : f.panel;
                    job.pack = f.pack_b && pass == 0;
                    job.packed =
                        !f.pack_b ? nullptr : packed_b + (row_passes > 1 ? (q - q_begin) * f.panel * f.depth : 0);
                    job.sums = g.c              ? g.c + job.i_begin * g.ldc + job.j
                               : f.size_partial ? partial + job.i_begin * job.sums_row + job.j - panel_begin(q_begin)
                                                : nullptr;
                    multiply_panel(g, job);
                }
            }
        }
    }
}

}  // namespace RAVINE_ISA
