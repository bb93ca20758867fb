// Parts of a value and values made of parts: slice, place (its gradient), concatenate. All of them keep the batch
// whole.
#include <algorithm>

#include "ops/walk.h"

namespace ravine {

namespace {

/// Along each axis: the first element, how many, and the distance between them, which may be negative.
struct Window {
    std::vector<int64_t> begin, size, step;
};

/// The window of `size` that begins and steps as the attributes say; throws unless it lies within `whole`.
Window checked_window(const Shape& whole, std::vector<int64_t> size, const Attrs& attrs) {
    Window window{attrs.integers("begin"), std::move(size), attrs.integers("step")};
    const size_t rank = static_cast<size_t>(whole.rank());
    if (window.begin.size() != rank || window.size.size() != rank || window.step.size() != rank || rank > kMaxRank)
        throw std::invalid_argument("begin, size and step must name each of the " + std::to_string(rank) +
                                    " axes (at most 8).");
    for (size_t axis = 0; axis < rank; ++axis) {
        const int64_t begin = window.begin[axis], count = window.size[axis], step = window.step[axis];
        const int64_t extent = whole[static_cast<int64_t>(axis)];
        if (extent == kBatch || count == kBatch) {
            if (extent != kBatch || count != kBatch || begin != 0 || step != 1)
                throw std::invalid_argument("the batch axis can only be taken whole, received shape " + whole.str() +
                                            ".");
            continue;
        }
        constexpr int64_t kMost = int64_t{1} << 40;
        const bool sane = count >= 0 && count <= kMost && step >= -kMost && step <= kMost && step != 0;
        // The last one is at begin + (count - 1) step, which is compared by division lest it overflow.
        const bool fits =
            sane && (count == 0 || (begin >= 0 && begin < extent &&
                                    (count - 1) <= (step > 0 ? (extent - 1 - begin) / step : begin / -step)));
        if (!fits)
            throw std::invalid_argument("axis " + std::to_string(axis) + " of shape " + whole.str() + " has no " +
                                        std::to_string(count) + " elements from " + std::to_string(begin) +
                                        " in steps of " + std::to_string(step) + ".");
    }
    return window;
}

/// A walk through the window whose other side is dense. `windowed` and `begin`: the strides and the offset of the
/// whole.
std::shared_ptr<Walk> walk_through(const Window& window, const Shape& whole, std::vector<int64_t>& windowed,
                                   int64_t& begin) {
    auto walk = std::make_shared<Walk>();
    walk->dims = window.size;
    walk->batched = whole.batched();
    windowed = row_major_strides(whole);
    begin = 0;
    const bool empty = std::count(window.size.begin(), window.size.end(), 0) != 0;
    for (size_t axis = 0; axis < windowed.size(); ++axis) {
        if (!empty) begin += window.begin[axis] * windowed[axis];
        windowed[axis] *= window.step[axis];
    }
    return walk;
}

/// Concatenated operands are runs of `widths` floats, one run of each operand after the other, `lines` times.
struct Runs {
    int64_t lines;  // per sample when batched, else in all
    bool batched;
    std::vector<int64_t> widths;
};

/// Floats from the axis on: what follows each other without a gap.
int64_t width_from(const Shape& shape, int64_t axis) {
    int64_t width = 1;
    for (int64_t i = axis; i < shape.rank(); ++i) width *= shape[i];
    return width;
}

void concatenate(const Call& call, const Slice& slice) {
    const Runs& runs = *static_cast<const Runs*>(call.params);
    int64_t begin = 0, end = runs.lines * (runs.batched ? slice.rows : 1), total = 0;
    if (slice.axis == Axis::rows) {
        begin = slice.begin * runs.lines;
        end = slice.end * runs.lines;
    }
    for (int64_t width : runs.widths) total += width;
    int64_t offset = 0;
    for (size_t k = 0; k < runs.widths.size(); ++k) {
        const int64_t width = runs.widths[k];
        const float* src = call.src(static_cast<int>(k)) + begin * width;
        float* dst = call.dst() + begin * total + offset;
        for (int64_t line = begin; line < end; ++line, src += width, dst += total) std::copy_n(src, width, dst);
        offset += width;
    }
}

}  // namespace

void register_slice(Registry& registry) {
    OpDef& slice = define(registry, "slice");
    slice.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        return std::vector<Shape>{Shape(checked_window(graph.shape(inputs[0]), attrs.integers("size"), attrs).size)};
    };
    slice.gradient = [](GradientRule& rule) {
        Attrs attrs{{"shape", rule.shape(rule.in(0)).dims()},
                    {"begin", rule.attrs().integers("begin")},
                    {"step", rule.attrs().integers("step")}};
        rule.give(0, rule.add("place", {rule.dout()}, attrs));
    };
    define_walk(slice);
    slice.prepare = [](const NodeView& view) {
        const Window window = checked_window(view.in(0), view.out().dims(), view.attrs());
        std::vector<int64_t> strides;
        int64_t begin;
        auto walk = walk_through(window, view.in(0), strides, begin);
        walk->source = std::move(strides);
        walk->source_begin = begin;
        walk->target = row_major_strides(view.out());
        return walk;
    };

    // Zeros of the shape, but for a window that holds the operand.
    OpDef& place = define(registry, "place");
    place.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        expect_inputs(inputs, 1);
        const Shape whole = shape_attr(attrs);
        checked_window(whole, graph.shape(inputs[0]).dims(), attrs);
        return std::vector<Shape>{whole};
    };
    place.gradient = [](GradientRule& rule) {
        Attrs attrs{{"begin", rule.attrs().integers("begin")},
                    {"size", rule.shape(rule.in(0)).dims()},
                    {"step", rule.attrs().integers("step")}};
        rule.give(0, rule.add("slice", {rule.dout()}, attrs));
    };
    define_walk(place);
    place.prepare = [](const NodeView& view) {
        const Window window = checked_window(view.out(), view.in(0).dims(), view.attrs());
        std::vector<int64_t> strides;
        int64_t begin;
        auto walk = walk_through(window, view.out(), strides, begin);
        walk->target = std::move(strides);
        walk->target_begin = begin;
        walk->source = row_major_strides(view.in(0));
        walk->cleared = view.out().unit();
        return walk;
    };
    OpDef& join = define(registry, "concatenate");
    join.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        if (inputs.empty()) expect_inputs(inputs, 1);
        const Shape& first = graph.shape(inputs[0]);
        const int64_t axis = normal_axis(attrs.integer("axis"), first.rank());
        std::vector<int64_t> dims = first.dims();
        int64_t& total = dims[static_cast<size_t>(axis)];
        if (total == kBatch)
            throw std::invalid_argument("the batch axis cannot be joined, received shape " + first.str() + ".");
        for (size_t i = 1; i < inputs.size(); ++i) {
            const Shape& shape = graph.shape(inputs[i]);
            bool fits = shape.rank() == first.rank();
            for (int64_t k = 0; fits && k < first.rank(); ++k) fits = k == axis || shape[k] == first[k];
            if (!fits || shape[axis] == kBatch)
                throw std::invalid_argument("expected shapes that differ at axis " + std::to_string(axis) +
                                            " only, received " + first.str() + " and " + shape.str() + ".");
            total += shape[axis];
        }
        return std::vector<Shape>{Shape(std::move(dims))};
    };
    join.gradient = [](GradientRule& rule) {
        const Shape whole = rule.shape(rule.out());
        const int64_t axis = normal_axis(rule.attrs().integer("axis"), whole.rank());
        std::vector<int64_t> begin(static_cast<size_t>(whole.rank()), 0), step(begin.size(), 1);
        for (size_t i = 0; i < rule.inputs(); ++i) {
            const Shape part = rule.shape(rule.in(i));
            if (rule.wants(i))
                rule.give(i,
                          rule.add("slice", {rule.dout()}, {{"begin", begin}, {"size", part.dims()}, {"step", step}}));
            begin[static_cast<size_t>(axis)] += part[axis];
        }
    };
    join.splits = by_batch;
    join.cost = [](const NodeView& view, int64_t rows) { return static_cast<double>(view.out().size(rows)); };
    join.prepare = [](const NodeView& view) {
        const int64_t axis = normal_axis(view.attrs().integer("axis"), view.out().rank());
        auto runs = std::make_shared<Runs>();
        runs->batched = view.out().batched();
        runs->lines = 1;
        for (int64_t i = runs->batched ? 1 : 0; i < axis; ++i) runs->lines *= view.out()[i];
        for (size_t i = 0; i < view.inputs(); ++i) runs->widths.push_back(width_from(view.in(i), axis));
        return runs;
    };
    join.run = concatenate;
}

}  // namespace ravine
