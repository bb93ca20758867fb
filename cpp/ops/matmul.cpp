// C = op(A) op(B) [+ bias]: every dense layer, its two gradients, and any product of matrices.
//
// All axes of A but the last are rows. With transpose_a a batched A, or one of rank 3 and more, is contracted over
// those rows with a B of the same leading axes: dW = X^T dY.
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

struct Extents {
    int64_t m, n, k;        // without the batch
    bool batch_m, batch_k;  // which of them the batch multiplies
    bool transpose_a, transpose_b;
};

/// Rows of a matrix whose rows are all axes but the last; without the batch.
int64_t rows_of(const Shape& shape) {
    return Shape(std::vector<int64_t>(shape.dims().begin(), shape.dims().end() - 1)).unit();
}

Extents extents_of(const Shape& a, const Shape& b, const Attrs& attrs) {
    Extents e{};
    e.transpose_a = attrs.integer("transpose_a", 0) != 0;
    e.transpose_b = attrs.integer("transpose_b", 0) != 0;
    const auto refuse = [&](const std::string& why) {
        throw std::invalid_argument("cannot multiply " + a.str() + (e.transpose_a ? " (transposed)" : "") + " by " +
                                    b.str() + (e.transpose_b ? " (transposed)" : "") + ": " + why + ".");
    };
    if (a.rank() < 2 || a.last() == kBatch) refuse("the first must have rank 2 or more");
    const int64_t rows_a = rows_of(a);
    if (e.transpose_a && (a.batched() || b.batched() || a.rank() > 2)) {
        if (a.batched() != b.batched() || e.transpose_b || b.rank() != a.rank())
            refuse("both must have the same leading dimensions");
        if (rows_of(b) != rows_a) refuse("their rows differ");
        e.m = a.last();
        e.n = b.last();
        e.k = rows_a;
        e.batch_k = a.batched();
        return e;
    }
    if (b.rank() != 2 || b.batched()) refuse("the second must be a matrix without a batch dimension");
    e.batch_m = a.batched();
    e.m = e.transpose_a ? a.last() : rows_a;
    e.k = e.transpose_a ? rows_a : a.last();
    e.n = e.transpose_b ? b[0] : b[1];
    if (e.k != (e.transpose_b ? b[1] : b[0])) refuse("the inner dimensions differ");
    return e;
}

void multiply(const Call& call, const Slice& slice, const Epilogue* epilogue) {
    const Extents& e = *static_cast<const Extents*>(call.params);
    GemmArgs args{};
    args.m = e.batch_m ? e.m * slice.rows : e.m;
    args.n = e.n;
    args.k = e.batch_k ? e.k * slice.rows : e.k;
    const int64_t lda = e.transpose_a ? args.m : args.k, ldb = e.transpose_b ? args.k : args.n;
    args.a_row = e.transpose_a ? 1 : lda;
    args.a_col = e.transpose_a ? lda : 1;
    args.b_row = e.transpose_b ? 1 : ldb;
    args.b_col = e.transpose_b && args.n > 1 ? ldb : 1;
    args.a = call.src(0);
    args.b = call.src(1);
    args.bias = call.src(2);
    args.c = call.dst();
    args.ldc = args.n;
    args.scratch = slice.scratch;
    args.epilogue = epilogue;
    if (slice.axis == Axis::rows) {
        const int64_t inner = e.batch_m ? e.m : 1;
        const int64_t begin = slice.begin * inner;
        args.m = (slice.end - slice.begin) * inner;
        args.a += begin * args.a_row;
        if (args.c) args.c += begin * args.ldc;
    } else if (slice.axis == Axis::columns) {
        args.n = slice.end - slice.begin;
        args.b += slice.begin * args.b_col;
        if (args.bias) args.bias += slice.begin;
        if (args.c) args.c += slice.begin;
    }
    call.kernels->gemm(args);
}

ValueId product(GradientRule& rule, ValueId a, ValueId b, bool transpose_a, bool transpose_b) {
    return rule.add(
        "matmul", {a, b},
        {{"transpose_a", static_cast<int64_t>(transpose_a)}, {"transpose_b", static_cast<int64_t>(transpose_b)}});
}

}  // namespace

void register_matmul(Registry& registry) {
    OpDef& op = define(registry, "matmul");
    op.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        if (inputs.size() != 3) expect_inputs(inputs, 2);
        const Shape& a = graph.shape(inputs[0]);
        const Extents e = extents_of(a, graph.shape(inputs[1]), attrs);
        if (inputs.size() == 3 && graph.shape(inputs[2]) != Shape{e.n})
            throw std::invalid_argument("expected a bias of shape " + Shape{e.n}.str() + ", received " +
                                        graph.shape(inputs[2]).str() + ".");
        if (e.batch_k || e.transpose_a) return std::vector<Shape>{Shape{e.m, e.n}};
        std::vector<int64_t> dims = a.dims();
        dims.back() = e.n;
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    // For C = A B: dA = dC B^T, dB = A^T dC; the other forms follow by transposing. dA comes first, because the update
    // of B may take the place of dB.
    op.gradient = [](GradientRule& rule) {
        const bool ta = rule.attrs().integer("transpose_a", 0) != 0, tb = rule.attrs().integer("transpose_b", 0) != 0;
        const ValueId a = rule.in(0), b = rule.in(1), dc = rule.dout();
        if (rule.wants(0)) rule.give(0, ta ? product(rule, b, dc, tb, true) : product(rule, dc, b, false, !tb));
        if (rule.wants(1)) rule.give(1, tb ? product(rule, dc, a, true, ta) : product(rule, a, dc, !ta, false));
        if (rule.inputs() == 3 && rule.wants(2)) rule.give_broadcast(2, dc);
    };
    op.splits = [](const NodeView& view) {
        const Extents e = extents_of(view.in(0), view.in(1), view.attrs());
        Split rows{Axis::rows,
                   e.batch_m ? kBatch : e.m,
                   {e.transpose_a ? Axis::columns : Axis::rows, Axis::all},
                   {Axis::rows}};
        Split columns{Axis::columns, e.n, {Axis::all, e.transpose_b ? Axis::rows : Axis::columns}, {Axis::columns}};
        if (view.inputs() == 3) {
            rows.inputs.push_back(Axis::all);
            columns.inputs.push_back(Axis::columns);
        }
        return std::vector<Split>{rows, columns};
    };
    op.cost = [](const NodeView& view, int64_t rows) {
        const Extents e = extents_of(view.in(0), view.in(1), view.attrs());
        const double m = static_cast<double>(e.batch_m ? e.m * rows : e.m), n = static_cast<double>(e.n);
        const double k = static_cast<double>(e.batch_k ? e.k * rows : e.k);
        // A few rows take as long as it takes to read the weights.
        return std::max(m * n * k / 28.0, (m * k + k * n + m * n) / 6.0);
    };
    op.scratch = [](const NodeView& view, int64_t rows, const KernelTable& kernels) {
        const Extents e = extents_of(view.in(0), view.in(1), view.attrs());
        return kernels.gemm_scratch(e.batch_m ? e.m * rows : e.m, e.n, e.batch_k ? e.k * rows : e.k, !e.transpose_a,
                                    !e.transpose_b);
    };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Extents>(extents_of(view.in(0), view.in(1), view.attrs()));
    };
    op.takes_bias = true;
    op.run = [](const Call& call, const Slice& slice) { multiply(call, slice, nullptr); };
    op.run_with_epilogue = [](const Call& call, const Slice& slice, const Epilogue& epilogue) {
        multiply(call, slice, &epilogue);
    };
}

}  // namespace ravine
