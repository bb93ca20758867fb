// Reverse-mode differentiation: each op emits its own gradient as ops of the same graph (Linnainmaa 1970; Griewank &
// Walther 2008, chapter 3).
#include <stdexcept>

#include "graph/broadcast.h"
#include "graph/op.h"

namespace ravine {

void GradientRule::give_broadcast(size_t i, ValueId gradient) {
    const Shape part = shape(in(i));  // a copy: adding nodes moves the graph's values
    // Runs of neighbouring axes are summed one after the other, the last first, so that axis numbers stay valid.
    std::vector<int64_t> axes = broadcast_axes(shape(gradient), part);
    while (!axes.empty()) {
        std::vector<int64_t> run{axes.back()};
        axes.pop_back();
        while (!axes.empty() && axes.back() == run.front() - 1) {
            run.insert(run.begin(), axes.back());
            axes.pop_back();
        }
        gradient = add("sum", {gradient}, {{"axes", run}, {"keepdims", int64_t{1}}});
    }
    if (shape(gradient) != part) gradient = add("reshape", {gradient}, {{"shape", part.dims()}});
    give(i, gradient);
}

std::vector<ValueId> Graph::gradients(ValueId loss, const std::vector<ValueId>& wrt) {
    if (shape(loss).rank() != 0)
        throw std::invalid_argument("gradients: the loss must be a scalar, received shape " + shape(loss).str() + ".");
    const size_t recorded = nodes_.size();
    std::vector<bool> varies(values_.size(), false);
    for (ValueId id : wrt) varies.at(static_cast<size_t>(id)) = true;
    for (const Node& node : nodes_) {
        if (node.op->constant) continue;
        bool any = false;
        for (ValueId input : node.inputs) any = any || varies[static_cast<size_t>(input)];
        if (!any) continue;
        for (ValueId output : node.outputs) varies[static_cast<size_t>(output)] = true;
    }

    std::vector<ValueId> gradient(values_.size(), kNone);
    if (varies[static_cast<size_t>(loss)]) gradient[static_cast<size_t>(loss)] = scalar(1.0f);
    for (size_t index = recorded; index-- > 0;) {
        const Node node = nodes_[index];
        std::vector<ValueId> output_gradients;
        bool reached = false;
        for (ValueId output : node.outputs) {
            output_gradients.push_back(gradient[static_cast<size_t>(output)]);
            reached = reached || output_gradients.back() != kNone;
        }
        if (!reached || node.op->constant) continue;
        std::vector<bool> wanted;
        bool any = false;
        for (ValueId input : node.inputs) {
            wanted.push_back(varies[static_cast<size_t>(input)]);
            any = any || wanted.back();
        }
        if (!any) continue;
        if (!node.op->gradient)
            throw std::invalid_argument((node.label.empty() ? "" : node.label + ": ") + "op '" + node.op->name +
                                        "' has no gradient.");
        GradientRule rule(*this, node, std::move(output_gradients), wanted);
        node.op->gradient(rule);
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const ValueId given = rule.given()[i];
            if (!wanted[i] || given == kNone) continue;
            ValueId& sum = gradient[static_cast<size_t>(node.inputs[i])];
            sum = sum == kNone ? given : add1("add", {sum, given}, {}, node.label);
        }
    }
    std::vector<ValueId> result;
    for (ValueId id : wrt) result.push_back(gradient[static_cast<size_t>(id)]);
    return result;
}

}  // namespace ravine
