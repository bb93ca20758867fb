// Makes sums that one thread would do alone into sums that all share.
#pragma once
#include "graph/graph.h"

namespace ravine {

/// The sum of a large value, weights or gradients, becomes sums of pieces and then the sum of those, whatever the
/// number of threads: the order of summation does not depend on it.
Graph with_staged_sums(Graph graph);

}  // namespace ravine
