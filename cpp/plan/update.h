// Recognizes the chains that a matrix product can do while its result is in registers.
#pragma once
#include <optional>

#include "plan/plan.h"

namespace ravine {

/// The stages of a chain that is nothing but an optimizer's update of matrices by the product before it, after a decay
/// (gradient + rate * weights) and a clipping of the gradient, both optional.
struct UpdateStages {
    const Stage *decay = nullptr, *clip = nullptr, *update = nullptr;

    const float* decay_rate() const;
};
std::optional<UpdateStages> find_update(const Chain& chain);

}  // namespace ravine
