// Updates of variables: parameters and statistics (float32), running totals (float64 scalars), counters (int64).
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

bool is_total(const Graph& graph, const std::vector<ValueId>& inputs) {
    return !inputs.empty() && graph.value(inputs[0]).dtype == DType::f64;
}

}  // namespace

void register_state(Registry& registry) {
    OpDef& assign = define_update(registry, "assign", Eltwise::copy, {0});
    assign.tile->sources = {1};
    assign.stands_for = [](const Graph& graph, const std::vector<ValueId>& inputs) {
        return is_total(graph, inputs) ? "assign_total" : nullptr;
    };
    OpDef& assign_add = define_update(registry, "assign_add", Eltwise::add, {0});
    assign_add.stands_for = [](const Graph& graph, const std::vector<ValueId>& inputs) {
        return is_total(graph, inputs) ? "accumulate" : nullptr;
    };
    define_scalar_update(registry, "assign_total", DType::f64, 2,
                         [](const Call& call, const Slice&) { *static_cast<double*>(call.in[0]) = *call.src(1); });
    define_scalar_update(registry, "accumulate", DType::f64, 2,
                         [](const Call& call, const Slice&) { *static_cast<double*>(call.in[0]) += *call.src(1); });
    define_scalar_update(registry, "increment", DType::i64, 1,
                         [](const Call& call, const Slice&) { ++*static_cast<int64_t*>(call.in[0]); });
}

}  // namespace ravine
