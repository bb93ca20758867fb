#include "plan/fuse.h"

#include <algorithm>
#include <map>
#include <set>

namespace ravine {

namespace {

constexpr size_t kMaxGroup = 12;

/// Values that share memory with others through aliasing ops are told apart by the first of them.
class Roots {
  public:
    Roots(const Graph& graph, const std::vector<Node>& nodes) : root_(graph.values().size()) {
        for (size_t i = 0; i < root_.size(); ++i) root_[i] = static_cast<ValueId>(i);
        for (const Node& node : nodes)
            if (node.op->alias) root_[static_cast<size_t>(node.outputs[0])] = of(node.inputs[0]);
    }
    ValueId of(ValueId id) const { return root_[static_cast<size_t>(id)]; }

  private:
    std::vector<ValueId> root_;
};

std::vector<ValueId> updated_values(const Node& node) {
    std::vector<ValueId> values;
    for (int index : node.op->updates) values.push_back(node.inputs[static_cast<size_t>(index)]);
    return values;
}

class Fuser {
  public:
    Fuser(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs)
        : graph_(graph),
          nodes_(std::move(nodes)),
          taken_(nodes_.size(), false),
          roots_(graph, nodes_),
          position_(graph.values().size(), -1) {
        for (size_t i = 0; i < nodes_.size(); ++i)
            for (ValueId output : nodes_[i].outputs)
                if (output != kNone) position_[static_cast<size_t>(output)] = static_cast<int64_t>(i);
        for (const Node& node : nodes_)
            for (const std::vector<ValueId>* values : {&node.inputs, &node.guards})
                for (ValueId id : *values) ++uses_[id];
        for (ValueId output : outputs) ++uses_[output];
    }

    std::vector<Group> run() {
        std::vector<Group> groups;
        for (size_t i = 0; i < nodes_.size(); ++i) {
            if (taken_[i]) continue;
            if (nodes_[i].op->takes_bias) absorb_bias(i);
            groups.push_back(gather(i));
        }
        return groups;
    }

  private:
    void absorb_bias(size_t i) {
        Node& product = nodes_[i];
        if (product.inputs.size() != 2 || uses_[product.outputs[0]] != 1) return;
        for (size_t j = i + 1; j < nodes_.size(); ++j) {
            Node& sum = nodes_[j];
            const auto operand = std::find(sum.inputs.begin(), sum.inputs.end(), product.outputs[0]);
            if (operand == sum.inputs.end()) continue;
            if (taken_[j] || sum.guards != product.guards || !sum.op->tile || sum.op->tile->kernel != Eltwise::add ||
                !sum.op->updates.empty())
                return;
            const ValueId bias = sum.inputs[operand == sum.inputs.begin() ? 1 : 0];
            const Shape& out = graph_.shape(product.outputs[0]);
            if (graph_.shape(bias) != Shape{out.last()} || graph_.shape(sum.outputs[0]) != out) return;
            if (!available(bias, i, {}) || !unwritten_between(bias, i, j)) return;
            product.inputs.push_back(bias);
            product.outputs[0] = sum.outputs[0];
            position_[static_cast<size_t>(sum.outputs[0])] = static_cast<int64_t>(i);
            if (product.label.empty()) product.label = sum.label;
            taken_[j] = true;
            return;
        }
    }

    Group gather(size_t head) {
        Group group;
        group.nodes.push_back(nodes_[head]);
        taken_[head] = true;
        const Node& first = nodes_[head];
        if (!first.op->tile && !first.op->run_with_epilogue) return group;
        const Shape full = first.op->tile ? tile_shape(first) : graph_.shape(first.outputs[0]);
        if (first.op->tile) {
            TileForm form;
            if (fits(first, full, 0, &form)) group.columns = form.columns;
        } else {
            group.columns = full.last();
        }
        // Beside its tiles a product may have results that are not complete before the last of them.
        std::set<ValueId> produced(first.outputs.begin(),
                                   first.op->tile ? first.outputs.end() : first.outputs.begin() + 1);
        members_ = {head};
        joined_.clear();
        updated_.clear();
        for (size_t j = head + 1; j < nodes_.size() && group.nodes.size() < kMaxGroup; ++j) {
            const Node& node = nodes_[j];
            if (taken_[j] || !node.op->tile) continue;
            const bool reads = std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId id) {
                return produced.count(id) != 0 || updated_.count(roots_.of(id)) != 0;
            });
            // Element-wise nodes of one shape may share a step also when they only meet further on.
            if (!reads && !first.op->tile) continue;
            const std::string why = admit(j, head, full, group, produced);
            if (!why.empty() && reads)
                group.refused.push_back(node.op->name + (node.label.empty() ? "" : " of " + node.label) + ": " + why);
        }
        return group;
    }

    /// Takes the node at j into the group, and before it the element-wise nodes behind the group's head that make its
    /// other operands and that nobody else reads. Returns why not, with the group left as it was.
    std::string admit(size_t j, size_t head, const Shape& full, Group& group, std::set<ValueId>& produced) {
        const size_t before = joined_.size();
        for (ValueId input : nodes_[j].inputs) {
            const int64_t at = position_[static_cast<size_t>(input)];
            if (at <= static_cast<int64_t>(head) || uses_[input] != 1 || group.nodes.size() + 2 > kMaxGroup) continue;
            const size_t maker = static_cast<size_t>(at);
            if (!taken_[maker] && nodes_[maker].op->tile && nodes_[maker].op->updates.empty())
                admit(maker, head, full, group, produced);
        }
        std::string why = refusal(nodes_[j], head, j, full, group.columns, produced);
        if (why.empty()) {
            group.nodes.push_back(nodes_[j]);
            joined_.push_back(j);
            members_.insert(j);
            taken_[j] = true;
            for (ValueId output : nodes_[j].outputs) {
                produced.insert(output);
                position_[static_cast<size_t>(output)] = static_cast<int64_t>(head);
            }
            for (ValueId value : updated_values(nodes_[j])) updated_.insert(roots_.of(value));
        }
        for (; !why.empty() && joined_.size() > before; joined_.pop_back()) {
            const size_t back = joined_.back();
            group.nodes.pop_back();
            members_.erase(back);
            taken_[back] = false;
            for (ValueId output : nodes_[back].outputs) {
                produced.erase(output);
                position_[static_cast<size_t>(output)] = static_cast<int64_t>(back);
            }
        }
        return why;
    }

    Shape tile_shape(const Node& node) const { return graph_.shape(tile_targets(node)[0]); }

    bool fits(const Node& node, const Shape& full, int64_t columns, TileForm* form) const {
        std::vector<Shape> shapes;
        for (ValueId source : tile_sources(node)) shapes.push_back(graph_.shape(source));
        return tile_form(full, shapes, columns, form);
    }

    std::string refusal(const Node& node, size_t head, size_t j, const Shape& full, int64_t columns,
                        const std::set<ValueId>& produced) const {
        if (tile_shape(node) != full) return "its shape is " + tile_shape(node).str();
        if (node.guards != nodes_[head].guards) return "it runs under another condition";
        TileForm form;
        if (!fits(node, full, columns, &form)) return "its operands need another width";
        for (ValueId input : node.inputs) {
            if (!available(input, head, produced)) return "an operand is computed later";
            if (!unwritten_between(input, head, j)) return "an operand is overwritten in between";
        }
        for (ValueId value : updated_values(node))
            if (!unread_between(value, head, j)) return "what it overwrites is read in between";
        return "";
    }

    /// Does the value exist before the node at `head` runs, or within its group?
    bool available(ValueId id, size_t head, const std::set<ValueId>& produced) const {
        if (produced.count(id)) return true;
        const int64_t position = position_[static_cast<size_t>(roots_.of(id))];
        const int64_t own = position_[static_cast<size_t>(id)];
        return std::max(position, own) < static_cast<int64_t>(head);
    }

    /// Element-wise members of the group run before the node on every tile, in order: they cannot disturb it.
    bool same_tile(size_t k) const { return nodes_[k].op->tile && members_.count(k); }

    bool unwritten_between(ValueId id, size_t head, size_t j) const {
        for (size_t k = head; k < j; ++k) {
            if (same_tile(k)) continue;
            for (ValueId written : updated_values(nodes_[k]))
                if (roots_.of(written) == roots_.of(id)) return false;
        }
        return true;
    }

    bool unread_between(ValueId id, size_t head, size_t j) const {
        for (size_t k = head; k < j; ++k) {
            if (same_tile(k)) continue;
            const std::vector<int>& by_tile = nodes_[k].op->reads_by_tile;
            for (size_t i = 0; i < nodes_[k].inputs.size(); ++i) {
                if (k == head && std::count(by_tile.begin(), by_tile.end(), static_cast<int>(i))) continue;
                if (roots_.of(nodes_[k].inputs[i]) == roots_.of(id)) return false;
            }
        }
        return true;
    }

    const Graph& graph_;
    std::vector<Node> nodes_;
    std::vector<bool> taken_;
    std::set<size_t> members_;    // of the group that is being gathered
    std::set<ValueId> updated_;   // variables that the group overwrites
    std::vector<size_t> joined_;  // those that joined its head, in order
    Roots roots_;
    std::vector<int64_t> position_;
    std::map<ValueId, int> uses_;
};

}  // namespace

std::vector<Group> fuse(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs) {
    return Fuser(graph, std::move(nodes), outputs).run();
}

}  // namespace ravine
