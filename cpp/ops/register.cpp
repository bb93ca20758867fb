#include "ops/register.h"

#include <algorithm>

#include "graph/broadcast.h"

namespace ravine {

OpDef& define_tile(Registry& registry, const std::string& name, Eltwise kernel, void (*params)(const Attrs&, float*)) {
    OpDef& op = define(registry, name);
    const EltwiseInfo& info = kEltwiseInfo[static_cast<int>(kernel)];
    op.infer = [info, params](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        float checked[kMaxTileParams];
        if (params) params(attrs, checked);
        expect_inputs(inputs, static_cast<size_t>(info.inputs));
        std::vector<Shape> shapes;
        for (ValueId input : inputs) shapes.push_back(graph.shape(input));
        return std::vector<Shape>{broadcast_shapes(shapes)};
    };
    op.tile.reset(new TileRule{kernel, {}, params});
    return op;
}

OpDef& define_update(Registry& registry, const std::string& name, Eltwise kernel, std::vector<int> updates,
                     void (*params)(const Attrs&, float*)) {
    OpDef& op = define(registry, name);
    op.updates = updates;
    op.constant = true;
    // A copy has one source more than its kernel: what it overwrites.
    const size_t count = static_cast<size_t>(kEltwiseInfo[static_cast<int>(kernel)].inputs) + (kernel == Eltwise::copy);
    op.infer = [params, updates, count](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        float checked[kMaxTileParams];
        if (params) params(attrs, checked);
        expect_inputs(inputs, count);
        const Shape& target = graph.shape(inputs[0]);
        for (size_t i = 0; i < count; ++i) {
            const Shape& shape = graph.shape(inputs[i]);
            const bool slot = std::find(updates.begin(), updates.end(), static_cast<int>(i)) != updates.end();
            if (shape != target && (slot || shape.rank() != 0))
                throw std::invalid_argument("expected shape " + target.str() + ", received " + shape.str() + ".");
        }
        return std::vector<Shape>{};
    };
    op.tile.reset(new TileRule{kernel, {}, params});
    return op;
}

Split batch_split(const NodeView& view) {
    Split split{Axis::rows, kBatch, {}, {}};
    for (ValueId id : view.node.inputs) split.inputs.push_back(view.graph.shape(id).batched() ? Axis::rows : Axis::all);
    for (ValueId id : view.node.outputs)
        split.outputs.push_back(view.graph.shape(id).batched() ? Axis::rows : Axis::all);
    return split;
}

std::vector<Split> by_batch(const NodeView& view) {
    return view.out().batched() ? std::vector<Split>{batch_split(view)} : std::vector<Split>{};
}

}  // namespace ravine
