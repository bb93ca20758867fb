// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as
// 1, 2, 3). What an element gets is a function of (seed, step, index), so any part of a mask can be made again at any
// time by any thread.
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

RAVINE_INLINE VecWide xor_of_three(VecWide a, VecWide b, VecWide c) {
#if defined(__AVX512F__)
    return reinterpret_cast<VecWide>(_mm512_ternarylogic_epi64(
        reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b), reinterpret_cast<__m512i>(c), 0x96));
#else
    return a ^ b ^ c;
#endif
}

/// even in the lower halves of the lanes, odd in the upper ones.
RAVINE_INLINE VecWide join_halves(VecWide even, VecWide odd) {
#if defined(__AVX512F__)
    return reinterpret_cast<VecWide>(_mm512_mask_shuffle_epi32(reinterpret_cast<__m512i>(even), 0xaaaa,
                                                               reinterpret_cast<__m512i>(odd), _MM_PERM_CCAA));
#else
    return (even & 0xffffffffu) | odd << 32;
#endif
}

RAVINE_INLINE VecWide wide_lane_index() {
    VecWide lane{};
    for (int k = 0; k < kWideLanes; ++k) lane[k] = k;
    return lane;
}

struct WidePair {
    VecWide low, high;
};

/// Words 0 and 1 (low), then words 2 and 3 (high), of `count` * kWideLanes consecutive blocks, one block in each lane.
/// The first block is a multiple of kWideLanes. Several vectors at a time, since a round waits for the one before.
template <int count>
struct Blocks {
    WidePair words[count];
};
template <int count>
RAVINE_INLINE Blocks<count> philox(const PhiloxKeys& keys, uint64_t step, uint64_t block) {
    VecWide c0[count], c1[count], c2[count], c3[count];
    for (int k = 0; k < count; ++k) {
        c0[k] = wide_lane_index() + (block + static_cast<uint64_t>(k * kWideLanes));
        c1[k] = VecWide{} + ((block + static_cast<uint64_t>(k * kWideLanes)) >> 32);
        c2[k] = VecWide{} + step;
        c3[k] = VecWide{} + (step >> 32);
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round)
#pragma GCC unroll 4
        for (int k = 0; k < count; ++k) {
            const VecWide p0 = multiply_low(c0[k], VecWide{} + 0xD2511F53u);
            const VecWide p1 = multiply_low(c2[k], VecWide{} + 0xCD9E8D57u);
            c0[k] = xor_of_three(p1 >> 32, c1[k], keys.low[round]);
            c1[k] = p1;
            c2[k] = xor_of_three(p0 >> 32, c3[k], keys.high[round]);
            c3[k] = p0;
        }
    Blocks<count> blocks;
    for (int k = 0; k < count; ++k) blocks.words[k] = {join_halves(c0[k], c1[k]), join_halves(c2[k], c3[k])};
    return blocks;
}

/// Bit k is set when 16-bit number k of the vector is at least the threshold.
RAVINE_INLINE uint64_t at_least(VecWide numbers, uint16_t threshold) {
#if defined(__AVX512F__)
    return _mm512_cmpge_epu16_mask(reinterpret_cast<__m512i>(numbers),
                                   _mm512_set1_epi16(static_cast<int16_t>(threshold)));
#elif defined(__AVX2__)
    const __m256i limit = _mm256_set1_epi16(static_cast<int16_t>(threshold));
    const __m256i missing = _mm256_subs_epu16(limit, reinterpret_cast<__m256i>(numbers));
    const __m256i kept = _mm256_cmpeq_epi16(missing, _mm256_setzero_si256());
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(kept, kept), 0xd8);
    return static_cast<uint16_t>(_mm256_movemask_epi8(bytes));
#elif defined(__SSE2__)
    const __m128i limit = _mm_set1_epi16(static_cast<int16_t>(threshold));
    const __m128i missing = _mm_subs_epu16(limit, reinterpret_cast<__m128i>(numbers));
    const __m128i kept = _mm_cmpeq_epi16(missing, _mm_setzero_si128());
    return static_cast<uint8_t>(_mm_movemask_epi8(_mm_packs_epi16(kept, kept)));
#else
    uint64_t set = 0;
    for (int k = 0; k < 4 * kWideLanes; ++k)
        set |= static_cast<uint64_t>((numbers[k / 4] >> 16 * (k % 4) & 0xffff) >= threshold) << k;
    return set;
#endif
}

/// Vectors of blocks that are made together, and the groups of 64 elements that take at least as many.
constexpr int kBatch = kWidth > 4 ? 4 : 2;
constexpr int64_t kBatchGroups = kBatch * kWideLanes > 8 ? kBatch * kWideLanes / 8 : 1;

/// Which elements of kBatchGroups groups are kept, a bit each. A group has 64 elements and 8 blocks, an element 16
/// bits: elements 4 b to 4 b + 3 have words 0 and 1 of block b, elements 32 + 4 b to 32 + 4 b + 3 its words 2 and 3,
/// the lower half of a word first.
RAVINE_INLINE void make_mask(const PhiloxKeys& keys, uint64_t step, uint64_t group, uint16_t threshold,
                             uint64_t* kept) {
    for (int64_t g = 0; g < kBatchGroups; ++g) kept[g] = 0;
#pragma GCC unroll 4
    for (int b = 0; b < 8 * kBatchGroups; b += kBatch * kWideLanes) {
        const Blocks<kBatch> blocks = philox<kBatch>(keys, step, 8 * group + static_cast<uint64_t>(b));
#pragma GCC unroll 4
        for (int k = 0; k < kBatch; ++k) {
            const int at = b + k * kWideLanes;
            kept[at / 8] |= at_least(blocks.words[k].low, threshold) << (4 * (at % 8)) |
                            at_least(blocks.words[k].high, threshold) << (32 + 4 * (at % 8));
        }
    }
}

/// x * scale in the lanes whose bit is set, 0 in the others.
RAVINE_INLINE Vec scale_kept(Vec x, Vec scale, uint32_t kept) {
#if defined(__AVX512F__)
    return _mm512_maskz_mul_ps(static_cast<__mmask16>(kept), x, scale);
#else
    const VecInt bit = (VecInt{} + 1) << lane_index();
    return select((static_cast<int32_t>(kept) & bit) != 0, x * scale, Vec{});
#endif
}

/// The elements whose bits are those of `kept`, from the lowest on.
RAVINE_INLINE void apply_mask(int64_t count, const float* src, float* dst, Vec scale, uint64_t kept) {
    if (count == 64) {
#pragma GCC unroll 16
        for (int j = 0; j < 64; j += kWidth)
            store(dst + j, scale_kept(load(src + j), scale, static_cast<uint32_t>(kept >> j)));
        return;
    }
    for (int64_t j = 0; j < count; j += kWidth, kept >>= kWidth) {
        const int64_t lanes = smaller(count - j, kWidth);
        store_lanes(dst + j, scale_kept(load_lanes(src + j, lanes), scale, static_cast<uint32_t>(kept)), lanes);
    }
}

static void dropout(int64_t count, const float* src, float* dst, uint64_t seed, uint64_t step, uint64_t first,
                    float rate) {
    constexpr int64_t kGroups = 16;
    const PhiloxKeys keys = philox_keys(seed);
    const float limit = rate * 65536.0f + 0.5f;
    const uint16_t threshold = static_cast<uint16_t>(limit < 65535.0f ? limit : 65535.0f);
    const Vec scale = splat(1.0f / (1.0f - rate));
    const uint64_t all = rate < 1.0f ? ~uint64_t{0} : 0;
    const int shift = static_cast<int>(first % 64);  // then 64 successive elements have bits of two groups
    uint64_t group = first / 64, kept[kGroups + kBatchGroups] = {};
    for (; count > 0; group += kGroups, count -= 64 * kGroups, src += 64 * kGroups, dst += 64 * kGroups) {
        const int64_t here = smaller(count, 64 * kGroups), groups = divide_up(shift + here, 64);
        for (int64_t g = 0; g < groups; g += kBatchGroups)
            make_mask(keys, step, group + static_cast<uint64_t>(g), threshold, kept + g);
        for (int64_t g = 0; 64 * g < here; ++g) {
            const uint64_t bits = shift == 0 ? kept[g] : kept[g] >> shift | kept[g + 1] << (64 - shift);
            apply_mask(smaller(here - 64 * g, 64), src + 64 * g, dst + 64 * g, scale, bits & all);
        }
    }
}

/// The upper 24 bits of each word as a number in [0, 1).
RAVINE_INLINE Vec unit_interval(VecWide words) {
    typedef uint32_t VecWords __attribute__((vector_size(RAVINE_WIDTH * 4)));
    return to_float(reinterpret_cast<VecInt>(reinterpret_cast<VecWords>(words) >> 8)) * 0x1p-24f;
}

/// 64 elements: words 0 and 1 of 16 blocks, then their words 2 and 3.
RAVINE_INLINE void make_uniform(const PhiloxKeys& keys, uint64_t step, uint64_t group, float* dst) {
    constexpr int kVectors = 16 / kWideLanes < kBatch ? 16 / kWideLanes : kBatch;
    for (int b = 0; b < 16; b += kVectors * kWideLanes) {
        const Blocks<kVectors> blocks = philox<kVectors>(keys, step, 16 * group + static_cast<uint64_t>(b));
        for (int k = 0; k < kVectors; ++k) {
            const int at = 2 * (b + k * kWideLanes);
            store(dst + at, unit_interval(blocks.words[k].low));
            store(dst + 32 + at, unit_interval(blocks.words[k].high));
        }
    }
}

static void random_uniform(int64_t count, float* dst, uint64_t seed, uint64_t step, uint64_t first) {
    const PhiloxKeys keys = philox_keys(seed);
    uint64_t group = first / 64;
    int64_t skipped = static_cast<int64_t>(first % 64);
    for (; count > 0; ++group) {
        const int64_t here = smaller(64 - skipped, count);
        if (here == 64) {
            make_uniform(keys, step, group, dst);
        } else {
            float whole[64];
            make_uniform(keys, step, group, whole);
            for (int64_t j = 0; j < here; ++j) dst[j] = whole[skipped + j];
        }
        dst += here;
        count -= here;
        skipped = 0;
    }
}

}  // namespace RAVINE_ISA
