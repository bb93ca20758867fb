// Every way to share an op among any number of threads gives the bits that one thread alone gives.
#include <algorithm>
#include <cstring>
#include <memory>
#include <string>

#include "check.h"
#include "exec/cpu.h"
#include "exec/run.h"
#include "plan/plan.h"

namespace ravine {

namespace {

struct Case {
    std::string op;
    std::vector<Shape> inputs;
    Attrs attrs;
};

std::vector<int64_t> ints(std::initializer_list<int64_t> values) { return values; }

std::vector<Case> cases() {
    const Shape x{kBatch, 70}, images{kBatch, 3, 40}, channel{70};
    const Attrs circle{{"gamma", 0.01}, {"margin", 0.25}, {"remove_diagonal", int64_t{1}}};
    std::vector<Case> all{
        {"matmul", {x, {70, 90}}, {}},
        {"matmul", {x, {70, 90}, {90}}, {}},
        {"matmul", {x, {90, 70}}, {{"transpose_b", int64_t{1}}}},
        {"matmul", {images, {40, 33}}, {}},
        {"matmul", {x, {kBatch, 50}}, {{"transpose_a", int64_t{1}}}},
        {"matmul", {images, {kBatch, 3, 50}}, {{"transpose_a", int64_t{1}}}},
        {"matmul", {{45, 70}, {70, 90}}, {}},
        {"matmul", {{70, 45}, {90, 70}}, {{"transpose_a", int64_t{1}}, {"transpose_b", int64_t{1}}}},
        {"softmax", {x}, {}},
        {"log_softmax", {images}, {}},
        {"softmax_grad", {images, images}, {}},
        {"log_softmax_grad", {x, x}, {}},
        {"softmax_crossentropy", {x, x}, {{"sparse", int64_t{0}}}},
        {"softmax_crossentropy_grad", {x, x, {kBatch}}, {{"sparse", int64_t{0}}}},
        {"batch_norm", {x, channel, channel}, {{"epsilon", 0.1}}},
        {"batch_norm_grad", {x, channel, channel, x, channel}, {{"epsilon", 0.1}}},
        {"transpose", {images}, {{"perm", ints({0, 2, 1})}}},
        {"transpose", {{20, 30}}, {{"perm", ints({1, 0})}}},
        {"broadcast_to", {{40}}, {{"shape", ints({kBatch, 3, 40})}}},
        {"broadcast_to", {{kBatch, 1, 40}}, {{"shape", ints({kBatch, 3, 40})}}},
        {"one_hot", {{kBatch, 3}}, {{"classes", int64_t{5}}}},
        {"circle_loss", {x, {kBatch}}, circle},
        {"circle_loss_grad", {x, {kBatch}, {kBatch}, {kBatch}, {kBatch}}, circle},
    };
    for (const char* op : {"sum", "mean", "max", "min", "prod", "argmax"})
        for (const std::vector<int64_t>& axes :
             {ints({0}), ints({1}), ints({2}), ints({0, 1}), ints({1, 2}), ints({0, 1, 2})})
            all.push_back({op, {images}, {{"axes", axes}}});
    for (const std::vector<int64_t>& axes :
         {ints({0}), ints({1}), ints({2}), ints({0, 1}), ints({1, 2}), ints({0, 1, 2})}) {
        std::vector<int64_t> kept;
        for (int64_t axis = 0; axis < 3; ++axis)
            if (axis < axes.front() || axis > axes.back()) kept.push_back(images[axis]);
        all.push_back({"spread", {Shape(kept)}, {{"shape", images.dims()}, {"axes", axes}, {"mean", int64_t{1}}}});
    }
    return all;
}

class Sharer {
  public:
    Sharer(const Case& one, int64_t rows, const KernelTable& kernels) : rows_(rows) {
        std::vector<ValueId> ids;
        for (const Shape& shape : one.inputs) ids.push_back(graph_.input("x", shape));
        outputs_ = graph_.add(one.op, ids, one.attrs);
        const Node& node = graph_.nodes().back();
        op_ = node.op;
        const NodeView view{graph_, node};
        if (op_->prepare) params_ = op_->prepare(view);
        if (op_->splits) splits_ = op_->splits(view);
        scratch_.resize(op_->scratch ? static_cast<size_t>(op_->scratch(view, rows, kernels)) + 64 : 64);
        call_.kernels = &kernels;
        call_.params = params_.get();
        for (size_t i = 0; i < ids.size(); ++i) {
            operands_.push_back(
                test::uniform(graph_.shape(ids[i]).size(rows), static_cast<unsigned>(i) + 1, 0.1f, 2.0f));
            call_.in[i] = operands_.back().data();
        }
    }

    std::vector<Split> splits() const { return splits_; }

    /// The outputs, one after the other. No split: the first thread does it all.
    std::vector<float> run(const Split* split, int threads) {
        std::vector<std::vector<float>> results;
        for (size_t i = 0; i < outputs_.size(); ++i) {
            results.emplace_back(static_cast<size_t>(graph_.shape(outputs_[i]).size(rows_)), -7e7f);
            call_.out[i] = results.back().data();
        }
        Step step;
        step.op = op_;
        step.call = call_;
        step.axis = split ? split->axis : Axis::first;
        step.extent = split ? split->extent : 1;
        DataError error;
        auto* aligned = reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(scratch_.data()) + 63) / 64 * 64);
        // The last first: the order in which threads come must not matter.
        for (int thread = threads; thread-- > 0;) run_step(step, thread, threads, rows_, aligned, &error);
        std::vector<float> all;
        for (const std::vector<float>& result : results) all.insert(all.end(), result.begin(), result.end());
        return all;
    }

  private:
    int64_t rows_;
    Graph graph_;
    const OpDef* op_ = nullptr;
    std::shared_ptr<const void> params_;
    std::vector<Split> splits_;
    std::vector<ValueId> outputs_;
    std::vector<std::vector<float>> operands_;
    std::vector<float> scratch_;
    Call call_{};
};

void test_case(const Case& one, int64_t rows, const KernelTable& kernels) {
    Sharer sharer(one, rows, kernels);
    const std::vector<float> alone = sharer.run(nullptr, 1);
    CHECK(std::count(alone.begin(), alone.end(), -7e7f) == 0, "%s, %s of %s, %lld rows: not all is written",
          kernels.isa, one.op.c_str(), one.inputs[0].str().c_str(), static_cast<long long>(rows));
    for (const Split& split : sharer.splits())
        for (int threads : {1, 2, 3, 7}) {
            const std::vector<float> shared = sharer.run(&split, threads);
            CHECK(shared.size() == alone.size() &&
                      std::memcmp(shared.data(), alone.data(), alone.size() * sizeof(float)) == 0,
                  "%s, %s of %s, %lld rows, %d threads by %s", kernels.isa, one.op.c_str(), one.inputs[0].str().c_str(),
                  static_cast<long long>(rows), threads, split.axis == Axis::rows ? "rows" : "columns");
        }
}

}  // namespace

}  // namespace ravine

int main() {
    for (const std::string& isa : ravine::available_isas())
        for (const ravine::Case& one : ravine::cases())
            for (int64_t rows : {1, 2, 13, 64}) ravine::test_case(one, rows, *ravine::kernel_table(isa.c_str()));
    return ravine::test::result();
}
