// Running sums and products along the last axis.
#include "ops/lines.h"

namespace ravine {

namespace {

struct Scan {
    Lines lines;
    bool reverse;
};

OpDef& define_scan(Registry& registry, const std::string& name, size_t inputs, void (*run)(const Call&, const Slice&)) {
    OpDef& op = define(registry, name);
    op.infer = [inputs](const Graph& graph, const std::vector<ValueId>& given, const Attrs& attrs) {
        expect_inputs(given, inputs);
        attrs.integer("reverse", 0);
        lines_of(graph.shape(given[0]));
        for (ValueId id : given) expect_shape("an operand", graph.shape(given[0]), graph.shape(id));
        return std::vector<Shape>{graph.shape(given[0])};
    };
    op.splits = by_batch;
    op.cost = [](const NodeView& view, int64_t rows) { return 4.0 * static_cast<double>(view.out().size(rows)); };
    op.prepare = [](const NodeView& view) {
        return std::make_shared<Scan>(Scan{lines_of(view.in(0)), view.attrs().integer("reverse", 0) != 0});
    };
    op.run = run;
    return op;
}

template <typename Body>
void each_line(const Call& call, const Slice& slice, Body body) {
    const Scan& scan = *static_cast<const Scan*>(call.params);
    for (int64_t line = first_line(scan.lines, slice); line < last_line(scan.lines, slice); ++line)
        body(scan, line * scan.lines.width);
}

}  // namespace

void register_scan(Registry& registry) {
    OpDef& sum = define_scan(registry, "cumsum", 1, [](const Call& call, const Slice& slice) {
        each_line(call, slice, [&](const Scan& scan, int64_t at) {
            const float* src = call.src(0) + at;
            float *dst = call.dst() + at, total = 0;
            const int64_t n = scan.lines.width;
            if (scan.reverse)
                for (int64_t j = n; j-- > 0;) dst[j] = total += src[j];
            else
                for (int64_t j = 0; j < n; ++j) dst[j] = total += src[j];
        });
    });
    sum.in_place = 0;
    sum.gradient = [](GradientRule& rule) {
        const int64_t reverse = rule.attrs().integer("reverse", 0) != 0;
        rule.give(0, rule.add("cumsum", {rule.dout()}, {{"reverse", 1 - reverse}}));
    };

    OpDef& product = define_scan(registry, "cumprod", 1, [](const Call& call, const Slice& slice) {
        each_line(call, slice, [&](const Scan& scan, int64_t at) {
            float total = 1;
            for (int64_t j = at; j < at + scan.lines.width; ++j) call.dst()[j] = total *= call.src(0)[j];
        });
    });
    product.in_place = 0;
    product.gradient = [](GradientRule& rule) { rule.give(0, rule.add("cumprod_grad", {rule.in(0), rule.dout()})); };

    // (x, dy): dx_i = (x_0 ... x_(i-1)) s_i with s_i = dy_i + x_(i+1) s_(i+1), which divides by nothing.
    define_scan(registry, "cumprod_grad", 2, [](const Call& call, const Slice& slice) {
        each_line(call, slice, [&](const Scan& scan, int64_t at) {
            const float *x = call.src(0) + at, *dy = call.src(1) + at;
            float *dx = call.dst() + at, total = 1;
            const int64_t n = scan.lines.width;
            for (int64_t j = n; j-- > 0;) dx[j] = j + 1 < n ? dy[j] + x[j + 1] * dx[j + 1] : dy[j];
            for (int64_t j = 0; j < n; ++j) {
                dx[j] *= total;
                total *= x[j];
            }
        });
    });
}

}  // namespace ravine
