#include "graph/shape.h"

namespace ravine {

int64_t Shape::unit() const {
    int64_t size = 1;
    for (int64_t dim : dims_)
        if (dim != kBatch) size *= dim;
    return size;
}

std::string Shape::str() const {
    std::string text = "(";
    for (size_t i = 0; i < dims_.size(); ++i) {
        if (i) text += ", ";
        text += dims_[i] == kBatch ? "None" : std::to_string(dims_[i]);
    }
    if (dims_.size() == 1) text += ",";
    return text + ")";
}

}  // namespace ravine
