// A kernel against the bandwidth of a copy: the row that the memory-bound benches report.
#pragma once
#include <cstdint>
#include <string>

#include "peak.h"
#include "report.h"

namespace bench {

/// `bytes` is what one call must read and write once; `resident` is the memory that it touches. The copy that it is
/// compared with touches as much, so both run from the same cache level.
template <typename Call>
void report_bandwidth(Report& report, const std::string& name, const std::string& shape, int64_t bytes,
                      int64_t resident, double seconds, const Call& call) {
    const int64_t copied = resident / 2 / 64 * 64;
    Floats source(copied / 4), target(copied / 4);
    constexpr int kRounds = 7;
    const double turn = seconds / kRounds;
    const int64_t calls = calls_for(turn, call);
    std::vector<double> times, fractions;
    for (int round = 0; round < kRounds; ++round) {
        const double copy = copy_bandwidth(target.data(), source.data(), copied, turn / 2);
        const double time = time_calls(calls, call);
        times.push_back(time);
        fractions.push_back(static_cast<double>(bytes) / time / copy);
    }
    const double time = median(times);
    report.row({{"kernel", name},
                {"shape", shape},
                {"seconds", time},
                {"gigabytes_per_second", static_cast<double>(bytes) / time / 1e9},
                {"of_copy", Spread(fractions)}});
}

}  // namespace bench
