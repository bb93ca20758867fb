#include "graph/broadcast.h"

#include <algorithm>
#include <stdexcept>

#include "graph/op.h"

namespace ravine {

Shape broadcast_shapes(const std::vector<Shape>& shapes) {
    int64_t rank = 0;
    for (const Shape& shape : shapes) rank = std::max(rank, shape.rank());
    std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
    for (const Shape& shape : shapes) {
        for (int64_t i = 0; i < shape.rank(); ++i) {
            int64_t& dim = dims[static_cast<size_t>(rank - shape.rank() + i)];
            if (shape[i] == dim || shape[i] == 1) continue;
            if (dim != 1) {
                std::string text = "shapes do not broadcast together:";
                for (const Shape& one : shapes) text += " " + one.str();
                throw std::invalid_argument(text + ".");
            }
            dim = shape[i];
        }
    }
    for (size_t i = 1; i < dims.size(); ++i)
        if (dims[i] == kBatch) throw std::invalid_argument("the batch (None) may only be the first dimension.");
    return Shape(std::move(dims));
}

std::vector<int64_t> broadcast_axes(const Shape& full, const Shape& part) {
    std::vector<int64_t> axes;
    const int64_t lead = full.rank() - part.rank();
    for (int64_t i = 0; i < full.rank(); ++i)
        if (i < lead || (part[i - lead] == 1 && full[i] != 1)) axes.push_back(i);
    return axes;
}

bool tile_form(const Shape& output, const std::vector<Shape>& inputs, int64_t columns, TileForm* form) {
    using Kind = TileForm::Kind;
    form->inputs.clear();
    int64_t width = columns;
    const int64_t rank = output.rank();
    for (const Shape& input : inputs) {
        const std::vector<int64_t> axes = broadcast_axes(output, input);
        Kind kind = Kind::scalar;
        if (axes.empty()) {
            kind = Kind::full;
        } else if (input.batched() || input.unit() != 1) {
            // One run of repeated axes, at either end, becomes a row or a column.
            const int64_t count = static_cast<int64_t>(axes.size());
            if (axes.back() - axes.front() + 1 != count) return false;
            int64_t repeated = 1, kept = 1;
            for (int64_t axis = 0; axis < rank; ++axis) {
                if (output[axis] == kBatch) continue;
                (axis >= axes.front() && axis <= axes.back() ? repeated : kept) *= output[axis];
            }
            // Dimensions of size 1 beside the run belong to it as well as to the rest.
            bool head = true, tail = true;
            for (int64_t axis = 0; axis < axes.front(); ++axis) head = head && output[axis] == 1;
            for (int64_t axis = axes.back() + 1; axis < rank; ++axis) tail = tail && output[axis] == 1;
            if (!head && !tail) return false;
            kind = head ? Kind::row : Kind::column;
            const int64_t needed = head ? kept : repeated;
            if (width == 0) width = needed;
            if (width != needed) return false;
        }
        form->inputs.push_back(kind);
    }
    if (width == 0) width = output.last() == kBatch ? 1 : output.last();
    form->columns = width;
    return output.unit() == 0 || (width != 0 && output.unit() % width == 0);
}

}  // namespace ravine
