// Permutations for the order of training samples.
#pragma once
#include <cstdint>

namespace ravine {

/// Fills order with a permutation of 0 .. count-1 (Fisher-Yates) drawn by SplitMix64 from the seed alone.
void shuffle(int64_t* order, int64_t count, uint64_t seed);

}  // namespace ravine
