// The run loop: one parallel region for all batches, in which nothing is allocated.
#pragma once
#include "exec/program.h"

namespace ravine {

struct RunResult {
    int64_t next = 0;  // number of the batch after the last that ran
    DataError error;
};

/// Runs the batches of the range, or what the poll and faults leave of them, with the plan's team or, where a race is
/// given, with one thread when that proves faster: the bits are the same.
RunResult run_plan(Plan& plan, Race* race, const std::vector<Feed>& feeds, const BatchRange& range,
                   const std::vector<Sink>& sinks, const std::function<bool(int64_t)>& poll, double poll_seconds);

/// Runs every step once on whatever lies in the plan's memory. False, having run nothing, when the team of threads that
/// the plan wants cannot be had.
bool run_once(Plan& plan, DataError* error);

/// A thread's share [begin, end) of a domain, in whole grains, as even as can be.
void share_of(int64_t extent, int64_t grain, int thread, int threads, int64_t* begin, int64_t* end);

/// Runs a step's share of one thread.
void run_step(const Step& step, int thread, int threads, int64_t rows, float* scratch, DataError* error);

}  // namespace ravine
