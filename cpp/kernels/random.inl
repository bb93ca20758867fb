// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as
// 1, 2, 3). Element i of a stream is word i % 4 of the block with counter (i / 4, step) and key seed, so any part of a
// mask can be made again at any time by any thread.
#pragma once
#include "vec.h"

namespace RAVINE_ISA {

/// 64-bit lanes that hold one 32-bit word each, in their lower half; the upper half is don't-care.
typedef uint64_t VecWide __attribute__((vector_size(RAVINE_WIDTH * 4)));
constexpr int kWideLanes = kWidth / 2;

/// Products of the lower halves.
RAVINE_INLINE VecWide multiply_low(VecWide a, VecWide b) {
#if defined(__AVX512F__)
    return reinterpret_cast<VecWide>(_mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
    return reinterpret_cast<VecWide>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
    return reinterpret_cast<VecWide>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
    return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

/// a0 b0 a1 b1 ...: the lower and the upper half of the interleaved lanes.
struct WidePair {
    VecWide low, high;
};
RAVINE_INLINE WidePair interleave(VecWide a, VecWide b) {
#if defined(__AVX512F__)
    const __m512i x = reinterpret_cast<__m512i>(a), y = reinterpret_cast<__m512i>(b);
    const __m512i low = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), y);
    const __m512i high = _mm512_permutex2var_epi64(x, _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15), y);
    return {reinterpret_cast<VecWide>(low), reinterpret_cast<VecWide>(high)};
#elif defined(__AVX2__)
    const __m256i x = reinterpret_cast<__m256i>(a), y = reinterpret_cast<__m256i>(b);
    const __m256i even = _mm256_unpacklo_epi64(x, y), odd = _mm256_unpackhi_epi64(x, y);
    return {reinterpret_cast<VecWide>(_mm256_permute2x128_si256(even, odd, 0x20)),
            reinterpret_cast<VecWide>(_mm256_permute2x128_si256(even, odd, 0x31))};
#else
    return {VecWide{a[0], b[0]}, VecWide{a[1], b[1]}};
#endif
}

/// The keys of the ten rounds, spread over the lanes once per call rather than once per block.
struct PhiloxKeys {
    VecWide low[10], high[10];
};
RAVINE_INLINE PhiloxKeys philox_keys(uint64_t seed) {
    PhiloxKeys keys;
    for (uint32_t round = 0; round < 10; ++round) {
        keys.low[round] = VecWide{} + (static_cast<uint32_t>(seed) + round * 0x9E3779B9u);
        keys.high[round] = VecWide{} + (static_cast<uint32_t>(seed >> 32) + round * 0xBB67AE85u);
    }
    return keys;
}

/// The words of kWideLanes consecutive blocks, in the order of the stream.
RAVINE_INLINE WidePair philox(const PhiloxKeys& keys, uint64_t step, uint64_t block) {
    VecWide lane{};
    for (int k = 0; k < kWideLanes; ++k) lane[k] = k;
    const VecWide counter = lane + block;
    VecWide c0 = counter, c1 = counter >> 32, c2 = VecWide{} + step, c3 = VecWide{} + (step >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        const VecWide p0 = multiply_low(c0, VecWide{} + 0xD2511F53u), p1 = multiply_low(c2, VecWide{} + 0xCD9E8D57u);
        c0 = (p1 >> 32) ^ c1 ^ keys.low[round];
        c1 = p1;
        c2 = (p0 >> 32) ^ c3 ^ keys.high[round];
        c3 = p0;
    }
    return interleave((c0 & 0xffffffffu) | c1 << 32, (c2 & 0xffffffffu) | c3 << 32);
}

/// The upper 24 bits as a number in [0, 1).
RAVINE_INLINE Vec unit_interval(VecWide words) {
    return to_float(reinterpret_cast<VecInt>(reinterpret_cast<VecUint>(words) >> 8)) * 0x1p-24f;
}

/// use(i, uniforms, lanes) for all of [0, count) in pieces, i being relative to `first`.
template <class Use>
RAVINE_INLINE void for_uniforms(int64_t count, uint64_t seed, uint64_t step, uint64_t first, Use use) {
    const PhiloxKeys keys = philox_keys(seed);
    int64_t i = 0;
    const int64_t skip = static_cast<int64_t>(first % 4);
    if (skip != 0 && count > 0) {
        float head[kWidth];
        store(head, unit_interval(philox(keys, step, first / 4).low));
        i = count < 4 - skip ? count : 4 - skip;
        use(0, load_partial(head + skip, i), i);
    }
    uint64_t block = (first + 3) / 4;
    for (; i < count; i += 2 * kWidth, block += kWideLanes) {
        const WidePair words = philox(keys, step, block);
        const Vec low = unit_interval(words.low), high = unit_interval(words.high);
        const int64_t rest = count - i;
        if (rest >= 2 * kWidth) {
            use(i, low, kWidth);
            use(i + kWidth, high, kWidth);
        } else {
            use(i, low, rest < kWidth ? rest : kWidth);
            if (rest > kWidth) use(i + kWidth, high, rest - kWidth);
        }
    }
}

static void random_uniform(int64_t count, float* dst, uint64_t seed, uint64_t step, uint64_t first) {
    for_uniforms(count, seed, step, first, [=](int64_t i, Vec uniform, int64_t lanes) __attribute__((always_inline)) {
        store_lanes(dst + i, uniform, lanes);
    });
}

static void dropout(int64_t count, const float* src, float* dst, uint64_t seed, uint64_t step, uint64_t first,
                    float rate) {
    const float scale = 1.0f / (1.0f - rate);
    for_uniforms(count, seed, step, first, [=](int64_t i, Vec uniform, int64_t lanes) __attribute__((always_inline)) {
        store_lanes(dst + i, select(uniform >= rate, load_lanes(src + i, lanes) * scale, Vec{}), lanes);
    });
}

}  // namespace RAVINE_ISA
