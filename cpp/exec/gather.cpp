#include "exec/gather.h"

#include <algorithm>

namespace ravine {

namespace {

void prefetch(const char* data, int64_t bytes) {
    constexpr int64_t kLine = 64, kMost = 1 << 14;  // a fraction of the first-level cache
    for (int64_t i = 0; i < std::min(bytes, kMost); i += kLine) __builtin_prefetch(data + i);
}

}  // namespace

Gatherer::Gatherer(const Plan& plan, const std::vector<Feed>& feeds, const BatchRange& range, size_t left_out)
    : order_(range.order) {
    for (size_t i = 0; i < feeds.size(); ++i) {
        if (i == left_out) continue;
        const Feed& feed = feeds[i];
        const int element = static_cast<int>(feed.element);
        const int64_t bytes = feed.unit * kElementSize[element];
        const bool side_by_side = !range.order && feed.stride == bytes;
        (!plan.inputs[i].batched ? whole_
         : side_by_side          ? in_a_row_
                                 : by_sample_)
            .push_back({static_cast<const char*>(feed.data), feed.unit, feed.stride, bytes, plan.kernels->cast[element],
                        plan.inputs[i].data});
    }
}

void Gatherer::rows(int64_t first, int64_t begin, int64_t end) const {
    for (const Source& from : in_a_row_)
        from.cast((end - begin) * from.unit, from.data + (first + begin) * from.stride,
                  from.target + begin * from.unit);
    if (by_sample_.empty()) return;
    const auto number = [&](int64_t row) { return order_ ? order_[first + row] : first + row; };
    // Sample by sample: what feeds have in common (an autoencoder's targets are its inputs) is still in the cache.
    for (int64_t row = begin; row < end; ++row) {
        const int64_t sample = number(row), next = row + 1 < end ? number(row + 1) : sample;
        for (const Source& from : by_sample_) {
            prefetch(from.data + next * from.stride, from.bytes);
            from.cast(from.unit, from.data + sample * from.stride, from.target + row * from.unit);
        }
    }
}

void Gatherer::whole() const {
    for (const Source& from : whole_) from.cast(from.unit, from.data, from.target);
}

}  // namespace ravine
