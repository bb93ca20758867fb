// Copies between arrays that are walked through with strides: what transpose, broadcast_to, slice and place share.
#pragma once
#include "ops/register.h"

namespace ravine {

/// Visits the indices of `dims` in row-major order; along axis i the source moves on by source[i] elements and the
/// target by target[i]. A batched value has the batch in front, and a slice of rows covers only its part of that axis.
struct Walk {
    std::vector<int64_t> dims, source, target;
    int64_t source_begin = 0, target_begin = 0;
    bool batched = false;
    /// Floats of the target, of a sample when batched, that are set to 0 first.
    int64_t cleared = 0;
};

inline constexpr int64_t kMaxRank = 8;

/// Distances between neighbours along each axis; those of the batch are the size of a sample.
std::vector<int64_t> row_major_strides(const Shape& shape);

/// Runs a walk that OpDef::prepare made, from operand 0 to output 0.
void run_walk(const Call& call, const Slice& slice);

/// Rows are shared, each element costs a cycle, and run_walk does it.
void define_walk(OpDef& op);

}  // namespace ravine
