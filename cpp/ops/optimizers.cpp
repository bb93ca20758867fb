// Parameter updates. The formulas are Keras' (see the kernels); the learning rate is a scalar variable, so that it
// changes without a new plan.
#include <cmath>

#include "ops/register.h"

namespace ravine {

namespace {

void momentum(const Attrs& attrs, float* param) { param[0] = static_cast<float>(attrs.number("momentum")); }

struct Betas {
    double first, second;
};

}  // namespace

void register_optimizers(Registry& registry) {
    define_update(registry, "sgd", Eltwise::sgd, {0});
    define_update(registry, "sgd_momentum", Eltwise::sgd_momentum, {0, 2}, momentum);
    define_update(registry, "sgd_nesterov", Eltwise::sgd_nesterov, {0, 2}, momentum);
    define_update(registry, "adam", Eltwise::adam, {0, 2, 3}, [](const Attrs& attrs, float* param) {
        // Subtracted here: 1 - 0.999 has half its digits left when both are floats.
        param[0] = static_cast<float>(1 - attrs.number("beta_1"));
        param[1] = static_cast<float>(1 - attrs.number("beta_2"));
        param[2] = static_cast<float>(attrs.number("epsilon"));
    });

    // lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) with t = iterations + 1 (Kingma & Ba 2015, end of section 2).
    OpDef& rate = define(registry, "adam_rate");
    rate.constant = true;
    rate.typed = {1};
    rate.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        expect_inputs(inputs, 2);
        for (ValueId id : inputs) expect_shape("an operand", Shape{}, graph.shape(id));
        if (graph.value(inputs[1]).dtype != DType::i64) throw std::invalid_argument("iterations must be int64.");
        return std::vector<Shape>{Shape{}};
    };
    rate.prepare = [](const NodeView& view) {
        return std::make_shared<Betas>(Betas{view.attrs().number("beta_1"), view.attrs().number("beta_2")});
    };
    rate.run = [](const Call& call, const Slice&) {
        const Betas& betas = *static_cast<const Betas*>(call.params);
        const double t = static_cast<double>(*static_cast<const int64_t*>(call.in[1]) + 1);
        *call.dst() = static_cast<float>(static_cast<double>(*call.src(0)) * std::sqrt(1 - std::pow(betas.second, t)) /
                                         (1 - std::pow(betas.first, t)));
    };
}

}  // namespace ravine
