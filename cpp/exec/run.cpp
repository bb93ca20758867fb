#include "exec/run.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>

#include "exec/chain.h"
#include "exec/denormals.h"
#include "exec/gather.h"
#include "exec/team.h"

namespace ravine {

void share_of(int64_t extent, int64_t grain, int thread, int threads, int64_t* begin, int64_t* end) {
    const int64_t blocks = (extent + grain - 1) / grain;
    const int64_t each = blocks / threads, extra = blocks % threads;
    const int64_t first = each * thread + std::min<int64_t>(thread, extra);
    *begin = std::min(first * grain, extent);
    *end = std::min((first + each + (thread < extra ? 1 : 0)) * grain, extent);
}

namespace {

/// Does a step run in this batch? No thread writes a guard between the first and the last that asks.
bool holds(const Step& step) {
    return std::all_of(step.guards.begin(), step.guards.end(), [](const float* guard) { return *guard != 0; });
}

/// The step, its operands being those of `call`.
void run_bound_step(const Step& step, const Call& call, int thread, int threads, int64_t rows, float* scratch,
                    DataError* error) {
    Slice slice{step.axis, 0, 1, rows, scratch, error};
    if (step.axis == Axis::rows || step.axis == Axis::columns) {
        const int64_t extent = step.extent == kBatch ? rows : step.extent;
        share_of(extent, step.axis == Axis::rows ? kRowGrain : kColumnGrain, thread, threads, &slice.begin, &slice.end);
        if (slice.begin >= slice.end) return;
    } else if (thread != 0) {
        return;
    }
    float* temps = scratch;
    if (!step.op) return run_chain(step, slice, temps);
    if (step.chain.stages.empty()) return step.op->run(call, slice);
    slice.scratch = scratch + step.chain.temps * step.chain.tile_floats;
    const TileRange range = tile_range(step, slice);
    const EpilogueContext context{&step.chain, range.row, range.column, temps};
    Epilogue epilogue{chain_epilogue, &context, nullptr};
    Update update;
    if (step.chain.update.update >= 0) {
        update = chain_update(step.chain, range);
        epilogue.update = &update;
    }
    step.op->run_with_epilogue(call, slice, epilogue);
}

}  // namespace

void run_step(const Step& step, int thread, int threads, int64_t rows, float* scratch, DataError* error) {
    run_bound_step(step, step.call, thread, threads, rows, scratch, error);
}

namespace {

/// An operand of a step that is an input of the plan.
struct Reader {
    size_t step;
    int operand;
};

/// All that reads the input whose memory begins at `data`; false when not all can be given another address.
bool find_readers(const Plan& plan, const void* data, std::vector<Reader>& readers) {
    for (size_t i = 0; i < plan.steps.size(); ++i) {
        const Step& step = plan.steps[i];
        for (int k = 0; step.op && k < kMaxOperands; ++k)
            if (step.call.in[k] == data) readers.push_back({i, k});
        // From here on this memory may hold another value.
        for (int k = 0; step.op && k < kMaxOperands; ++k)
            if (step.call.out[k] == data) return true;
        for (const Stage& stage : step.chain.stages) {
            for (int k = 0; k < stage.sources; ++k)
                if (stage.in[k].data == data) return false;
            for (int k = 0; k < stage.targets; ++k)
                if (stage.out[k].data == data) return true;
        }
    }
    return std::none_of(plan.outputs.begin(), plan.outputs.end(), [&](const Port& port) { return port.data == data; });
}

class Runner {
  public:
    Runner(Plan& plan, const std::vector<Feed>& feeds, const BatchRange& range, const std::vector<Sink>& sinks,
           const std::function<bool(int64_t)>& poll, double poll_seconds)
        : plan_(plan),
          feeds_(feeds),
          range_(range),
          sinks_(sinks),
          poll_(poll),
          interval_(poll_seconds),
          barrier_(plan.threads),
          direct_(find_direct()),
          gathers_(direct_ == Gatherer::kNoFeed || feeds.size() > 1),
          gatherer_(plan, feeds, range, direct_) {
        next_ = range.begin;
    }

    /// Runs the next batches, at most so many, with the plan's team or one thread.
    void run(bool alone, int64_t batches) {
        if (is_due(next_)) {
            stopped_ = !ask(next_);
            if (stopped_) return;
        }
        begin_ = next_;
        end_ = begin_ + std::min(batches, range_.end - begin_);
        threads_ = alone ? 1 : plan_.threads;
        const auto body = [](void* context, int thread) { (*static_cast<Runner*>(context))(thread); };
        if (run_team(threads_, body, this)) return;
        threads_ = 1;
        run_team(1, body, this);
    }
    bool is_over() const { return stopped_ || next_ < end_ || next_ >= range_.end || error_.row >= 0; }

    void operator()(int thread) {
        float* scratch = plan_.scratch + plan_.scratch_floats * thread;
        std::optional<DenormalMode> mode(std::in_place, plan_.changes_variables);
        for (int64_t batch = begin_; batch < end_; ++batch) {
            // Between batches nothing is half done: here the caller may look, and stop. Both reasons to stop carry the
            // number of a batch, so that all threads agree on it however far apart they are.
            if (thread == 0 && batch != begin_ && is_due(batch)) {
                mode.reset();  // the caller's own, for what is not ours
                if (!ask(batch)) stop_at_.store(batch);
                mode.emplace(plan_.changes_variables);
            }
            if (batch != begin_) wait();
            if (stop_at_.load() <= batch || fault_in_.load() < batch) return;
            const int64_t first = batch * range_.batch_size;
            const int64_t rows = std::min(range_.batch_size, range_.samples - first);
            DataError error;
            gather(thread, first, rows);
            for (size_t i = 0; i < plan_.steps.size(); ++i) {
                const Step& step = plan_.steps[i];
                // Before the first step they wait for the batch alone.
                if (step.barrier && (i > 0 || gathers_)) wait();
                if (!holds(step)) continue;
                if (direct_ == Gatherer::kNoFeed || !reads_directly(i))
                    run_step(step, thread, threads_, rows, scratch, &error);
                else
                    run_bound_step(step, rebound(i, first), thread, threads_, rows, scratch, &error);
            }
            if (!sinks_.empty()) {
                if (plan_.barrier_before_outputs) wait();
                scatter(thread, first, rows);
            }
            int64_t none = kNever;
            if (error.row >= 0 && fault_in_.compare_exchange_strong(none, batch)) error_ = error;
            if (thread == 0) next_ = batch + 1;
        }
    }

    RunResult result() const { return {next_, error_}; }
    std::exception_ptr failure() const { return failure_; }

  private:
    using Clock = std::chrono::steady_clock;
    static constexpr int64_t kLargeBatch = 1 << 14;  // floats; a smaller one is soon gathered
    static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

    void wait() {
        if (threads_ > 1) barrier_.wait();
    }

    bool is_due(int64_t batch) const { return batch != range_.begin && poll_ && Clock::now() - polled_ >= interval_; }

    bool ask(int64_t batch) {
        bool go_on = false;
        try {
            go_on = poll_(batch);
        } catch (...) {
            failure_ = std::current_exception();
        }
        polled_ = Clock::now();
        return go_on;
    }

    /// The feed that the steps can read where it lies: floats in order, side by side.
    size_t find_direct() {
        if (sinks_.empty() || feeds_.empty() || !plan_.inputs[0].batched || range_.order) return Gatherer::kNoFeed;
        const Feed& feed = feeds_[0];
        if (feed.element != Element::f32 || feed.stride != feed.unit * static_cast<int64_t>(sizeof(float)))
            return Gatherer::kNoFeed;
        // Gathering costs several threads a barrier as well.
        if (plan_.threads == 1 && plan_.capacity * feed.unit < kLargeBatch) return Gatherer::kNoFeed;
        return find_readers(plan_, plan_.inputs[0].data, readers_) ? 0 : Gatherer::kNoFeed;
    }

    bool reads_directly(size_t step) const {
        return std::any_of(readers_.begin(), readers_.end(), [=](const Reader& reader) { return reader.step == step; });
    }

    /// The call of a step that reads the batch where the caller has it.
    Call rebound(size_t step, int64_t first) const {
        Call call = plan_.steps[step].call;
        char* const data = static_cast<char*>(const_cast<void*>(feeds_[direct_].data)) + first * feeds_[direct_].stride;
        for (const Reader& reader : readers_)
            if (reader.step == step) call.in[reader.operand] = data;
        return call;
    }

    void gather(int thread, int64_t first, int64_t rows) {
        int64_t begin, end;
        share_of(rows, kRowGrain, thread, threads_, &begin, &end);
        gatherer_.rows(first, begin, end);
        if (thread == 0) gatherer_.whole();
    }

    void scatter(int thread, int64_t first, int64_t rows) {
        int64_t begin, end;
        share_of(rows, kRowGrain, thread, threads_, &begin, &end);
        for (size_t i = 0; i < sinks_.size(); ++i) {
            const Port& port = plan_.outputs[i];
            if (!port.batched) {
                if (thread == 0) std::memcpy(sinks_[i].data, port.data, static_cast<size_t>(port.unit) * sizeof(float));
            } else if (end > begin) {
                std::memcpy(sinks_[i].data + (first + begin) * port.unit, port.data + begin * port.unit,
                            static_cast<size_t>((end - begin) * port.unit) * sizeof(float));
            }
        }
    }

    Plan& plan_;
    int threads_ = 1;              // that run now,
    int64_t begin_ = 0, end_ = 0;  // and which batches
    const std::vector<Feed>& feeds_;
    const BatchRange& range_;
    const std::vector<Sink>& sinks_;
    const std::function<bool(int64_t)>& poll_;
    const std::chrono::duration<double> interval_;
    Clock::time_point polled_ = Clock::now();
    Barrier barrier_;
    std::vector<Reader> readers_;  // of the feed that steps read where it lies
    const size_t direct_;          // its number
    const bool gathers_;           // are there others?
    const Gatherer gatherer_;
    std::atomic<int64_t> stop_at_{kNever}, fault_in_{kNever};
    int64_t next_ = 0;
    bool stopped_ = false;  // before the next batches
    DataError error_;
    std::exception_ptr failure_;
};

}  // namespace

RunResult run_plan(Plan& plan, Race* race, const std::vector<Feed>& feeds, const BatchRange& range,
                   const std::vector<Sink>& sinks, const std::function<bool(int64_t)>& poll, double poll_seconds) {
    using Clock = Race::Clock;
    Runner runner(plan, feeds, range, sinks, poll, poll_seconds);
    if (race) race->resume();
    if (!race) runner.run(false, range.end - range.begin);
    while (race && !runner.is_over()) {
        const int64_t first = runner.result().next;
        const Clock::time_point start = race->on() ? Clock::now() : Clock::time_point();
        runner.run(race->alone(), race->batches());
        const Clock::time_point end = race->on() ? Clock::now() : Clock::time_point();
        race->ran(runner.result().next - first, std::chrono::duration<double>(end - start).count());
    }
    if (runner.failure()) std::rethrow_exception(runner.failure());
    return runner.result();
}

bool run_once(Plan& plan, DataError* error) {
    struct Team {
        Plan& plan;
        DataError* error;
        Barrier barrier;
    } team{plan, error, Barrier(plan.threads)};
    const auto body = [](void* context, int thread) {
        Team& self = *static_cast<Team*>(context);
        const DenormalMode mode(false);
        for (const Step& step : self.plan.steps) {
            if (step.barrier) self.barrier.wait();
            if (!holds(step)) continue;
            run_step(step, thread, self.plan.threads, self.plan.capacity,
                     self.plan.scratch + self.plan.scratch_floats * thread, self.error);
        }
    };
    return run_team(plan.threads, body, &team);
}

}  // namespace ravine
