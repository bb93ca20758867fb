// Decides how the threads share each group, and where they must wait for one another.
#pragma once
#include <vector>

#include "plan/schedule.h"

namespace ravine {

/// The part of a piece of memory that one thread touches: a range of its rows or columns, all of it, or all by the
/// first thread alone.
struct Region {
    Axis axis = Axis::all;
    int64_t extent = 0;
    /// Of the step's own domain, whose grain the ranges have: columns of X are the rows of X^T dY.
    Axis domain = Axis::all;
    bool operator==(const Region& other) const {
        return axis == other.axis && extent == other.extent && domain == other.domain;
    }
};

struct Access {
    int storage;
    Region region;
    bool write;
};

/// Memory that values share: a value's own, or that of the value it is a view of.
class Storages {
  public:
    Storages(const Schedule& schedule);
    int of(ValueId id) const { return root_[static_cast<size_t>(id)]; }
    /// Lets two storages be one from now on.
    void merge(int into, int gone);

  private:
    std::vector<int> root_;
};

struct Share {
    Axis axis = Axis::first;
    int64_t extent = 1;
    std::vector<Access> accesses;
    bool barrier = false;
    int phase = 0;  // barriers before it
};

struct Partition {
    std::vector<Share> shares;  // one per group
    bool barrier_before_outputs = false;
    double cycles = 0;
    double cycles_apart = 0;  // where the threads share no cache, so that a barrier takes long
};

/// Chooses for `threads` threads and batches of `rows`, by a cost model: arithmetic shared, operands that every thread
/// reads, barriers.
Partition choose_partition(const Schedule& schedule, const Storages& storages, int64_t rows, int threads);

/// Places the barriers (again, after storages were merged).
void place_barriers(const Schedule& schedule, const Storages& storages, int64_t rows, int threads,
                    Partition& partition);

/// Bytes of a value for a batch of `rows`. Throws std::bad_alloc when no memory could hold them.
int64_t value_bytes(const Value& value, int64_t rows);

/// Accesses of a group under a split of its head (recomputed from shapes).
std::vector<Split> group_splits(const Schedule& schedule, const Group& group);

}  // namespace ravine
