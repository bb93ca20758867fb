// Graphs as JSON, for model files. Variables and constants are named; their values lie beside the graph.
#pragma once
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "graph/graph.h"

namespace ravine {

/// Gives the name under which a variable or a constant is stored.
using NameOf = std::function<std::string(const Value&)>;
nlohmann::json graph_to_json(const Graph& graph, const NameOf& name_of);

/// Finds what a name stands for; throws when there is no such tensor.
struct TensorSource {
    std::function<VariablePtr(const std::string& name)> variable;
    std::function<std::vector<float>(const std::string& name, Shape* shape)> constant;
};

/// Builds the graph anew through Graph::add, so that every op checks its operands. ids[i] is the new id of the file's
/// value i. Throws std::invalid_argument on anything that does not fit.
Graph graph_from_json(const nlohmann::json& json, const TensorSource& source, std::vector<ValueId>* ids);

}  // namespace ravine
