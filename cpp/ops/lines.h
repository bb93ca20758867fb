// Ops that work along the last axis, line by line.
#pragma once
#include "ops/register.h"

namespace ravine {

/// A value seen as lines along its last axis.
struct Lines {
    int64_t unit = 0;  // lines per sample when batched, else in all
    int64_t width = 0;
    bool batched = false;
};

inline Lines lines_of(const Shape& shape) {
    if (shape.rank() < 1 || shape.last() == kBatch)
        throw std::invalid_argument("needs an axis besides the batch to work along, received shape " + shape.str() +
                                    ".");
    int64_t unit = 1;
    for (int64_t axis = shape.batched() ? 1 : 0; axis + 1 < shape.rank(); ++axis) unit *= shape[axis];
    return {unit, shape.last(), shape.batched()};
}

/// The lines that a slice covers.
inline int64_t first_line(const Lines& lines, const Slice& slice) {
    return slice.axis == Axis::rows ? slice.begin * lines.unit : 0;
}
inline int64_t last_line(const Lines& lines, const Slice& slice) {
    return slice.axis == Axis::rows ? slice.end * lines.unit : lines.unit * (lines.batched ? slice.rows : 1);
}

/// The same leading axes before a last one of another size.
inline Shape with_width(const Shape& shape, int64_t width) {
    std::vector<int64_t> dims = shape.dims();
    dims.back() = width;
    return Shape(std::move(dims));
}

}  // namespace ravine
