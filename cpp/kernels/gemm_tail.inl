// A C of up to four columns and many rows: a vector holds four columns of four rows.
#pragma once

#include "gemm_blocked.inl"

#if defined(__AVX512F__)

namespace RAVINE_ISA {

enum : int64_t { kTailColumns = 4, kTailRows = 4, kTailGroups = 8 };  // 32 rows: the highest tile an epilogue sees

/// A is row-major; `b` has k rows of kTailColumns floats.
struct Tail {
    int64_t n, k;
    const float* a;
    int64_t a_row;
    const float* b;
    const float* bias;  // [n] or null
    float* c;
    int64_t c_row;
};

/// Rows [0, rows). Each element is one chain of FMAs with ascending p, as everywhere.
template <int kGroups>
static void multiply_tail(const Tail& t, int64_t rows) {
    const __mmask8 columns = static_cast<__mmask8>(first_lanes(t.n));
    const __m512 start = t.bias ? _mm512_broadcast_f32x4(_mm_maskz_loadu_ps(columns, t.bias)) : _mm512_setzero_ps();
    Vec sum[kGroups];
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g) sum[g] = start;
    const float *a = t.a, *b = t.b;
    const int64_t a_row = t.a_row;
    // The rows of the last group that do not exist are row `last` again.
    const int64_t last = rows - 1;
    const int64_t end[kTailRows] = {smaller(4 * kGroups - 4, last) * a_row, smaller(4 * kGroups - 3, last) * a_row,
                                    smaller(4 * kGroups - 2, last) * a_row, smaller(4 * kGroups - 1, last) * a_row};
    const auto add_block = [&](int64_t depth) __attribute__((always_inline)) {
        const __mmask8 mask = static_cast<__mmask8>(first_lanes(depth));
        const auto four = [&](const float* p) __attribute__((always_inline)) {
            return depth == 4 ? _mm_loadu_ps(p) : _mm_maskz_loadu_ps(mask, p);
        };
        Vec y[4];
#pragma GCC unroll 4
        for (int q = 0; q < 4; ++q)
            y[q] = q < depth ? _mm512_broadcast_f32x4(_mm_loadu_ps(b + q * kTailColumns)) : _mm512_setzero_ps();
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
            const float* const row = a + 4 * g * a_row;
            const bool whole = g + 1 < kGroups;
            __m512 x = _mm512_castps128_ps512(four(whole ? row : a + end[0]));
            x = _mm512_insertf32x4(x, four(whole ? row + a_row : a + end[1]), 1);
            x = _mm512_insertf32x4(x, four(whole ? row + 2 * a_row : a + end[2]), 2);
            x = _mm512_insertf32x4(x, four(whole ? row + 3 * a_row : a + end[3]), 3);
            sum[g] = fma(_mm512_permute_ps(x, 0x00), y[0], sum[g]);
            if (depth > 1) sum[g] = fma(_mm512_permute_ps(x, 0x55), y[1], sum[g]);
            if (depth > 2) sum[g] = fma(_mm512_permute_ps(x, 0xaa), y[2], sum[g]);
            if (depth > 3) sum[g] = fma(_mm512_permute_ps(x, 0xff), y[3], sum[g]);
        }
        a += 4;
        b += 4 * kTailColumns;
    };
    int64_t p = 0;
    for (; p + 4 <= t.k; p += 4) add_block(4);
    if (p < t.k) add_block(t.k - p);
    float* c = t.c;
#pragma GCC unroll 8
    for (int g = 0; g < kGroups; ++g)
        for (int64_t r = 0; r < 4; ++r, c += t.c_row) {
            if (4 * g + r > last) return;
            const __m512 row = _mm512_maskz_compress_ps(static_cast<__mmask16>(0xf << (4 * r)), sum[g]);
            // Of 4 lanes the compiler would make an extraction, which faults on what its mask leaves out.
            store_partial(c, row, t.n);
        }
}

static void multiply_tail(const Tail& t, int64_t rows) {
    switch (divide_up(rows, kTailRows)) {
        case 1: return multiply_tail<1>(t, rows);
        case 2: return multiply_tail<2>(t, rows);
        case 3: return multiply_tail<3>(t, rows);
        case 4: return multiply_tail<4>(t, rows);
        case 5: return multiply_tail<5>(t, rows);
        case 6: return multiply_tail<6>(t, rows);
        case 7: return multiply_tail<7>(t, rows);
        case 8: return multiply_tail<8>(t, rows);
    }
}

/// C of at most kTailColumns columns.
static void gemm_tail(const ravine::GemmArgs& g) {
    for (int64_t p = 0; p < g.k; ++p)
        for (int64_t c = 0; c < kTailColumns; ++c)
            g.scratch[p * kTailColumns + c] = c < g.n ? g.b[p * g.b_row + c * g.b_col] : 0.0f;
    float buffer[kTailRows * kTailGroups * kTailColumns];
    Tail t{g.n, g.k, nullptr, g.a_row, g.scratch, g.bias, nullptr, g.c ? g.ldc : g.n};
    for (int64_t i = 0; i < g.m; i += kTailRows * kTailGroups) {
        const int64_t rows = smaller(kTailRows * kTailGroups, g.m - i);
        t.a = g.a + i * g.a_row;
        t.c = g.c ? g.c + i * g.ldc : buffer;
        multiply_tail(t, rows);
        if (g.epilogue) g.epilogue->apply(g.epilogue->context, t.c, t.c_row, i, 0, rows, g.n);
    }
}

}  // namespace RAVINE_ISA

#endif
