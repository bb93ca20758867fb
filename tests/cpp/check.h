// What the test programs share: a check that goes on after a failure, and graphs to run.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "graph/op.h"

namespace ravine::test {

inline int failures = 0;

#define CHECK(condition, ...)                                           \
    do {                                                                \
        if (!(condition)) {                                             \
            ++ravine::test::failures;                                   \
            std::printf("%s:%d: %s: ", __FILE__, __LINE__, #condition); \
            std::printf(__VA_ARGS__);                                   \
            std::printf("\n");                                          \
        }                                                               \
    } while (0)

inline int result() { return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE; }

inline std::vector<float> uniform(int64_t count, unsigned seed, float low = -1.0f, float high = 1.0f) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> draw(low, high);
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = draw(random);
    return values;
}

}  // namespace ravine::test
