// Helpers with which the op files describe their ops.
#pragma once
#include <map>
#include <stdexcept>
#include <string>

#include "graph/op.h"

namespace ravine {

using Registry = std::map<std::string, OpDef>;

#define RAVINE_OPS(family) void register_##family(Registry& registry);
#include "ops/ops.def"
#undef RAVINE_OPS

inline OpDef& define(Registry& registry, const std::string& name) {
    OpDef& op = registry[name];
    op.name = name;
    return op;
}

/// An element-wise op y = f(inputs...) with NumPy broadcasting.
OpDef& define_tile(Registry& registry, const std::string& name, Eltwise kernel,
                   void (*params)(const Attrs&, float*) = nullptr);
/// An element-wise op that overwrites the variables among its inputs and has no output. Every input has the first
/// one's shape, but for scalars.
OpDef& define_update(Registry& registry, const std::string& name, Eltwise kernel, std::vector<int> updates,
                     void (*params)(const Attrs&, float*) = nullptr);

/// Throws unless there are `count` inputs.
inline void expect_inputs(const std::vector<ValueId>& inputs, size_t count) {
    if (inputs.size() != count)
        throw std::invalid_argument("expected " + std::to_string(count) + " inputs, received " +
                                    std::to_string(inputs.size()) + ".");
}

/// Throws unless the operand has this shape.
inline void expect_shape(const char* operand, const Shape& expected, const Shape& received) {
    if (received != expected)
        throw std::invalid_argument(std::string("expected ") + operand + " of shape " + expected.str() + ", received " +
                                    received.str() + ".");
}

/// A shape among the attributes; throws when more than the first dimension is free.
inline Shape shape_attr(const Attrs& attrs) {
    Shape shape(attrs.integers("shape"));
    for (int64_t axis = 0; axis < shape.rank(); ++axis)
        if (shape[axis] < 0 && !(axis == 0 && shape[axis] == kBatch))
            throw std::invalid_argument("only the first dimension may be None, received shape " + shape.str() + ".");
    return shape;
}

/// The axis as a number from 0 on; throws when the rank does not have it.
inline int64_t normal_axis(int64_t axis, int64_t rank) {
    if (axis < -rank || axis >= rank)
        throw std::invalid_argument("axis " + std::to_string(axis) + " is out of range for rank " +
                                    std::to_string(rank) + ".");
    return axis < 0 ? axis + rank : axis;
}

/// Every operand shared by rows when it has the batch in front, read by all otherwise.
Split batch_split(const NodeView& view);
/// That way alone when the output has the batch in front, none otherwise.
std::vector<Split> by_batch(const NodeView& view);

}  // namespace ravine
