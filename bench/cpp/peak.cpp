// peak [--threads T] [--seconds S] [--fma]: the limits of this machine, as JSON.
//
// Needs nothing of ravine; the Python bench compiles it by itself. With --fma only the widest instruction set's peak
// is measured, which takes S seconds.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "peak.h"

namespace {

/// The sum of what `measure(thread)` returns on each of `threads` threads at the same time.
double together(int threads, const std::function<double(int)>& measure) {
    std::vector<double> results(static_cast<size_t>(threads));
    std::vector<std::thread> team;
    for (int t = 1; t < threads; ++t) team.emplace_back([&, t] { results[static_cast<size_t>(t)] = measure(t); });
    results[0] = measure(0);
    for (std::thread& thread : team) thread.join();
    double sum = 0;
    for (double result : results) sum += result;
    return sum;
}

double bandwidth(int threads, int64_t bytes_of_all, double seconds) {
    const int64_t bytes = bytes_of_all / 2 / threads;
    std::vector<bench::Floats> buffers;
    for (int i = 0; i < 2 * threads; ++i) buffers.emplace_back(bytes / static_cast<int64_t>(sizeof(float)));
    return together(threads, [&](int t) {
        return bench::copy_bandwidth(buffers[static_cast<size_t>(2 * t)].data(),
                                     buffers[static_cast<size_t>(2 * t + 1)].data(), bytes, seconds);
    });
}

}  // namespace

int main(int argc, char** argv) {
    int threads = 1;
    double seconds = 0.1;
    bool only_fma = false;
    for (int i = 1; i < argc; ++i) {
        if (!std::strcmp(argv[i], "--threads") && i + 1 < argc) {
            threads = std::max(1, std::atoi(argv[++i]));
        } else if (!std::strcmp(argv[i], "--seconds") && i + 1 < argc) {
            seconds = std::atof(argv[++i]);
        } else if (!std::strcmp(argv[i], "--fma")) {
            only_fma = true;
        } else {
            std::fprintf(stderr, "usage: peak [--threads T] [--seconds S] [--fma]\n");
            return 2;
        }
    }

    const std::vector<bench::PeakKernel> kernels = bench::peak_kernels();
    std::printf("{\"threads\": %d, \"flops\": {", threads);
    for (size_t i = only_fma ? kernels.size() - 1 : 0; i < kernels.size(); ++i) {
        const double flops = together(threads, [&](int) { return bench::peak_flops(kernels[i], seconds); });
        std::printf("\"%s\": %.6g%s", kernels[i].isa, flops, i + 1 < kernels.size() ? ", " : "");
    }
    std::printf("}");
    if (!only_fma) {
        std::printf(", \"copy_bytes_per_second\": {\"256 KiB\": %.6g, \"8 MiB\": %.6g, \"512 MiB\": %.6g}",
                    bandwidth(threads, int64_t{1} << 18, seconds), bandwidth(threads, int64_t{1} << 23, seconds),
                    bandwidth(threads, int64_t{1} << 29, seconds));
    }
    std::printf("}\n");
    return 0;
}
