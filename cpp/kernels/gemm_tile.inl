// The micro-kernel of the matrix product: one tile whose accumulators stay in registers for the whole depth.
#pragma once

namespace RAVINE_ISA {

// A tile of kTileRows x kTileVectors keeps both FMA pipes busy for the latency of an FMA and fits the register file
// together with one row of B and one broadcast of A.
#if defined(__AVX512F__)
#ifndef TR
#define TR 8
#define TV 3
#endif
enum : int { kTileRows = TR, kTileVectors = TV };
#elif defined(__AVX2__)
enum : int { kTileRows = 4, kTileVectors = 3 };
#else
enum : int { kTileRows = 4, kTileVectors = 2 };
#endif
/// Tiles of few rows may be wider: reading B, not arithmetic, is their limit.
enum : int { kTileAccumulators = kTileRows * kTileVectors, kMaxTileVectors = 8 };

/// C = start + A B for one tile. A is read one float at a time, B and C in vectors along their rows.
struct Tile {
    int64_t k;
    const float* a;
    int64_t a_row, a_col;
    const float* b;
    int64_t b_row;
    const float* start;  // null for zeros
    int64_t start_row;   // 0 when all rows start alike (a bias)
    float* c;
    int64_t c_row;
    int64_t last;   // valid lanes of the last vector of a row of start and C
    bool b_padded;  // rows of B may be read in whole vectors
};

/// Every element is one chain of FMAs with ascending p, so its bits depend neither on the tile's shape nor on where the
/// depth was cut (C is `start` of the next piece).
template <int kRows, int kVectors, bool kRowMajorA, bool kPartialB>
static void multiply_tile(const Tile& t) {
    const int64_t last = t.last;
    Vec sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
            const float* start = t.start + r * t.start_row + v * kWidth;
            sum[r][v] = !t.start ? Vec{} : v < kVectors - 1 ? load(start) : load_partial(start, last);
        }
    }
    const float *a = t.a, *b = t.b;
    const int64_t a_row = kRowMajorA ? t.a_row : 1, a_col = kRowMajorA ? 1 : t.a_col, b_row = t.b_row;
    for (int64_t p = 0; p < t.k; ++p) {
        Vec y[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            y[v] = kPartialB && v == kVectors - 1 ? load_partial(b + v * kWidth, last) : load(b + v * kWidth);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            const Vec x = splat(a[r * a_row + p * a_col]);
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) sum[r][v] = fma(x, y[v], sum[r][v]);
        }
        b += b_row;
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        float* c = t.c + r * t.c_row;
#pragma GCC unroll 8
        for (int v = 0; v < kVectors - 1; ++v) store(c + v * kWidth, sum[r][v]);
        if (last == kWidth)
            store(c + (kVectors - 1) * kWidth, sum[r][kVectors - 1]);
        else
            store_partial(c + (kVectors - 1) * kWidth, sum[r][kVectors - 1], last);
    }
}

template <int kRows, int kVectors>
static void multiply_tile(const Tile& t) {
    if constexpr (kRows <= kTileRows && kVectors <= kMaxTileVectors && kRows * kVectors <= kTileAccumulators) {
        const bool partial = !t.b_padded && t.last < kWidth;
        if (kRows > 1 && t.a_col == 1)
            partial ? multiply_tile<kRows, kVectors, true, true>(t) : multiply_tile<kRows, kVectors, true, false>(t);
        else
            partial ? multiply_tile<kRows, kVectors, false, true>(t) : multiply_tile<kRows, kVectors, false, false>(t);
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
        case 9: return multiply_tile<9>(vectors, t);
        case 10: return multiply_tile<10>(vectors, t);
        case 11: return multiply_tile<11>(vectors, t);
        case 12: return multiply_tile<12>(vectors, t);
    }
}

}  // namespace RAVINE_ISA
