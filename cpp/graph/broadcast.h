// NumPy's broadcasting over shapes whose first dimension may be the batch.
#pragma once
#include <vector>

#include "graph/shape.h"

namespace ravine {

/// Throws std::invalid_argument when the shapes do not broadcast together.
Shape broadcast_shapes(const std::vector<Shape>& shapes);

/// The axes of `full` along which `part` is repeated: those it lacks in front, and those where it alone has size 1.
std::vector<int64_t> broadcast_axes(const Shape& full, const Shape& part);

}  // namespace ravine
