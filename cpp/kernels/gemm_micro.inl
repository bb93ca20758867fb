// The micro-kernel of the matrix product: one tile of C whose accumulators stay in registers for the whole depth.
#pragma once

#include "gemm_update.inl"

namespace RAVINE_ISA {

/// Each element is one chain of FMAs with ascending p. So its bits depend neither on the shape of the tile nor on where
/// the depth was cut (the next piece starts from C).
template <int kRows, int kVectors, bool kRowMajorA, bool kPartialB, bool kUpdates>
static void multiply_tile(const Tile& t) {
    const int64_t c_last = t.c_last, c_row = t.c_row;
    Vec sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        const float* start = t.start + r * t.start_row;
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            sum[r][v] = !t.start           ? Vec{}
                        : v + 1 < kVectors ? load(start + v * kWidth)
                                           : load_partial(start + v * kWidth, c_last);
    }

    const float *a = t.a, *b = t.b;
    const int64_t a_row = kRowMajorA ? t.a_row : 1, a_col = kRowMajorA ? 1 : t.a_col;
    const int64_t b_row = t.b_row, b_last = t.b_last;
    // Only the first of many tiles copies, and shared-out rows make that one nearly full.
    float* copy = kRows + 1 >= kTileRows ? t.copy : nullptr;
    Ahead<kUpdates, kRows, kVectors> ahead(t);
    for (int64_t p = 0; p < t.k; ++p) {
        ahead.fetch();
        if constexpr (kRowMajorA && kRows == kTileRows && kVectors == kTileVectors)
            if (t.fetch_rows && p % 2 == 0) __builtin_prefetch(a + (kRows + p / 2 % kRows) * a_row + p / 16 * 16);
        Vec y[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            y[v] = kPartialB && v + 1 == kVectors ? load_partial(b + v * kWidth, b_last) : load(b + v * kWidth);
        if (copy) {
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) store(copy + v * kWidth, y[v]);
            copy += t.copy_row;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            const Vec x = splat(a[r * a_row + p * a_col]);
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) sum[r][v] = fma(x, y[v], sum[r][v]);
        }
        b += b_row;
    }

    if constexpr (kUpdates)
        if (t.in_registers) return update_tile(t, sum);
    float* c = t.c;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r, c += c_row) {
#pragma GCC unroll 8
        for (int v = 0; v + 1 < kVectors; ++v) store(c + v * kWidth, sum[r][v]);
        if (c_last == kWidth)
            store(c + (kVectors - 1) * kWidth, sum[r][kVectors - 1]);
        else
            store_partial(c + (kVectors - 1) * kWidth, sum[r][kVectors - 1], c_last);
    }
}

template <int kRows, int kVectors, bool kRowMajorA, bool kUpdates>
static void multiply_tile(const Tile& t) {
    if (t.b_last < kWidth)
        multiply_tile<kRows, kVectors, kRowMajorA, true, kUpdates>(t);
    else
        multiply_tile<kRows, kVectors, kRowMajorA, false, kUpdates>(t);
}

template <int kRows, int kVectors>
static void multiply_tile(const Tile& t) {
    if constexpr (kRows * kVectors <= kTileAccumulators) {
        if constexpr (updates_in_registers(kRows, kVectors))
            if (t.update) return multiply_tile<kRows, kVectors, false, true>(t);
        if (kRows > 1 && t.a_col == 1)
            multiply_tile<kRows, kVectors, true, false>(t);
        else
            multiply_tile<kRows, kVectors, false, false>(t);
    }
}

template <int kRows>
static void multiply_tile(int64_t vectors, const Tile& t) {
    switch (vectors) {
        case 1: return multiply_tile<kRows, 1>(t);
        case 2: return multiply_tile<kRows, 2>(t);
        case 3: return multiply_tile<kRows, 3>(t);
        case 4: return multiply_tile<kRows, 4>(t);
        case 5: return multiply_tile<kRows, 5>(t);
        case 6: return multiply_tile<kRows, 6>(t);
        case 7: return multiply_tile<kRows, 7>(t);
        case 8: return multiply_tile<kRows, 8>(t);
    }
}

RAVINE_INLINE void multiply_tile(int64_t rows, int64_t vectors, const Tile& t) {
    switch (rows) {
        case 1: return multiply_tile<1>(vectors, t);
        case 2: return multiply_tile<2>(vectors, t);
        case 3: return multiply_tile<3>(vectors, t);
        case 4: return multiply_tile<4>(vectors, t);
        case 5: return multiply_tile<5>(vectors, t);
        case 6: return multiply_tile<6>(vectors, t);
        case 7: return multiply_tile<7>(vectors, t);
        case 8: return multiply_tile<8>(vectors, t);
    }
}

}  // namespace RAVINE_ISA
