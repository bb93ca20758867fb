// The micro-kernel of the matrix product: one tile of C whose accumulators stay in registers for the whole depth.
#pragma once

#include "gemm_update.inl"

namespace RAVINE_ISA {

/// Each element is one chain of FMAs with ascending p. So its bits depend neither on the shape of the tile nor on where
/// the depth was cut (the next piece starts from C). Not inline: a function of its own keeps its registers.
template <int kRows, int kVectors, bool kRowMajorA, bool kPartialB, class Way>
static __attribute__((noinline)) void multiply_tile(const Tile& t) {
    constexpr bool kFromZero = Way::kFetched > 0;
    Vec sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        const float* start = t.start + r * t.start_row;
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            sum[r][v] = kFromZero || !t.start ? Vec{}
                        : v + 1 < kVectors    ? load(start + v * kWidth)
                                              : load_partial(start + v * kWidth, t.c_last);
    }

    const float *a = t.a, *b = t.b;
    const int64_t a_row = kRowMajorA ? t.a_row : 1, a_col = kRowMajorA ? 1 : t.a_col;
    const int64_t b_row = t.b_row, b_last = t.b_last;
    // Only the first of many tiles copies, and shared-out rows make that one nearly full.
    float* copy = !kFromZero && kRows + 1 >= kTileRows ? t.copy : nullptr;
    Ahead<Way::kFetched, kRows, kVectors> ahead(t);
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

    Way::template finish<kPartialB>(t, sum);
}

template <int kRows, int kVectors, bool kRowMajorA, class Way>
static void multiply_tile(const Tile& t) {
    if (t.b_last < kWidth)
        multiply_tile<kRows, kVectors, kRowMajorA, true, Way>(t);
    else
        multiply_tile<kRows, kVectors, kRowMajorA, false, Way>(t);
}

template <int kRows, int kVectors>
static void multiply_tile(const Tile& t) {
    if constexpr (kRows * kVectors <= kTileAccumulators) {
        if (kRows > 1 && t.a_col == 1)
            multiply_tile<kRows, kVectors, true, ToMemory<0>>(t);
        else
            multiply_tile<kRows, kVectors, false, ToMemory<0>>(t);
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

/// A tile on its way into an update, or with one. Of another size it goes to memory, and nothing is fetched meanwhile.
template <class Way>
RAVINE_INLINE void multiply_tile(int64_t rows, int64_t vectors, const Tile& t) {
    const bool high = rows == kTileRows, wide = vectors == kTileVectors;
    if (!updates_in_registers(rows, vectors))
        multiply_tile(rows, vectors, t);
    else if (high && wide)
        multiply_tile<kTileRows, kTileVectors, false, Way>(t);
    else if (high)
        multiply_tile<kTileRows, kTileVectors - 1, false, Way>(t);
    else if (wide)
        multiply_tile<kTileRows - 1, kTileVectors, false, Way>(t);
    else
        multiply_tile<kTileRows - 1, kTileVectors - 1, false, Way>(t);
}

}  // namespace RAVINE_ISA
