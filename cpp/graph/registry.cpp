#include <algorithm>
#include <stdexcept>

#include "graph/op.h"
#include "ops/register.h"

namespace ravine {

const std::map<std::string, OpDef>& ops() {
    static const std::map<std::string, OpDef> all = [] {
        std::map<std::string, OpDef> registry;
#define RAVINE_OPS(family) register_##family(registry);
#include "ops/ops.def"
#undef RAVINE_OPS
        return registry;
    }();
    return all;
}

namespace {

size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

}  // namespace

const OpDef& find_op(const std::string& name) {
    auto found = ops().find(name);
    if (found != ops().end()) return found->second;
    std::string nearest;
    for (const auto& entry : ops())
        if (nearest.empty() || edit_distance(name, entry.first) < edit_distance(name, nearest)) nearest = entry.first;
    throw std::invalid_argument("unknown op '" + name + "'; did you mean '" + nearest + "'?");
}

}  // namespace ravine
