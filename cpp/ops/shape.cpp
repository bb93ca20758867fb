// Ops that move values about without computing: reshape, stop_gradient, broadcast_to, transpose, batch_size.
#include "graph/broadcast.h"
#include "ops/walk.h"

namespace ravine {

void register_shape(Registry& registry) {
    OpDef& reshape = define(registry, "reshape");
    reshape.alias = true;
    reshape.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Shape& from = graph.shape(inputs[0]);
        const Shape to = shape_attr(attrs);
        if (from.batched() != to.batched() || from.unit() != to.unit())
            throw std::invalid_argument("cannot reshape " + from.str() + " to " + to.str() + ".");
        return std::vector<Shape>{to};
    };
    reshape.gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("reshape", {rule.dout()}, {{"shape", rule.shape(rule.in(0)).dims()}}));
    };

    OpDef& stop = define(registry, "stop_gradient");
    stop.alias = true;
    stop.constant = true;
    stop.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 1);
        return std::vector<Shape>{graph.shape(inputs[0])};
    };

    OpDef& broadcast = define(registry, "broadcast_to");
    broadcast.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Shape from = graph.shape(inputs[0]), to = shape_attr(attrs);
        if (broadcast_shapes({from, to}) != to)
            throw std::invalid_argument("cannot broadcast " + from.str() + " to " + to.str() + ".");
        if (to.rank() > kMaxRank) throw std::invalid_argument("at most 8 dimensions are supported.");
        return std::vector<Shape>{to};
    };
    broadcast.gradient = [](GradientRule& rule) { rule.give_broadcast(0, rule.dout()); };
    broadcast.prepare = [](const NodeView& view) {
        auto walk = std::make_shared<Walk>();
        walk->dims = view.out().dims();
        walk->batched = view.out().batched();
        walk->target = row_major_strides(view.out());
        walk->source.assign(walk->dims.size(), 0);
        const std::vector<int64_t> strides = row_major_strides(view.in(0));
        const int64_t lead = view.out().rank() - view.in(0).rank();
        for (int64_t axis = lead; axis < view.out().rank(); ++axis)
            if (view.in(0)[axis - lead] != 1 || view.out()[axis] == 1)
                walk->source[static_cast<size_t>(axis)] = strides[static_cast<size_t>(axis - lead)];
        return walk;
    };
    define_walk(broadcast);

    OpDef& transpose = define(registry, "transpose");
    transpose.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Shape& from = graph.shape(inputs[0]);
        const std::vector<int64_t>& perm = attrs.integers("perm");
        std::vector<bool> seen(perm.size(), false);
        std::vector<int64_t> dims;
        if (static_cast<int64_t>(perm.size()) != from.rank() || from.rank() > kMaxRank)
            throw std::invalid_argument("perm must name each of the " + std::to_string(from.rank()) + " axes once.");
        for (int64_t axis : perm) {
            if (axis < 0 || axis >= from.rank() || seen[static_cast<size_t>(axis)])
                throw std::invalid_argument("perm must name each of the " + std::to_string(from.rank()) +
                                            " axes once.");
            seen[static_cast<size_t>(axis)] = true;
            dims.push_back(from[axis]);
        }
        if (from.batched() && perm[0] != 0)
            throw std::invalid_argument("the batch axis must stay in front, received shape " + from.str() + ".");
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    transpose.gradient = [](GradientRule& rule) {
        const std::vector<int64_t>& perm = rule.attrs().integers("perm");
        std::vector<int64_t> inverse(perm.size());
        for (size_t i = 0; i < perm.size(); ++i) inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
        rule.give(0, rule.add("transpose", {rule.dout()}, {{"perm", inverse}}));
    };
    transpose.prepare = [](const NodeView& view) {
        auto walk = std::make_shared<Walk>();
        walk->dims = view.out().dims();
        walk->batched = view.out().batched();
        walk->target = row_major_strides(view.out());
        const std::vector<int64_t> strides = row_major_strides(view.in(0));
        for (int64_t axis : view.attrs().integers("perm")) walk->source.push_back(strides[static_cast<size_t>(axis)]);
        return walk;
    };
    define_walk(transpose);

    OpDef& batch_size = define(registry, "batch_size");
    batch_size.constant = true;
    batch_size.shape_only = true;
    batch_size.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 1);
        if (!graph.shape(inputs[0]).batched())
            throw std::invalid_argument("expected a batch, received shape " + graph.shape(inputs[0]).str() + ".");
        return std::vector<Shape>{Shape{}};
    };
    batch_size.run = [](const Call& call, const Slice& slice) { *call.dst() = static_cast<float>(slice.rows); };
}

}  // namespace ravine
