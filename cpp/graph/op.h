// The contract of an op: everything the engine knows about it stands in one OpDef, in one file of cpp/ops.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "kernels/table.h"

namespace ravine {

/// How a step is shared by the threads of the team, and which part of an operand one thread touches.
///   rows     a range of the leading dimension (the batch, when there is one)
///   columns  a range of the last dimension
///   all      every thread reads the whole operand
///   first    the first thread alone does the step
enum class Axis : uint8_t { rows, columns, all, first };

/// Slices begin at multiples of these: four batch rows (half a tile of the matrix product), and one cache line.
inline constexpr int64_t kRowGrain = 4;
inline constexpr int64_t kColumnGrain = 16;

/// A node with the shapes of its operands, as the rules of an OpDef see it.
struct NodeView {
    const Graph& graph;
    const Node& node;
    const Attrs& attrs() const { return node.attrs; }
    const Shape& in(size_t i) const { return graph.shape(node.inputs.at(i)); }
    const Shape& out(size_t i = 0) const { return graph.shape(node.outputs.at(i)); }
    size_t inputs() const { return node.inputs.size(); }
};

/// One way to share an op: the axis of its domain and what each operand sees of it.
struct Split {
    Axis axis;
    int64_t extent;  // of the domain; kBatch = as many as the batch has rows
    std::vector<Axis> inputs, outputs;
};

/// Something went wrong in a kernel that only the data could show.
struct DataError {
    enum Kind : uint8_t { kLabel, kIndex };
    int64_t row = -1;  // in the batch; -1 = none
    float value = 0;
    int64_t limit = 0;  // what an integer from 0 on must stay below
    Kind kind = kLabel;
};

/// A thread's share of a step.
struct Slice {
    Axis axis;
    int64_t begin, end;  // of the domain
    int64_t rows;        // samples in this batch
    float* scratch;      // OpDef::scratch floats of this thread's own, 64-byte aligned
    DataError* error;
};

inline constexpr int kMaxOperands = 8;

/// An op bound to memory. Operands are null where an optional output is not wanted.
struct Call {
    const KernelTable* kernels;
    void* in[kMaxOperands];
    void* out[kMaxOperands];
    const void* params;  // what OpDef::prepare made

    const float* src(int i) const { return static_cast<const float*>(in[i]); }
    float* dst(int i = 0) const { return static_cast<float*>(out[i]); }
};

/// Rows and columns over which an element-wise op runs: columns = the width of its row operands.
struct TileForm {
    enum class Kind : uint8_t { full, row, column, scalar };
    int64_t columns = 0;
    std::vector<Kind> inputs;
};

/// The element-wise ops, which fuse freely with each other and into the matrix product that feeds them.
struct TileRule {
    Eltwise kernel;
    /// Inputs that are the kernel's sources, in order; empty: all of them.
    std::vector<int> sources;
    /// Fills the kernel's constants from the attributes.
    void (*params)(const Attrs&, float* param) = nullptr;
};

/// Emits the gradient of one node. The gradient rule asks which inputs are wanted and gives a value for each.
class GradientRule {
  public:
    GradientRule(Graph& graph, const Node& node, std::vector<ValueId> output_gradients, std::vector<bool> wanted)
        : graph_(graph),
          node_(node),
          output_gradients_(std::move(output_gradients)),
          wanted_(std::move(wanted)),
          given_(node.inputs.size(), kNone) {}

    ValueId in(size_t i) const { return node_.inputs.at(i); }
    ValueId out(size_t i = 0) const { return node_.outputs.at(i); }
    size_t inputs() const { return node_.inputs.size(); }
    /// Gradient of output i; kNone when the loss does not depend on it.
    ValueId dout(size_t i = 0) const { return output_gradients_.at(i); }
    bool wants(size_t i) const { return wanted_.at(i); }
    const Attrs& attrs() const { return node_.attrs; }
    const Shape& shape(ValueId id) const { return graph_.shape(id); }
    Graph& graph() { return graph_; }

    ValueId add(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}) {
        return graph_.add1(op, std::move(inputs), std::move(attrs), node_.label);
    }
    std::vector<ValueId> add_all(const std::string& op, std::vector<ValueId> inputs, Attrs attrs = {}) {
        return graph_.add(op, std::move(inputs), std::move(attrs), node_.label);
    }
    ValueId scale(ValueId x, double factor) { return add("affine", {x}, {{"scale", factor}, {"offset", 0.0}}); }
    /// Sums a gradient over the dimensions along which input i was broadcast, and gives it.
    void give_broadcast(size_t i, ValueId gradient);
    void give(size_t i, ValueId gradient) { given_.at(i) = gradient; }
    const std::vector<ValueId>& given() const { return given_; }

  private:
    Graph& graph_;
    const Node node_;  // a copy: the graph's vector of nodes grows under the rule
    std::vector<ValueId> output_gradients_;
    std::vector<bool> wanted_;
    std::vector<ValueId> given_;
};

struct OpDef {
    std::string name;

    /// Shapes of the outputs; throws std::invalid_argument saying what was expected and what came.
    std::function<std::vector<Shape>(const Graph&, const std::vector<ValueId>& inputs, const Attrs&)> infer;
    /// Null: the op has no gradient (a constant with respect to its inputs when `constant` says so, else an error).
    std::function<void(GradientRule&)> gradient;
    bool constant = false;

    /// Inputs that may be other than float32 (counters, totals).
    std::vector<int> typed;
    /// The name of the op that does this one's work on operands like these; null: itself.
    const char* (*stands_for)(const Graph&, const std::vector<ValueId>& inputs) = nullptr;
    /// Only the shapes of the inputs (and the size of the batch) matter; their memory is never read.
    bool shape_only = false;
    /// Output `output` is also what the op `name` makes of the same first input, so that one node can serve for both.
    struct AlsoComputes {
        const char* name = nullptr;
        int output = 0;
    } also_computes;
    /// Variables among the inputs that the op overwrites.
    std::vector<int> updates;
    /// The output is the input's memory under another shape.
    bool alias = false;
    /// Output 0 may be written over this input's memory (same size); -1: none. Element-wise ops may always.
    int in_place = -1;
    /// Outputs that nobody reads may be left out (their pointer is null).
    bool optional_outputs = false;
    /// A product to which a bias vector can be given as the third operand.
    bool takes_bias = false;

    /// An element-wise op gives this and nothing of what follows.
    std::unique_ptr<TileRule> tile;

    /// Ways to share the op, any of which gives the same bits. Empty: the first thread does it.
    std::function<std::vector<Split>(const NodeView&)> splits;
    /// Rough cost in cycles of one core for a batch of `rows`.
    std::function<double(const NodeView&, int64_t rows)> cost;
    /// Floats of scratch that one thread needs.
    std::function<int64_t(const NodeView&, int64_t rows, const KernelTable&)> scratch;
    /// Whatever run needs besides pointers: made once, when planned.
    std::function<std::shared_ptr<const void>(const NodeView&)> prepare;
    void (*run)(const Call&, const Slice&) = nullptr;
    /// Inputs of output 0's shape that run_with_epilogue reads only where a tile lies, before it hands the tile on: the
    /// epilogue may overwrite them.
    std::vector<int> reads_by_tile;
    /// A matrix product can hand its finished tiles to the element-wise ops that follow it.
    void (*run_with_epilogue)(const Call&, const Slice&, const Epilogue&) = nullptr;
};

/// All ops by name.
const std::map<std::string, OpDef>& ops();
/// Throws std::invalid_argument, naming close matches, for an unknown op.
const OpDef& find_op(const std::string& name);

/// The common [rows, columns] view of an element-wise op on an output of this shape, for the width wanted (0: any).
/// False when the operands fit no such view.
bool tile_form(const Shape& output, const std::vector<Shape>& inputs, int64_t columns, TileForm* form);

}  // namespace ravine
