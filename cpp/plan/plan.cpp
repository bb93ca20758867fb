#include "plan/plan.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>

#include "plan/memory.h"
#include "plan/partition.h"
#include "plan/update.h"

namespace ravine {

namespace {

constexpr int64_t kTempFloats = 2048;

/// Binds groups to kernels and memory.
class Binder {
  public:
    Binder(const Schedule& schedule, const KernelTable& kernels, int64_t capacity, const std::vector<bool>& inside,
           const Storages& storages, const MemoryPlan& memory, char* arena)
        : schedule_(schedule),
          graph_(*schedule.graph),
          kernels_(kernels),
          capacity_(capacity),
          inside_(inside),
          storages_(storages),
          memory_(memory),
          arena_(arena) {}

    void* address(ValueId id) const {
        if (schedule_.is_given(id)) return schedule_.given[static_cast<size_t>(id)];
        const Value& value = graph_.value(id);
        switch (value.kind) {
            case ValueKind::variable: return value.variable->data();
            case ValueKind::constant: return const_cast<float*>(value.constant.data());
            default: break;
        }
        // A view of a variable or constant lies where its root lies.
        const ValueId root = static_cast<ValueId>(storages_.of(id));
        const ValueKind kind = graph_.value(root).kind;
        if (kind == ValueKind::variable || kind == ValueKind::constant) return address(root);
        const int64_t offset = memory_.offset[static_cast<size_t>(root)];
        if (offset < 0) throw std::logic_error("a value of the plan has no memory");
        return arena_ + offset;
    }

    Step bind(const Group& group, const Share& share) const {
        Step step;
        step.axis = share.axis;
        step.extent = share.extent;
        step.barrier = share.barrier;
        for (ValueId guard : group.guards()) step.guards.push_back(static_cast<const float*>(address(guard)));
        const Node& head = group.nodes[0];
        const Shape full =
            group.tile_head()
                ? graph_.shape(tile_targets(head)[0])
                : (head.outputs.empty() || head.outputs[0] == kNone ? Shape{} : graph_.shape(head.outputs[0]));
        if (group.chained()) {
            step.lines = group.columns ? full.unit() / group.columns : 0;
            step.batched = full.batched();
            bind_chain(group, step.chain);
        }
        if (!group.tile_head()) {
            const NodeView view{graph_, head};
            step.op = head.op;
            step.call.kernels = &kernels_;
            for (size_t i = 0; i < head.inputs.size(); ++i) step.call.in[i] = address(head.inputs[i]);
            for (size_t i = 0; i < head.outputs.size(); ++i) {
                const ValueId output = head.outputs[i];
                const bool absent = output == kNone || inside_[static_cast<size_t>(output)];
                step.call.out[i] = absent ? nullptr : address(output);
            }
            if (head.op->prepare) step.params = head.op->prepare(view);
            step.call.params = step.params.get();
        }
        step.title = title(group);
        return step;
    }

    int64_t scratch_floats(const Group& group, const Step& step) const {
        int64_t floats = step.chain.temps * step.chain.tile_floats;
        if (step.op && step.op->scratch)
            floats += (step.op->scratch({graph_, group.nodes[0]}, capacity_, kernels_) + 15) / 16 * 16;
        return floats;
    }

  private:
    void bind_chain(const Group& group, Chain& chain) const {
        chain.columns = group.columns;
        chain.tile_floats = group.tile_head() ? kTempFloats : kernels_.gemm_tile;
        std::map<ValueId, int> temps;  // which temporary holds a value
        std::vector<bool> free;
        const size_t first = group.tile_head() ? 0 : 1;
        for (size_t i = first; i < group.nodes.size(); ++i) {
            const Node& node = group.nodes[i];
            Stage stage{};
            stage.kernel = node.op->tile->kernel;
            stage.run = kernels_.eltwise[static_cast<int>(stage.kernel)];
            const std::vector<ValueId> sources = tile_sources(node), targets = tile_targets(node);
            std::vector<Shape> shapes;
            for (ValueId id : sources) shapes.push_back(graph_.shape(id));
            const Shape full = graph_.shape(targets[0]);
            TileForm form;
            tile_form(full, shapes, group.columns, &form);
            stage.sources = static_cast<int>(sources.size());
            stage.targets = static_cast<int>(targets.size());
            for (size_t k = 0; k < sources.size(); ++k)
                stage.in[k] = operand(group, sources[k], form.inputs[k], temps, chain.columns);
            // A temporary that is read here for the last time may be written here.
            for (size_t k = 0; k < sources.size(); ++k) {
                auto held = temps.find(sources[k]);
                if (held != temps.end() && last_use(group, sources[k]) == i) {
                    free[static_cast<size_t>(held->second)] = true;
                    temps.erase(held);
                }
            }
            for (size_t k = 0; k < targets.size(); ++k) {
                if (inside_[static_cast<size_t>(targets[k])]) {
                    size_t slot = 0;
                    while (slot < free.size() && !free[slot]) ++slot;
                    if (slot == free.size()) free.push_back(true);
                    free[slot] = false;
                    temps[targets[k]] = static_cast<int>(slot);
                }
                stage.out[k] = operand(group, targets[k], TileForm::Kind::full, temps, chain.columns);
            }
            if (node.op->tile->params) node.op->tile->params(node.attrs, stage.param);
            if (last_use(group, sources[0]) == i && assigns_result(chain, stage))
                chain.stages.back().out[0] = stage.out[0];
            else
                chain.stages.push_back(stage);
        }
        chain.temps = static_cast<int>(free.size());
        if (!group.nodes.back().op->updates.empty()) chain.update = find_update(chain);
    }

    /// Does the stage only copy to a variable what the stage before it has just made? That one may write it there.
    static bool assigns_result(const Chain& chain, const Stage& stage) {
        if (stage.kernel != Eltwise::copy || stage.out[0].place != Stage::Place::memory || chain.stages.empty())
            return false;
        const Stage& before = chain.stages.back();
        return before.targets == 1 && stage.in[0].place == Stage::Place::temp &&
               before.out[0].place == Stage::Place::temp && before.out[0].temp == stage.in[0].temp;
    }

    static size_t last_use(const Group& group, ValueId id) {
        size_t last = 0;
        for (size_t i = 0; i < group.nodes.size(); ++i)
            for (ValueId input : group.nodes[i].inputs)
                if (input == id) last = i;
        return last;
    }

    Stage::Operand operand(const Group& group, ValueId id, TileForm::Kind kind, const std::map<ValueId, int>& temps,
                           int64_t columns) const {
        Stage::Operand operand;
        operand.ld = kind == TileForm::Kind::full ? columns : kind == TileForm::Kind::column ? 1 : 0;
        operand.step = kind == TileForm::Kind::full || kind == TileForm::Kind::row ? 1 : 0;
        auto held = temps.find(id);
        if (held != temps.end()) {
            operand.place = Stage::Place::temp;
            operand.temp = held->second;
        } else if (!group.tile_head() && !group.nodes[0].outputs.empty() && group.nodes[0].outputs[0] == id) {
            operand.place = Stage::Place::head;
        } else {
            operand.data = static_cast<float*>(address(id));
        }
        return operand;
    }

    std::string title(const Group& group) const {
        std::string text;
        for (ValueId guard : group.guards()) text += "if " + name_of(guard) + ": ";
        const size_t conditions = text.size();
        for (const Node& node : group.nodes) {
            if (text.size() > conditions) text += " + ";
            text += node.op->name;
            if (node.op->takes_bias && node.inputs.size() == 3) text += " + bias";
        }
        for (const Node& node : group.nodes)
            if (!node.label.empty()) return text + "  [" + node.label + "]";
        return text;
    }

    /// What makes a value.
    std::string name_of(ValueId id) const {
        const Node* made = graph_.producer(id);
        return made                                           ? made->op->name
               : graph_.value(id).kind == ValueKind::constant ? "constant"
                                                              : graph_.value(id).name;
    }

    const Schedule& schedule_;
    const Graph& graph_;
    const KernelTable& kernels_;
    int64_t capacity_;
    const std::vector<bool>& inside_;
    const Storages& storages_;
    const MemoryPlan& memory_;
    char* arena_;
};

std::string axis_text(const Step& step, int64_t capacity) {
    switch (step.axis) {
        case Axis::rows: return "rows " + std::to_string(step.extent == kBatch ? capacity : step.extent);
        case Axis::columns: return "columns " + std::to_string(step.extent);
        default: return "one thread";
    }
}

std::string describe(const Schedule& schedule, const Plan& plan, const KernelTable& kernels, const MemoryPlan& memory,
                     const std::vector<bool>& inside) {
    char line[512];
    int barriers = 0;
    for (const Step& step : plan.steps) barriers += step.barrier;
    std::snprintf(line, sizeof line,
                  "plan: batch %lld, %d thread%s, %s kernels, %zu step%s, %d barrier%s, arena %lld bytes, scratch %lld "
                  "bytes a thread, about %.0f cycles\n",
                  static_cast<long long>(plan.capacity), plan.threads, plan.threads == 1 ? "" : "s", kernels.isa,
                  plan.steps.size(), plan.steps.size() == 1 ? "" : "s", barriers, barriers == 1 ? "" : "s",
                  static_cast<long long>(memory.bytes), static_cast<long long>(plan.scratch_floats * 4), plan.cycles);
    std::string text = line;
    size_t number = 0;
    for (size_t i = 0; i < schedule.groups.size(); ++i) {
        const Group& group = schedule.groups[i];
        if (group.nodes[0].op->alias) continue;
        const Step& step = plan.steps[number];
        int64_t bytes = 0;
        for (const Node& node : group.nodes) {
            for (ValueId id : node.op->shape_only ? std::vector<ValueId>{} : node.inputs)
                if (!inside[static_cast<size_t>(id)]) bytes += value_bytes(schedule.graph->value(id), plan.capacity);
            for (ValueId id : node.outputs)
                if (id != kNone && !inside[static_cast<size_t>(id)])
                    bytes += value_bytes(schedule.graph->value(id), plan.capacity);
        }
        std::snprintf(line, sizeof line, "%4zu %s %-14s %10lld bytes  ", number, step.barrier ? "|" : " ",
                      axis_text(step, plan.capacity).c_str(), static_cast<long long>(bytes));
        text += line + step.title + "\n";
        for (const std::string& why : group.refused) text += "         not fused: " + why + "\n";
        ++number;
    }
    return text;
}

}  // namespace

std::unique_ptr<Plan> make_plan(const Schedule& schedule, const KernelTable& kernels, int64_t capacity, int threads,
                                int least) {
    Storages storages(schedule);
    auto plan = std::make_unique<Plan>();
    plan->kernels = &kernels;
    plan->capacity = capacity;
    Partition partition = choose_partition(schedule, storages, capacity, 1);
    const double alone = partition.cycles_apart;
    for (int team = 2; team <= threads; ++team) {
        Partition candidate = choose_partition(schedule, storages, capacity, team);
        if (team <= least || candidate.cycles_apart < 0.95 * partition.cycles_apart) {
            partition = std::move(candidate);
            plan->threads = team;
        }
    }
    plan->cycles = partition.cycles;
    plan->speedup = alone / partition.cycles_apart;
    const std::vector<bool> inside = values_inside_groups(schedule);
    reuse_in_place(schedule, inside, partition, capacity, storages);
    place_barriers(schedule, storages, capacity, plan->threads, partition);
    plan->barrier_before_outputs = partition.barrier_before_outputs;
    const MemoryPlan memory = plan_memory(schedule, inside, partition, storages, capacity);

    // Scratch is known only once the steps are bound, so that its size is asked of steps bound to nothing.
    for (size_t i = 0; i < schedule.groups.size(); ++i) {
        const Group& group = schedule.groups[i];
        if (group.nodes[0].op->alias) continue;
        const Binder binder(schedule, kernels, capacity, inside, storages, memory, nullptr);
        plan->scratch_floats =
            std::max(plan->scratch_floats, binder.scratch_floats(group, binder.bind(group, partition.shares[i])));
    }
    plan->scratch_floats = (plan->scratch_floats + 15) / 16 * 16;
    plan->arena = std::make_unique<Storage>(
        static_cast<size_t>(memory.bytes + plan->scratch_floats * plan->threads * static_cast<int64_t>(sizeof(float))));
    plan->scratch = reinterpret_cast<float*>(plan->arena->data() + memory.bytes);
    const Binder binder(schedule, kernels, capacity, inside, storages, memory, plan->arena->data());
    for (size_t i = 0; i < schedule.groups.size(); ++i)
        if (!schedule.groups[i].nodes[0].op->alias)
            plan->steps.push_back(binder.bind(schedule.groups[i], partition.shares[i]));
    for (const Group& group : schedule.groups)
        for (const Node& node : group.nodes) plan->changes_variables |= !node.op->updates.empty();
    const auto port = [&](ValueId id) {
        const Shape& shape = schedule.graph->shape(id);
        return Port{static_cast<float*>(binder.address(id)), shape.unit(), shape.batched()};
    };
    for (ValueId id : schedule.inputs) plan->inputs.push_back(port(id));
    for (ValueId id : schedule.outputs) plan->outputs.push_back(port(id));
    plan->text = describe(schedule, *plan, kernels, memory, inside);
    return plan;
}

}  // namespace ravine
