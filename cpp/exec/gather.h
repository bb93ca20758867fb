// Batches on their way from the caller's arrays into the plan's memory.
#pragma once
#include "exec/program.h"

namespace ravine {

class Gatherer {
  public:
    static constexpr size_t kNoFeed = static_cast<size_t>(-1);

    /// Feed i goes to input i of the plan, but for `left_out`, which is read where it lies.
    Gatherer(const Plan& plan, const std::vector<Feed>& feeds, const BatchRange& range, size_t left_out);

    /// Rows [begin, end) of the batch whose first sample is number `first`. Does not allocate.
    void rows(int64_t first, int64_t begin, int64_t end) const;
    /// What is no part of a batch.
    void whole() const;

  private:
    using Cast = void (*)(int64_t, const void*, float*);
    struct Source {
        const char* data;
        int64_t unit, stride, bytes;  // elements of a sample; from one to the next; of one
        Cast cast;
        float* target;
    };

    const int64_t* order_;
    std::vector<Source> by_sample_, in_a_row_, whole_;
};

}  // namespace ravine
