// Batch normalization over all axes but the last (Ioffe & Szegedy 2015), and the same with given statistics.
#include "ops/register.h"

namespace ravine {

namespace {

struct Channels {
    int64_t inner, width;  // rows per sample, channels
    bool batched, scale, center;
    float epsilon;
};

Shape channels_of(const Shape& x) {
    if (x.rank() < 2 || x.last() == kBatch)
        throw std::invalid_argument("expected rank 2 or more, received shape " + x.str() + ".");
    return Shape{x.last()};
}

std::shared_ptr<const void> prepare(const NodeView& view) {
    auto channels = std::make_shared<Channels>();
    const Shape& x = view.in(0);
    channels->width = x.last();
    channels->inner = x.last() ? x.unit() / x.last() : 0;
    channels->batched = x.batched();
    channels->scale = view.attrs().integer("scale", 1) != 0;
    channels->center = view.attrs().integer("center", 1) != 0;
    channels->epsilon = static_cast<float>(view.attrs().number("epsilon"));
    return channels;
}

std::vector<Split> by_channel(const NodeView& view) {
    Split split{Axis::columns, view.in(0).last(), {}, {}};
    split.inputs.assign(view.inputs(), Axis::columns);
    split.outputs.assign(view.node.outputs.size(), Axis::columns);
    return {split};
}

/// The arguments that both directions share, for the channels of the slice.
BatchNormArgs common(const Call& call, const Slice& slice) {
    const Channels& channels = *static_cast<const Channels*>(call.params);
    BatchNormArgs args{};
    const int64_t begin = slice.axis == Axis::columns ? slice.begin : 0;
    const int64_t end = slice.axis == Axis::columns ? slice.end : channels.width;
    args.m = channels.inner * (channels.batched ? slice.rows : 1);
    args.n = end - begin;
    args.ld = channels.width;
    args.epsilon = channels.epsilon;
    args.x = call.src(0) + begin;
    return args;
}

int64_t first_channel(const Slice& slice) { return slice.axis == Axis::columns ? slice.begin : 0; }

float* shifted(void* pointer, int64_t offset) { return pointer ? static_cast<float*>(pointer) + offset : nullptr; }

void run_forward(const Call& call, const Slice& slice) {
    const Channels& channels = *static_cast<const Channels*>(call.params);
    const int64_t first = first_channel(slice);
    BatchNormArgs args = common(call, slice);
    int next = 1;
    if (channels.scale) args.gamma = shifted(call.in[next++], first);
    if (channels.center) args.beta = shifted(call.in[next], first);
    args.y = shifted(call.out[0], first);
    args.mean = shifted(call.out[1], first);
    args.variance = shifted(call.out[2], first);
    args.inv_std = shifted(call.out[3], first);
    call.kernels->batch_norm(args);
}

/// (x, mean, inv_std, dy[, gamma]) -> dx, dgamma, dbeta
void run_backward(const Call& call, const Slice& slice) {
    const Channels& channels = *static_cast<const Channels*>(call.params);
    const int64_t first = first_channel(slice);
    BatchNormArgs args = common(call, slice);
    args.mean = shifted(call.in[1], first);
    args.inv_std = shifted(call.in[2], first);
    args.dy = shifted(call.in[3], first);
    if (channels.scale) args.gamma = shifted(call.in[4], first);
    args.dx = shifted(call.out[0], first);
    args.dgamma = shifted(call.out[1], first);
    args.dbeta = shifted(call.out[2], first);
    call.kernels->batch_norm_grad(args);
}

}  // namespace

void register_batch_norm(Registry& registry) {
    OpDef& forward = define(registry, "batch_norm");
    forward.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        const size_t vectors = (attrs.integer("scale", 1) ? 1u : 0u) + (attrs.integer("center", 1) ? 1u : 0u);
        expect_inputs(inputs, 1 + vectors);
        const Shape& x = graph.shape(inputs[0]);
        const Shape channels = channels_of(x);
        for (size_t i = 1; i < inputs.size(); ++i)
            if (graph.shape(inputs[i]) != channels)
                throw std::invalid_argument("expected gamma and beta of shape " + channels.str() + ", received " +
                                            graph.shape(inputs[i]).str() + ".");
        return std::vector<Shape>{x, channels, channels, channels};
    };
    forward.gradient = [](GradientRule& rule) {
        const bool scale = rule.attrs().integer("scale", 1) != 0, center = rule.attrs().integer("center", 1) != 0;
        if (rule.dout(1) != kNone || rule.dout(2) != kNone || rule.dout(3) != kNone)
            throw std::invalid_argument("batch_norm has no gradient through its statistics outputs.");
        std::vector<ValueId> inputs{rule.in(0), rule.out(1), rule.out(3), rule.dout(0)};
        if (scale) inputs.push_back(rule.in(1));
        Attrs attrs = rule.attrs();
        const std::vector<ValueId> gradients = rule.add_all("batch_norm_grad", inputs, attrs);
        rule.give(0, gradients[0]);
        if (scale) rule.give(1, gradients[1]);
        if (center) rule.give(scale ? 2 : 1, gradients[2]);
    };
    forward.splits = by_channel;
    forward.cost = [](const NodeView& view, int64_t rows) { return 0.6 * static_cast<double>(view.in(0).size(rows)); };
    forward.prepare = prepare;
    forward.run = run_forward;

    OpDef& backward = define(registry, "batch_norm_grad");
    backward.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, attrs.integer("scale", 1) ? 5 : 4);
        const Shape& x = graph.shape(inputs[0]);
        const Shape channels = channels_of(x);
        for (size_t i = 1; i < inputs.size(); ++i)
            expect_shape("an operand", i == 3 ? x : channels, graph.shape(inputs[i]));
        return std::vector<Shape>{x, channels, channels};
    };
    backward.splits = by_channel;
    backward.cost = forward.cost;
    backward.prepare = prepare;
    backward.in_place = 3;
    backward.optional_outputs = true;
    backward.run = run_backward;

    // (x, mean, inv_std, gamma, beta) with statistics that do not depend on x.
    OpDef& normalize = define_tile(registry, "normalize", Eltwise::normalize);
    normalize.gradient = [](GradientRule& rule) {
        if (rule.wants(1) || rule.wants(2))
            throw std::invalid_argument("normalize has no gradient for its statistics; compose it from arithmetic.");
        if (rule.wants(0)) {
            const ValueId slope = rule.add("multiply", {rule.in(2), rule.in(3)});
            rule.give_broadcast(0, rule.add("multiply", {rule.dout(), slope}));
        }
        if (rule.wants(3)) {
            const ValueId centered = rule.add("subtract", {rule.in(0), rule.in(1)});
            const ValueId standard = rule.add("multiply", {centered, rule.in(2)});
            rule.give_broadcast(3, rule.add("multiply", {rule.dout(), standard}));
        }
        if (rule.wants(4)) rule.give_broadcast(4, rule.dout());
    };
}

}  // namespace ravine
