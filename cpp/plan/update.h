// Recognizes the chains that a matrix product can do while its result is in registers.
#pragma once
#include "plan/plan.h"

namespace ravine {

/// None when the chain is more than an update, or another thing.
UpdateStages find_update(const Chain& chain);

}  // namespace ravine
