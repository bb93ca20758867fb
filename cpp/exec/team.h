// The one place that knows how threads are made: OpenMP stays behind this header.
#pragma once
#include <atomic>

namespace ravine {

/// Processors that this process may use: its affinity mask, and the quota of its control group where there is one.
int available_threads();

/// Threads that plans may use: RAVINE_NUM_THREADS or what was set, at most available_threads().
int num_threads();
/// Values below 1 mean "all that are available"; larger ones than available are cut (testing excepted: see
/// allow_oversubscription).
void set_num_threads(int threads);
/// Lets set_num_threads go beyond the processors there are, so that tests can run 3 threads anywhere. Programs then use
/// that many, however small the work.
void allow_oversubscription(bool allow);

/// Runs body(context, 0) ... body(context, threads - 1) side by side, the first of them on the calling thread, and
/// waits for all. Returns false, having run nothing, when that many threads cannot be had. Works in a fork()ed child.
bool run_team(int threads, void (*body)(void* context, int thread), void* context);

/// Where the threads of a team wait for each other. Spins for some microseconds, then yields the processor.
class Barrier {
  public:
    explicit Barrier(int threads) : threads_(threads) {}
    void wait();

  private:
    const int threads_;
    alignas(64) std::atomic<int> arrived_{0};
    alignas(64) std::atomic<unsigned> generation_{0};
};

}  // namespace ravine
