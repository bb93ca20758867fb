// Programs that treat every sample by itself, as predictions do: in batches of any size they compute the same.
#pragma once
#include "plan/schedule.h"

namespace ravine {

/// How many samples to run at a time through a program that treats each by itself, so that what one step hands to the
/// next stays in the second-level cache. 0: the program mixes samples, counts them, or changes state.
int64_t samples_at_a_time(const Schedule& schedule);

}  // namespace ravine
