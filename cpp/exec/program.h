// A program: a graph with named entries and exits, planned when first run and then run for any number of batches.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exec/race.h"
#include "plan/plan.h"

namespace ravine {

/// Data to take batches from: `rows` samples of `unit` elements each, `stride` bytes apart, the elements of one sample
/// side by side. For an input without a batch dimension: its elements as one row.
struct Feed {
    const void* data;
    Element element;
    int64_t rows, unit, stride;
};

/// Where an output's rows go: row i of the data set (in the order of the batches) to data + i * unit.
struct Sink {
    float* data;
    int64_t rows;
};

/// Which batches to run. Batch b has the samples order[b * batch_size ...], or those numbers themselves without an
/// order.
struct BatchRange {
    int64_t batch_size, begin, end;
    const int64_t* order = nullptr;
    int64_t samples = 0;  // in all
};

class Program {
  public:
    /// The graph is copied. Loose variables are moved to a flat store.
    Program(const Graph& graph, std::vector<ValueId> inputs, std::vector<ValueId> outputs);

    /// Runs batches begin .. end-1 and returns the number of the batch after the last that ran. poll(next batch), if
    /// given, is called about every `poll_seconds` between batches on the calling thread; false stops. Throws
    /// std::invalid_argument when a feed does not fit its input or when the data has a fault (after the batch).
    int64_t run(const std::vector<Feed>& feeds, const BatchRange& range, const std::vector<Sink>& sinks,
                const std::function<bool(int64_t)>& poll = {}, double poll_seconds = 0.1);

    /// The plan for batches of this size, in words.
    std::string describe(int64_t batch_size);

    const Graph& graph() const { return graph_; }
    const std::vector<ValueId>& inputs() const { return inputs_; }
    const std::vector<ValueId>& outputs() const { return outputs_; }
    const Shape& input_shape(size_t i) const { return graph_.shape(inputs_.at(i)); }
    const Shape& output_shape(size_t i) const { return graph_.shape(outputs_.at(i)); }

  private:
    struct CachedPlan {
        int64_t capacity;
        int threads;
        const KernelTable* kernels;
        std::unique_ptr<Plan> plan;
        Race race;
    };
    CachedPlan& plan_for(int64_t rows, int threads);
    void check(const std::vector<Feed>& feeds, const BatchRange& range, const std::vector<Sink>& sinks) const;

    const Graph graph_;
    const std::vector<ValueId> inputs_, outputs_;
    Schedule schedule_;
    const int64_t samples_at_a_time_;
    std::vector<CachedPlan> plans_;  // the latest few

    /// One caller at a time; throws std::runtime_error when the caller is the program's own poll.
    class Turn;
    std::mutex mutex_;
    std::atomic<std::thread::id> holder_{};
};

}  // namespace ravine
