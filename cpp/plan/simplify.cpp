#include "plan/simplify.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "graph/op.h"

namespace ravine {

namespace {

/// Nodes whose result depends on their operands alone, and whose operands nothing overwrites.
bool is_pure(const Graph& graph, const Node& node) {
    if (!node.op->updates.empty()) return false;
    if (node.op->shape_only) return true;
    return std::none_of(node.inputs.begin(), node.inputs.end(),
                        [&](ValueId input) { return graph.value(input).kind == ValueKind::variable; });
}

/// Replaces values by others that hold the same, in all that reads them.
class Renaming {
  public:
    void set(ValueId gone, ValueId kept) { names_[gone] = kept; }
    void apply(Node& node) const {
        for (ValueId& input : node.inputs) {
            auto found = names_.find(input);
            if (found != names_.end()) input = found->second;
        }
    }

  private:
    std::map<ValueId, ValueId> names_;
};

bool is_output(const Node& node, const std::vector<ValueId>& outputs) {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](ValueId id) { return std::find(outputs.begin(), outputs.end(), id) != outputs.end(); });
}

std::vector<Node> without_repeats(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    Renaming renaming;
    std::vector<Node> kept;
    using Key = std::tuple<const OpDef*, std::vector<ValueId>, std::map<std::string, Attr>>;
    std::map<Key, size_t> seen;
    for (Node& node : nodes) {
        renaming.apply(node);
        if (is_pure(graph, node) && !is_output(node, outputs)) {
            std::vector<ValueId> operands = node.inputs;
            if (node.op->shape_only) operands.clear();
            const auto [entry, fresh] =
                seen.try_emplace(Key{node.op, std::move(operands), node.attrs.items()}, kept.size());
            if (!fresh) {
                // Each may lack outputs that the other has.
                for (size_t i = 0; i < node.outputs.size(); ++i) {
                    ValueId& first = kept[entry->second].outputs[i];
                    if (first == kNone)
                        first = node.outputs[i];
                    else if (node.outputs[i] != kNone)
                        renaming.set(node.outputs[i], first);
                }
                continue;
            }
        }
        kept.push_back(std::move(node));
    }
    return kept;
}

std::vector<Node> without_by_products(const Graph& graph, std::vector<Node> nodes,
                                      const std::vector<ValueId>& outputs) {
    std::vector<bool> gone(nodes.size(), false);
    for (size_t j = 0; j < nodes.size(); ++j) {
        const OpDef::AlsoComputes& also = nodes[j].op->also_computes;
        if (!also.name) continue;
        for (size_t i = 0; i < j; ++i) {
            if (gone[i] || nodes[i].op->name != also.name || !is_pure(graph, nodes[i]) ||
                nodes[i].inputs[0] != nodes[j].inputs[0] || is_output(nodes[i], outputs))
                continue;
            // Whoever reads it must come after the node that takes its place.
            const ValueId old = nodes[i].outputs[0];
            bool read_before = false;
            for (size_t k = i + 1; k <= j; ++k)
                read_before = read_before || std::count(nodes[k].inputs.begin(), nodes[k].inputs.end(), old) != 0;
            if (read_before) continue;
            Renaming renaming;
            renaming.set(old, nodes[j].outputs[static_cast<size_t>(also.output)]);
            for (size_t k = j + 1; k < nodes.size(); ++k) renaming.apply(nodes[k]);
            gone[i] = true;
        }
    }
    std::vector<Node> kept;
    for (size_t i = 0; i < nodes.size(); ++i)
        if (!gone[i]) kept.push_back(std::move(nodes[i]));
    return kept;
}

}  // namespace

std::vector<Node> simplify(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    return without_by_products(graph, without_repeats(graph, std::move(nodes), outputs), outputs);
}

}  // namespace ravine
