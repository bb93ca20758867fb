#include "plan/partition.h"

#include <algorithm>
#include <map>
#include <new>
#include <numeric>

namespace ravine {

namespace {

constexpr double kBarrierCycles = 700;       // two cores, spinning
constexpr double kApartCycles = 2000;        // more where they share no cache
constexpr double kSharedBytesPerCycle = 12;  // what another core wrote, read through the last-level cache
constexpr double kBoundaryCycles = 60;  // a line that two threads write: 12 where they share a cache, 240 where not
constexpr double kTileCyclesPerElement = 0.3;
constexpr double kStepCycles = 60;

bool is_constant(const Graph& graph, ValueId id) { return graph.value(id).kind == ValueKind::constant; }

/// The operands of a group in the order in which group_splits lists their axes: of the head, then of each element-wise
/// member, inputs before outputs; values that stay inside the group included.
struct Operands {
    std::vector<ValueId> reads, writes;
};

Operands operands_of(const Group& group) {
    Operands operands;
    size_t first = 0;
    if (!group.tile_head()) {
        if (!group.nodes[0].op->shape_only) operands.reads = group.nodes[0].inputs;
        operands.writes = group.nodes[0].outputs;
        for (int index : group.nodes[0].op->updates)
            operands.writes.push_back(group.nodes[0].inputs[static_cast<size_t>(index)]);
        first = 1;
    }
    for (size_t i = first; i < group.nodes.size(); ++i) {
        for (ValueId id : tile_sources(group.nodes[i])) operands.reads.push_back(id);
        for (ValueId id : tile_targets(group.nodes[i])) operands.writes.push_back(id);
    }
    return operands;
}

Shape full_shape(const Graph& graph, const Group& group) {
    if (!group.tile_head()) return graph.shape(group.nodes[0].outputs[0]);
    return graph.shape(tile_targets(group.nodes[0])[0]);
}

/// What an element-wise operand of this kind sees when the tiles are shared along an axis.
Axis tile_axis(TileForm::Kind kind, Axis shared) {
    switch (kind) {
        case TileForm::Kind::full: return shared;
        case TileForm::Kind::row: return shared == Axis::columns ? Axis::columns : Axis::all;
        case TileForm::Kind::column: return shared == Axis::rows ? Axis::rows : Axis::all;
        default: return Axis::all;
    }
}

}  // namespace

Storages::Storages(const Schedule& schedule) : root_(schedule.graph->values().size()) {
    for (size_t i = 0; i < root_.size(); ++i) root_[i] = static_cast<int>(i);
    for (const Group& group : schedule.groups)
        if (group.nodes[0].op->alias)
            root_[static_cast<size_t>(group.nodes[0].outputs[0])] = of(group.nodes[0].inputs[0]);
}

void Storages::merge(int into, int gone) {
    for (int& root : root_)
        if (root == gone) root = into;
}

int64_t value_bytes(const Value& value, int64_t rows) {
    // Far beyond any memory, and far from overflow where sizes are added up.
    constexpr int64_t kMost = int64_t{1} << 44;
    if (value.shape.batched() && value.shape.unit() > kMost / std::max<int64_t>(rows, 1)) throw std::bad_alloc();
    return value.shape.size(rows) * dtype_size(value.dtype);
}

std::vector<Split> group_splits(const Schedule& schedule, const Group& group) {
    const Graph& graph = *schedule.graph;
    std::vector<Split> splits;
    if (!group.tile_head()) {
        if (!group.nodes[0].op->splits) return {};
        splits = group.nodes[0].op->splits({graph, group.nodes[0]});
        for (Split& split : splits)
            for (size_t i = 0; i < group.nodes[0].op->updates.size(); ++i) split.outputs.push_back(split.axis);
    } else {
        const Shape full = full_shape(graph, group);
        const int64_t lines = group.columns ? full.unit() / group.columns : 0;
        if (full.batched())
            splits.push_back({Axis::rows, kBatch, {}, {}});
        else if (full.rank() == 2 && lines == full[0] && lines > 1)
            splits.push_back({Axis::rows, lines, {}, {}});
        if (group.columns > 1 && group.columns == full.last() && (!full.batched() || lines == 1))
            splits.push_back({Axis::columns, group.columns, {}, {}});
    }
    for (Split& split : splits) {
        for (size_t i = group.tile_head() ? 0 : 1; i < group.nodes.size(); ++i) {
            const Node& node = group.nodes[i];
            const std::vector<ValueId> sources = tile_sources(node);
            std::vector<Shape> shapes;
            for (ValueId id : sources) shapes.push_back(graph.shape(id));
            TileForm form;
            tile_form(full_shape(graph, group), shapes, group.columns, &form);
            for (TileForm::Kind kind : form.inputs) split.inputs.push_back(tile_axis(kind, split.axis));
            for (size_t target = 0; target < tile_targets(node).size(); ++target) split.outputs.push_back(split.axis);
        }
    }
    return splits;
}

namespace {

/// Accesses to memory under a split (null: the first thread does it all).
std::vector<Access> accesses_of(const Schedule& schedule, const Storages& storages, const Group& group,
                                const Split* split) {
    const Operands operands = operands_of(group);
    std::vector<Access> accesses;
    const auto note = [&](ValueId id, Axis axis, bool write) {
        if (id == kNone || is_constant(*schedule.graph, id)) return;
        const bool shared = axis == Axis::rows || axis == Axis::columns;
        const Region region{axis, shared ? split->extent : 0, shared ? split->axis : axis};
        accesses.push_back({storages.of(id), region, write});
    };
    for (size_t i = 0; i < operands.reads.size(); ++i)
        note(operands.reads[i], split ? split->inputs.at(i) : Axis::first, false);
    for (size_t i = 0; i < operands.writes.size(); ++i)
        note(operands.writes[i], split ? split->outputs.at(i) : Axis::first, true);
    // All threads come to the same decision.
    for (ValueId guard : group.guards()) note(guard, Axis::all, false);
    return accesses;
}

/// What has been touched since the last barrier.
class Pending {
  public:
    bool conflicts(const std::vector<Access>& accesses) const {
        for (const Access& now : accesses)
            for (const Access& before : touched_)
                if (now.storage == before.storage && (now.write || before.write) &&
                    !(now.region == before.region && now.region.axis != Axis::all))
                    return true;
        return false;
    }
    void add(const std::vector<Access>& accesses) { touched_.insert(touched_.end(), accesses.begin(), accesses.end()); }
    void clear() { touched_.clear(); }

  private:
    std::vector<Access> touched_;
};

/// The batch is gathered row by row; inputs without a batch, and what is no more than a thread's least share, by the
/// first thread.
std::vector<Access> input_accesses(const Schedule& schedule, const Storages& storages, int64_t rows) {
    std::vector<Access> accesses;
    for (ValueId id : schedule.inputs)
        accesses.push_back({storages.of(id),
                            schedule.graph->shape(id).batched() && rows > kRowGrain
                                ? Region{Axis::rows, kBatch, Axis::rows}
                                : Region{Axis::first, 0, Axis::first},
                            true});
    return accesses;
}

std::vector<Access> output_accesses(const Schedule& schedule, const Storages& storages, int64_t rows) {
    std::vector<Access> accesses = input_accesses({schedule.graph, schedule.outputs, {}, {}, {}}, storages, rows);
    for (Access& access : accesses) access.write = false;
    return accesses;
}

double group_cost(const Schedule& schedule, const Group& group, int64_t rows) {
    const Graph& graph = *schedule.graph;
    double cycles = kStepCycles;
    if (!group.tile_head() && group.nodes[0].op->cost) cycles += group.nodes[0].op->cost({graph, group.nodes[0]}, rows);
    const size_t members = group.nodes.size() - (group.tile_head() ? 0 : 1);
    if (members)
        cycles += kTileCyclesPerElement * static_cast<double>(members) *
                  static_cast<double>(full_shape(graph, group).size(rows));
    return cycles;
}

/// Of the memory of a value, seen as rows.
struct Extent {
    int64_t bytes = 0;
    int64_t split_lines = 0;  // rows that begin within a cache line: threads that share columns meet there
};

Extent extent_of(const Value& value, int64_t rows) {
    constexpr int64_t kLine = 64;
    Extent extent{value_bytes(value, rows), 0};
    const int64_t row = value.shape.rank() ? value.shape.last() * dtype_size(value.dtype) : 0;
    if (row == 0) return extent;
    // Every so many rows one begins with a line, the first among them.
    const int64_t count = extent.bytes / row, period = kLine / std::gcd(kLine, row);
    extent.split_lines = count - (count + period - 1) / period;
    return extent;
}

/// Which part of each storage a thread has in its own cache: that of its last access.
class Caches {
  public:
    /// Cycles to fetch what others hold: everything but the own share of what all threads read, and what another
    /// thread touched last.
    double fetch(const Access& access, int64_t bytes, int threads) const {
        const auto last = regions_.find(access.storage);
        const bool own = last != regions_.end() && last->second == access.region && access.region.axis != Axis::all;
        if (own || threads == 1) return 0;
        const bool shared = access.region.axis == Axis::rows || access.region.axis == Axis::columns;
        const double touched = static_cast<double>(bytes) / (shared ? threads : 1);
        return touched * (threads - 1) / threads / kSharedBytesPerCycle;
    }
    void note(const std::vector<Access>& accesses) {
        for (const Access& access : accesses)
            if (access.write || access.region.axis != Axis::all) regions_[access.storage] = access.region;
    }

  private:
    std::map<int, Region> regions_;
};

/// The part of the arithmetic that the busiest thread does.
double largest_share(const Split& split, int64_t rows, int threads) {
    const int64_t extent = split.extent == kBatch ? rows : split.extent;
    const int64_t grain = split.axis == Axis::rows ? kRowGrain : kColumnGrain;
    const int64_t blocks = (extent + grain - 1) / grain;
    const int64_t largest = std::min((blocks + threads - 1) / threads * grain, extent);
    return extent ? static_cast<double>(largest) / static_cast<double>(extent) : 0;
}

Partition choose(const Schedule& schedule, const Storages& storages, const std::map<int, Extent>& extents, int64_t rows,
                 int threads, Caches& caches) {
    Partition partition;
    Pending pending;
    pending.add(input_accesses(schedule, storages, rows));
    caches.note(input_accesses(schedule, storages, rows));
    for (const Group& group : schedule.groups) {
        Share share;
        if (group.nodes[0].op->alias) {
            partition.shares.push_back(share);
            continue;
        }
        const double work = group_cost(schedule, group, rows);
        const auto cost_of = [&](const std::vector<Access>& accesses, double part) {
            double cycles = work * part + (threads > 1 && pending.conflicts(accesses) ? kBarrierCycles : 0);
            for (const Access& access : accesses) {
                const auto known = extents.find(access.storage);
                if (known == extents.end()) continue;
                cycles += caches.fetch(access, known->second.bytes, threads);
                if (threads > 1 && access.write && access.region.axis == Axis::columns)
                    cycles += kBoundaryCycles * static_cast<double>(known->second.split_lines);
            }
            return cycles;
        };
        share.accesses = accesses_of(schedule, storages, group, nullptr);
        double best = cost_of(share.accesses, 1.0);
        for (const Split& split : group_splits(schedule, group)) {
            const double part = largest_share(split, rows, threads);
            if (threads > 1 && part == 1) continue;  // it is the first thread's alone
            std::vector<Access> accesses = accesses_of(schedule, storages, group, &split);
            const double cost = cost_of(accesses, part);
            // At equal cost (one thread) a split still beats none.
            if (cost > best || (cost == best && share.axis != Axis::first)) continue;
            best = cost;
            share.axis = split.axis;
            share.extent = split.extent;
            share.accesses = std::move(accesses);
        }
        if (threads > 1 && pending.conflicts(share.accesses)) {
            pending.clear();
            partition.cycles_apart += kApartCycles;
        }
        pending.add(share.accesses);
        caches.note(share.accesses);
        partition.cycles += best;
        partition.shares.push_back(std::move(share));
    }
    if (threads > 1) {  // between batches
        partition.cycles += kBarrierCycles;
        partition.cycles_apart += kApartCycles;
    }
    partition.cycles_apart += partition.cycles;
    return partition;
}

}  // namespace

Partition choose_partition(const Schedule& schedule, const Storages& storages, int64_t rows, int threads) {
    const std::vector<bool> inside = values_inside_groups(schedule);
    std::map<int, Extent> extents;  // of the storages that groups share
    for (size_t id = 0; id < inside.size(); ++id)
        if (!inside[id]) extents[storages.of(static_cast<ValueId>(id))] = extent_of(schedule.graph->values()[id], rows);
    Caches caches;
    // The first pass finds out what each thread holds when a batch begins.
    choose(schedule, storages, extents, rows, threads, caches);
    return choose(schedule, storages, extents, rows, threads, caches);
}

void place_barriers(const Schedule& schedule, const Storages& storages, int64_t rows, int threads,
                    Partition& partition) {
    Pending pending;
    pending.add(input_accesses(schedule, storages, rows));
    int phase = 0;
    for (size_t i = 0; i < schedule.groups.size(); ++i) {
        Share& share = partition.shares[i];
        if (threads == 1) {
            share.phase = phase++;
            continue;
        }
        for (Access& access : share.accesses) access.storage = storages.of(access.storage);
        share.barrier = pending.conflicts(share.accesses);
        if (share.barrier) {
            ++phase;
            pending.clear();
        }
        share.phase = phase;
        pending.add(share.accesses);
    }
    partition.barrier_before_outputs = threads > 1 && pending.conflicts(output_accesses(schedule, storages, rows));
}

}  // namespace ravine
