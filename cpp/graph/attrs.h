// The attributes of a node: a few named constants, fixed when the node is made.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace ravine {

using Attr = std::variant<int64_t, double, std::string, std::vector<int64_t>>;

class Attrs {
  public:
    Attrs() = default;
    Attrs(std::initializer_list<std::pair<const std::string, Attr>> items) : items_(items) {}

    void set(const std::string& name, Attr value) { items_[name] = std::move(value); }
    bool has(const std::string& name) const { return items_.count(name) != 0; }
    /// These throw std::invalid_argument when the attribute is missing (and no default is given) or of another type.
    /// An integer serves as a number.
    int64_t integer(const std::string& name) const;
    int64_t integer(const std::string& name, int64_t missing) const { return has(name) ? integer(name) : missing; }
    double number(const std::string& name) const;
    double number(const std::string& name, double missing) const { return has(name) ? number(name) : missing; }
    const std::vector<int64_t>& integers(const std::string& name) const;

    const std::map<std::string, Attr>& items() const { return items_; }

  private:
    const Attr& at(const std::string& name) const;
    std::map<std::string, Attr> items_;
};

}  // namespace ravine
