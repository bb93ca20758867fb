// Rewrites nodes into fewer that compute the same.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace ravine {

/// - Two nodes of one op on the same operands become one.
/// - A node whose result another op computes along the way (softmax beside its cross-entropy) goes.
std::vector<Node> simplify(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs);

}  // namespace ravine
