// Parameter updates. The formulas are Keras' (see the kernels); what a schedule may change (learning rate, momentum,
// beta_1) is a scalar operand, so that it changes without a new plan.
#include <cmath>

#include "ops/register.h"

namespace ravine {

namespace {

/// Subtracted here: 1 - 0.999 has half its digits left when both are floats.
void alphas(const Attrs& attrs, float* param) {
    param[0] = static_cast<float>(1 - attrs.number("beta_1"));
    param[1] = static_cast<float>(1 - attrs.number("beta_2"));
}

void adam_constants(const Attrs& attrs, float* param) {
    param[0] = static_cast<float>(1 - attrs.number("beta_2"));
    param[1] = static_cast<float>(attrs.number("epsilon"));
}

struct Betas {
    double first, second;
};

double second_beta(const Call& call) { return *static_cast<const double*>(call.params); }

struct NadamConstants {
    Betas betas;
    double epsilon;
};

/// Scalars, the second being the number of steps made so far.
std::vector<Shape> infer_rates(const Graph& graph, const std::vector<ValueId>& inputs, size_t count, size_t outputs) {
    expect_inputs(inputs, count);
    for (ValueId id : inputs) expect_shape("an operand", Shape{}, graph.shape(id));
    if (graph.value(inputs[1]).dtype != DType::i64) throw std::invalid_argument("iterations must be int64.");
    return std::vector<Shape>(outputs, Shape{});
}

double steps(const Call& call) { return static_cast<double>(*static_cast<const int64_t*>(call.in[1]) + 1); }

}  // namespace

void register_optimizers(Registry& registry) {
    define_update(registry, "sgd", Eltwise::sgd, {0});
    define_update(registry, "sgd_momentum", Eltwise::sgd_momentum, {0, 2});
    define_update(registry, "sgd_nesterov", Eltwise::sgd_nesterov, {0, 2});
    define_update(registry, "adam", Eltwise::adam, {0, 2, 3}, adam_constants);
    define_update(registry, "nadam", Eltwise::nadam, {0, 2, 3}, alphas);
    define_update(registry, "sgdw", Eltwise::sgdw, {0});
    define_update(registry, "sgdw_momentum", Eltwise::sgdw_momentum, {0, 2});
    define_update(registry, "sgdw_nesterov", Eltwise::sgdw_nesterov, {0, 2});
    define_update(registry, "adamw", Eltwise::adamw, {0, 2, 3}, adam_constants);

    // (lr, iterations, 1 - beta_1) -> lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) with t = iterations + 1 (Kingma & Ba
    // 2015, end of section 2).
    OpDef& rate = define(registry, "adam_rate");
    rate.constant = true;
    rate.typed = {1};
    rate.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs&) {
        return infer_rates(graph, inputs, 3, 1);
    };
    rate.prepare = [](const NodeView& view) { return std::make_shared<double>(view.attrs().number("beta_2")); };
    rate.run = [](const Call& call, const Slice&) {
        const double t = steps(call), beta_1 = 1 - static_cast<double>(*call.src(2));
        *call.dst() = static_cast<float>(static_cast<double>(*call.src(0)) *
                                         std::sqrt(1 - std::pow(second_beta(call), t)) / (1 - std::pow(beta_1, t)));
    };

    // Keras' Nadam: u_t = beta_1 (1 - 0.96^t / 2), P_t = P_(t-1) u_t, and with the bias correction c of the second
    // moment multiplied out of the root:
    //   w -= lr c (u_(t+1) m / (1 - P_t u_(t+1)) + (1 - u_t) g / (1 - P_t)) / (sqrt(v) + c epsilon), c = sqrt(1 -
    //   beta_2^t)
    // (rate, iterations, P_(t-1)) -> the factors of m and of g, c epsilon, P_t.
    OpDef& rates = define(registry, "nadam_rates");
    rates.constant = true;
    rates.typed = {1};
    rates.infer = [](const Graph& graph, const std::vector<ValueId>& inputs, const Attrs& attrs) {
        attrs.number("epsilon");
        return infer_rates(graph, inputs, 3, 4);
    };
    rates.prepare = [](const NodeView& view) {
        const Attrs& attrs = view.attrs();
        const Betas betas{attrs.number("beta_1"), attrs.number("beta_2")};
        return std::make_shared<NadamConstants>(NadamConstants{betas, attrs.number("epsilon")});
    };
    rates.run = [](const Call& call, const Slice&) {
        const auto& [betas, epsilon] = *static_cast<const NadamConstants*>(call.params);
        const double t = steps(call);
        const double u = betas.first * (1 - 0.5 * std::pow(0.96, t));
        const double next_u = betas.first * (1 - 0.5 * std::pow(0.96, t + 1));
        const double product = static_cast<double>(*call.src(2)) * u;
        const double correction = std::sqrt(1 - std::pow(betas.second, t));
        const double scale = static_cast<double>(*call.src(0)) * correction;
        *call.dst(0) = static_cast<float>(scale * next_u / (1 - product * next_u));
        *call.dst(1) = static_cast<float>(scale * (1 - u) / (1 - product));
        *call.dst(2) = static_cast<float>(correction * epsilon);
        *call.dst(3) = static_cast<float>(product);
    };
}

}  // namespace ravine
