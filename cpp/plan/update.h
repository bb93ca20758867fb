// Recognizes the chains that a matrix product can do while its result is in registers.
#pragma once
#include "plan/plan.h"

namespace ravine {

/// All -1 when the chain is more than an update, or another thing.
UpdateStages find_update(const Chain& chain);

/// The scalar by which a decay multiplies the weights.
const float* decay_rate(const Stage& decay);

}  // namespace ravine
