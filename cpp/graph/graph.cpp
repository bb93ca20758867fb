#include "graph/graph.h"

#include <algorithm>
#include <stdexcept>

#include "graph/broadcast.h"
#include "graph/op.h"

namespace ravine {

namespace {

/// Sizes are multiplied without further checks everywhere else, and not only all of them: a size of 0 hides nothing.
void check_size(const Shape& shape) {
    constexpr int64_t kMost = int64_t{1} << 40;
    int64_t size = 1;
    for (int64_t i = 0; i < shape.rank(); ++i) {
        if (shape[i] == kBatch && i == 0) continue;
        if (shape[i] < 0 || shape[i] > kMost || size > kMost / std::max<int64_t>(shape[i], 1))
            throw std::invalid_argument("impossible shape " + shape.str() + ".");
        size *= std::max<int64_t>(shape[i], 1);
    }
}

}  // namespace

ValueId Graph::new_value(Value value) {
    check_size(value.shape);
    values_.push_back(std::move(value));
    return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::input(const std::string& name, const Shape& shape) {
    Value value;
    value.kind = ValueKind::input;
    value.shape = shape;
    value.name = name;
    return new_value(std::move(value));
}

ValueId Graph::variable(const VariablePtr& variable) {
    const auto known = variable_ids_.find(variable.get());
    if (known != variable_ids_.end()) return known->second;
    Value value;
    value.kind = ValueKind::variable;
    value.dtype = variable->dtype();
    value.shape = variable->shape();
    value.variable = variable;
    return variable_ids_[variable.get()] = new_value(std::move(value));
}

ValueId Graph::constant(const Shape& shape, std::vector<float> values) {
    if (shape.batched() || static_cast<int64_t>(values.size()) != shape.unit())
        throw std::invalid_argument("constant: " + std::to_string(values.size()) + " values do not fill shape " +
                                    shape.str() + ".");
    Value value;
    value.kind = ValueKind::constant;
    value.shape = shape;
    value.constant = std::move(values);
    return new_value(std::move(value));
}

const Node* Graph::producer(ValueId id) const {
    const int32_t node = value(id).producer;
    return node < 0 ? nullptr : &nodes_[static_cast<size_t>(node)];
}

void Graph::push_guard(ValueId condition) {
    const Value& scalar = value(condition);
    if (scalar.shape.rank() != 0 || scalar.dtype != DType::f32)
        throw std::invalid_argument("a condition must be a float32 scalar, received shape " + scalar.shape.str() + ".");
    check_guards(scalar);
    // A variable may be another by the time that it is looked at.
    guards_.push_back(scalar.kind == ValueKind::variable ? add1("copy", {condition}) : condition);
}

void Graph::pop_guard() {
    if (guards_.empty()) throw std::invalid_argument("no condition to end.");
    guards_.pop_back();
}

void Graph::check_guards(const Value& value) const {
    if (value.producer < 0) return;
    for (ValueId guard : nodes_[static_cast<size_t>(value.producer)].guards)
        if (std::find(guards_.begin(), guards_.end(), guard) == guards_.end())
            throw std::invalid_argument(
                "an input is computed under a condition (only_if) that does not hold here; keep it in a variable, or "
                "compute it outside and choose with where.");
}

/// An element-wise op broadcasts by itself, mostly: then what was spread out for it need not be.
void Graph::read_before_broadcast(const OpDef& op, const Attrs& attrs, const Shape& full,
                                  std::vector<ValueId>& inputs) const {
    for (ValueId& input : inputs) {
        const Node* made = producer(input);
        if (!made || made->op->name != "broadcast_to") continue;
        const ValueId source = made->inputs[0], spread = input;
        if (value(source).kind == ValueKind::variable) continue;  // it may be another by now
        input = source;
        std::vector<Shape> operands;
        for (ValueId operand : inputs) operands.push_back(shape(operand));
        TileForm form;
        if (!tile_form(full, operands, 0, &form) || op.infer(*this, inputs, attrs)[0] != full) input = spread;
    }
}

std::vector<ValueId> Graph::add(const std::string& name, std::vector<ValueId> inputs, Attrs attrs,
                                const std::string& label) {
    const OpDef& op = find_op(name);
    std::vector<Shape> shapes;
    try {
        if (inputs.size() > kMaxOperands) throw std::invalid_argument("too many inputs.");
        for (ValueId input : inputs) check_guards(value(input));
        if (const char* other = op.stands_for ? op.stands_for(*this, inputs) : nullptr)
            return add(other, std::move(inputs), std::move(attrs), label);
        for (size_t i = 0; i < inputs.size(); ++i)
            if (value(inputs[i]).dtype != DType::f32 &&
                std::find(op.typed.begin(), op.typed.end(), static_cast<int>(i)) == op.typed.end())
                throw std::invalid_argument("input " + std::to_string(i) +
                                            " must be float32; a counter or total is read through "
                                            "read_counter or read_total.");
        // A view of a variable must go on showing what it held when the view was made.
        if (op.alias && value(inputs.at(0)).kind == ValueKind::variable)
            inputs[0] = add1("copy", {inputs[0]}, {}, label);
        for (int updated : op.updates) {
            const ValueKind kind = value(inputs.at(static_cast<size_t>(updated))).kind;
            if (kind != ValueKind::variable && kind != ValueKind::input)
                throw std::invalid_argument("input " + std::to_string(updated) + " must be a variable.");
        }
        shapes = op.infer(*this, inputs, attrs);
        for (const Shape& made : shapes) check_size(made);
        if (op.tile && op.updates.empty()) read_before_broadcast(op, attrs, shapes[0], inputs);
        if (op.tile) {
            // Operands that the kernels cannot read with strides are spread out first.
            const Shape full = shapes.empty() ? shape(inputs.at(0)) : shapes[0];
            std::vector<Shape> operands;
            for (ValueId input : inputs) operands.push_back(shape(input));
            TileForm form;
            for (size_t i = inputs.size(); i-- > 0 && !tile_form(full, operands, 0, &form);) {
                if (operands[i] == full) continue;
                inputs[i] = add1("broadcast_to", {inputs[i]}, {{"shape", full.dims()}}, label);
                operands[i] = full;
            }
        }
    } catch (const std::out_of_range&) {
        throw std::invalid_argument((label.empty() ? "" : label + ": ") + name + ": an input is missing or unknown.");
    } catch (const std::invalid_argument& error) {
        const std::string text = error.what();
        throw std::invalid_argument(label.empty() ? name + ": " + text : label + ": " + text);
    }
    Node node{&op, std::move(attrs), std::move(inputs), {}, label, guards_};
    for (size_t i = 0; i < shapes.size(); ++i) {
        Value value;
        value.kind = ValueKind::computed;
        value.shape = shapes[i];
        value.producer = static_cast<int32_t>(nodes_.size());
        value.output_index = static_cast<int32_t>(i);
        node.outputs.push_back(new_value(std::move(value)));
    }
    nodes_.push_back(std::move(node));
    return nodes_.back().outputs;
}

ValueId Graph::insert(size_t index, const OpDef& op, std::vector<ValueId> inputs, Attrs attrs) {
    for (Value& value : values_)
        if (value.producer >= static_cast<int32_t>(index)) ++value.producer;
    Value value;
    value.kind = ValueKind::computed;
    value.shape = op.infer(*this, inputs, attrs).at(0);
    value.producer = static_cast<int32_t>(index);
    const ValueId output = new_value(std::move(value));
    const Node& next = nodes_.at(index);
    Node node{&op, std::move(attrs), std::move(inputs), {output}, next.label, next.guards};
    nodes_.insert(nodes_.begin() + static_cast<std::ptrdiff_t>(index), std::move(node));
    return output;
}

}  // namespace ravine
