// Reductions over one run of neighbouring axes: the operand is seen as [outer, reduced, inner].
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

struct Form {
    int64_t outer, reduced, inner;  // without the batch, which counts in `outer` or `reduced`
    bool batch_outer, batch_reduced;
    int64_t piece, pieces, size;  // see `pieces_of`
    Reduction reduction;
    bool mean;
};

Form form_of(const Shape& shape, const std::vector<int64_t>& axes) {
    Form form{1, 1, 1, false, false, 0, 0, 0, Reduction::sum, false};
    const int64_t first = axes.empty() ? shape.rank() : axes.front();
    const int64_t last = axes.empty() ? shape.rank() : axes.back();
    for (int64_t axis = 0; axis < shape.rank(); ++axis) {
        const bool before = axis < first, within = axis >= first && axis <= last;
        if (shape[axis] == kBatch)
            (within ? form.batch_reduced : form.batch_outer) = true;
        else
            (before ? form.outer : within ? form.reduced : form.inner) *= shape[axis];
    }
    return form;
}

std::vector<int64_t> checked_axes(const Shape& shape, const Attrs& attrs) {
    std::vector<int64_t> axes;
    for (int64_t axis : attrs.integers("axes")) {
        axes.push_back(normal_axis(axis, shape.rank()));
        if (axes.size() > 1 && axes[axes.size() - 2] + 1 != axes.back())
            throw std::invalid_argument("axes must be ascending neighbours; reduce the others in a second step.");
    }
    return axes;
}

/// Of a reduction with the attribute "piece", which is of all elements of a value without a batch: how many results it
/// has, one for each run of so many elements. The last may be shorter. 0 for other reductions.
int64_t pieces_of(const Shape& shape, const Attrs& attrs) {
    if (!attrs.has("piece")) return 0;
    const int64_t piece = attrs.integer("piece"), size = shape.batched() ? 0 : shape.unit();
    if (piece < 1 || piece > size || static_cast<int64_t>(attrs.integers("axes").size()) != shape.rank())
        throw std::invalid_argument("a piece must be a part of all elements of a value without a batch dimension.");
    return (size - 1) / piece + 1;
}

std::vector<Shape> infer_reduction(const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
    expect_inputs(inputs, 1);
    const Shape& from = graph.shape(inputs[0]);
    const std::vector<int64_t> axes = checked_axes(from, attrs);
    if (const int64_t pieces = pieces_of(from, attrs)) return {Shape{pieces}};
    std::vector<int64_t> dims;
    for (int64_t axis = 0; axis < from.rank(); ++axis) {
        const bool reduced = !axes.empty() && axis >= axes.front() && axis <= axes.back();
        if (!reduced)
            dims.push_back(from[axis]);
        else if (attrs.integer("keepdims", 0))
            dims.push_back(1);
    }
    return {Shape(std::move(dims))};
}

std::vector<Split> reduction_splits(const NodeView& view) {
    if (const int64_t pieces = pieces_of(view.in(0), view.attrs()))
        return {Split{Axis::rows, pieces, {Axis::all}, std::vector<Axis>(view.node.outputs.size(), Axis::rows)}};
    const Form form = form_of(view.in(0), checked_axes(view.in(0), view.attrs()));
    if (form.batch_outer) return {batch_split(view)};
    if (form.outer == 1 && form.inner > 1)
        return {Split{Axis::columns,
                      form.inner,
                      {view.in(0).last() == form.inner ? Axis::columns : Axis::all},
                      {view.out().last() == form.inner ? Axis::columns : Axis::all}}};
    return {};
}

void run_pieces(const Call& call, const Slice& slice, const Form& form) {
    const bool by_rows = slice.axis == Axis::rows;
    const int64_t begin = by_rows ? slice.begin : 0, end = by_rows ? slice.end : form.pieces;
    const int64_t whole = std::min(end, form.size / form.piece);
    const float* const src = call.src(0);
    const auto reduce = call.kernels->reduce_over_columns;
    if (begin < whole)
        reduce(form.reduction, whole - begin, form.piece, src + begin * form.piece, form.piece, call.dst() + begin);
    if (whole < end) reduce(form.reduction, 1, form.size % form.piece, src + whole * form.piece, 0, call.dst() + whole);
}

void run_both_sums(const Call& call, const Slice& slice) {
    const Form& form = *static_cast<const Form*>(call.params);
    const bool by_rows = slice.axis == Axis::rows;
    const int64_t begin = by_rows ? slice.begin : 0, end = by_rows ? slice.end : form.pieces;
    for (int64_t i = begin; i < end; ++i) {
        const float* const src = call.src(0) + i * form.piece;
        const int64_t size = std::min(form.piece, form.size - i * form.piece);
        call.kernels->sum_absolutes_and_squares(size, src, call.dst(0) + i, call.dst(1) + i);
    }
}

void run_reduction(const Call& call, const Slice& slice) {
    const Form& form = *static_cast<const Form*>(call.params);
    if (form.pieces > 0) return run_pieces(call, slice, form);
    const int64_t reduced = form.batch_reduced ? form.reduced * slice.rows : form.reduced;
    const bool by_rows = slice.axis == Axis::rows, by_columns = slice.axis == Axis::columns;
    const int64_t first = by_rows ? slice.begin * form.outer : 0;
    const int64_t count = (by_rows ? slice.end - slice.begin : form.batch_outer ? slice.rows : 1) * form.outer;
    const int64_t left = by_columns ? slice.begin : 0;
    const int64_t width = by_columns ? slice.end - slice.begin : form.inner;
    const float* src = call.src(0) + first * reduced * form.inner + left;
    float* dst = call.dst() + first * form.inner + left;
    if (form.inner == 1) {
        call.kernels->reduce_over_columns(form.reduction, count, reduced, src, reduced, dst);
    } else {
        for (int64_t i = 0; i < count; ++i)
            call.kernels->reduce_over_rows(form.reduction, reduced, width, src + i * reduced * form.inner, form.inner,
                                           dst + i * form.inner);
    }
    if (form.mean) {
        const float divisor = static_cast<float>(reduced);
        for (int64_t i = 0; i < count; ++i)
            for (int64_t j = 0; j < width; ++j) dst[i * form.inner + j] /= divisor;
    }
}

OpDef& define_reduction(Registry& registry, const std::string& name, Reduction reduction, bool mean) {
    OpDef& op = define(registry, name);
    op.infer = infer_reduction;
    op.splits = reduction_splits;
    op.cost = [](const NodeView& view, int64_t rows) { return 0.25 * static_cast<double>(view.in(0).size(rows)); };
    op.prepare = [reduction, mean](const NodeView& view) {
        auto form = std::make_shared<Form>(form_of(view.in(0), checked_axes(view.in(0), view.attrs())));
        form->reduction = reduction;
        form->mean = mean;
        form->piece = view.attrs().integer("piece", 0);
        form->pieces = pieces_of(view.in(0), view.attrs());
        form->size = view.in(0).unit();
        return form;
    };
    op.run = run_reduction;
    return op;
}

/// Repeats a reduced value over the axes that were reduced away; for means, divided by their number.
void run_spread(const Call& call, const Slice& slice) {
    const Form& form = *static_cast<const Form*>(call.params);
    const int64_t reduced = form.batch_reduced ? form.reduced * slice.rows : form.reduced;
    const float scale = form.mean ? 1.0f / static_cast<float>(reduced) : 1.0f;
    // Rows of the output [outer, reduced] that this slice covers; the batch is the slowest of either.
    int64_t begin = 0, end = (form.batch_outer ? slice.rows : 1) * form.outer * reduced;
    if (slice.axis == Axis::rows) {
        const int64_t per_sample = form.batch_reduced ? form.reduced : form.outer * form.reduced;
        begin = slice.begin * per_sample;
        end = slice.end * per_sample;
    }
    while (begin < end) {
        const int64_t group = begin / reduced, count = std::min(end, (group + 1) * reduced) - begin;
        const float* src = call.src(0) + group * form.inner;
        float* dst = call.dst() + begin * form.inner;
        if (form.inner == 1)
            std::fill_n(dst, count, *src * scale);
        else
            for (int64_t i = 0; i < count; ++i, dst += form.inner)
                for (int64_t j = 0; j < form.inner; ++j) dst[j] = src[j] * scale;
        begin += count;
    }
}

/// (x, dy): each factor's slope is the product of all others, those before it times those after it, so that zeros do
/// not matter.
void run_prod_grad(const Call& call, const Slice& slice) {
    const Form& form = *static_cast<const Form*>(call.params);
    const int64_t reduced = form.batch_reduced ? form.reduced * slice.rows : form.reduced;
    int64_t begin = 0, end = (form.batch_outer ? slice.rows : 1) * form.outer;
    if (slice.axis == Axis::rows) {
        begin = slice.begin * form.outer;
        end = slice.end * form.outer;
    }
    for (int64_t i = begin; i < end; ++i)
        for (int64_t j = 0; j < form.inner; ++j) {
            const int64_t at = i * reduced * form.inner + j;
            const float* x = call.src(0) + at;
            float *dx = call.dst() + at, product = call.src(1)[i * form.inner + j];
            for (int64_t r = 0; r < reduced; ++r) {
                dx[r * form.inner] = product;
                product *= x[r * form.inner];
            }
            product = 1;
            for (int64_t r = reduced; r-- > 0;) {
                dx[r * form.inner] *= product;
                product *= x[r * form.inner];
            }
        }
}

ValueId spread(GradientRule& rule, ValueId value, bool mean) {
    const Shape shape = rule.shape(rule.in(0));  // a copy: the graph grows
    const std::vector<int64_t> axes = checked_axes(shape, rule.attrs());
    const Form form = form_of(shape, axes);
    if (!form.batch_reduced) {  // the divisor is known, and most readers broadcast by themselves
        std::vector<int64_t> kept = shape.dims();
        for (int64_t axis : axes) kept[static_cast<size_t>(axis)] = 1;
        if (mean && form.reduced != 1) value = rule.scale(value, 1.0 / static_cast<double>(form.reduced));
        value = rule.add("reshape", {value}, {{"shape", kept}});
        return form.reduced == 1 ? value : rule.add("broadcast_to", {value}, {{"shape", shape.dims()}});
    }
    return rule.add("spread", {value}, {{"shape", shape.dims()}, {"axes", axes}, {"mean", static_cast<int64_t>(mean)}});
}

/// The extreme values share the gradient equally.
void extreme_gradient(GradientRule& rule) {
    const ValueId hit = rule.add("equal", {rule.in(0), spread(rule, rule.out(), false)});
    const ValueId ties = rule.add("sum", {hit}, rule.attrs());
    const ValueId share = rule.add("divide", {rule.dout(), ties});
    rule.give(0, rule.add("multiply", {hit, spread(rule, share, false)}));
}

}  // namespace

void register_reduce(Registry& registry) {
    define_reduction(registry, "sum", Reduction::sum, false).gradient = [](GradientRule& rule) {
        rule.give(0, spread(rule, rule.dout(), false));
    };
    define_reduction(registry, "mean", Reduction::sum, true).gradient = [](GradientRule& rule) {
        rule.give(0, spread(rule, rule.dout(), true));
    };
    // The plan makes these of sum(square(x)) and sum(absolute(x)): x is read once, and nothing of its size is written.
    define_reduction(registry, "sum_squares", Reduction::sum_squares, false).gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("multiply", {rule.in(0), spread(rule, rule.scale(rule.dout(), 2.0), false)}));
    };
    define_reduction(registry, "sum_absolutes", Reduction::sum_absolutes, false).gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("multiply", {rule.add("sign", {rule.in(0)}), spread(rule, rule.dout(), false)}));
    };
    // And of both, where they are sums of the same pieces.
    OpDef& both = define_reduction(registry, "sum_absolutes_and_squares", Reduction::sum, false);
    both.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const int64_t pieces = pieces_of(graph.shape(inputs[0]), attrs);
        if (pieces == 0) throw std::invalid_argument("expected the attribute \"piece\".");
        return std::vector<Shape>(2, Shape{pieces});
    };
    both.run = run_both_sums;
    define_reduction(registry, "max", Reduction::max, false).gradient = extreme_gradient;
    define_reduction(registry, "min", Reduction::min, false).gradient = extreme_gradient;
    define_reduction(registry, "prod", Reduction::prod, false).gradient = [](GradientRule& rule) {
        rule.give(0, rule.add("prod_grad", {rule.in(0), rule.dout()}, {{"axes", rule.attrs().integers("axes")}}));
    };
    OpDef& prod_grad = define(registry, "prod_grad");
    prod_grad.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const Shape& shape = graph.shape(inputs[0]);
        const Form form = form_of(shape, checked_axes(shape, attrs));
        const Shape& reduced = graph.shape(inputs[1]);
        if (reduced.unit() != form.outer * form.inner || reduced.batched() != form.batch_outer)
            throw std::invalid_argument("expected the gradient of a product over " + shape.str() + ", received shape " +
                                        reduced.str() + ".");
        return std::vector<Shape>{shape};
    };
    prod_grad.splits = [](const NodeView& view) {
        const Form form = form_of(view.in(0), checked_axes(view.in(0), view.attrs()));
        return form.batch_outer ? std::vector<Split>{batch_split(view)} : std::vector<Split>{};
    };
    prod_grad.cost = [](const NodeView& view, int64_t rows) {
        return 4.0 * static_cast<double>(view.out().size(rows));
    };
    prod_grad.prepare = [](const NodeView& view) {
        return std::make_shared<Form>(form_of(view.in(0), checked_axes(view.in(0), view.attrs())));
    };
    prod_grad.run = run_prod_grad;
    OpDef& argmax = define_reduction(registry, "argmax", Reduction::argmax, false);
    argmax.constant = true;

    OpDef& spread = define(registry, "spread");
    spread.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Shape shape = shape_attr(attrs);
        const Form form = form_of(shape, checked_axes(shape, attrs));
        const Shape& from = graph.shape(inputs[0]);
        if (from.unit() != form.outer * form.inner || from.batched() != form.batch_outer)
            throw std::invalid_argument("cannot spread " + from.str() + " over " + shape.str() + ".");
        return std::vector<Shape>{shape};
    };
    spread.gradient = [](GradientRule& rule) {
        const bool mean = rule.attrs().integer("mean") != 0;
        const ValueId total = rule.add(mean ? "mean" : "sum", {rule.dout()}, {{"axes", rule.attrs().integers("axes")}});
        rule.give(0, rule.add("reshape", {total}, {{"shape", rule.shape(rule.in(0)).dims()}}));
    };
    spread.splits = by_batch;
    spread.cost = [](const NodeView& view, int64_t rows) { return 0.5 * static_cast<double>(view.out().size(rows)); };
    spread.prepare = [](const NodeView& view) {
        auto form = std::make_shared<Form>(form_of(view.out(), checked_axes(view.out(), view.attrs())));
        form->mean = view.attrs().integer("mean") != 0;
        return form;
    };
    spread.run = run_spread;
}

}  // namespace ravine
