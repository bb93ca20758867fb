// The circle loss (Sun et al. 2020), which compares each sample i with all samples j of its batch: softplus(p_i + n_i),
// where p_i and n_i are the log-sum-exps of z_ij over the samples of its class and over the others, and z_ij is a
// function of the similarity s_ij = e_i e_j (kernels/eltwise_losses.inl).
//
// Since s and z are symmetric, all that the gradient of e_i needs besides p and n is row i of s:
//   de_i = sum_j (G_ij + G_ji) e_j,   G_ij = dloss_i / ds_ij = (dloss_i / dp_i) exp(z_ij - p_i) dz_ij / ds_ij,
// with n instead of p between classes. So rows can be shared out, and similarities are made anew rather than kept.
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

constexpr int64_t kRows = 64;        // of similarities at a time, so that they stay in the second-level cache
constexpr float kExcluded = -1e30f;  // a z that counts for nothing; finite, because a sample may be the only one

struct Circle {
    int64_t samples, width;
    float gamma, margin;
    bool remove_diagonal;

    int64_t count(int64_t rows) const { return samples == kBatch ? rows : samples; }
};

Circle circle_of(const NodeView& view) {
    return {view.in(0)[0], view.in(0)[1], static_cast<float>(view.attrs().number("gamma")),
            static_cast<float>(view.attrs().number("margin")), view.attrs().integer("remove_diagonal") != 0};
}

/// The shape of one number for each sample.
Shape samples_of(const Shape& embeddings) {
    if (embeddings.rank() != 2)
        throw std::invalid_argument("expected embeddings of rank 2, received shape " + embeddings.str() + ".");
    return Shape{embeddings[0]};
}

/// Some rows of the similarities, and the sources that both kernels begin with.
struct Rows {
    int64_t first, count, samples;
    float *s, *other;  // [count, samples] each
    float* scratch;
    TileArgs tile;
};

/// C[m, n] = A B, B being row-major or, if `transposed`, given as its transpose.
void multiply(const Call& call, int64_t m, int64_t n, int64_t k, const float* a, const float* b, bool transposed,
              float* c, float* scratch) {
    GemmArgs args{};
    args.m = m;
    args.n = n;
    args.k = k;
    args.a = a;
    args.a_row = k;
    args.a_col = 1;
    args.b = b;
    args.b_row = transposed ? 1 : n;
    args.b_col = transposed && n > 1 ? k : 1;
    args.c = c;
    args.ldc = n;
    args.scratch = scratch;
    call.kernels->gemm(args);
}

/// body(rows) for all rows of the slice.
template <class Body>
void for_rows(const Call& call, const Slice& slice, Body body) {
    const Circle& circle = *static_cast<const Circle*>(call.params);
    const int64_t samples = circle.count(slice.rows);
    const int64_t begin = slice.axis == Axis::rows ? slice.begin : 0;
    const int64_t end = slice.axis == Axis::rows ? slice.end : samples;
    const float* const labels = call.src(1);
    Rows rows{};
    rows.samples = rows.tile.n = samples;
    rows.s = slice.scratch;
    rows.other = rows.s + kRows * samples;
    rows.scratch = rows.other + kRows * samples;
    rows.tile.in[0] = {rows.s, samples, 1};
    rows.tile.in[2] = {labels, 0, 1};
    rows.tile.param[0] = circle.gamma;
    rows.tile.param[1] = circle.margin;
    rows.tile.param[2] = kExcluded;
    for (rows.first = begin; rows.first < end; rows.first += kRows) {
        rows.count = rows.tile.m = std::min(kRows, end - rows.first);
        rows.tile.in[1] = {labels + rows.first, 1, 0};
        multiply(call, rows.count, samples, circle.width, call.src(0) + rows.first * circle.width, call.src(0), true,
                 rows.s, rows.scratch);
        body(circle, rows);
    }
}

void run_loss(const Call& call, const Slice& slice) {
    for_rows(call, slice, [&](const Circle& circle, Rows& rows) {
        TileArgs& tile = rows.tile;
        tile.out[0] = {rows.s, rows.samples};
        tile.out[1] = {rows.other, rows.samples};
        call.kernels->eltwise[static_cast<int>(Eltwise::circle)](tile);
        if (circle.remove_diagonal)
            for (int64_t i = 0; i < rows.count; ++i) rows.s[i * rows.samples + rows.first + i] = kExcluded;
        float *const loss = call.dst(0) + rows.first, *const p = call.dst(1) + rows.first;
        float* const n = call.dst(2) + rows.first;
        call.kernels->log_sum_exp(rows.count, rows.samples, rows.s, p);
        call.kernels->log_sum_exp(rows.count, rows.samples, rows.other, n);
        for (int64_t i = 0; i < rows.count; ++i) loss[i] = p[i] + n[i];
        TileArgs losses{};
        losses.m = 1;
        losses.n = rows.count;
        losses.in[0] = {loss, rows.count, 1};
        losses.out[0] = {loss, rows.count};
        call.kernels->eltwise[static_cast<int>(Eltwise::softplus)](losses);
    });
}

/// (embeddings, labels, p, n, slope), slope_i being dloss_i / dp_i, which is dloss_i / dn_i as well.
void run_grad(const Call& call, const Slice& slice) {
    for_rows(call, slice, [&](const Circle& circle, Rows& rows) {
        TileArgs& tile = rows.tile;
        const TileKernel grad = call.kernels->eltwise[static_cast<int>(Eltwise::circle_grad)];
        for (int k = 0; k < 3; ++k) tile.in[3 + k] = {call.src(2 + k) + rows.first, 1, 0};
        tile.out[0] = {rows.other, rows.samples};
        grad(tile);
        for (int k = 0; k < 3; ++k) tile.in[3 + k] = {call.src(2 + k), 0, 1};
        tile.out[0] = {rows.s, rows.samples};
        grad(tile);
        tile.in[1] = {rows.other, rows.samples, 1};
        call.kernels->eltwise[static_cast<int>(Eltwise::add)](tile);
        if (circle.remove_diagonal)
            for (int64_t i = 0; i < rows.count; ++i) rows.s[i * rows.samples + rows.first + i] = 0;
        multiply(call, rows.count, circle.width, rows.samples, rows.s, call.src(0), false,
                 call.dst() + rows.first * circle.width, rows.scratch);
    });
}

/// Every thread reads all of the inputs and writes its rows of the outputs.
void finish(OpDef& op, double cycles, double products) {
    op.splits = [](const NodeView& view) {
        return std::vector<Split>{{Axis::rows, view.in(0)[0], std::vector<Axis>(view.inputs(), Axis::all),
                                   std::vector<Axis>(view.node.outputs.size(), Axis::rows)}};
    };
    op.cost = [cycles, products](const NodeView& view, int64_t rows) {
        const Circle circle = circle_of(view);
        const double samples = static_cast<double>(circle.count(rows));
        return samples * samples * (cycles + products * static_cast<double>(circle.width) / 28);
    };
    op.scratch = [](const NodeView& view, int64_t rows, const KernelTable& kernels) {
        const Circle circle = circle_of(view);
        const int64_t samples = circle.count(rows), m = std::min(kRows, samples);
        return 2 * kRows * samples + std::max(kernels.gemm_scratch(m, samples, circle.width, true, false),
                                              kernels.gemm_scratch(m, circle.width, samples, true, true));
    };
    op.prepare = [](const NodeView& view) { return std::make_shared<Circle>(circle_of(view)); };
}

}  // namespace

void register_circle(Registry& registry) {
    OpDef& op = define(registry, "circle_loss");
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        for (const char* name : {"gamma", "margin"}) attrs.number(name);
        attrs.integer("remove_diagonal");
        const Shape rows = samples_of(graph.shape(inputs[0]));
        expect_shape("labels", rows, graph.shape(inputs[1]));
        return std::vector<Shape>{rows, rows, rows};
    };
    op.gradient = [](GradientRule& rule) {
        if (rule.wants(1) || rule.dout(1) != kNone || rule.dout(2) != kNone)
            throw std::invalid_argument("circle_loss has a gradient of its losses for its embeddings alone.");
        const ValueId total = rule.add("add", {rule.out(1), rule.out(2)});
        const ValueId slope = rule.add("softplus_grad", {total, rule.dout()});
        rule.give(
            0, rule.add("circle_loss_grad", {rule.in(0), rule.in(1), rule.out(1), rule.out(2), slope}, rule.attrs()));
    };
    op.run = run_loss;
    finish(op, 2, 1);

    OpDef& grad = define(registry, "circle_loss_grad");
    grad.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 5);
        const Shape& embeddings = graph.shape(inputs[0]);
        const Shape rows = samples_of(embeddings);
        for (size_t i = 1; i < 5; ++i) expect_shape("a number for each sample", rows, graph.shape(inputs[i]));
        return std::vector<Shape>{embeddings};
    };
    grad.run = run_grad;
    finish(grad, 4, 2);
}

}  // namespace ravine
