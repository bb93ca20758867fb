// Rows of a table by their indices (gather), and sums of rows by the same indices (scatter_add): the two directions of
// an embedding. Indices are floats that hold integers from 0 on.
#include <algorithm>

#include "ops/register.h"

namespace ravine {

namespace {

struct Table {
    int64_t rows, width;    // of the table
    int64_t unit, batched;  // indices per sample, or in all
};

Table table_of(const Shape& table, const Shape& indices) {
    int64_t width = 1;
    for (int64_t axis = 1; axis < table.rank(); ++axis) width *= table[axis];
    return {table[0], width, indices.unit(), indices.batched()};
}

int64_t count_of(const Table& table, const Slice& slice) { return table.unit * (table.batched ? slice.rows : 1); }

bool is_row(float index, int64_t rows) {
    return index >= 0 && index < static_cast<float>(rows) && index == static_cast<float>(static_cast<int64_t>(index));
}

void run_gather(const Call& call, const Slice& slice) {
    const Table& table = *static_cast<const Table*>(call.params);
    const bool by_rows = slice.axis == Axis::rows;
    const int64_t begin = by_rows ? slice.begin * table.unit : 0;
    const int64_t end = by_rows ? slice.end * table.unit : count_of(table, slice);
    for (int64_t i = begin; i < end; ++i) {
        const float index = call.src(1)[i];
        float* dst = call.dst() + i * table.width;
        if (is_row(index, table.rows)) {
            std::copy_n(call.src(0) + static_cast<int64_t>(index) * table.width, table.width, dst);
            continue;
        }
        std::fill_n(dst, table.width, 0.0f);
        if (slice.error && slice.error->row < 0)
            *slice.error = {table.batched ? i / table.unit : i, index, table.rows, DataError::kIndex};
    }
}

/// Rows that nobody names stay 0; terms come in the order of the indices, however the table is shared.
void run_scatter(const Call& call, const Slice& slice) {
    const Table& table = *static_cast<const Table*>(call.params);
    int64_t first = 0, last = table.rows, left = 0, right = table.width;
    if (slice.axis == Axis::rows) first = slice.begin, last = slice.end;
    if (slice.axis == Axis::columns) left = slice.begin, right = slice.end;
    for (int64_t row = first; row < last; ++row)
        std::fill(call.dst() + row * table.width + left, call.dst() + row * table.width + right, 0.0f);
    const int64_t count = count_of(table, slice);
    for (int64_t i = 0; i < count; ++i) {
        const float index = call.src(0)[i];
        if (!is_row(index, table.rows)) continue;
        const int64_t row = static_cast<int64_t>(index);
        if (row < first || row >= last) continue;
        const float* src = call.src(1) + i * table.width;
        float* dst = call.dst() + row * table.width;
        for (int64_t j = left; j < right; ++j) dst[j] += src[j];
    }
}

}  // namespace

void register_gather(Registry& registry) {
    OpDef& gather = define(registry, "gather");
    gather.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 2);
        const Shape &table = graph.shape(inputs[0]), &indices = graph.shape(inputs[1]);
        if (table.rank() < 1 || table.batched())
            throw std::invalid_argument("expected a table of fixed shape, received shape " + table.str() + ".");
        std::vector<int64_t> dims = indices.dims();
        dims.insert(dims.end(), table.dims().begin() + 1, table.dims().end());
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    gather.gradient = [](GradientRule& rule) {
        const int64_t rows = rule.shape(rule.in(0))[0];
        if (rule.wants(0)) rule.give(0, rule.add("scatter_add", {rule.in(1), rule.dout()}, {{"rows", rows}}));
    };
    gather.splits = [](const NodeView& view) {
        if (!view.in(1).batched()) return std::vector<Split>{};
        return std::vector<Split>{{Axis::rows, kBatch, {Axis::all, Axis::rows}, {Axis::rows}}};
    };
    gather.cost = [](const NodeView& view, int64_t rows) { return 0.5 * static_cast<double>(view.out().size(rows)); };
    gather.prepare = [](const NodeView& view) { return std::make_shared<Table>(table_of(view.in(0), view.in(1))); };
    gather.run = run_gather;

    OpDef& scatter = define(registry, "scatter_add");
    scatter.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const Shape &indices = graph.shape(inputs[0]), &terms = graph.shape(inputs[1]);
        bool fits = terms.rank() >= indices.rank();
        for (int64_t axis = 0; fits && axis < indices.rank(); ++axis) fits = terms[axis] == indices[axis];
        if (!fits)
            throw std::invalid_argument("expected terms whose shape begins with " + indices.str() + ", received " +
                                        terms.str() + ".");
        std::vector<int64_t> dims(terms.dims().begin() + indices.rank(), terms.dims().end());
        dims.insert(dims.begin(), attrs.integer("rows"));
        if (dims[0] < 0) throw std::invalid_argument("rows must be 0 or more.");
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    scatter.gradient = [](GradientRule& rule) {
        if (rule.wants(1)) rule.give(1, rule.add("gather", {rule.dout(), rule.in(0)}));
    };
    scatter.splits = [](const NodeView& view) {
        std::vector<Split> splits{{Axis::rows, view.out()[0], {Axis::all, Axis::all}, {Axis::rows}}};
        if (view.out().rank() == 2)
            splits.push_back({Axis::columns, view.out()[1], {Axis::all, Axis::columns}, {Axis::columns}});
        return splits;
    };
    scatter.cost = [](const NodeView& view, int64_t rows) {
        return 0.1 * static_cast<double>(view.out().size(rows)) + 0.5 * static_cast<double>(view.in(1).size(rows));
    };
    scatter.prepare = [](const NodeView& view) { return std::make_shared<Table>(table_of(view.out(), view.in(0))); };
    scatter.run = run_scatter;
}

}  // namespace ravine
