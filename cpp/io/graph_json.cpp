#include "io/graph_json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "graph/op.h"

namespace ravine {

namespace {

using Json = nlohmann::json;

/// {"i": 3}, {"f": 0.5}, {"s": "text"}, {"l": [1, 2]}; JSON has no infinities, so they go as text.
Json attr_to_json(const Attr& attr) {
    if (auto* integer = std::get_if<int64_t>(&attr)) return {{"i", *integer}};
    if (auto* text = std::get_if<std::string>(&attr)) return {{"s", *text}};
    if (auto* list = std::get_if<std::vector<int64_t>>(&attr)) return {{"l", *list}};
    const double number = std::get<double>(attr);
    if (std::isfinite(number)) return {{"f", number}};
    return {{"f", std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf"}};
}

Attr attr_from_json(const Json& json) {
    if (json.contains("i")) return json.at("i").get<int64_t>();
    if (json.contains("s")) return json.at("s").get<std::string>();
    if (json.contains("l")) return json.at("l").get<std::vector<int64_t>>();
    const Json& number = json.at("f");
    if (!number.is_string()) return number.get<double>();
    const std::string text = number.get<std::string>();
    const double infinity = std::numeric_limits<double>::infinity();
    return text == "inf" ? infinity : text == "-inf" ? -infinity : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

Json graph_to_json(const Graph& graph, const NameOf& name_of) {
    Json values = Json::array(), nodes = Json::array();
    for (const Value& value : graph.values()) {
        switch (value.kind) {
            case ValueKind::input: values.push_back({{"input", value.name}, {"shape", value.shape.dims()}}); break;
            case ValueKind::variable: values.push_back({{"variable", name_of(value)}}); break;
            case ValueKind::constant: values.push_back({{"constant", name_of(value)}}); break;
            case ValueKind::computed: values.push_back(Json::object()); break;
        }
    }
    for (const Node& node : graph.nodes()) {
        Json attrs = Json::object();
        for (const auto& [name, attr] : node.attrs.items()) attrs[name] = attr_to_json(attr);
        nodes.push_back({{"op", node.op->name},
                         {"inputs", node.inputs},
                         {"outputs", node.outputs},
                         {"attrs", std::move(attrs)},
                         {"label", node.label}});
        if (!node.guards.empty()) nodes.back()["guards"] = node.guards;
    }
    return {{"values", std::move(values)}, {"nodes", std::move(nodes)}};
}

Graph graph_from_json(const Json& json, const TensorSource& source, std::vector<ValueId>* ids) {
    Graph graph;
    const Json &values = json.at("values"), &nodes = json.at("nodes");
    ids->assign(values.size(), kNone);
    for (size_t i = 0; i < values.size(); ++i) {
        const Json& value = values[i];
        if (value.contains("input")) {
            (*ids)[i] =
                graph.input(value.at("input").get<std::string>(), Shape(value.at("shape").get<std::vector<int64_t>>()));
        } else if (value.contains("variable")) {
            (*ids)[i] = graph.variable(source.variable(value.at("variable").get<std::string>()));
        } else if (value.contains("constant")) {
            Shape shape;
            std::vector<float> numbers = source.constant(value.at("constant").get<std::string>(), &shape);
            (*ids)[i] = graph.constant(shape, std::move(numbers));
        }
    }
    const auto known = [&](const Json& list) {
        std::vector<ValueId> found;
        for (const Json& item : list) {
            const size_t index = item.get<size_t>();
            if (index >= ids->size() || (*ids)[index] == kNone)
                throw std::invalid_argument("a node reads a value that nothing computes before it.");
            found.push_back((*ids)[index]);
        }
        return found;
    };
    for (const Json& node : nodes) {
        const std::vector<ValueId> inputs = known(node.at("inputs"));
        std::vector<ValueId> guards;
        if (node.contains("guards")) guards = known(node.at("guards"));
        for (ValueId guard : guards) graph.push_guard(guard);
        Attrs attrs;
        for (const auto& [name, attr] : node.at("attrs").items()) attrs.set(name, attr_from_json(attr));
        const std::vector<ValueId> made =
            graph.add(node.at("op").get<std::string>(), inputs, std::move(attrs), node.at("label").get<std::string>());
        for (size_t i = 0; i < guards.size(); ++i) graph.pop_guard();
        const Json& outputs = node.at("outputs");
        if (outputs.size() != made.size())
            throw std::invalid_argument("a node has another number of outputs than its op.");
        for (size_t i = 0; i < made.size(); ++i) {
            const size_t index = outputs[i].get<size_t>();
            if (index >= ids->size() || (*ids)[index] != kNone)
                throw std::invalid_argument("a value is computed twice.");
            (*ids)[index] = made[i];
        }
    }
    // Attributes that no shape depends on are first read here.
    for (const Node& node : graph.nodes())
        if (node.op->prepare) node.op->prepare({graph, node});
    return graph;
}

}  // namespace ravine
