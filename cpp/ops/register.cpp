#include "ops/register.h"

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
    op.infer = [params](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        float checked[kMaxTileParams];
        if (params) params(attrs, checked);
        const Shape& target = graph.shape(inputs.at(0));
        for (ValueId input : inputs) {
            const Shape& shape = graph.shape(input);
            if (shape != target && shape.rank() != 0)
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

}  // namespace ravine
