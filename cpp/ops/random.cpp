// Random numbers that are a function of (seed, counter, element), as the masks of dropout are: see
// KernelTable::random_uniform. No gradient flows into them.
#include "ops/register.h"

namespace ravine {

namespace {

struct Stream {
    int64_t unit;
    bool batched;
    uint64_t seed;
};

}  // namespace

void register_random(Registry& registry) {
    OpDef& op = define(registry, "random_uniform");
    op.constant = true;
    op.typed = {0};
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        expect_shape("a counter", Shape{}, graph.shape(inputs[0]));
        if (graph.value(inputs[0]).dtype != DType::i64) throw std::invalid_argument("the counter must be int64.");
        return std::vector<Shape>{shape_attr(attrs)};
    };
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return 1.0 * static_cast<double>(view.out().size(rows)); };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Stream>(
            Stream{view.out().unit(), view.out().batched(), static_cast<uint64_t>(view.attrs().integer("seed"))});
    };
    op.run = [](const Call& call, const Slice& slice) {
        const Stream& stream = *static_cast<const Stream*>(call.params);
        const int64_t first = slice.axis == Axis::rows ? slice.begin * stream.unit : 0;
        const int64_t count = slice.axis == Axis::rows ? (slice.end - slice.begin) * stream.unit
                                                       : stream.unit * (stream.batched ? slice.rows : 1);
        const uint64_t step = static_cast<uint64_t>(*static_cast<const int64_t*>(call.in[0]));
        call.kernels->random_uniform(count, call.dst() + first, stream.seed, step, static_cast<uint64_t>(first));
    };
}

}  // namespace ravine
