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
        for (std::vector<ValueId>* values : {&node.inputs, &node.guards})
            for (ValueId& id : *values) {
                auto found = names_.find(id);
                if (found != names_.end()) id = found->second;
            }
    }

  private:
    std::map<ValueId, ValueId> names_;
};

bool is_output(const Node& node, const std::vector<ValueId>& outputs) {
    return std::any_of(node.outputs.begin(), node.outputs.end(),
                       [&](ValueId id) { return std::find(outputs.begin(), outputs.end(), id) != outputs.end(); });
}

std::vector<Node> without(std::vector<Node> nodes, const std::vector<bool>& gone) {
    std::vector<Node> kept;
    for (size_t i = 0; i < nodes.size(); ++i)
        if (!gone[i]) kept.push_back(std::move(nodes[i]));
    return kept;
}

std::vector<Node> without_repeats(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    Renaming renaming;
    std::vector<Node> kept;
    using Key = std::tuple<const OpDef*, std::vector<ValueId>, std::map<std::string, Attr>, std::vector<ValueId>>;
    std::map<Key, size_t> seen;
    for (Node& node : nodes) {
        renaming.apply(node);
        if (is_pure(graph, node) && !is_output(node, outputs)) {
            std::vector<ValueId> operands = node.inputs;
            if (node.op->shape_only) operands.clear();
            const auto [entry, fresh] =
                seen.try_emplace(Key{node.op, std::move(operands), node.attrs.items(), node.guards}, kept.size());
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
                nodes[i].inputs[0] != nodes[j].inputs[0] || nodes[i].guards != nodes[j].guards ||
                is_output(nodes[i], outputs))
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
    return without(std::move(nodes), gone);
}

/// Who reads a value; kMany for several nodes or an output of the graph.
class Readers {
  public:
    static constexpr int kNobody = -1, kMany = -2;
    Readers(const Graph& graph, const std::vector<Node>& nodes, const std::vector<ValueId>& outputs)
        : reader_(graph.values().size(), kNobody) {
        for (size_t i = 0; i < nodes.size(); ++i) {
            for (ValueId input : nodes[i].inputs) note(input, static_cast<int>(i));
            for (ValueId guard : nodes[i].guards) note(guard, static_cast<int>(i));
        }
        for (ValueId output : outputs) reader_[static_cast<size_t>(output)] = kMany;
    }
    int of(ValueId id) const { return reader_[static_cast<size_t>(id)]; }

  private:
    void note(ValueId id, int node) {
        int& reader = reader_[static_cast<size_t>(id)];
        reader = reader == kNobody || reader == node ? node : kMany;
    }
    std::vector<int> reader_;
};

/// A copy of a variable keeps what the variable held. Whoever reads it may read the variable itself when nothing is
/// written there meanwhile; a view may not, because others read it later.
std::vector<Node> without_needless_copies(const Graph& graph, std::vector<Node> nodes,
                                          const std::vector<ValueId>& outputs) {
    std::vector<bool> gone(nodes.size(), false);
    for (size_t i = 0; i < nodes.size(); ++i) {
        const Node& copy = nodes[i];
        if (copy.op->name != "copy" || graph.value(copy.inputs[0]).kind != ValueKind::variable ||
            is_output(copy, outputs))
            continue;
        const ValueId kept = copy.inputs[0], old = copy.outputs[0];
        bool needed = false, written = false;
        for (size_t k = i + 1; k < nodes.size() && !needed; ++k) {
            for (int updated : nodes[k].op->updates)
                written = written || nodes[k].inputs[static_cast<size_t>(updated)] == kept;
            const bool asks = std::count(nodes[k].guards.begin(), nodes[k].guards.end(), old) != 0;
            const bool reads = std::count(nodes[k].inputs.begin(), nodes[k].inputs.end(), old) != 0;
            needed = asks || (reads && (written || nodes[k].op->alias));
        }
        if (needed) continue;
        Renaming renaming;
        renaming.set(old, kept);
        for (size_t k = i + 1; k < nodes.size(); ++k) renaming.apply(nodes[k]);
        gone[i] = true;
    }
    return without(std::move(nodes), gone);
}

bool is_product(const Node& node, bool transpose_a, bool transpose_b) {
    return node.op->name == "matmul" && node.inputs.size() == 2 &&
           (node.attrs.integer("transpose_a", 0) != 0) == transpose_a &&
           (node.attrs.integer("transpose_b", 0) != 0) == transpose_b;
}

/// dY = dZ W^T and dW = Y^T dZ with the gradient of the batch normalization that made Y become one node, where nobody
/// wants the gradient of what was normalized.
std::vector<Node> without_normalized_gradient(const Graph& graph, std::vector<Node> nodes,
                                              const std::vector<ValueId>& outputs) {
    const Readers readers(graph, nodes, outputs);
    std::vector<int> maker(graph.values().size(), -1);
    for (size_t i = 0; i < nodes.size(); ++i)
        for (ValueId output : nodes[i].outputs)
            if (output != kNone) maker[static_cast<size_t>(output)] = static_cast<int>(i);
    const auto made_by = [&](ValueId id) {
        const int index = maker[static_cast<size_t>(id)];
        return index < 0 ? nullptr : &nodes[static_cast<size_t>(index)];
    };
    std::vector<bool> gone(nodes.size(), false);
    for (size_t last = 0; last < nodes.size(); ++last) {
        const Node& grad = nodes[last];
        if (grad.op->name != "batch_norm_grad" || grad.inputs.size() != 5 || grad.attrs.integer("center", 1) == 0)
            continue;
        if (grad.outputs[0] != kNone && readers.of(grad.outputs[0]) != Readers::kNobody) continue;
        const Node *norm = made_by(grad.inputs[1]), *below = made_by(grad.inputs[3]);
        if (!norm || !below || below->guards != grad.guards || norm->op->name != "batch_norm" ||
            !is_product(*below, false, true))
            continue;
        if (readers.of(grad.inputs[3]) != static_cast<int>(last) || is_output(*below, outputs)) continue;
        const ValueId dz = below->inputs[0], w = below->inputs[1];
        if (graph.shape(w)[1] < kDotLanes || graph.shape(grad.inputs[0]).rank() != 2) continue;
        size_t product = 0;
        while (product < last &&
               !(is_product(nodes[product], true, false) && nodes[product].inputs[1] == dz &&
                 nodes[product].inputs[0] == norm->outputs[0] && nodes[product].guards == grad.guards))
            ++product;
        if (product == last) continue;
        // Nothing may read dW before all of it can be made, nor overwrite what it is made of.
        bool disturbed = false;
        for (size_t k = std::min(product, static_cast<size_t>(below - nodes.data())); k < last; ++k) {
            for (ValueId input : nodes[k].inputs) disturbed = disturbed || input == nodes[product].outputs[0];
            for (int updated : nodes[k].op->updates) {
                const ValueId written = nodes[k].inputs[static_cast<size_t>(updated)];
                disturbed = disturbed || written == w || written == norm->inputs[1] || written == norm->inputs[2];
            }
        }
        if (disturbed) continue;
        Node merged{&find_op("normalized_dense_gradients"),
                    {},
                    {grad.inputs[0], grad.inputs[1], grad.inputs[2], norm->inputs[1], norm->inputs[2], dz, w},
                    {nodes[product].outputs[0], grad.outputs[1], grad.outputs[2]},
                    grad.label,
                    grad.guards};
        gone[static_cast<size_t>(below - nodes.data())] = gone[product] = true;
        nodes[last] = std::move(merged);
    }
    return without(std::move(nodes), gone);
}

/// Does anything between the nodes i and j overwrite what node i reads?
bool overwritten_between(const std::vector<Node>& nodes, size_t i, size_t j) {
    for (size_t k = i + 1; k < j; ++k)
        for (int updated : nodes[k].op->updates) {
            const ValueId written = nodes[k].inputs[static_cast<size_t>(updated)];
            if (std::count(nodes[i].inputs.begin(), nodes[i].inputs.end(), written) != 0) return true;
        }
    return false;
}

/// sum(square(x)) and sum(absolute(x)) read x once and write nothing of its size.
std::vector<Node> with_folded_parts(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    const Readers readers(graph, nodes, outputs);
    std::vector<bool> gone(nodes.size(), false);
    for (size_t i = 0; i < nodes.size(); ++i) {
        const std::string& name = nodes[i].op->name;
        if (name != "square" && name != "absolute") continue;
        const int reader = readers.of(nodes[i].outputs[0]);
        if (reader < 0) continue;
        Node& sum = nodes[static_cast<size_t>(reader)];
        if (sum.op->name != "sum" || sum.guards != nodes[i].guards) continue;
        if (overwritten_between(nodes, i, static_cast<size_t>(reader))) continue;
        sum.op = &find_op(name == "square" ? "sum_squares" : "sum_absolutes");
        sum.inputs = nodes[i].inputs;
        gone[i] = true;
    }
    return without(std::move(nodes), gone);
}

/// The two penalties of one weight read it together.
std::vector<Node> with_both_sums(std::vector<Node> nodes) {
    std::vector<bool> gone(nodes.size(), false);
    const auto is = [](const Node& node, const char* name) { return node.op->name == name && node.attrs.has("piece"); };
    for (size_t i = 0; i < nodes.size(); ++i)
        for (size_t j = i + 1; j < nodes.size() && !gone[i]; ++j) {
            const bool absolutes_first = is(nodes[i], "sum_absolutes") && is(nodes[j], "sum_squares");
            if (!absolutes_first && !(is(nodes[i], "sum_squares") && is(nodes[j], "sum_absolutes"))) continue;
            if (nodes[i].inputs != nodes[j].inputs || nodes[i].guards != nodes[j].guards ||
                nodes[i].attrs.items() != nodes[j].attrs.items() || overwritten_between(nodes, i, j))
                continue;
            const ValueId first = nodes[i].outputs[0], second = nodes[j].outputs[0];
            nodes[i].op = &find_op("sum_absolutes_and_squares");
            nodes[i].outputs =
                absolutes_first ? std::vector<ValueId>{first, second} : std::vector<ValueId>{second, first};
            gone[j] = true;
            break;
        }
    return without(std::move(nodes), gone);
}

bool is_number(const Shape& shape) { return !shape.batched() && shape.unit() == 1; }

/// Element-wise functions of weights that one element-wise node reads (the gradient of a penalty, on its way to the
/// gradient of the loss) move to just before it, where they can join its step.
std::vector<Node> with_late_weights(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    std::vector<bool> of_weights(graph.values().size(), false);  // what depends on variables and single numbers alone
    for (size_t id = 0; id < of_weights.size(); ++id) {
        const Value& value = graph.value(static_cast<ValueId>(id));
        of_weights[id] = value.kind == ValueKind::variable || is_number(value.shape);
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
        const Node& node = nodes[i];
        if (!node.op->tile || !node.op->updates.empty() || is_number(graph.shape(node.outputs[0]))) continue;
        const bool movable = std::all_of(node.inputs.begin(), node.inputs.end(),
                                         [&](ValueId input) { return of_weights[static_cast<size_t>(input)]; });
        if (movable) of_weights[static_cast<size_t>(node.outputs[0])] = true;
    }
    for (size_t i = nodes.size(); i-- > 0;) {
        if (!nodes[i].op->tile || !nodes[i].op->updates.empty() || nodes[i].outputs.size() != 1) continue;
        const ValueId output = nodes[i].outputs[0];
        if (is_number(graph.shape(output)) || !of_weights[static_cast<size_t>(output)]) continue;
        const int found = Readers(graph, nodes, outputs).of(output);
        if (found < 0) continue;
        const size_t reader = static_cast<size_t>(found);
        if (!nodes[reader].op->tile || nodes[reader].guards != nodes[i].guards) continue;
        if (!overwritten_between(nodes, i, reader))
            std::rotate(nodes.begin() + static_cast<long>(i), nodes.begin() + static_cast<long>(i) + 1,
                        nodes.begin() + static_cast<long>(reader));
    }
    return nodes;
}

}  // namespace

std::vector<Node> simplify(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    nodes = without_needless_copies(graph, std::move(nodes), outputs);
    nodes = without_by_products(graph, without_repeats(graph, std::move(nodes), outputs), outputs);
    nodes = without_normalized_gradient(graph, std::move(nodes), outputs);
    nodes = with_both_sums(with_folded_parts(graph, std::move(nodes), outputs));
    return with_late_weights(graph, std::move(nodes), outputs);
}

}  // namespace ravine
