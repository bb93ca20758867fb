// The run loop: one parallel region for all batches, in which nothing is allocated.
#pragma once
#include <chrono>

#include "exec/program.h"

namespace ravine {

/// Whom to ask between batches whether to go on, about how often, and when that was last done.
struct Poll {
    using Clock = std::chrono::steady_clock;
    const std::function<bool(int64_t)>& ask;  // with the number of the next batch; may be empty
    double seconds;
    int64_t begin;  // the first batch of all, before which nobody is asked
    Clock::time_point last = Clock::now();
};

struct RunResult {
    int64_t next = 0;  // number of the batch after the last that ran
    DataError error;
};

/// Runs batches with so many threads: the plan's, or one. False, having run nothing, when they cannot be had.
bool run_plan(Plan& plan, int threads, const std::vector<Feed>& feeds, const BatchRange& range,
              const std::vector<Sink>& sinks, Poll& poll, RunResult& result);

/// Runs every step once on whatever lies in the plan's memory; false as above.
bool run_once(Plan& plan, DataError* error);

/// A thread's share [begin, end) of a domain, in whole grains, as even as can be.
void share_of(int64_t extent, int64_t grain, int thread, int threads, int64_t* begin, int64_t* end);

/// Runs a step's share of one thread.
void run_step(const Step& step, int thread, int threads, int64_t rows, float* scratch, DataError* error);

}  // namespace ravine
