// What to compute: nodes in the order in which they run, over values with shapes.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graph/attrs.h"
#include "graph/shape.h"
#include "graph/variable.h"

namespace ravine {

struct OpDef;

using ValueId = int32_t;
inline constexpr ValueId kNone = -1;

enum class ValueKind : uint8_t { input, variable, constant, computed };

struct Value {
    ValueKind kind;
    DType dtype = DType::f32;
    Shape shape;
    std::string name;             // of an input
    VariablePtr variable;         // of a variable
    std::vector<float> constant;  // of a constant
    int32_t producer = -1;        // node index, of a computed value
    int32_t output_index = 0;
};

struct Node {
    const OpDef* op;
    Attrs attrs;
    std::vector<ValueId> inputs, outputs;
    std::string label;            // the layer it came from, for errors and plans
    std::vector<ValueId> guards;  // scalars, the outermost first: it runs only when none of them is 0
};

class Graph {
  public:
    ValueId input(const std::string& name, const Shape& shape);
    /// The same variable always gets the same value.
    ValueId variable(const VariablePtr& variable);
    ValueId constant(const Shape& shape, std::vector<float> values);
    ValueId scalar(float value) { return constant(Shape{}, {value}); }

    /// Appends a node and returns its outputs. Operands of element-wise ops are broadcast as NumPy does. Throws
    /// std::invalid_argument, beginning with the label, when the op refuses the shapes or attributes.
    std::vector<ValueId> add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {},
                             const std::string& label = "");
    /// For ops with one output.
    ValueId add1(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}, const std::string& label = "") {
        return add(op, std::move(inputs), std::move(attrs), label).at(0);
    }

    /// A node with one output before node `index`, under its label and guards; returns that output. For rewriting.
    ValueId insert(size_t index, const OpDef& op, std::vector<ValueId> inputs, Attrs attrs);
    Node& node(size_t index) { return nodes_.at(index); }

    /// What is added between the two runs only when the scalar is not 0, beside the guards that hold already. What it
    /// computes can be used there alone; variables that it updates keep their values otherwise.
    void push_guard(ValueId condition);
    void pop_guard();

    /// Appends the gradients of a scalar with respect to values (reverse mode, each op knowing its own rule);
    /// kNone where no path leads. Only what lies between `wrt` and `loss` is differentiated.
    std::vector<ValueId> gradients(ValueId loss, const std::vector<ValueId>& wrt);

    const Value& value(ValueId id) const { return values_.at(static_cast<size_t>(id)); }
    const Shape& shape(ValueId id) const { return value(id).shape; }
    const std::vector<Value>& values() const { return values_; }
    const std::vector<Node>& nodes() const { return nodes_; }
    /// The node that computes a value; null for inputs, variables and constants.
    const Node* producer(ValueId id) const;

  private:
    ValueId new_value(Value value);
    /// Throws unless a value may be used under the guards that hold.
    void check_guards(const Value& value) const;
    void read_before_broadcast(const OpDef& op, const Attrs& attrs, const Shape& full,
                               std::vector<ValueId>& inputs) const;
    std::vector<Value> values_;
    std::vector<Node> nodes_;
    std::map<const Variable*, ValueId> variable_ids_;
    std::vector<ValueId> guards_;
};

}  // namespace ravine
