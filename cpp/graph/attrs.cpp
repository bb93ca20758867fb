#include "graph/attrs.h"

#include <stdexcept>

namespace ravine {

const Attr& Attrs::at(const std::string& name) const {
    auto found = items_.find(name);
    if (found == items_.end()) throw std::invalid_argument("missing attribute '" + name + "'.");
    return found->second;
}

int64_t Attrs::integer(const std::string& name) const {
    if (auto* value = std::get_if<int64_t>(&at(name))) return *value;
    throw std::invalid_argument("attribute '" + name + "' must be an integer.");
}

double Attrs::number(const std::string& name) const {
    const Attr& attr = at(name);
    if (auto* value = std::get_if<double>(&attr)) return *value;
    if (auto* value = std::get_if<int64_t>(&attr)) return static_cast<double>(*value);
    throw std::invalid_argument("attribute '" + name + "' must be a number.");
}

const std::vector<int64_t>& Attrs::integers(const std::string& name) const {
    if (auto* value = std::get_if<std::vector<int64_t>>(&at(name))) return *value;
    throw std::invalid_argument("attribute '" + name + "' must be a list of integers.");
}

}  // namespace ravine
