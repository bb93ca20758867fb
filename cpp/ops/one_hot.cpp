// one_hot: class indices to indicator vectors. An index outside [0, classes) gives zeros, as in Keras.
#include <cstring>

#include "ops/register.h"

namespace ravine {

namespace {

struct Classes {
    int64_t unit, count;
    bool batched;
};

}  // namespace

void register_one_hot(Registry& registry) {
    OpDef& op = define(registry, "one_hot");
    op.constant = true;
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        std::vector<int64_t> dims = graph.shape(inputs[0]).dims();
        dims.push_back(attrs.integer("classes"));
        if (dims.back() < 1)
            throw std::invalid_argument("expected 1 class or more, received " + std::to_string(dims.back()) + ".");
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return 0.25 * static_cast<double>(view.out().size(rows)); };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Classes>(
            Classes{view.in(0).unit(), view.attrs().integer("classes"), view.in(0).batched()});
    };
    op.run = [](const Call& call, const Slice& slice) {
        const Classes& classes = *static_cast<const Classes*>(call.params);
        const int64_t begin = slice.axis == Axis::rows ? slice.begin * classes.unit : 0;
        const int64_t end =
            slice.axis == Axis::rows ? slice.end * classes.unit : classes.unit * (classes.batched ? slice.rows : 1);
        std::memset(call.dst() + begin * classes.count, 0,
                    static_cast<size_t>((end - begin) * classes.count) * sizeof(float));
        for (int64_t i = begin; i < end; ++i) {
            const float index = call.src(0)[i];
            if (index >= 0 && index < static_cast<float>(classes.count))
                call.dst()[i * classes.count + static_cast<int64_t>(index)] = 1.0f;
        }
    };
}

}  // namespace ravine
