// The micro-kernel of the matrix product: one tile of C whose accumulators stay in registers for the whole depth.
#pragma once

#include "gemm_update.inl"

namespace RAVINE_ISA {

/// The narrow last vectors of a tile, four rows to an accumulator. Nothing where there are none.
template <int kRows, bool kNarrow>
struct NarrowVectors {
    NarrowVectors(const Tile&, int64_t) {}
    void take(const float*) {}
    void copy(float*) const {}
    void add(int, Vec) {}
    Vec row(int) const { return Vec{}; }
};
#if defined(__AVX512F__)
template <int kRows>
class NarrowVectors<kRows, true> {
  public:
    /// `column` is where they begin.
    NarrowVectors(const Tile& t, int64_t column) : columns_(static_cast<__mmask8>(first_lanes(t.c_last))) {
#pragma GCC unroll 2
        for (Vec& sum : sum_) sum = Vec{};
        if (!t.start) return;
#pragma GCC unroll 8
        for (int r = 0; r < kRows; ++r) {
            const __m128 start = _mm_maskz_loadu_ps(columns_, t.start + r * t.start_row + column);
            sum_[r / 4] = _mm512_mask_broadcast_f32x4(sum_[r / 4], lanes_of(r), start);
        }
    }
    /// A row of B,
    void take(const float* b) { y_ = _mm512_broadcast_f32x4(_mm_maskz_loadu_ps(columns_, b)); }
    void copy(float* to) const { _mm_storeu_ps(to, _mm512_castps512_ps128(y_)); }
    /// and the floats of A that it is multiplied by, row by row, each in all lanes.
    void add(int r, Vec x) {
        x_ = r % 4 == 0 ? x : _mm512_mask_mov_ps(x_, lanes_of(r), x);
        if (r % 4 == 3 || r + 1 == kRows) sum_[r / 4] = fma(x_, y_, sum_[r / 4]);
    }
    Vec row(int r) const { return _mm512_maskz_compress_ps(lanes_of(r), sum_[r / 4]); }

  private:
    static __mmask16 lanes_of(int r) { return static_cast<__mmask16>(0xf << (r % 4 * 4)); }

    const __mmask8 columns_;
    Vec sum_[(kRows + 3) / 4], x_, y_;
};
#endif

/// Each element is one chain of FMAs with ascending p. So its bits depend neither on the shape of the tile nor on where
/// the depth was cut (the next piece starts from C). Not inline: a function of its own keeps its registers.
template <int kRows, int kVectors, bool kRowMajorA, Last kLast, class Way>
static __attribute__((noinline)) void multiply_tile(const Tile& t) {
    constexpr bool kFromZero = Way::Fetch::kForUpdate, kNarrow = kLast == Last::narrow;
    constexpr int kFull = kNarrow ? kVectors - 1 : kVectors;  // of which the last may be a part
    Vec sum[kRows][kVectors];
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
        const float* start = t.start + r * t.start_row;
#pragma GCC unroll 8
        for (int v = 0; v < kFull; ++v)
            sum[r][v] = kFromZero || !t.start         ? Vec{}
                        : kNarrow || v + 1 < kVectors ? load(start + v * kWidth)
                                                      : load_partial(start + v * kWidth, t.c_last);
    }
    NarrowVectors<kRows, kNarrow> narrow(t, kFull * kWidth);

    const float *a = t.a, *b = t.b;
    const int64_t a_row = kRowMajorA ? t.a_row : 1, a_col = kRowMajorA ? 1 : t.a_col;
    const int64_t b_row = t.b_row, b_last = t.b_last;
    // Only the first of many tiles copies, and shared-out rows make that one nearly full.
    float* copy = !kFromZero && kRows + 1 >= kTileRows ? t.copy : nullptr;
    typename Way::Fetch::template During<kRows, kVectors> fetch(t);
    for (int64_t p = 0; p < t.k; ++p) {
        fetch.step(p, b);
        Vec y[kFull];
#pragma GCC unroll 8
        for (int v = 0; v < kFull; ++v)
            y[v] = kLast == Last::partial && v + 1 == kVectors ? load_partial(b + v * kWidth, b_last)
                                                               : load(b + v * kWidth);
        if (kNarrow) narrow.take(b + kFull * kWidth);
        if (copy) {
#pragma GCC unroll 8
            for (int v = 0; v < kFull; ++v) store(copy + v * kWidth, y[v]);
            if (kNarrow) narrow.copy(copy + kFull * kWidth);
            copy += t.copy_row;
        }
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) {
            const Vec x = splat(a[r * a_row + p * a_col]);
#pragma GCC unroll 8
            for (int v = 0; v < kFull; ++v) sum[r][v] = fma(x, y[v], sum[r][v]);
            if (kNarrow) narrow.add(r, x);
        }
        b += b_row;
    }

    if constexpr (kNarrow)
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) sum[r][kFull] = narrow.row(r);
    Way::template finish<kLast>(t, sum);
}

template <int kRows, int kVectors, bool kRowMajorA, class Way>
static void multiply_tile(const Tile& t) {
    if constexpr (takes_narrow(kRows, kVectors))
        if (t.narrow) return multiply_tile<kRows, kVectors, kRowMajorA, Last::narrow, Way>(t);
    if constexpr (kRows * kVectors <= kTileAccumulators) {
        if (t.b_last < kWidth)
            multiply_tile<kRows, kVectors, kRowMajorA, Last::partial, Way>(t);
        else
            multiply_tile<kRows, kVectors, kRowMajorA, Last::full, Way>(t);
    }
}

template <int kRows, int kVectors>
static void multiply_tile(const Tile& t) {
    if (kRows > 1 && t.a_col == 1)
        multiply_tile<kRows, kVectors, true, ToMemory<FetchNothing>>(t);
    else
        multiply_tile<kRows, kVectors, false, ToMemory<FetchNothing>>(t);
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

/// A tile that goes another way, or fetches something meanwhile; one of an unusual size does neither.
template <class Way>
RAVINE_INLINE void multiply_tile(int64_t rows, int64_t vectors, const Tile& t) {
    constexpr bool kRowMajorA = Way::Fetch::kRowMajorA;
    if (!is_usual(rows, vectors - t.narrow)) return multiply_tile(rows, vectors, t);
    const auto multiply = [&](auto high) {
        constexpr int kRows = kTileRows - 1 + decltype(high)::value;
        if (vectors < kTileVectors)
            multiply_tile<kRows, kTileVectors - 1, kRowMajorA, Way>(t);
        else if (vectors == kTileVectors)
            multiply_tile<kRows, kTileVectors, kRowMajorA, Way>(t);
        else if constexpr (takes_narrow(kRows, kTileVectors + 1))
            multiply_tile<kRows, kTileVectors + 1, kRowMajorA, Way>(t);
    };
    if (rows == kTileRows)
        multiply(Given<true>());
    else
        multiply(Given<false>());
}

}  // namespace RAVINE_ISA
