// Clock, medians and buffers that the benches share.
#pragma once
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace bench {

/// Processor time of the calling thread in seconds: what is measured here runs on one thread, and time that others took
/// from it must not count. It costs a system call: read it around a millisecond, not around a microsecond.
inline double now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0.0 : values[values.size() / 2];
}

/// Calls so often that one measurement takes about `seconds`.
template <typename Call>
int64_t calls_for(double seconds, const Call& call) {
    call();
    for (int64_t calls = 1;; calls *= 4) {
        const double start = now();
        for (int64_t i = 0; i < calls; ++i) call();
        const double taken = now() - start;
        if (taken > seconds / 8)
            return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(calls) * seconds / taken));
    }
}

/// Seconds per call, over `calls` calls.
template <typename Call>
double time_calls(int64_t calls, const Call& call) {
    const double start = now();
    for (int64_t i = 0; i < calls; ++i) call();
    return (now() - start) / static_cast<double>(calls);
}

/// Floats aligned to a cache line, filled with small values that repeat.
class Floats {
  public:
    explicit Floats(int64_t count, float scale = 1.0f) : count_(count) {
        const size_t bytes = (static_cast<size_t>(std::max<int64_t>(count, 1)) * sizeof(float) + 63) / 64 * 64;
        data_.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
        if (!data_) throw std::bad_alloc();
        uint32_t state = 12345;
        for (int64_t i = 0; i < count; ++i) {
            state = state * 1664525u + 1013904223u;
            data_[i] = scale * (static_cast<float>(state >> 8) * 0x1p-23f - 1.0f);
        }
    }
    float* data() { return data_.get(); }
    int64_t size() const { return count_; }

  private:
    struct Free {
        void operator()(float* p) const { std::free(p); }
    };
    int64_t count_;
    std::unique_ptr<float[], Free> data_;
};

}  // namespace bench
