// Softmax and log-softmax over the last axis, and the cross-entropy that is fused with softmax:
// loss = logsumexp(z) - z[target], d loss / d z = softmax(z) - onehot(target).
#include "ops/register.h"

namespace ravine {

namespace {

/// Rows of the slice, each `width` wide: first row and count.
struct Rows {
    int64_t first, count, width;
};

/// Rows per sample and their width, for run().
struct Extent {
    int64_t rows, width;
    bool sparse, batched;
};

Extent extent_of(const Shape& shape, bool sparse) {
    const int64_t width = shape.last();
    return {width ? shape.unit() / width : 0, width, sparse, shape.batched()};
}

Rows rows_of(const Call& call, const Slice& slice) {
    const Extent& extent = *static_cast<const Extent*>(call.params);
    if (slice.axis != Axis::rows) return {0, extent.batched ? extent.rows * slice.rows : extent.rows, extent.width};
    return {slice.begin * extent.rows, (slice.end - slice.begin) * extent.rows, extent.width};
}

void check_rank(const Shape& shape) {
    if (shape.rank() < 1 || shape.last() == kBatch)
        throw std::invalid_argument("needs an axis to normalize over, received shape " + shape.str() + ".");
}

void finish(OpDef& op, double cycles) {
    op.splits = by_batch;
    op.cost = [cycles](const NodeView& view, int64_t rows) {
        return cycles * static_cast<double>(view.in(0).size(rows));
    };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Extent>(extent_of(view.in(0), view.attrs().integer("sparse", 0) != 0));
    };
}

OpDef& define_normalizer(Registry& registry, const std::string& name, void (*run)(const Call&, const Slice&)) {
    OpDef& op = define(registry, name);
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 1);
        check_rank(graph.shape(inputs[0]));
        return std::vector<Shape>{graph.shape(inputs[0])};
    };
    op.gradient = [name](GradientRule& rule) { rule.give(0, rule.add(name + "_grad", {rule.out(), rule.dout()})); };
    op.in_place = 0;
    op.run = run;
    finish(op, 1.5);
    return op;
}

OpDef& define_normalizer_grad(Registry& registry, const std::string& name, void (*run)(const Call&, const Slice&)) {
    OpDef& op = define(registry, name);
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 2);
        check_rank(graph.shape(inputs[0]));
        expect_shape("a gradient", graph.shape(inputs[0]), graph.shape(inputs[1]));
        return std::vector<Shape>{graph.shape(inputs[0])};
    };
    op.in_place = 1;
    op.run = run;
    finish(op, 1.0);
    return op;
}

template <auto kernel>
void run_normalizer(const Call& call, const Slice& slice) {
    const Rows rows = rows_of(call, slice);
    const int64_t offset = rows.first * rows.width;
    (call.kernels->*kernel)(rows.count, rows.width, call.src(0) + offset, call.dst() + offset);
}

template <auto kernel>
void run_normalizer_grad(const Call& call, const Slice& slice) {
    const Rows rows = rows_of(call, slice);
    const int64_t offset = rows.first * rows.width;
    (call.kernels->*kernel)(rows.count, rows.width, call.src(0) + offset, call.src(1) + offset, call.dst() + offset);
}

void run_loss(const Call& call, const Slice& slice) {
    const Extent& extent = *static_cast<const Extent*>(call.params);
    const Rows rows = rows_of(call, slice);
    SoftmaxLossArgs args{};
    args.m = rows.count;
    args.n = args.ld = rows.width;
    args.logits = call.src(0) + rows.first * rows.width;
    args.targets = call.src(1) + rows.first * (extent.sparse ? 1 : rows.width);
    args.loss = call.dst(0) + rows.first;
    args.probs = call.dst(1) + rows.first * rows.width;
    if (!extent.sparse) return call.kernels->softmax_loss_dense(args);
    const int64_t bad = call.kernels->softmax_loss_sparse(args);
    if (bad >= 0 && slice.error) {
        slice.error->row = (rows.first + bad) / (extent.batched ? extent.rows : 1);
        slice.error->value = args.targets[bad];
        slice.error->limit = rows.width;
    }
}

void run_loss_grad(const Call& call, const Slice& slice) {
    const Extent& extent = *static_cast<const Extent*>(call.params);
    const Rows rows = rows_of(call, slice);
    const auto run = extent.sparse ? call.kernels->softmax_loss_sparse_grad : call.kernels->softmax_loss_dense_grad;
    run(rows.count, rows.width, call.src(0) + rows.first * rows.width,
        call.src(1) + rows.first * (extent.sparse ? 1 : rows.width), call.src(2) + rows.first, 1,
        call.dst() + rows.first * rows.width);
}

}  // namespace

void register_softmax(Registry& registry) {
    define_normalizer(registry, "softmax", run_normalizer<&KernelTable::softmax>);
    define_normalizer_grad(registry, "softmax_grad", run_normalizer_grad<&KernelTable::softmax_grad>);
    define_normalizer(registry, "log_softmax", run_normalizer<&KernelTable::log_softmax>);
    define_normalizer_grad(registry, "log_softmax_grad", run_normalizer_grad<&KernelTable::log_softmax_grad>);

    OpDef& loss = define(registry, "softmax_crossentropy");
    loss.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const Shape& logits = graph.shape(inputs[0]);
        check_rank(logits);
        if (logits.last() == 0) throw std::invalid_argument("needs a class, received shape " + logits.str() + ".");
        const Shape rows(std::vector<int64_t>(logits.dims().begin(), logits.dims().end() - 1));
        const Shape& expected = attrs.integer("sparse") ? rows : logits;
        if (graph.shape(inputs[1]) != expected)
            throw std::invalid_argument("expected targets of shape " + expected.str() + " for predictions of shape " +
                                        logits.str() + ", received " + graph.shape(inputs[1]).str() + ".");
        return std::vector<Shape>{rows, logits};
    };
    loss.gradient = [](GradientRule& rule) {
        if (rule.wants(1)) throw std::invalid_argument("softmax_crossentropy has no gradient for its targets.");
        ValueId total = kNone;
        if (rule.dout(0) != kNone)
            total = rule.add("softmax_crossentropy_grad", {rule.out(1), rule.in(1), rule.dout(0)}, rule.attrs());
        if (rule.dout(1) != kNone) {
            const ValueId through = rule.add("softmax_grad", {rule.out(1), rule.dout(1)});
            total = total == kNone ? through : rule.add("add", {total, through});
        }
        rule.give(0, total);
    };
    loss.also_computes = {"softmax", 1};
    loss.run = run_loss;
    finish(loss, 2.0);

    OpDef& grad = define(registry, "softmax_crossentropy_grad");
    grad.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 3);
        const Shape& probs = graph.shape(inputs[0]);
        check_rank(probs);
        const Shape rows(std::vector<int64_t>(probs.dims().begin(), probs.dims().end() - 1));
        expect_shape("targets", attrs.integer("sparse") ? rows : probs, graph.shape(inputs[1]));
        expect_shape("a gradient", rows, graph.shape(inputs[2]));
        return std::vector<Shape>{probs};
    };
    grad.run = run_loss_grad;
    finish(grad, 0.5);
}

}  // namespace ravine
