#include "io/model_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "io/graph_json.h"
#include "io/safetensors.h"

namespace ravine {

namespace {

using Json = nlohmann::json;
constexpr const char* kFormat = "ravine-model-2";

/// FNV-1a: notices accidents, not attacks; those meet the checks of the reader.
class Checksum {
  public:
    void add(const void* data, size_t bytes) {
        for (size_t i = 0; i < bytes; ++i)
            state_ = (state_ ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3u;
    }
    std::string text() const {
        char digits[17];
        std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state_));
        return digits;
    }

  private:
    uint64_t state_ = 0xcbf29ce484222325u;
};

std::string checksum(const std::string& programs, std::vector<FileTensor> tensors) {
    std::sort(tensors.begin(), tensors.end(), [](const FileTensor& a, const FileTensor& b) { return a.name < b.name; });
    Checksum sum;
    sum.add(programs.data(), programs.size());
    for (const FileTensor& tensor : tensors) {
        sum.add(tensor.name.data(), tensor.name.size());
        sum.add(tensor.data, tensor.bytes);
    }
    return sum.text();
}

/// Collects tensors under unique names.
class TensorWriter {
  public:
    std::string variable(const VariablePtr& variable) {
        auto [entry, fresh] = variables_.try_emplace(variable.get());
        if (fresh) {
            entry->second = unique(variable->name().empty() ? "variable" : variable->name());
            tensors_.push_back(
                {entry->second, variable->dtype(), variable->shape().dims(), variable->data(), variable->bytes()});
        }
        return entry->second;
    }
    std::string constant(const Value& value) {
        const std::string name = unique("constant");
        tensors_.push_back(
            {name, DType::f32, value.shape.dims(), value.constant.data(), value.constant.size() * sizeof(float)});
        return name;
    }
    std::vector<FileTensor> tensors() const { return tensors_; }

  private:
    std::string unique(const std::string& wanted) {
        std::string name = wanted;
        for (int number = 1; name == "__metadata__" || !names_.insert(name).second; ++number)
            name = wanted + "#" + std::to_string(number);
        return name;
    }
    std::map<const Variable*, std::string> variables_;
    std::set<std::string> names_;
    std::vector<FileTensor> tensors_;
};

}  // namespace

void write_model(const std::string& path, const ModelContents& contents) {
    TensorWriter writer;
    Json json;
    for (const auto& [name, entry] : contents.programs) {
        const Program& program = *entry.program;
        Json metrics = Json::array();
        for (const RunningMean& metric : entry.metrics)
            metrics.push_back({{"name", metric.name},
                               {"total", writer.variable(metric.total)},
                               {"count", writer.variable(metric.count)}});
        const auto name_of = [&](const Value& value) {
            return value.kind == ValueKind::variable ? writer.variable(value.variable) : writer.constant(value);
        };
        json["programs"][name] = {{"graph", graph_to_json(program.graph(), name_of)},
                                  {"inputs", program.inputs()},
                                  {"outputs", program.outputs()},
                                  {"metrics", std::move(metrics)}};
    }
    if (contents.learning_rate) json["learning_rate"] = writer.variable(contents.learning_rate);
    SafetensorsFile file;
    file.tensors = writer.tensors();
    const std::string programs = json.dump();
    file.metadata = {{"format", kFormat}, {"programs", programs}, {"checksum", checksum(programs, file.tensors)}};
    write_safetensors(path, file);
}

ModelContents read_model(const std::string& path) {
    const SafetensorsFile file = read_safetensors(path);
    const auto fail = [&](const std::string& why) { throw std::runtime_error("'" + path + "': " + why); };
    const auto meta = [&](const char* key) {
        auto found = file.metadata.find(key);
        return found == file.metadata.end() ? std::string() : found->second;
    };
    if (meta("format") != kFormat)
        fail("not a model that this version of ravine reads: expected format '" + std::string(kFormat) +
             "', received '" + meta("format") + "'.");
    const std::string programs = meta("programs");
    if (meta("checksum") != checksum(programs, file.tensors)) fail("altered: its checksum does not fit its contents.");

    std::map<std::string, const FileTensor*> tensors;
    for (const FileTensor& tensor : file.tensors) tensors[tensor.name] = &tensor;
    std::map<std::string, VariablePtr> variables;
    const auto tensor_named = [&](const std::string& name) -> const FileTensor& {
        auto found = tensors.find(name);
        if (found == tensors.end()) throw std::invalid_argument("it has no tensor '" + name + "'.");
        return *found->second;
    };
    TensorSource source;
    source.variable = [&](const std::string& name) {
        VariablePtr& variable = variables[name];
        if (!variable) {
            const FileTensor& tensor = tensor_named(name);
            variable = std::make_shared<Variable>(name, Shape(tensor.shape), tensor.dtype, tensor.data);
        }
        return variable;
    };
    source.constant = [&](const std::string& name, Shape* shape) {
        const FileTensor& tensor = tensor_named(name);
        if (tensor.dtype != DType::f32) throw std::invalid_argument("constant '" + name + "' is not float32.");
        *shape = Shape(tensor.shape);
        std::vector<float> values(tensor.bytes / sizeof(float));
        if (!values.empty()) std::memcpy(values.data(), tensor.data, tensor.bytes);
        return values;
    };

    ModelContents contents;
    try {
        const Json json = Json::parse(programs);
        struct Part {
            Graph graph;
            std::vector<ValueId> inputs, outputs;
            std::vector<RunningMean> metrics;
        };
        std::map<std::string, Part> parts;
        for (const auto& [name, entry] : json.at("programs").items()) {
            Part& part = parts[name];
            std::vector<ValueId> ids;
            part.graph = graph_from_json(entry.at("graph"), source, &ids);
            const auto mapped = [&](const Json& list) {
                std::vector<ValueId> result;
                for (const Json& item : list) {
                    result.push_back(ids.at(item.get<size_t>()));
                    if (result.back() == kNone) throw std::invalid_argument("an entry or exit is computed by nothing.");
                }
                return result;
            };
            part.inputs = mapped(entry.at("inputs"));
            part.outputs = mapped(entry.at("outputs"));
            for (const Json& metric : entry.at("metrics")) {
                RunningMean mean{metric.at("name").get<std::string>(),
                                 source.variable(metric.at("total").get<std::string>()),
                                 source.variable(metric.at("count").get<std::string>())};
                for (const VariablePtr& variable : {mean.total, mean.count})
                    if (variable->dtype() != DType::f64 || variable->shape().rank() != 0)
                        throw std::invalid_argument("metric '" + mean.name + "' has no float64 totals.");
                part.metrics.push_back(std::move(mean));
            }
        }
        // One flat store for the variables of all programs, in the order of the file's names.
        std::vector<VariablePtr> all;
        for (const auto& entry : variables) all.push_back(entry.second);
        flatten(all);
        for (auto& [name, part] : parts)
            contents.programs[name] = {std::make_shared<Program>(part.graph, part.inputs, part.outputs),
                                       std::move(part.metrics)};
        if (json.contains("learning_rate")) {
            contents.learning_rate = source.variable(json.at("learning_rate").get<std::string>());
            if (contents.learning_rate->dtype() != DType::f32 || contents.learning_rate->shape().rank() != 0)
                throw std::invalid_argument("its learning rate is no float32 scalar.");
        }
    } catch (const Json::exception& error) {
        fail(std::string("altered: its programs cannot be read (") + error.what() + ").");
    } catch (const std::logic_error& error) {
        fail(std::string("altered: its programs do not fit: ") + error.what());
    }
    return contents;
}

}  // namespace ravine
