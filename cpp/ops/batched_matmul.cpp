// C[i] = op(A[i]) op(B[i]) for every index i of the leading axes, the batch among them: one small product each.
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

struct Products {
    int64_t m, n, k;
    int64_t unit;  // products per sample when batched, else in all
    bool batched, transpose_a, transpose_b;
};

Products products_of(const Shape& a, const Shape& b, const Attrs& attrs) {
    Products p{};
    p.transpose_a = attrs.integer("transpose_a", 0) != 0;
    p.transpose_b = attrs.integer("transpose_b", 0) != 0;
    const auto refuse = [&](const std::string& why) {
        throw std::invalid_argument("cannot multiply " + a.str() + (p.transpose_a ? " (transposed)" : "") + " by " +
                                    b.str() + (p.transpose_b ? " (transposed)" : "") + ": " + why + ".");
    };
    if (a.rank() < 3 || a.rank() != b.rank()) refuse("both must have the same rank, 3 or more");
    p.unit = 1;
    p.batched = a.batched();
    for (int64_t axis = 0; axis < a.rank() - 2; ++axis) {
        if (a[axis] != b[axis]) refuse("the leading dimensions differ");
        if (a[axis] != kBatch) p.unit *= a[axis];
    }
    p.m = a[p.transpose_a ? -1 : -2];
    p.k = a[p.transpose_a ? -2 : -1];
    p.n = b[p.transpose_b ? -2 : -1];
    if (p.k != b[p.transpose_b ? -1 : -2]) refuse("the inner dimensions differ");
    return p;
}

Products products_of(const NodeView& view) { return products_of(view.in(0), view.in(1), view.attrs()); }

void multiply(const Call& call, const Slice& slice) {
    const Products& p = *static_cast<const Products*>(call.params);
    int64_t begin = 0, end = p.unit * (p.batched ? slice.rows : 1);
    if (slice.axis == Axis::rows) {
        const int64_t inner = p.batched ? p.unit : 1;
        begin = slice.begin * inner;
        end = slice.end * inner;
    }
    GemmArgs args{};
    args.m = p.m;
    args.n = args.ldc = p.n;
    args.k = p.k;
    args.a_row = p.transpose_a ? 1 : p.k;
    args.a_col = p.transpose_a ? p.m : 1;
    args.b_row = p.transpose_b ? 1 : p.n;
    args.b_col = p.transpose_b && p.n > 1 ? p.k : 1;
    args.scratch = slice.scratch;
    for (int64_t i = begin; i < end; ++i) {
        args.a = call.src(0) + i * p.m * p.k;
        args.b = call.src(1) + i * p.k * p.n;
        args.c = call.dst() + i * p.m * p.n;
        call.kernels->gemm(args);
    }
}

ValueId product(GradientRule& rule, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
    return rule.add(
        "batched_matmul", {a, b},
        {{"transpose_a", static_cast<int64_t>(transpose_a)}, {"transpose_b", static_cast<int64_t>(transpose_b)}});
}

}  // namespace

void register_batched_matmul(Registry& registry) {
    OpDef& op = define(registry, "batched_matmul");
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const Shape& a = graph.shape(inputs[0]);
        const Products p = products_of(a, graph.shape(inputs[1]), attrs);
        std::vector<int64_t> dims(a.dims().begin(), a.dims().end() - 2);
        dims.push_back(p.m);
        dims.push_back(p.n);
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    // As for one product: see ops/matmul.cpp.
    op.gradient = [](GradientRule& rule) {
        const bool ta = rule.attrs().integer("transpose_a", 0) != 0, tb = rule.attrs().integer("transpose_b", 0) != 0;
        const ValueId a = rule.in(0), b = rule.in(1), dc = rule.dout();
        if (rule.wants(0)) rule.give(0, ta ? product(rule, b, dc, tb, true) : product(rule, dc, b, false, !tb));
        if (rule.wants(1)) rule.give(1, tb ? product(rule, dc, a, true, ta) : product(rule, a, dc, !ta, false));
    };
    op.splits = [](const NodeView& view) {
        const Products p = products_of(view);
        const bool flat = view.in(0).rank() == 3;
        if (!p.batched && !flat) return std::vector<Split>{};
        return std::vector<Split>{{Axis::rows, p.batched ? kBatch : p.unit, {Axis::rows, Axis::rows}, {Axis::rows}}};
    };
    op.cost = [](const NodeView& view, int64_t rows) {
        const Products p = products_of(view);
        const double m = static_cast<double>(p.m), n = static_cast<double>(p.n), k = static_cast<double>(p.k);
        const double count = static_cast<double>(p.batched ? p.unit * rows : p.unit);
        return count * (100 + std::max(m * n * k / 20.0, (m * k + k * n + m * n) / 6.0));
    };
    op.scratch = [](const NodeView& view, int64_t, const KernelTable& kernels) {
        const Products p = products_of(view);
        return kernels.gemm_scratch(p.m, p.n, p.k, !p.transpose_a, !p.transpose_b);
    };
    op.prepare = [](const NodeView& view) { return std::make_shared<Products>(products_of(view)); };
    op.run = multiply;
}

}  // namespace ravine
