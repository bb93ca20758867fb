// Ops that move values about without computing: reshape, stop_gradient, broadcast_to, transpose, batch_size.
#include <algorithm>

#include "graph/broadcast.h"
#include "ops/register.h"

namespace ravine {

namespace {

/// Walks an output of `dims` row-major while reading the source with the strides given. The axis 0 of a batched value
/// covers only the rows of the slice.
struct Walk {
    std::vector<int64_t> dims, strides;  // output dims; source stride of each, 0 where repeated
    bool batched;
};

void run_walk(const Call& call, const Slice& slice) {
    const Walk& walk = *static_cast<const Walk*>(call.params);
    const int64_t rank = static_cast<int64_t>(walk.dims.size());
    if (rank == 0) {
        *call.dst() = *call.src(0);
        return;
    }
    const size_t last = static_cast<size_t>(rank - 1);
    int64_t index[kMaxOperands] = {0};
    const bool by_rows = slice.axis == Axis::rows;
    const int64_t first = by_rows ? slice.begin : 0;
    const int64_t top = by_rows ? slice.end : walk.batched ? slice.rows : walk.dims[0];
    int64_t inner = 1;
    for (int64_t axis = 1; axis < rank; ++axis) inner *= walk.dims[static_cast<size_t>(axis)];
    if (inner == 0 || first >= top) return;
    float* out = call.dst() + first * inner;
    index[0] = first;
    const int64_t width = rank == 1 ? top - first : walk.dims[last];
    for (;;) {
        int64_t offset = 0;
        for (int64_t axis = 0; axis < rank; ++axis) offset += index[axis] * walk.strides[static_cast<size_t>(axis)];
        const float* in = call.src(0) + offset;
        const int64_t step = walk.strides[last];
        if (step == 0)
            std::fill_n(out, width, *in);
        else
            for (int64_t j = 0; j < width; ++j) out[j] = in[j * step];
        out += width;
        int64_t axis = rank - 2;
        for (; axis >= 0; --axis) {
            const int64_t limit = axis == 0 ? top : walk.dims[static_cast<size_t>(axis)];
            if (++index[axis] < limit) break;
            index[axis] = 0;
        }
        if (axis < 0) return;
    }
}

std::vector<int64_t> row_major_strides(const Shape& shape) {
    std::vector<int64_t> strides(static_cast<size_t>(shape.rank()));
    int64_t stride = 1;
    for (int64_t axis = shape.rank(); axis-- > 0;) {
        strides[static_cast<size_t>(axis)] = stride;
        if (shape[axis] != kBatch) stride *= shape[axis];
    }
    return strides;
}

void define_walk(OpDef& op) {
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return static_cast<double>(view.out().size(rows)); };
    op.run = run_walk;
}

}  // namespace

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
        if (to.rank() > kMaxOperands) throw std::invalid_argument("at most 8 dimensions are supported.");
        return std::vector<Shape>{to};
    };
    broadcast.gradient = [](GradientRule& rule) { rule.give_broadcast(0, rule.dout()); };
    broadcast.prepare = [](const NodeView& view) {
        auto walk = std::make_shared<Walk>();
        walk->dims = view.out().dims();
        walk->batched = view.out().batched();
        walk->strides.assign(walk->dims.size(), 0);
        const std::vector<int64_t> strides = row_major_strides(view.in(0));
        const int64_t lead = view.out().rank() - view.in(0).rank();
        for (int64_t axis = lead; axis < view.out().rank(); ++axis)
            if (view.in(0)[axis - lead] != 1 || view.out()[axis] == 1)
                walk->strides[static_cast<size_t>(axis)] = strides[static_cast<size_t>(axis - lead)];
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
        if (static_cast<int64_t>(perm.size()) != from.rank() || from.rank() > kMaxOperands)
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
        const std::vector<int64_t> strides = row_major_strides(view.in(0));
        for (int64_t axis : view.attrs().integers("perm")) walk->strides.push_back(strides[static_cast<size_t>(axis)]);
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
