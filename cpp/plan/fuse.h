// Gathers nodes into groups that run as one step.
#pragma once
#include <vector>

#include "plan/schedule.h"

namespace ravine {

/// An element-wise node joins the group of the product or element-wise node that feeds it when
///   - its full operands have the shape of the group's tiles and the others are rows, columns or scalars of them,
///   - everything else that it reads exists before the group runs,
///   - both run under the same conditions, and
///   - no node in between reads what it overwrites or overwrites what it reads.
/// Behind an element-wise head, others of its shape join even when nothing connects them yet: they may meet further on.
/// So does one that reads a variable which the group has updated. What else such a node reads joins before it when it
/// is element-wise too and read by nobody else. A bias added to a product becomes the product's own third operand.
std::vector<Group> fuse(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs);

}  // namespace ravine
