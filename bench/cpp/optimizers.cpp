// optimizers [--json] [ISA]: the update kernels from the L2 cache to memory, one thread, against the bandwidth of a
// copy from the same cache level.
#include <cstdio>
#include <cstring>
#include <string>

#include "bandwidth.h"
#include "kernels/table.h"

namespace {

/// Weights, gradient and slots; the update is in place on all but the gradient.
void update(bench::Report& report, const ravine::KernelTable& kernels, ravine::Eltwise kernel, int slots,
            int64_t count) {
    std::vector<bench::Floats> arrays;
    for (int i = 0; i < 2 + slots; ++i) arrays.emplace_back(count);
    for (int i = 0; i < slots; ++i)
        std::memset(arrays[static_cast<size_t>(2 + i)].data(), 0, static_cast<size_t>(count) * sizeof(float));
    bench::Floats rate(1);
    rate.data()[0] = 1e-6f;
    ravine::TileArgs args{};
    args.m = 1, args.n = count;
    for (int i = 0; i < 2 + slots; ++i) args.in[i] = {arrays[static_cast<size_t>(i)].data(), count, 1};
    for (int i = 2 + slots; i < ravine::kEltwiseInfo[static_cast<int>(kernel)].inputs; ++i)
        args.in[i] = {rate.data(), 0, 0};
    args.out[0] = {arrays[0].data(), count};
    for (int i = 0; i < slots; ++i) args.out[1 + i] = {arrays[static_cast<size_t>(2 + i)].data(), count};
    args.param[0] = 0.1f, args.param[1] = 0.001f, args.param[2] = 1e-7f;  // Adam's are 1 - beta

    const int64_t array = count * static_cast<int64_t>(sizeof(float));
    const int64_t reads = 2 + slots, writes = 1 + slots;
    const char* name = ravine::kEltwiseInfo[static_cast<int>(kernel)].name;
    const ravine::TileKernel run = kernels.eltwise[static_cast<int>(kernel)];
    bench::report_bandwidth(report, name, std::to_string(count), (reads + writes) * array, reads * array, 0.1,
                            [&] { run(args); });
}

}  // namespace

int main(int argc, char** argv) {
    bench::Report report(bench::take_flag(argc, argv, "--json"));
    const std::string isa = argc > 1 ? argv[1] : bench::peak_kernels().back().isa;
    const ravine::KernelTable* kernels = ravine::kernel_table(isa.c_str());
    if (!kernels) {
        std::fprintf(stderr, "no kernels for %s here\n", isa.c_str());
        return 2;
    }
    report.title(std::string(kernels->isa) + " kernels, one thread; bytes are read and written once");
    for (int64_t count : {1 << 14, 1 << 18, 1 << 20, 1 << 25}) {
        update(report, *kernels, ravine::Eltwise::sgd, 0, count);
        update(report, *kernels, ravine::Eltwise::sgd_momentum, 1, count);
        update(report, *kernels, ravine::Eltwise::sgd_nesterov, 1, count);
        update(report, *kernels, ravine::Eltwise::adam, 2, count);
        update(report, *kernels, ravine::Eltwise::nadam, 2, count);
    }
    return 0;
}
