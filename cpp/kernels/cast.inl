// Conversion of the element types that data arrives in to float.
#pragma once
#include "vec.h"

namespace RAVINE_ISA {

template <class T>
static void cast_from(int64_t count, const void* src, float* dst) {
    const T* from = static_cast<const T*>(src);
    for (int64_t i = 0; i < count; ++i) dst[i] = static_cast<float>(from[i]);
}

/// Any byte but 0 is true.
static void cast_from_boolean(int64_t count, const void* src, float* dst) {
    const uint8_t* from = static_cast<const uint8_t*>(src);
    for (int64_t i = 0; i < count; ++i) dst[i] = from[i] != 0 ? 1.0f : 0.0f;
}

/// IEEE 754 binary16.
static void cast_from_half(int64_t count, const void* src, float* dst) {
    const uint16_t* from = static_cast<const uint16_t*>(src);
    int64_t i = 0;
#if defined(__AVX512F__)
    for (; i + kWidth <= count; i += kWidth)
        store(dst + i, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i))));
#elif defined(__F16C__)
    for (; i + kWidth <= count; i += kWidth)
        store(dst + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i))));
#endif
    for (; i < count; ++i) {
        // The exponent is rebased by a multiplication, which also makes denormals normal; infinity and NaN by hand.
        const uint32_t magnitude = static_cast<uint32_t>(from[i] & 0x7fff) << 13;
        const uint32_t sign = static_cast<uint32_t>(from[i] & 0x8000) << 16;
        float value;
        uint32_t pattern;
        __builtin_memcpy(&value, &magnitude, 4);
        value *= 0x1p112f;
        __builtin_memcpy(&pattern, &value, 4);
        pattern = (magnitude >= 0x0f800000u ? magnitude | 0x7f800000u : pattern) | sign;
        __builtin_memcpy(dst + i, &pattern, 4);
    }
}

}  // namespace RAVINE_ISA

/// The conversions in the order of Element.
#define RAVINE_CASTS                                                                                       \
    {                                                                                                      \
        RAVINE_ISA::cast_from<float>,    RAVINE_ISA::cast_from<double>,   RAVINE_ISA::cast_from_half,      \
        RAVINE_ISA::cast_from<uint8_t>,  RAVINE_ISA::cast_from<int8_t>,   RAVINE_ISA::cast_from<uint16_t>, \
        RAVINE_ISA::cast_from<int16_t>,  RAVINE_ISA::cast_from<uint32_t>, RAVINE_ISA::cast_from<int32_t>,  \
        RAVINE_ISA::cast_from<uint64_t>, RAVINE_ISA::cast_from<int64_t>,  RAVINE_ISA::cast_from_boolean,   \
    }
