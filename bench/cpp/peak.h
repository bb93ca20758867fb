// The machine's own limits: fused multiply-adds per second of each instruction set, and bytes per second of a copy.
//
// The functions carry their instruction set as an attribute, so this compiles without any machine flags.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "timing.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {

/// Twelve independent chains cover latency x throughput of two units with latency 4 or 5.
inline constexpr int kChains = 12;

#if defined(__x86_64__)

__attribute__((target("avx512f"))) inline float multiply_add_avx512(int64_t steps) {
    __m512 c[kChains];
    for (int i = 0; i < kChains; ++i) c[i] = _mm512_set1_ps(static_cast<float>(i));
    __m512 a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(0.001f);
    for (int64_t s = 0; s < steps; ++s) {
#pragma GCC unroll 12
        for (int i = 0; i < kChains; ++i) c[i] = _mm512_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+v"(a), "+v"(b));
    }
    float sum = 0;
    for (int i = 0; i < kChains; ++i) sum += _mm512_cvtss_f32(c[i]);
    return sum;
}

__attribute__((target("avx2,fma"))) inline float multiply_add_avx2(int64_t steps) {
    __m256 c[kChains];
    for (int i = 0; i < kChains; ++i) c[i] = _mm256_set1_ps(static_cast<float>(i));
    __m256 a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(0.001f);
    for (int64_t s = 0; s < steps; ++s) {
#pragma GCC unroll 12
        for (int i = 0; i < kChains; ++i) c[i] = _mm256_fmadd_ps(c[i], a, b);
        __asm__ volatile("" : "+x"(a), "+x"(b));
    }
    float sum = 0;
    for (int i = 0; i < kChains; ++i) sum += _mm256_cvtss_f32(c[i]);
    return sum;
}

#endif

/// Multiply and add on four floats, whatever the processor.
inline float multiply_add_base(int64_t steps) {
    typedef float Vec __attribute__((vector_size(16)));
    Vec c[kChains];
    for (int i = 0; i < kChains; ++i) c[i] = Vec{} + static_cast<float>(i);
    Vec a = Vec{} + 0.999f, b = Vec{} + 0.001f;
    for (int64_t s = 0; s < steps; ++s) {
#pragma GCC unroll 12
        for (int i = 0; i < kChains; ++i) c[i] = c[i] * a + b;
#if defined(__x86_64__)
        __asm__ volatile("" : "+x"(a), "+x"(b));
#endif
    }
    float sum = 0;
    for (int i = 0; i < kChains; ++i) sum += c[i][0];
    return sum;
}

struct PeakKernel {
    const char* isa;
    int width;
    float (*run)(int64_t steps);
};

/// The instruction sets of this machine, widest last.
inline std::vector<PeakKernel> peak_kernels() {
    std::vector<PeakKernel> kernels = {{"base", 4, multiply_add_base}};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kernels.push_back({"avx2", 8, multiply_add_avx2});
    if (__builtin_cpu_supports("avx512f")) kernels.push_back({"avx512", 16, multiply_add_avx512});
#endif
    return kernels;
}

/// Floating point operations per second of one thread, over about `seconds`.
inline double peak_flops(const PeakKernel& kernel, double seconds) {
    constexpr int64_t kSteps = 1 << 16;
    volatile float sink = 0;
    const double start = now();
    double taken = 0;
    int64_t blocks = 0;
    do {
        sink = kernel.run(kSteps);
        ++blocks;
        taken = now() - start;
    } while (taken < seconds);
    (void)sink;
    return 2.0 * kChains * kernel.width * static_cast<double>(kSteps * blocks) / taken;
}

/// The peak of the instruction set that a kernel table names.
inline double peak_flops(const std::string& isa, double seconds) {
    for (const PeakKernel& kernel : peak_kernels())
        if (isa == kernel.isa) return peak_flops(kernel, seconds);
    return 0;
}

/// Bytes read and written per second by a copy of `bytes` bytes, measured for about `seconds`; the buffers together
/// take twice that.
inline double copy_bandwidth(float* dst, const float* src, int64_t bytes, double seconds) {
    const auto copy = [&] {
        std::memcpy(dst, src, static_cast<size_t>(bytes));
        __asm__ volatile("" : : "r"(dst) : "memory");
    };
    return 2.0 * static_cast<double>(bytes) / time_calls(calls_for(seconds, copy), copy);
}

}  // namespace bench
