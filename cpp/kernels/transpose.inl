// Transposes, one square block of registers at a time.
#pragma once

namespace RAVINE_ISA {

/// Lane-wise shuffle of four floats: each 128-bit lane of the result takes elements kA, kB, kC, kD of the same lane of
/// x (0 to 3) and y (4 to 7).
template <int kA, int kB, int kC, int kD>
RAVINE_INLINE Vec shuffle_in_lanes(Vec x, Vec y) {
#define RAVINE_PICK(e, lane) ((e) < 4 ? (e) + 4 * (lane) : (e) + 4 * (lane) + kWidth - 4)
#define RAVINE_PICK_LANE(lane) \
    RAVINE_PICK(kA, lane), RAVINE_PICK(kB, lane), RAVINE_PICK(kC, lane), RAVINE_PICK(kD, lane)
#if RAVINE_WIDTH == 16
    return __builtin_shufflevector(x, y, RAVINE_PICK_LANE(0), RAVINE_PICK_LANE(1), RAVINE_PICK_LANE(2),
                                   RAVINE_PICK_LANE(3));
#elif RAVINE_WIDTH == 8
    return __builtin_shufflevector(x, y, RAVINE_PICK_LANE(0), RAVINE_PICK_LANE(1));
#else
    return __builtin_shufflevector(x, y, RAVINE_PICK_LANE(0));
#endif
#undef RAVINE_PICK_LANE
#undef RAVINE_PICK
}

#define RAVINE_LANE(lane) 4 * (lane), 4 * (lane) + 1, 4 * (lane) + 2, 4 * (lane) + 3

/// r[i][j] becomes r[j][i].
RAVINE_INLINE void transpose_registers(Vec (&r)[kWidth]) {
    // The 4 x 4 blocks that lie within lanes.
#pragma GCC unroll 4
    for (int i = 0; i < kWidth; i += 4) {
        const Vec a = shuffle_in_lanes<0, 4, 1, 5>(r[i], r[i + 1]), b = shuffle_in_lanes<2, 6, 3, 7>(r[i], r[i + 1]);
        const Vec c = shuffle_in_lanes<0, 4, 1, 5>(r[i + 2], r[i + 3]);
        const Vec d = shuffle_in_lanes<2, 6, 3, 7>(r[i + 2], r[i + 3]);
        r[i] = shuffle_in_lanes<0, 1, 4, 5>(a, c);
        r[i + 1] = shuffle_in_lanes<2, 3, 6, 7>(a, c);
        r[i + 2] = shuffle_in_lanes<0, 1, 4, 5>(b, d);
        r[i + 3] = shuffle_in_lanes<2, 3, 6, 7>(b, d);
    }
    // Then the lanes themselves.
#if RAVINE_WIDTH == 16
#define RAVINE_EVEN(x, y) __builtin_shufflevector(x, y, RAVINE_LANE(0), RAVINE_LANE(2), RAVINE_LANE(4), RAVINE_LANE(6))
#define RAVINE_ODD(x, y) __builtin_shufflevector(x, y, RAVINE_LANE(1), RAVINE_LANE(3), RAVINE_LANE(5), RAVINE_LANE(7))
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        const Vec a = RAVINE_EVEN(r[i], r[i + 4]), b = RAVINE_ODD(r[i], r[i + 4]);
        const Vec c = RAVINE_EVEN(r[i + 8], r[i + 12]), d = RAVINE_ODD(r[i + 8], r[i + 12]);
        r[i] = RAVINE_EVEN(a, c);
        r[i + 4] = RAVINE_EVEN(b, d);
        r[i + 8] = RAVINE_ODD(a, c);
        r[i + 12] = RAVINE_ODD(b, d);
    }
#undef RAVINE_EVEN
#undef RAVINE_ODD
#elif RAVINE_WIDTH == 8
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        const Vec a = r[i], b = r[i + 4];
        r[i] = __builtin_shufflevector(a, b, RAVINE_LANE(0), RAVINE_LANE(2));
        r[i + 4] = __builtin_shufflevector(a, b, RAVINE_LANE(1), RAVINE_LANE(3));
    }
#endif
}
#undef RAVINE_LANE

/// One block of at most kWidth x kWidth: dst[j*ld_dst + i] = src[i*ld_src + j]. With `pad`, whole vectors are written
/// to dst, zeros beyond m.
RAVINE_INLINE void transpose_block(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst,
                                   bool pad) {
    Vec r[kWidth];
    if (m == kWidth && n == kWidth) {
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) r[i] = load(src + i * ld_src);
        transpose_registers(r);
#pragma GCC unroll 16
        for (int j = 0; j < kWidth; ++j) store(dst + j * ld_dst, r[j]);
        return;
    }
#pragma GCC unroll 16
    for (int i = 0; i < kWidth; ++i) r[i] = i < m ? load_partial(src + i * ld_src, n) : Vec{};
    transpose_registers(r);
#pragma GCC unroll 16
    for (int j = 0; j < kWidth; ++j) {
        if (j >= n) return;
        if (pad)
            store(dst + j * ld_dst, r[j]);
        else
            store_partial(dst + j * ld_dst, r[j], m);
    }
}

static void transpose(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst) {
    if (m == 1 && ld_dst == 1) {
        for (int64_t j = 0; j < n; ++j) dst[j] = src[j];
        return;
    }
    for (int64_t i = 0; i < m; i += kWidth)
        for (int64_t j = 0; j < n; j += kWidth)
            transpose_block(smaller(m - i, kWidth), smaller(n - j, kWidth), src + i * ld_src + j, ld_src,
                            dst + j * ld_dst + i, ld_dst, false);
}

/// The same with zeros in dst from column m up to the next multiple of kWidth.
static void transpose_padded(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst) {
    for (int64_t j = 0; j < n; j += kWidth)
        for (int64_t i = 0; i < m; i += kWidth)
            transpose_block(smaller(m - i, kWidth), smaller(n - j, kWidth), src + i * ld_src + j, ld_src,
                            dst + j * ld_dst + i, ld_dst, true);
}

}  // namespace RAVINE_ISA
