// Updates of variables: parameters and statistics (float32), running totals (float64 scalars), counters (int64
// scalars); and the numbers that totals and counters hold, as float32.
#include <cmath>

#include "ops/register.h"

namespace ravine {

namespace {

OpDef& define_scalar_update(Registry& registry, const std::string& name, DType dtype, size_t inputs,
                            void (*run)(const Call&, const Slice&)) {
    OpDef& op = define(registry, name);
    op.updates = {0};
    op.typed = {0};
    op.constant = true;
    op.infer = [dtype, inputs](const Graph& graph, const std::vector<ValueId>& given, const Attrs&) {
        expect_inputs(given, inputs);
        if (graph.value(given[0]).dtype != dtype)
            throw std::invalid_argument(dtype == DType::f64 ? "the total must be float64."
                                                            : "the counter must be int64.");
        for (ValueId id : given)
            if (graph.shape(id).rank() != 0)
                throw std::invalid_argument("expected scalars, received shape " + graph.shape(id).str() + ".");
        return std::vector<Shape>{};
    };
    op.run = run;
    return op;
}

OpDef& define_read(Registry& registry, const std::string& name, DType dtype, void (*run)(const Call&, const Slice&)) {
    OpDef& op = define_scalar_update(registry, name, dtype, 1, run);
    op.updates.clear();
    op.infer = [infer = op.infer](const Graph& graph, const std::vector<ValueId>& given, const Attrs& attrs) {
        infer(graph, given, attrs);
        return std::vector<Shape>{Shape{}};
    };
    return op;
}

/// The name of the op for the type of the first operand; null: float32.
const char* by_type(const Graph& graph, const std::vector<ValueId>& inputs, const char* total, const char* counter) {
    if (inputs.empty()) return nullptr;
    const DType dtype = graph.value(inputs[0]).dtype;
    return dtype == DType::f64 ? total : dtype == DType::i64 ? counter : nullptr;
}

int64_t& counter_of(const Call& call) { return *static_cast<int64_t*>(call.in[0]); }

/// The nearest integer, but not beyond what a counter holds; NaN counts as 0.
int64_t whole(float value) {
    if (!(std::fabs(value) < 0x1p62f)) return value > 0 ? int64_t{1} << 62 : value < 0 ? -(int64_t{1} << 62) : 0;
    return std::llrint(value);
}

}  // namespace

void register_state(Registry& registry) {
    OpDef& assign = define_update(registry, "assign", Eltwise::copy, {0});
    assign.tile->sources = {1};
    assign.stands_for = [](const Graph& graph, const std::vector<ValueId>& inputs) {
        return by_type(graph, inputs, "assign_total", "assign_counter");
    };
    OpDef& assign_add = define_update(registry, "assign_add", Eltwise::add, {0});
    assign_add.stands_for = [](const Graph& graph, const std::vector<ValueId>& inputs) {
        return by_type(graph, inputs, "accumulate", "add_to_counter");
    };
    define_scalar_update(registry, "assign_total", DType::f64, 2,
                         [](const Call& call, const Slice&) { *static_cast<double*>(call.in[0]) = *call.src(1); });
    define_scalar_update(registry, "accumulate", DType::f64, 2,
                         [](const Call& call, const Slice&) { *static_cast<double*>(call.in[0]) += *call.src(1); });
    define_scalar_update(registry, "assign_counter", DType::i64, 2,
                         [](const Call& call, const Slice&) { counter_of(call) = whole(*call.src(1)); });
    define_scalar_update(registry, "add_to_counter", DType::i64, 2,
                         [](const Call& call, const Slice&) { counter_of(call) += whole(*call.src(1)); });
    define_scalar_update(registry, "increment", DType::i64, 1,
                         [](const Call& call, const Slice&) { ++counter_of(call); });
    define_read(registry, "read_total", DType::f64, [](const Call& call, const Slice&) {
        *call.dst() = static_cast<float>(*static_cast<const double*>(call.in[0]));
    });
    define_read(registry, "read_counter", DType::i64,
                [](const Call& call, const Slice&) { *call.dst() = static_cast<float>(counter_of(call)); });
}

}  // namespace ravine
