#include "exec/team.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ravine {

namespace {

constexpr int kSpins = 2000;

std::atomic<int> wanted_threads{0};
std::atomic<bool> oversubscribe{false};
std::atomic<bool> forked{false};

void relax() {
#if defined(__x86_64__)
    _mm_pause();
#endif
}

/// CPUs that the control group's quota is worth, or a large number.
int quota() {
#if defined(__linux__)
    if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
        double limit = 0, period = 0;
        const int read = std::fscanf(file, "%lf %lf", &limit, &period);
        std::fclose(file);
        if (read == 2 && limit > 0 && period > 0) return std::max(1, static_cast<int>(std::floor(limit / period)));
    }
#endif
    return 1 << 20;
}

int initial_threads() {
    const char* text = std::getenv("RAVINE_NUM_THREADS");
    return text ? std::atoi(text) : 0;
}

#if defined(__linux__)
/// A child has none of its parent's OpenMP workers, though libgomp believes so for the thread that forked.
const int fork_hook = pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
#endif

/// Threads of the region's own, in place of OpenMP's: in a forked child, and where OpenMP is not built in (thread
/// sanitizers do not understand its runtime). The calling thread is the first, so that signals reach it.
bool run_own_threads(int threads, void (*body)(void*, int), void* context) {
    enum Start { waiting, go, give_up };
    std::atomic<int> start{waiting};
    std::vector<std::thread> others;
    try {
        others.reserve(static_cast<size_t>(threads));
        for (int thread = 1; thread < threads; ++thread)
            others.emplace_back([&start, body, context, thread] {
                while (start.load() == waiting) std::this_thread::yield();
                if (start.load() == go) body(context, thread);
            });
        start.store(go);
    } catch (const std::exception&) {
        start.store(give_up);
    }
    const bool complete = start.load() == go;
    if (complete) body(context, 0);
    for (std::thread& other : others) other.join();
    return complete;
}

#if defined(_OPENMP)

bool inside_region() { return omp_in_parallel() != 0; }

bool run_region(int threads, void (*body)(void*, int), void* context) {
    if (forked.load()) return run_own_threads(threads, body, context);
    bool complete = true;
#pragma omp parallel num_threads(threads)
    {
        if (omp_get_num_threads() == threads)
            body(context, omp_get_thread_num());
        else if (omp_get_thread_num() == 0)
            complete = false;
    }
    return complete;
}

#else

bool inside_region() { return false; }

bool run_region(int threads, void (*body)(void*, int), void* context) {
    return run_own_threads(threads, body, context);
}

#endif

}  // namespace

int available_threads() {
    static const int limit = quota();
#if defined(__linux__)
    // Asked anew, because it may change; hardware_concurrency() would read files.
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) return std::max(1, std::min(CPU_COUNT(&mask), limit));
#endif
    static const int count = static_cast<int>(std::thread::hardware_concurrency());
    return std::max(1, std::min(count, limit));
}

int num_threads() {
    static const int initial = initial_threads();
    int wanted = wanted_threads.load();
    if (wanted < 1) wanted = initial;
    if (oversubscribe.load() && wanted > 0) return wanted;
    const int available = available_threads();
    return wanted < 1 ? available : std::min(wanted, available);
}

void set_num_threads(int threads) { wanted_threads.store(std::max(threads, 0)); }

void allow_oversubscription(bool allow) { oversubscribe.store(allow); }

bool run_team(int threads, void (*body)(void*, int), void* context) {
    if (threads == 1) {
        body(context, 0);
        return true;
    }
    if (inside_region()) return false;
#if defined(__linux__)
    (void)fork_hook;
#endif
    return run_region(threads, body, context);
}

void Barrier::wait() {
    const unsigned generation = generation_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
        arrived_.store(0, std::memory_order_relaxed);
        generation_.store(generation + 1, std::memory_order_release);
        return;
    }
    for (int spin = 0; generation_.load(std::memory_order_acquire) == generation; ++spin) {
        if (spin < kSpins)
            relax();
        else
            std::this_thread::yield();
    }
}

}  // namespace ravine
