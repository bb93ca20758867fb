#include "exec/shuffle.h"

#include <utility>

namespace ravine {

namespace {

/// SplitMix64 (Steele, Lea & Flood 2014).
struct SplitMix {
    uint64_t state;
    uint64_t next() {
        uint64_t z = (state += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    /// Uniform in [0, bound): the high half of a 64 x 64 bit product, low halves that would be biased drawn again
    /// (Lemire 2019).
    uint64_t below(uint64_t bound) {
        for (;;) {
            const unsigned __int128 product = static_cast<unsigned __int128>(next()) * bound;
            const uint64_t low = static_cast<uint64_t>(product);
            if (low >= bound || low >= (0 - bound) % bound) return static_cast<uint64_t>(product >> 64);
        }
    }
};

}  // namespace

void shuffle(int64_t* order, int64_t count, uint64_t seed) {
    SplitMix random{seed};
    for (int64_t i = 0; i < count; ++i) order[i] = i;
    for (int64_t i = count - 1; i > 0; --i) std::swap(order[i], order[random.below(static_cast<uint64_t>(i) + 1)]);
}

}  // namespace ravine
