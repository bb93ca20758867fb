// Transposes, in registers or on the way from memory to memory.
#pragma once

namespace RAVINE_ISA {

/// Four floats.
typedef float Quad __attribute__((vector_size(16)));

RAVINE_INLINE Quad load_quad(const float* p) {
    Quad quad;
    __builtin_memcpy(&quad, p, sizeof quad);
    return quad;
}
/// The first n floats, and zeros; memory beyond n is not touched.
RAVINE_INLINE Quad load_quad(const float* p, int64_t n) {
#if defined(__AVX512F__)
    return _mm_maskz_loadu_ps(static_cast<__mmask8>(first_lanes(n)), p);
#elif defined(__AVX2__)
    return _mm_maskload_ps(p, _mm256_castsi256_si128(first_lanes(n)));
#else
    return load_partial(p, n);
#endif
}

/// The quads of the rows i, i + 4, ... side by side. Straight from memory they need no shuffle.
template <class Load>
RAVINE_INLINE Vec join_quads(int64_t i, Load quad) {
#if defined(__AVX512F__)
    __m512 v = _mm512_castps128_ps512(quad(i));
    v = _mm512_mask_broadcast_f32x4(v, 0x00f0, quad(i + 4));
    v = _mm512_mask_broadcast_f32x4(v, 0x0f00, quad(i + 8));
    return _mm512_mask_broadcast_f32x4(v, 0xf000, quad(i + 12));
#elif defined(__AVX2__)
    return _mm256_insertf128_ps(_mm256_castps128_ps256(quad(i)), quad(i + 4), 1);
#else
    return quad(i);
#endif
}

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

/// Of kWidth rows, quad(i) being four floats of row i: each of the four columns.
template <class Load>
RAVINE_INLINE void load_columns(Vec (&column)[4], Load quad) {
    const Vec r0 = join_quads(0, quad), r1 = join_quads(1, quad), r2 = join_quads(2, quad), r3 = join_quads(3, quad);
    const Vec a = shuffle_in_lanes<0, 4, 1, 5>(r0, r1), b = shuffle_in_lanes<2, 6, 3, 7>(r0, r1);
    const Vec c = shuffle_in_lanes<0, 4, 1, 5>(r2, r3), d = shuffle_in_lanes<2, 6, 3, 7>(r2, r3);
    column[0] = shuffle_in_lanes<0, 1, 4, 5>(a, c);
    column[1] = shuffle_in_lanes<2, 3, 6, 7>(a, c);
    column[2] = shuffle_in_lanes<0, 1, 4, 5>(b, d);
    column[3] = shuffle_in_lanes<2, 3, 6, 7>(b, d);
}

#define RAVINE_LANE(lane) 4 * (lane), 4 * (lane) + 1, 4 * (lane) + 2, 4 * (lane) + 3

/// r[i][j] becomes r[j][i], where each line of memory is to be met once.
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

/// dst[j*ld_dst + i] = src[i*ld_src + j] for m <= kWidth rows and n <= 4 columns. With `pad`, whole vectors are written
/// to dst, zeros beyond m.
RAVINE_INLINE void transpose_columns(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst,
                                     bool pad) {
    Vec column[4];
    load_columns(column, [=](int64_t i) __attribute__((always_inline)) {
        return i < m ? load_quad(src + i * ld_src, n) : Quad{};
    });
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
        if (j >= n) return;
        if (pad)
            store(dst + j * ld_dst, column[j]);
        else
            store_partial(dst + j * ld_dst, column[j], m);
    }
}

RAVINE_INLINE void transpose(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst,
                             bool pad) {
    for (int64_t i = 0; i < m; i += kWidth, src += kWidth * ld_src, dst += kWidth) {
        int64_t j = 0;
        if (i + kWidth <= m)
            for (; j + 4 <= n; j += 4) {
                Vec column[4];
                load_columns(column,
                             [=](int64_t k) __attribute__((always_inline)) { return load_quad(src + j + k * ld_src); });
#pragma GCC unroll 4
                for (int k = 0; k < 4; ++k) store(dst + (j + k) * ld_dst, column[k]);
            }
        for (; j < n; j += 4)
            transpose_columns(smaller(m - i, kWidth), smaller(n - j, 4), src + j, ld_src, dst + j * ld_dst, ld_dst,
                              pad);
    }
}

static void transpose(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst) {
    if (m == 1 && ld_dst == 1) {
        for (int64_t j = 0; j < n; ++j) dst[j] = src[j];
        return;
    }
    transpose(m, n, src, ld_src, dst, ld_dst, false);
}

/// The same with zeros in dst from column m up to the next multiple of kWidth.
static void transpose_padded(int64_t m, int64_t n, const float* src, int64_t ld_src, float* dst, int64_t ld_dst) {
    transpose(m, n, src, ld_src, dst, ld_dst, true);
}

}  // namespace RAVINE_ISA
