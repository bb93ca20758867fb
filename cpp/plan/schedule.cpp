#include "plan/schedule.h"

#include <algorithm>
#include <set>

#include "plan/fuse.h"
#include "plan/simplify.h"

namespace ravine {

namespace {

std::vector<Node> needed_nodes(const Graph& graph, const std::vector<ValueId>& outputs) {
    std::vector<bool> wanted(graph.values().size(), false);
    for (ValueId output : outputs) wanted[static_cast<size_t>(output)] = true;
    std::vector<Node> kept;
    for (size_t index = graph.nodes().size(); index-- > 0;) {
        const Node& node = graph.nodes()[index];
        bool needed = !node.op->updates.empty();
        for (ValueId output : node.outputs) needed = needed || wanted[static_cast<size_t>(output)];
        if (!needed) continue;
        for (ValueId input : node.inputs) wanted[static_cast<size_t>(input)] = true;
        for (ValueId guard : node.guards) wanted[static_cast<size_t>(guard)] = true;
        kept.push_back(node);
    }
    std::reverse(kept.begin(), kept.end());
    // An output that nobody reads is not computed where the op can leave it out.
    for (Node& node : kept)
        for (ValueId& output : node.outputs)
            if (!wanted[static_cast<size_t>(output)] && node.op->optional_outputs) output = kNone;
    return kept;
}

/// Scalars that depend on variables alone (step sizes) come first, so that every update can be fused behind them.
void hoist_scalars(const Graph& graph, std::vector<Node>& nodes) {
    std::set<ValueId> updated, early;
    std::vector<Node> first, rest;
    for (const Node& node : nodes) {
        bool movable = node.op->updates.empty() && !node.op->alias && node.guards.empty();
        for (ValueId output : node.outputs) movable = movable && output != kNone && graph.shape(output).rank() == 0;
        for (ValueId input : node.inputs) {
            const ValueKind kind = graph.value(input).kind;
            movable = movable && (node.op->shape_only || kind == ValueKind::constant || early.count(input) ||
                                  (kind == ValueKind::variable && !updated.count(input)));
        }
        for (int index : node.op->updates) updated.insert(node.inputs[static_cast<size_t>(index)]);
        if (movable) early.insert(node.outputs.begin(), node.outputs.end());
        (movable ? first : rest).push_back(node);
    }
    first.insert(first.end(), rest.begin(), rest.end());
    nodes = std::move(first);
}

}  // namespace

Schedule make_schedule(const Graph& graph, const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs) {
    std::vector<Node> nodes = simplify(graph, needed_nodes(graph, outputs), outputs);
    hoist_scalars(graph, nodes);
    return {&graph, inputs, outputs, fuse(graph, std::move(nodes), outputs), {}};
}

std::vector<bool> values_inside_groups(const Schedule& schedule) {
    const size_t count = schedule.graph->values().size();
    std::vector<int> home(count, -1);
    for (size_t i = 0; i < schedule.groups.size(); ++i) {
        const Group& group = schedule.groups[i];
        if (!group.chained() || group.nodes[0].op->alias) continue;
        for (const Node& node : group.nodes)
            for (ValueId output : node.outputs)
                if (output != kNone) home[static_cast<size_t>(output)] = static_cast<int>(i);
    }
    std::vector<bool> inside(count, false);
    for (size_t id = 0; id < count; ++id) inside[id] = home[id] >= 0;
    for (size_t i = 0; i < schedule.groups.size(); ++i)
        for (const Node& node : schedule.groups[i].nodes) {
            for (ValueId input : node.inputs)
                if (home[static_cast<size_t>(input)] != static_cast<int>(i)) inside[static_cast<size_t>(input)] = false;
            for (ValueId guard : node.guards) inside[static_cast<size_t>(guard)] = false;
        }
    for (ValueId output : schedule.outputs) inside[static_cast<size_t>(output)] = false;
    return inside;
}

std::vector<ValueId> tile_sources(const Node& node) {
    if (node.op->tile->sources.empty()) return node.inputs;
    std::vector<ValueId> sources;
    for (int index : node.op->tile->sources) sources.push_back(node.inputs[static_cast<size_t>(index)]);
    return sources;
}

std::vector<ValueId> tile_targets(const Node& node) {
    if (node.op->updates.empty()) return node.outputs;
    std::vector<ValueId> targets;
    for (int index : node.op->updates) targets.push_back(node.inputs[static_cast<size_t>(index)]);
    return targets;
}

}  // namespace ravine
