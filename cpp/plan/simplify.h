// Rewrites nodes into fewer that compute the same.
#pragma once
#include <vector>

#include "graph/graph.h"

namespace ravine {

/// - Two nodes of one op on the same operands become one.
/// - A node whose result another op computes along the way (softmax beside its cross-entropy) goes.
/// - The gradient of a batch normalization on the network's input needs no product of its own (see
///   ops/normalized_dense.cpp).
std::vector<Node> simplify(const Graph& graph, std::vector<Node> nodes, const std::vector<ValueId>& outputs);

}  // namespace ravine
