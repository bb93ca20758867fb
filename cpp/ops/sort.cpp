// Order along the last axis: argsort, and values picked (take_along) and summed (put_along) by indices. Sorted values
// are take_along of argsort, so that their gradient finds its way back.
#include <algorithm>
#include <cmath>

#include "ops/lines.h"

namespace ravine {

namespace {

struct Order {
    Lines lines;
    int64_t count;
    bool descending;
};

/// Does a come before b? Equal ones keep their order; NaN counts as the largest.
bool before(const float* values, int32_t a, int32_t b, bool descending) {
    const float x = values[a], y = values[b];
    const bool x_nan = std::isnan(x), y_nan = std::isnan(y);
    const bool less = !x_nan && (y_nan || x < y), greater = !y_nan && (x_nan || x > y);
    return descending ? greater || (!less && a < b) : less || (!greater && a < b);
}

void run_argsort(const Call& call, const Slice& slice) {
    const Order& order = *static_cast<const Order*>(call.params);
    const int64_t width = order.lines.width;
    int32_t* const places = reinterpret_cast<int32_t*>(slice.scratch);
    for (int64_t line = first_line(order.lines, slice); line < last_line(order.lines, slice); ++line) {
        const float* values = call.src(0) + line * width;
        for (int64_t j = 0; j < width; ++j) places[j] = static_cast<int32_t>(j);
        const auto compare = [&](int32_t a, int32_t b) { return before(values, a, b, order.descending); };
        if (order.count < width)
            std::partial_sort(places, places + order.count, places + width, compare);
        else
            std::sort(places, places + width, compare);
        float* dst = call.dst() + line * order.count;
        for (int64_t j = 0; j < order.count; ++j) dst[j] = static_cast<float>(places[j]);
    }
}

/// Lines of values, and as many lines of indices into them.
struct Picks {
    Lines values, indices;
};

bool is_place(float index, int64_t width) {
    return index >= 0 && index < static_cast<float>(width) && index == static_cast<float>(static_cast<int64_t>(index));
}

void run_take(const Call& call, const Slice& slice) {
    const Picks& picks = *static_cast<const Picks*>(call.params);
    const int64_t width = picks.values.width, count = picks.indices.width;
    for (int64_t line = first_line(picks.indices, slice); line < last_line(picks.indices, slice); ++line) {
        const float *values = call.src(0) + line * width, *indices = call.src(1) + line * count;
        float* dst = call.dst() + line * count;
        for (int64_t j = 0; j < count; ++j) {
            const bool fits = is_place(indices[j], width);
            dst[j] = fits ? values[static_cast<int64_t>(indices[j])] : 0.0f;
            if (!fits && slice.error && slice.error->row < 0)
                *slice.error = {picks.indices.batched ? line / picks.indices.unit : line, indices[j], width,
                                DataError::kIndex};
        }
    }
}

void run_put(const Call& call, const Slice& slice) {
    const Picks& picks = *static_cast<const Picks*>(call.params);
    const int64_t width = picks.values.width, count = picks.indices.width;
    for (int64_t line = first_line(picks.indices, slice); line < last_line(picks.indices, slice); ++line) {
        const float *indices = call.src(0) + line * count, *terms = call.src(1) + line * count;
        float* dst = call.dst() + line * width;
        std::fill_n(dst, width, 0.0f);
        for (int64_t j = 0; j < count; ++j)
            if (is_place(indices[j], width)) dst[static_cast<int64_t>(indices[j])] += terms[j];
    }
}

}  // namespace

void register_sort(Registry& registry) {
    OpDef& sort = define(registry, "argsort");
    sort.constant = true;
    sort.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Lines lines = lines_of(graph.shape(inputs[0]));
        const int64_t count = attrs.integer("count", lines.width);
        attrs.integer("descending", 0);
        if (count < 0 || count > lines.width || lines.width > INT32_MAX)
            throw std::invalid_argument("cannot take " + std::to_string(count) + " of " + std::to_string(lines.width) +
                                        " values.");
        return std::vector<Shape>{with_width(graph.shape(inputs[0]), count)};
    };
    sort.splits = by_batch;
    sort.cost = [](const NodeView& view, int64_t rows) {
        const double width = static_cast<double>(view.in(0).last());
        return 3.0 * static_cast<double>(view.in(0).size(rows)) * std::log2(width + 2);
    };
    sort.scratch = [](const NodeView& view, int64_t, const KernelTable&) { return view.in(0).last(); };
    sort.prepare = [](const NodeView& view) {
        return std::make_shared<Order>(
            Order{lines_of(view.in(0)), view.out().last(), view.attrs().integer("descending", 0) != 0});
    };
    sort.run = run_argsort;

    OpDef& take = define(registry, "take_along");
    take.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 2);
        const Shape &values = graph.shape(inputs[0]), &indices = graph.shape(inputs[1]);
        lines_of(values);
        lines_of(indices);
        expect_shape("indices", with_width(values, indices.last()), indices);
        return std::vector<Shape>{indices};
    };
    take.gradient = [](GradientRule& rule) {
        const int64_t width = rule.shape(rule.in(0)).last();
        if (rule.wants(0)) rule.give(0, rule.add("put_along", {rule.in(1), rule.dout()}, {{"width", width}}));
    };
    take.splits = by_batch;
    take.cost = [](const NodeView& view, int64_t rows) { return 2.0 * static_cast<double>(view.out().size(rows)); };
    take.prepare = [](const NodeView& view) {
        return std::make_shared<Picks>(Picks{lines_of(view.in(0)), lines_of(view.in(1))});
    };
    take.run = run_take;

    OpDef& put = define(registry, "put_along");
    put.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 2);
        const Shape& indices = graph.shape(inputs[0]);
        lines_of(indices);
        expect_shape("terms", indices, graph.shape(inputs[1]));
        const int64_t width = attrs.integer("width");
        if (width < 0) throw std::invalid_argument("width must be 0 or more.");
        return std::vector<Shape>{with_width(indices, width)};
    };
    put.gradient = [](GradientRule& rule) {
        if (rule.wants(1)) rule.give(1, rule.add("take_along", {rule.dout(), rule.in(0)}));
    };
    put.splits = by_batch;
    put.cost = [](const NodeView& view, int64_t rows) {
        return 2.0 * static_cast<double>(view.in(1).size(rows)) + 0.1 * static_cast<double>(view.out().size(rows));
    };
    put.prepare = [](const NodeView& view) {
        return std::make_shared<Picks>(Picks{lines_of(view.out()), lines_of(view.in(0))});
    };
    put.run = run_put;
}

}  // namespace ravine
