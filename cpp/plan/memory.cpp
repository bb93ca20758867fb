#include "plan/memory.h"

#include <algorithm>
#include <limits>
#include <map>
#include <new>

namespace ravine {

namespace {

constexpr int64_t kAlign = 64;
constexpr int64_t kMostBytes = int64_t{1} << 48;  // the address space; a hostile file may ask for more

struct Life {
    int first = std::numeric_limits<int>::max(), last = -1;
    int64_t bytes = 0;
    void touch(int time) {
        first = std::min(first, time);
        last = std::max(last, time);
    }
};

bool in_arena(const Schedule& schedule, ValueId id) {
    const ValueKind kind = schedule.graph->value(id).kind;
    return (kind == ValueKind::input || kind == ValueKind::computed) && !schedule.is_given(id);
}

/// Calls note(value, group index) for each use, inputs and outputs of the schedule included.
template <typename Note>
void each_use(const Schedule& schedule, const std::vector<bool>& inside, Note note) {
    for (ValueId id : schedule.inputs) note(id, 0);
    const auto all = [&](const std::vector<ValueId>& ids, int time) {
        for (ValueId id : ids)
            if (id != kNone && !inside[static_cast<size_t>(id)]) note(id, time);
    };
    for (size_t i = 0; i < schedule.groups.size(); ++i)
        for (const Node& node : schedule.groups[i].nodes) {
            if (node.op->alias) continue;
            if (!node.op->shape_only) all(node.inputs, static_cast<int>(i));
            all(node.guards, static_cast<int>(i));
            all(node.outputs, static_cast<int>(i));
        }
    all(schedule.outputs, static_cast<int>(schedule.groups.size()));
}

}  // namespace

void reuse_in_place(const Schedule& schedule, const std::vector<bool>& inside, const Partition& partition, int64_t rows,
                    Storages& storages) {
    const Graph& graph = *schedule.graph;
    std::map<int, Life> lives;
    each_use(schedule, inside, [&](ValueId id, int time) { lives[storages.of(id)].touch(time); });
    for (size_t i = 0; i < schedule.groups.size(); ++i) {
        const Group& group = schedule.groups[i];
        if (group.nodes[0].op->alias) continue;
        std::map<int, Region> regions;
        for (const Access& access : partition.shares[i].accesses) {
            const int storage = storages.of(access.storage);
            auto [entry, fresh] = regions.try_emplace(storage, access.region);
            if (!fresh && !(entry->second == access.region)) entry->second = {};
        }
        const auto take_over = [&](ValueId from, ValueId to) {
            if (from == kNone || to == kNone || inside[static_cast<size_t>(from)] || inside[static_cast<size_t>(to)])
                return false;
            const Value &source = graph.value(from), &target = graph.value(to);
            const int old_storage = storages.of(from), new_storage = storages.of(to);
            const int now = static_cast<int>(i);
            // A view's memory is that of its root, which may be a variable or a constant.
            if (!in_arena(schedule, static_cast<ValueId>(old_storage)) || !in_arena(schedule, from) ||
                !in_arena(schedule, to) || old_storage == new_storage || source.shape != target.shape ||
                value_bytes(source, rows) != value_bytes(target, rows) || lives[old_storage].last != now ||
                lives[new_storage].first != now || !(regions[old_storage] == regions[new_storage]) ||
                regions[old_storage].axis == Axis::all)
                return false;
            storages.merge(old_storage, new_storage);
            lives[old_storage].touch(lives[new_storage].last);
            return true;
        };
        const Node& head = group.nodes[0];
        if (!group.tile_head()) {
            if (head.op->in_place >= 0) take_over(head.inputs[static_cast<size_t>(head.op->in_place)], head.outputs[0]);
            continue;
        }
        // In a chain of one node every read of a tile comes before its write; longer ones go by the last node, none of
        // whose operands is read again after it.
        const Node& last = group.nodes.back();
        if (!last.op->updates.empty() || last.outputs.empty()) continue;
        for (ValueId source : tile_sources(last))
            if (take_over(source, last.outputs[0])) break;
    }
}

MemoryPlan plan_memory(const Schedule& schedule, const std::vector<bool>& inside, const Partition& partition,
                       const Storages& storages, int64_t rows) {
    const Graph& graph = *schedule.graph;
    std::map<int, Life> lives;
    const int end = partition.shares.empty() ? 1 : partition.shares.back().phase + 1;
    each_use(schedule, inside, [&](ValueId id, int time) {
        if (!in_arena(schedule, id)) return;
        Life& life = lives[storages.of(id)];
        life.touch(time < static_cast<int>(partition.shares.size()) ? partition.shares[static_cast<size_t>(time)].phase
                                                                    : end);
        life.bytes = std::max(life.bytes, (value_bytes(graph.value(id), rows) + kAlign - 1) / kAlign * kAlign);
    });
    // The batch is gathered before the first step.
    for (ValueId id : schedule.inputs)
        if (in_arena(schedule, id)) lives[storages.of(id)].first = -1;

    std::vector<int> order;
    for (const auto& entry : lives) order.push_back(entry.first);
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return lives[a].bytes != lives[b].bytes ? lives[a].bytes > lives[b].bytes : a < b; });
    MemoryPlan plan;
    plan.offset.assign(graph.values().size(), -1);
    std::vector<int> placed;
    for (int storage : order) {
        const Life& life = lives[storage];
        // The lowest gap between the storages that live at the same time.
        std::vector<std::pair<int64_t, int64_t>> busy;
        for (int other : placed)
            if (lives[other].first <= life.last && life.first <= lives[other].last)
                busy.push_back({plan.offset[static_cast<size_t>(other)], lives[other].bytes});
        std::sort(busy.begin(), busy.end());
        int64_t offset = 0;
        for (const auto& [start, bytes] : busy) {
            if (offset + life.bytes <= start) break;
            offset = std::max(offset, start + bytes);
        }
        plan.offset[static_cast<size_t>(storage)] = offset;
        plan.bytes = std::max(plan.bytes, offset + life.bytes);
        if (plan.bytes > kMostBytes) throw std::bad_alloc();
        placed.push_back(storage);
    }
    return plan;
}

}  // namespace ravine
