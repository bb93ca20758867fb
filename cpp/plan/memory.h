// Gives every value of a schedule a place: liveness, in-place reuse, offsets in one arena.
#pragma once
#include <vector>

#include "plan/partition.h"

namespace ravine {

struct MemoryPlan {
    std::vector<int64_t> offset;  // by storage; -1 = not in the arena
    int64_t bytes = 0;
};

/// Lets outputs take over the memory of operands that die with the same step, where the op permits it and each thread
/// overwrites only what it alone reads. Merges storages.
void reuse_in_place(const Schedule& schedule, const std::vector<bool>& inside, const Partition& partition, int64_t rows,
                    Storages& storages);

/// First-fit offsets: two storages may overlap when a barrier (with one thread: any step) lies between the last use of
/// one and the first of the other.
MemoryPlan plan_memory(const Schedule& schedule, const std::vector<bool>& inside, const Partition& partition,
                       const Storages& storages, int64_t rows);

}  // namespace ravine
