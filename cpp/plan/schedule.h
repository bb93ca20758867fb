// Between graph and plan: the nodes that are needed, gathered into groups that run as one step each.
#pragma once
#include <vector>

#include "graph/op.h"

namespace ravine {

/// A head and the element-wise nodes that follow it while its tiles are hot. The head of a group of element-wise nodes
/// alone is the first of them.
struct Group {
    std::vector<Node> nodes;           // nodes[0] is the head
    int64_t columns = 0;               // width of the tiles, when there are element-wise nodes
    std::vector<std::string> refused;  // why what follows was not fused
    bool tile_head() const { return nodes[0].op->tile != nullptr; }
    /// Has element-wise nodes to run over tiles?
    bool chained() const { return tile_head() || nodes.size() > 1; }
    /// Those of all its nodes.
    const std::vector<ValueId>& guards() const { return nodes[0].guards; }
};

struct Schedule {
    const Graph* graph;
    std::vector<ValueId> inputs, outputs;
    std::vector<Group> groups;
    /// Memory that the caller gives to inputs and outputs, by value; those it does not give lie in the plan's arena.
    std::vector<void*> given;
    bool is_given(ValueId id) const { return !given.empty() && given[static_cast<size_t>(id)]; }
};

/// Drops what neither an output nor a state update needs, folds biases into products, and fuses.
Schedule make_schedule(const Graph& graph, const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs);

/// Values that never leave their group: they live in tiles only. By value id.
std::vector<bool> values_inside_groups(const Schedule& schedule);

/// Source operands of an element-wise node, in its kernel's order.
std::vector<ValueId> tile_sources(const Node& node);
/// What its kernel writes: outputs, or the variables that it updates.
std::vector<ValueId> tile_targets(const Node& node);

}  // namespace ravine
