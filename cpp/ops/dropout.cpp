// Inverted dropout (Srivastava et al. 2014). The mask is a function of (seed, counter, element), so that it is never
// stored: the gradient is the same op on the gradient from above.
#include "ops/register.h"

namespace ravine {

namespace {

struct Mask {
    int64_t unit;
    bool batched;
    uint64_t seed;
    float rate;
};

}  // namespace

void register_dropout(Registry& registry) {
    OpDef& op = define(registry, "dropout");
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const double rate = attrs.number("rate");
        if (!(rate >= 0 && rate <= 1))
            throw std::invalid_argument("expected a rate in [0, 1], received " + std::to_string(rate) + ".");
        expect_shape("a counter", Shape{}, graph.shape(inputs[1]));
        if (graph.value(inputs[1]).dtype != DType::i64) throw std::invalid_argument("the counter must be int64.");
        return std::vector<Shape>{graph.shape(inputs[0])};
    };
    op.gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("dropout", {rule.dout(), rule.in(1)}, rule.attrs()));
    };
    op.in_place = 0;
    op.typed = {1};
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return 0.6 * static_cast<double>(view.in(0).size(rows)); };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Mask>(Mask{view.in(0).unit(), view.in(0).batched(),
                                           static_cast<uint64_t>(view.attrs().integer("seed")),
                                           static_cast<float>(view.attrs().number("rate"))});
    };
    op.run = [](const Call& call, const Slice& slice) {
        const Mask& mask = *static_cast<const Mask*>(call.params);
        const int64_t first = slice.axis == Axis::rows ? slice.begin * mask.unit : 0;
        const int64_t count = slice.axis == Axis::rows ? (slice.end - slice.begin) * mask.unit
                                                       : mask.unit * (mask.batched ? slice.rows : 1);
        const uint64_t step = static_cast<uint64_t>(*static_cast<const int64_t*>(call.in[1]));
        call.kernels->dropout(count, call.src(0) + first, call.dst() + first, mask.seed, step,
                              static_cast<uint64_t>(first), mask.rate);
    };
}

}  // namespace ravine
