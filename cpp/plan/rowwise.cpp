#include "plan/rowwise.h"

#include <algorithm>

#include "plan/partition.h"

namespace ravine {

namespace {

constexpr int64_t kCacheBytes = 1 << 19;  // half of a common second-level cache; the weights pass through the rest
constexpr int64_t kFewest = 128;          // fewer, and the weights are read too often

/// Do this group's batched operands meet row by row, and do all that it writes belong to the batch or depend on none?
bool is_rowwise(const Schedule& schedule, const Group& group) {
    const Graph& graph = *schedule.graph;
    const auto batched = [&](ValueId id) { return id != kNone && graph.shape(id).batched(); };
    bool any = false;
    for (const Node& node : group.nodes) {
        if (!node.op->updates.empty() || !node.op->typed.empty() || !node.guards.empty()) return false;
        any = any || std::any_of(node.inputs.begin(), node.inputs.end(), batched) ||
              std::any_of(node.outputs.begin(), node.outputs.end(), batched);
    }
    if (!any) return true;
    if (group.nodes[0].op->alias) return true;
    if (group.nodes[0].op->shape_only) return false;
    const std::vector<Split> splits = group_splits(schedule, group);
    const auto split = std::find_if(splits.begin(), splits.end(), [](const Split& candidate) {
        return candidate.axis == Axis::rows && candidate.extent == kBatch;
    });
    if (split == splits.end()) return false;
    const Node& head = group.nodes[0];
    if (group.tile_head()) return true;
    for (size_t i = 0; i < head.inputs.size(); ++i)
        if (batched(head.inputs[i]) && split->inputs.at(i) != Axis::rows) return false;
    return true;
}

}  // namespace

int64_t samples_at_a_time(const Schedule& schedule) {
    const Graph& graph = *schedule.graph;
    const std::vector<bool> inside = values_inside_groups(schedule);
    int64_t most = 1;  // bytes of one sample that a step touches
    for (const Group& group : schedule.groups) {
        if (!is_rowwise(schedule, group)) return 0;
        int64_t bytes = 0;
        const auto count = [&](ValueId id) {
            if (id == kNone || inside[static_cast<size_t>(id)] || !graph.shape(id).batched()) return;
            bytes += graph.shape(id).unit() * static_cast<int64_t>(sizeof(float));
        };
        for (const Node& node : group.nodes) {
            std::for_each(node.inputs.begin(), node.inputs.end(), count);
            std::for_each(node.outputs.begin(), node.outputs.end(), count);
        }
        most = std::max(most, bytes);
    }
    for (ValueId id : schedule.outputs)
        if (!graph.shape(id).batched()) return 0;
    return std::max(kFewest, kCacheBytes / most / kFewest * kFewest);
}

}  // namespace ravine
