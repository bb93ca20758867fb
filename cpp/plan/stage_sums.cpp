#include "plan/stage_sums.h"

#include "graph/op.h"

namespace ravine {

namespace {

constexpr int64_t kPiece = 4096, kLeastPieces = 4;  // smaller ones are summed before threads have met

bool is_whole(const Shape& shape, const Attrs& attrs) {
    return !shape.batched() && static_cast<int64_t>(attrs.integers("axes").size()) == shape.rank() &&
           !attrs.has("piece");
}

}  // namespace

Graph with_staged_sums(Graph graph) {
    const OpDef& sum = find_op("sum");
    for (size_t i = 0; i < graph.nodes().size(); ++i) {
        const Node whole = graph.nodes()[i];  // a copy: the graph grows
        if (whole.op != &sum) continue;
        const Shape shape = graph.shape(whole.inputs[0]);
        // With kept dimensions the second sum's result would have another shape.
        if (!is_whole(shape, whole.attrs) || whole.attrs.integer("keepdims", 0) != 0) continue;
        if (shape.unit() < kLeastPieces * kPiece) continue;
        Attrs attrs = whole.attrs;
        attrs.set("piece", kPiece);
        const ValueId pieces = graph.insert(i, sum, whole.inputs, std::move(attrs));
        Node& total = graph.node(++i);
        total.inputs = {pieces};
        total.attrs = {{"axes", std::vector<int64_t>{0}}};
    }
    return graph;
}

}  // namespace ravine
