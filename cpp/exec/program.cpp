#include "exec/program.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "exec/cpu.h"
#include "exec/run.h"
#include "exec/team.h"
#include "plan/rowwise.h"
#include "plan/stage_sums.h"

namespace ravine {

namespace {

constexpr size_t kMostPlans = 16;
constexpr double kCertainSpeedup = 1.6;  // that a team is expected to have, to be trusted without a trial

Graph flattened(const Graph& graph) {
    std::vector<VariablePtr> variables;
    for (const Value& value : graph.values())
        if (value.kind == ValueKind::variable) variables.push_back(value.variable);
    flatten(variables);
    return graph;
}

const Graph& checked(const Graph& graph, const std::vector<ValueId>& inputs, const std::vector<ValueId>& outputs) {
    const auto known = [&](ValueId id) { return id >= 0 && static_cast<size_t>(id) < graph.values().size(); };
    for (ValueId id : inputs)
        if (!known(id) || graph.value(id).kind != ValueKind::input)
            throw std::invalid_argument("Program: an input is no input of the graph.");
    for (ValueId id : outputs) {
        if (!known(id) || graph.value(id).dtype != DType::f32)
            throw std::invalid_argument("Program: an output is no float32 value of the graph.");
        if (const Node* made = graph.producer(id); made && !made->guards.empty())
            throw std::invalid_argument("Program: an output is computed under a condition and has no value otherwise.");
    }
    return graph;
}

}  // namespace

Program::Program(const Graph& graph, std::vector<ValueId> inputs, std::vector<ValueId> outputs)
    : graph_(with_staged_sums(flattened(checked(graph, inputs, outputs)))),
      inputs_(std::move(inputs)),
      outputs_(std::move(outputs)),
      schedule_(make_schedule(graph_, inputs_, outputs_)),
      samples_at_a_time_(ravine::samples_at_a_time(schedule_)) {
    for (const Group& group : schedule_.groups)
        for (const Node& node : group.nodes) {
            std::vector<ValueId> reads = node.guards;
            if (!node.op->shape_only) reads.insert(reads.end(), node.inputs.begin(), node.inputs.end());
            for (ValueId id : reads)
                if (graph_.value(id).kind == ValueKind::input &&
                    std::find(inputs_.begin(), inputs_.end(), id) == inputs_.end())
                    throw std::invalid_argument("Program: input '" + graph_.value(id).name +
                                                "' is read but not among the inputs.");
        }
}

class Program::Turn {
  public:
    explicit Turn(Program& program) : program_(program) {
        if (program.holder_.load() == std::this_thread::get_id())
            throw std::runtime_error("Program: it runs right now; what it calls between batches cannot run it again.");
        program.mutex_.lock();
        program.holder_.store(std::this_thread::get_id());
    }
    ~Turn() {
        program_.holder_.store({});
        program_.mutex_.unlock();
    }

  private:
    Program& program_;
};

Program::CachedPlan& Program::plan_for(int64_t rows, int threads) {
    const KernelTable& kernels = current_kernels();
    const auto known = std::find_if(plans_.begin(), plans_.end(), [&](const CachedPlan& cached) {
        return cached.capacity == rows && cached.threads == threads && cached.kernels == &kernels;
    });
    if (known != plans_.end()) {
        // The plan used last stands last, and the one unused for longest goes first.
        std::rotate(known, known + 1, plans_.end());
        return plans_.back();
    }
    if (plans_.size() == kMostPlans) plans_.erase(plans_.begin());
    const int least = threads > available_threads() ? threads : 1;
    plans_.push_back({rows, threads, &kernels, make_plan(schedule_, kernels, rows, threads, least), {}});
    const char* verbose = std::getenv("RAVINE_VERBOSE");
    if (verbose && std::string(verbose) == "plan") std::fputs(plans_.back().plan->text.c_str(), stderr);
    return plans_.back();
}

std::string Program::describe(int64_t batch_size) {
    if (batch_size < 1)
        throw std::invalid_argument("batch_size must be at least 1, received " + std::to_string(batch_size) + ".");
    const Turn turn(*this);
    return plan_for(batch_size, num_threads()).plan->text;
}

void Program::check(const std::vector<Feed>& feeds, const BatchRange& range, const std::vector<Sink>& sinks) const {
    const auto fail = [](const std::string& text) { throw std::invalid_argument(text); };
    if (feeds.size() != inputs_.size())
        fail("expected " + std::to_string(inputs_.size()) + " inputs, received " + std::to_string(feeds.size()) + ".");
    if (range.batch_size < 1) fail("batch_size must be at least 1, received " + std::to_string(range.batch_size) + ".");
    if (range.begin < 0 || (range.end > range.begin && range.end - 1 > (range.samples - 1) / range.batch_size))
        fail("there are not that many batches.");
    for (size_t i = 0; i < feeds.size(); ++i) {
        const Value& input = graph_.value(inputs_[i]);
        const int64_t expected = input.shape.unit();
        if (feeds[i].unit != expected)
            fail("input '" + input.name + "': expected shape " + input.shape.str() + ", received samples of " +
                 std::to_string(feeds[i].unit) + " values.");
        if (!input.shape.batched() || feeds[i].rows == range.samples) continue;
        if (!range.order)
            fail("input '" + input.name + "': expected " + std::to_string(range.samples) + " samples, received " +
                 std::to_string(feeds[i].rows) + ".");
    }
    if (range.order && range.end > range.begin) {
        const int64_t last = std::min(range.end * range.batch_size, range.samples);
        for (size_t i = 0; i < feeds.size(); ++i) {
            if (!graph_.shape(inputs_[i]).batched()) continue;
            for (int64_t k = range.begin * range.batch_size; k < last; ++k)
                if (range.order[k] < 0 || range.order[k] >= feeds[i].rows)
                    fail("the order names sample " + std::to_string(range.order[k]) + " of " +
                         std::to_string(feeds[i].rows) + ".");
        }
    }
    if (!sinks.empty() && sinks.size() != outputs_.size()) fail("the number of outputs differs.");
    for (size_t i = 0; i < sinks.size(); ++i)
        if (graph_.shape(outputs_[i]).batched() && sinks[i].rows < range.samples) fail("an output array is too small.");
}

int64_t Program::run(const std::vector<Feed>& feeds, const BatchRange& asked, const std::vector<Sink>& sinks,
                     const std::function<bool(int64_t)>& poll, double poll_seconds) {
    BatchRange range = asked;
    // A batch larger than the data is the data: products of batch numbers and sizes then stay small.
    range.batch_size = std::min(range.batch_size, std::max<int64_t>(range.samples, 1));
    const int64_t asked_size = range.batch_size;
    check(feeds, range, sinks);
    const Turn turn(*this);
    // Large batches of a program that treats each sample by itself go through it in pieces.
    const int64_t piece = samples_at_a_time_ * num_threads();
    const bool all = range.begin == 0 && range.end > 0 && range.end > (range.samples - 1) / range.batch_size;
    const bool pieces = all && piece > 0 && piece < range.batch_size;
    const std::function<bool(int64_t)> look = [&](int64_t next) { return poll(next * piece / asked_size); };
    if (pieces) {
        range.batch_size = piece;
        range.end = (range.samples - 1) / piece + 1;
    }
    const std::function<bool(int64_t)>& between = pieces && poll ? look : poll;
    const int64_t rows = std::min(range.batch_size, range.samples);
    CachedPlan& cached = plan_for(rows, num_threads());
    const Plan& plan = *cached.plan;
    const bool doubtful = plan.threads > 1 && plan.threads <= available_threads() && plan.speedup < kCertainSpeedup;
    RunResult result =
        run_plan(*cached.plan, doubtful ? &cached.race : nullptr, feeds, range, sinks, between, poll_seconds);
    if (pieces && result.error.row >= 0) {
        const int64_t sample = (result.next - 1) * piece + result.error.row;
        result.error.row = sample % asked_size;
        result.next = sample / asked_size + 1;
    } else if (pieces) {
        result.next = result.next == range.end ? asked.end : result.next * piece / asked_size;
    }
    if (result.error.row >= 0) {
        char text[256];
        std::snprintf(
            text, sizeof text, "%s %g of sample %lld in batch %lld is not %s: expected an integer in [0, %lld).",
            result.error.kind == DataError::kIndex ? "index" : "label", static_cast<double>(result.error.value),
            static_cast<long long>(result.error.row), static_cast<long long>(result.next - 1),
            result.error.kind == DataError::kIndex ? "within what it selects from" : "a class index",
            static_cast<long long>(result.error.limit));
        throw std::invalid_argument(text);
    }
    return result.next;
}

}  // namespace ravine
