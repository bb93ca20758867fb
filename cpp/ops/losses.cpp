// Losses that need kernels of their own; the others are composed from arithmetic in the face.
#include "ops/register.h"

namespace ravine {

void register_losses(Registry& registry) {
    // max(z, 0) - z t + log(1 + exp(-|z|)), the cross-entropy of sigmoid(z) that never overflows.
    define_tile(registry, "sigmoid_crossentropy", Eltwise::sigmoid_loss).gradient = [](GradientRule& rule) {
        if (rule.wants(0))
            rule.give_broadcast(0, rule.add("sigmoid_crossentropy_grad", {rule.in(0), rule.in(1), rule.dout()}));
        if (rule.wants(1))
            rule.give_broadcast(1, rule.add("negative", {rule.add("multiply", {rule.in(0), rule.dout()})}));
    };
    define_tile(registry, "sigmoid_crossentropy_grad", Eltwise::sigmoid_loss_grad);
}

}  // namespace ravine
