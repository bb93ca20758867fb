// Panels: a few columns of B laid out so that the micro-kernel reads them in order, whole vectors at a time.
#pragma once

namespace RAVINE_ISA {

/// Asks for `rows` rows of `count` floats ahead of their use.
RAVINE_INLINE void prefetch_rows(int64_t rows, int64_t count, const float* src, int64_t ld) {
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < count + 15; j += 16) __builtin_prefetch(src + i * ld + smaller(j, count - 1), 0, 2);
}

/// dst[p*ld + j] = B(p, j) for a k x n piece of B, zeros up to the next multiple of kWidth.
static void pack_panel(int64_t k, int64_t n, const float* b, int64_t b_row, int64_t b_col, float* dst, int64_t ld) {
    if (b_col == 1) {
        for (int64_t p = 0; p < k; ++p, b += b_row, dst += ld) {
            int64_t j = 0;
            for (; j + kWidth <= n; j += kWidth) store(dst + j, load(b + j));
            if (j < n) store(dst + j, load_partial(b + j, n - j));
        }
        return;
    }
    for (int64_t p = 0; p < k; p += kWidth)
        for (int64_t j = 0; j < n; j += kWidth)
            transpose_block(smaller(n - j, kWidth), smaller(k - p, kWidth), b + j * b_col + p, b_col,
                            dst + p * ld + j, ld, true);
}

/// dst[p*ld + i] = A(i, p) for an m x k piece of A, m <= ld; up to kWidth - 1 floats after the last are overwritten.
static void pack_rows(int64_t m, int64_t k, const float* a, int64_t a_row, int64_t a_col, float* dst, int64_t ld) {
    if (a_col != 1) {
        for (int64_t p = 0; p < k; ++p, a += a_col, dst += ld)
            for (int64_t i = 0; i < m; i += kWidth) store(dst + i, load_partial(a + i, smaller(m - i, kWidth)));
        return;
    }
    for (int64_t p = 0; p < k; p += kWidth)
        for (int64_t i = 0; i < m; i += kWidth)
            transpose_block(smaller(m - i, kWidth), smaller(k - p, kWidth), a + i * a_row + p, a_row, dst + p * ld + i, ld,
                            true);
}

}  // namespace RAVINE_ISA
