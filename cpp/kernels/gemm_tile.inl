// A tile of a matrix product: as much of C as the micro-kernel keeps in registers.
#pragma once

namespace RAVINE_ISA {

// kTileRows x kTileVectors accumulators cover the latency of both FMA pipes and leave room in the register file for a
// row of B and a broadcast of A. Narrower tiles may be higher, lower ones wider.
#if defined(__AVX512F__)
enum : int64_t { kTileRows = 8, kTileVectors = 3 };
#elif defined(__AVX2__)
enum : int64_t { kTileRows = 4, kTileVectors = 3 };
#else
enum : int64_t { kTileRows = 4, kTileVectors = 2 };
#endif
enum : int64_t { kTileAccumulators = kTileRows * kTileVectors, kMaxTileRows = 8, kMaxTileVectors = 8 };

/// How much of the last vector of its rows a tile uses: all of it, a part, or so little (kNarrowColumns) that one
/// accumulator holds four rows of it.
enum class Last { full, partial, narrow };
enum : int64_t { kNarrowColumns = 4 };

RAVINE_INLINE constexpr bool takes_narrow(int64_t rows, int64_t vectors) {
    return kWidth == 16 && rows + 1 >= kTileRows && rows <= kTileRows && vectors >= kTileVectors &&
           vectors <= kTileVectors + 1;
}

/// Columns of C beyond its last full vector which tiles of kTileRows add to kTileVectors vectors, or one less; else 0.
RAVINE_INLINE int64_t narrow_columns(int64_t m, int64_t n) {
    const int64_t last = n % kWidth;
    return kWidth == 16 && last <= kNarrowColumns && n > (kTileVectors - 1) * kWidth && m >= kTileRows ? last : 0;
}

/// C = start + A B for one tile. A is read float by float, B and C along their rows in vectors.
struct Tile {
    int64_t k;
    const float* a;
    int64_t a_row, a_col;
    const float* b;
    int64_t b_row;
    int64_t b_last;  // floats in the last vector of a row of B: kWidth where B is padded
    bool narrow;     // is that vector narrow, beside kTileVectors full ones or one less?
    float* copy;     // or null: receives the rows of B, padded, at a distance of copy_row
    int64_t copy_row;
    const float* start;  // or null for zeros
    int64_t start_row;   // 0 for a bias
    float* c;
    int64_t c_row;
    int64_t c_last;        // floats in the last vector of a row of C (and of start)
    const Update* update;  // what the product is for, if its way (gemm_update.inl) asks for that
    int64_t row, column;   // of the tile in the operands of the update
    bool near;             // are these in the L1 cache anyway?
};

/// A number for the compiler.
template <bool given>
struct Given {
    static constexpr bool value = given;
};

}  // namespace RAVINE_ISA
