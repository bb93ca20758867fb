// eltwise [--json] [--isa NAME] [--seconds S] [NAME...]: every element-wise kernel at 1K, 16K, 1M and 32M
// floats, one thread.
//
// GB/s counts what a kernel must read and write once. "of copy" compares it with a copy of the same number of bytes
// through buffers of the same total size. Cycles are derived from the FMA peak, which is two vectors per cycle on the
// cores that have two units: a figure for comparing kernels, exact only there.
#include <cstdio>
#include <cstring>
#include <string>

#include "kernels/table.h"
#include "peak.h"
#include "report.h"

namespace {

/// Cycles per second, now.
double clock_rate(const ravine::KernelTable& kernels) {
    return bench::peak_flops(kernels.isa, 0.001) / (2.0 * 2.0 * kernels.width);
}

struct Operands {
    std::vector<bench::Floats> in, out;
    bench::Floats scalar{1};
    ravine::TileArgs args{};

    Operands(int kernel, int64_t count) {
        const ravine::EltwiseInfo& info = ravine::kEltwiseInfo[kernel];
        const std::string name = info.name;
        for (int i = 0; i < info.inputs; ++i) in.emplace_back(count, 2.0f);
        for (int i = 0; i < info.outputs; ++i) out.emplace_back(count);
        // Logarithms, roots and powers of positive numbers: the common path, not that of NaN.
        for (const char* positive : {"sqrt", "rsqrt", "log", "log1p", "reciprocal", "power", "pow_scalar", "divide"})
            if (name == positive)
                for (bench::Floats& operand : in)
                    for (int64_t i = 0; i < count; ++i) operand.data()[i] = operand.data()[i] * 0.4f + 1.0f;
        args.m = 1, args.n = count;
        for (int i = 0; i < info.inputs; ++i) args.in[i] = {in[static_cast<size_t>(i)].data(), count, 1};
        for (int i = 0; i < info.outputs; ++i) args.out[i] = {out[static_cast<size_t>(i)].data(), count};
        for (int i = 0; i < info.params; ++i) args.param[i] = 0.5f;
        is_update = name == "adam" || name == "nadam" || name.rfind("sgd", 0) == 0;
        if (is_update) make_update(count);
    }

    /// Optimizers read their rate from a scalar and work in place on the weights and their slots.
    void make_update(int64_t count) {
        const int arrays = static_cast<int>(out.size()) + 1;  // weights and slots, and the gradient
        scalar.data()[0] = 0.0f;
        for (int i = arrays; i < static_cast<int>(in.size()); ++i) args.in[i] = {scalar.data(), 0, 0};
        args.out[0].data = in[0].data();
        for (int slot = 1; slot < static_cast<int>(out.size()); ++slot)
            args.out[slot].data = in[static_cast<size_t>(slot) + 1].data();
        for (int i = 2; i < arrays; ++i)
            std::memset(in[static_cast<size_t>(i)].data(), 0, static_cast<size_t>(count) * sizeof(float));
    }

    int64_t streams() const {
        return static_cast<int64_t>(out.size()) +
               (is_update ? static_cast<int64_t>(out.size()) + 1 : static_cast<int64_t>(in.size()));
    }

    bool is_update = false;
};

void measure(bench::Report& report, const ravine::KernelTable& kernels, int kernel, int64_t count, double seconds) {
    Operands operands(kernel, count);
    const ravine::TileKernel run = kernels.eltwise[kernel];
    const auto call = [&] { run(operands.args); };
    const int64_t bytes = operands.streams() * count * static_cast<int64_t>(sizeof(float));
    const int64_t copied = bytes / 2;
    bench::Floats source(copied / 4), target(copied / 4);

    constexpr int kRounds = 5;
    const double turn = seconds / kRounds;
    const int64_t calls = bench::calls_for(turn, call);
    std::vector<double> bandwidths, fractions, per_element;
    for (int round = 0; round < kRounds; ++round) {
        const double copy = bench::copy_bandwidth(target.data(), source.data(), copied, turn / 2);
        const double rate = clock_rate(kernels);
        const double time = bench::time_calls(calls, call);
        per_element.push_back(time * rate / static_cast<double>(count));
        bandwidths.push_back(static_cast<double>(bytes) / time);
        fractions.push_back(bandwidths.back() / copy);
    }
    const double bandwidth = bench::median(bandwidths);
    report.row({{"kernel", std::string(ravine::kEltwiseInfo[kernel].name)},
                {"count", count},
                {"seconds", static_cast<double>(bytes) / bandwidth},
                {"gigabytes_per_second", bandwidth / 1e9},
                {"cycles_per_element", bench::median(per_element)},
                {"of_copy", bench::Spread(fractions)}});
}

}  // namespace

int main(int argc, char** argv) {
    bench::Report report(bench::take_flag(argc, argv, "--json"));
    std::string isa = bench::peak_kernels().back().isa;
    double seconds = 0.02;
    std::vector<std::string> names;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        if (option == "--isa" && i + 1 < argc) {
            isa = argv[++i];
        } else if (option == "--seconds" && i + 1 < argc) {
            seconds = std::atof(argv[++i]);
        } else if (option[0] != '-') {
            names.push_back(option);
        } else {
            std::fprintf(stderr, "usage: eltwise [--json] [--isa NAME] [--seconds S] [NAME...]\n");
            return 2;
        }
    }
    const ravine::KernelTable* kernels = ravine::kernel_table(isa.c_str());
    if (!kernels) {
        std::fprintf(stderr, "no kernels for %s here\n", isa.c_str());
        return 2;
    }
    report.title(std::string(kernels->isa) + " kernels, one thread");
    for (int kernel = 0; kernel < static_cast<int>(ravine::Eltwise::count_); ++kernel) {
        const std::string name = ravine::kEltwiseInfo[kernel].name;
        if (!names.empty() && std::find(names.begin(), names.end(), name) == names.end()) continue;
        for (int64_t count : {1 << 10, 1 << 14, 1 << 20, 1 << 25}) measure(report, *kernels, kernel, count, seconds);
    }
    return 0;
}
