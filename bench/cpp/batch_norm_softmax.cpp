// batch_norm_softmax [--json] [ISA]: batch normalization, softmax and softmax cross-entropy, forward and backward, one
// thread, against the bandwidth of a copy from the same cache level.
#include <cstdio>
#include <string>

#include "bandwidth.h"
#include "kernels/table.h"

namespace {

constexpr double kSeconds = 0.1;
constexpr int64_t kFloat = sizeof(float);

void batch_norm(bench::Report& report, const ravine::KernelTable& kernels, int64_t m, int64_t n) {
    bench::Floats x(m * n), y(m * n), dy(m * n), dx(m * n), gamma(n), beta(n), mean(n), inv_std(n), variance(n);
    bench::Floats dgamma(n), dbeta(n);
    ravine::BatchNormArgs args{};
    args.m = m, args.n = n, args.ld = n, args.epsilon = 1e-3f;
    args.x = x.data(), args.y = y.data(), args.gamma = gamma.data(), args.beta = beta.data();
    args.mean = mean.data(), args.inv_std = inv_std.data(), args.variance = variance.data();
    args.dy = dy.data(), args.dx = dx.data(), args.dgamma = dgamma.data(), args.dbeta = dbeta.data();
    const std::string shape = std::to_string(m) + " x " + std::to_string(n);
    bench::report_bandwidth(report, "batch_norm", shape, 2 * m * n * kFloat, 2 * m * n * kFloat, kSeconds,
                            [&] { kernels.batch_norm(args); });
    bench::report_bandwidth(report, "batch_norm_grad", shape, 3 * m * n * kFloat, 3 * m * n * kFloat, kSeconds,
                            [&] { kernels.batch_norm_grad(args); });
}

void softmax(bench::Report& report, const ravine::KernelTable& kernels, int64_t m, int64_t n) {
    bench::Floats x(m * n, 4.0f), y(m * n), dy(m * n), dx(m * n), targets(m), loss(m), dloss(1);
    for (int64_t i = 0; i < m; ++i) targets.data()[i] = static_cast<float>(i % n);
    const std::string shape = std::to_string(m) + " x " + std::to_string(n);
    const int64_t matrix = m * n * kFloat;
    bench::report_bandwidth(report, "softmax", shape, 2 * matrix, 2 * matrix, kSeconds,
                            [&] { kernels.softmax(m, n, x.data(), y.data()); });
    bench::report_bandwidth(report, "softmax_grad", shape, 3 * matrix, 3 * matrix, kSeconds,
                            [&] { kernels.softmax_grad(m, n, y.data(), dy.data(), dx.data()); });
    const ravine::SoftmaxLossArgs args{m, n, x.data(), targets.data(), n, loss.data(), y.data()};
    bench::report_bandwidth(report, "softmax_loss", shape, 2 * matrix, 2 * matrix, kSeconds,
                            [&] { kernels.softmax_loss_sparse(args); });
    bench::report_bandwidth(report, "softmax_loss_grad", shape, 2 * matrix, 2 * matrix, kSeconds, [&] {
        kernels.softmax_loss_sparse_grad(m, n, y.data(), targets.data(), dloss.data(), 0, dx.data());
    });
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
    const int64_t layers[][2] = {{32, 100}, {32, 300}, {32, 784}, {256, 4096}, {4096, 4096}};
    for (const auto& shape : layers) batch_norm(report, *kernels, shape[0], shape[1]);
    const int64_t outputs[][2] = {{32, 10}, {32, 100}, {256, 1000}, {4096, 1000}, {32, 32768}};
    for (const auto& shape : outputs) softmax(report, *kernels, shape[0], shape[1]);
    return 0;
}
