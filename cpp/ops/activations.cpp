// The activation functions. Each gradient is one op of its own, which reads either the activation's output or its input
// (whichever is cheaper) and the gradient that comes from above.
#include "ops/register.h"

namespace ravine {

namespace {

enum class Reads { input, output };

void define_activation(Registry& registry, const std::string& name, Eltwise forward, Eltwise backward, Reads reads,
                       void (*params)(const Attrs&, float*) = nullptr) {
    define_tile(registry, name, forward, params).gradient = [name, reads](GradientRule& rule) {
        const ValueId read = reads == Reads::input ? rule.in(0) : rule.out();
        rule.give(0, rule.add(name + "_grad", {read, rule.dout()}, rule.attrs()));
    };
    define_tile(registry, name + "_grad", backward, params);
}

void slope_limit_threshold(const Attrs& attrs, float* param) {
    param[0] = static_cast<float>(attrs.number("negative_slope"));
    param[1] = static_cast<float>(attrs.number("max_value"));
    param[2] = static_cast<float>(attrs.number("threshold"));
}

void negative_slope(const Attrs& attrs, float* param) { param[0] = static_cast<float>(attrs.number("negative_slope")); }
void alpha(const Attrs& attrs, float* param) { param[0] = static_cast<float>(attrs.number("alpha")); }
void beta(const Attrs& attrs, float* param) { param[0] = static_cast<float>(attrs.number("beta", 1.0)); }

}  // namespace

void register_activations(Registry& registry) {
    const auto define = [&registry](auto... args) { define_activation(registry, args...); };
    define("relu", Eltwise::relu, Eltwise::relu_grad, Reads::output);
    define("relu_general", Eltwise::relu_general, Eltwise::relu_general_grad, Reads::input, slope_limit_threshold);
    define("leaky_relu", Eltwise::leaky_relu, Eltwise::leaky_relu_grad, Reads::input, negative_slope);
    define("elu", Eltwise::elu, Eltwise::elu_grad, Reads::input, alpha);
    define("selu", Eltwise::selu, Eltwise::selu_grad, Reads::output);
    define("gelu", Eltwise::gelu, Eltwise::gelu_grad, Reads::input);
    define("gelu_tanh", Eltwise::gelu_tanh, Eltwise::gelu_tanh_grad, Reads::input);
    define("silu", Eltwise::silu, Eltwise::silu_grad, Reads::input, beta);
    define("mish", Eltwise::mish, Eltwise::mish_grad, Reads::input);
    define("sigmoid", Eltwise::sigmoid, Eltwise::sigmoid_grad, Reads::output);
    define("tanh", Eltwise::tanh, Eltwise::tanh_grad, Reads::output);
    define("softplus", Eltwise::softplus, Eltwise::softplus_grad, Reads::input);
    define("softsign", Eltwise::softsign, Eltwise::softsign_grad, Reads::input);
    define("hard_sigmoid", Eltwise::hard_sigmoid, Eltwise::hard_sigmoid_grad, Reads::input);
    define("hard_silu", Eltwise::hard_silu, Eltwise::hard_silu_grad, Reads::input);
}

}  // namespace ravine
