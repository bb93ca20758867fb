// gemm [--json] [--isa NAME] [--grid | --shape M,K,N ...] [--blas LIBRARY] [--onednn LIBRARY] [--seconds S]
//
// The three products of a dense layer with M samples, K inputs and N outputs, on one thread: forward X W, and backward
// dX = dY W^T and dW = X^T dY, against the measured FMA peak of their instruction set. Yardsticks: Eigen, compiled for
// whatever this program was compiled for (it is printed), any library with a cblas_sgemm, and oneDNN. Peak, ravine and
// yardsticks take turns; figures are medians (and quartiles) of the ratios per round.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // the undefined operands in GCC's own AVX-512 headers
#endif
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "gemm_libraries.h"
#include "kernels/table.h"
#include "peak.h"
#include "report.h"

namespace {

using bench::Form;
using bench::Product;

struct Layer {
    int64_t m, k, n;
};

/// Layers that training really has, then the sizes of the textbooks.
const std::vector<Layer> kLayers = {
    {32, 784, 300},   {32, 300, 100},  {32, 100, 10},   {32, 100, 100},     {128, 784, 256},   {128, 256, 64},
    {32, 3072, 100},  {32, 8, 30},     {32, 30, 30},    {256, 1024, 1024},  {256, 1024, 4096}, {1, 784, 300},
    {1024, 784, 300}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}};

std::vector<Layer> grid() {
    const std::vector<int64_t> sizes = {1, 3, 16, 32, 100, 256, 784, 1024, 4096};
    std::vector<Layer> layers;
    for (int64_t m : sizes)
        for (int64_t k : sizes)
            for (int64_t n : sizes)
                if (m * k * n <= int64_t{1} << 32) layers.push_back({m, k, n});
    return layers;
}

/// The product of one form: what a layer's sizes are as rows, depth and columns.
Product product_of(const Layer& layer, Form form) {
    if (form == Form::abt) return {form, layer.m, layer.n, layer.k};
    if (form == Form::atb) return {form, layer.k, layer.m, layer.n};
    return {form, layer.m, layer.k, layer.n};
}

const char* const kFormNames[] = {"X W", "dY W^T", "X^T dY"};

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void eigen_gemm(const Product& s, const float* a, const float* b, float* c) {
    Eigen::Map<Matrix> product(c, s.m, s.n);
    if (s.form == Form::ab)
        product.noalias() = Eigen::Map<const Matrix>(a, s.m, s.k) * Eigen::Map<const Matrix>(b, s.k, s.n);
    else if (s.form == Form::abt)
        product.noalias() = Eigen::Map<const Matrix>(a, s.m, s.k) * Eigen::Map<const Matrix>(b, s.n, s.k).transpose();
    else
        product.noalias() = Eigen::Map<const Matrix>(a, s.k, s.m).transpose() * Eigen::Map<const Matrix>(b, s.k, s.n);
}

double largest_difference(const float* x, const float* y, int64_t count) {
    double largest = 0;
    for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(double(x[i]) - double(y[i])));
    return largest;
}

struct Libraries {
    const bench::Blas* blas;
    const bench::OneDnn* onednn;
};

void measure(bench::Report& report, const ravine::KernelTable& kernels, const Layer& layer, Form form,
             const Libraries& libraries, double seconds) {
    const Product s = product_of(layer, form);
    bench::Floats a(s.m * s.k), b(s.k * s.n), c(s.m * s.n), reference(s.m * s.n);
    ravine::GemmArgs args{};
    args.m = s.m, args.n = s.n, args.k = s.k;
    args.a = a.data(), args.b = b.data(), args.c = c.data(), args.ldc = s.n;
    args.a_row = s.a_row(), args.a_col = s.a_col();
    args.b_row = s.b_row(), args.b_col = s.n == 1 ? 1 : s.b_col();
    bench::Floats scratch(kernels.gemm_scratch(s.m, s.n, s.k, form != Form::atb, form != Form::abt));
    args.scratch = scratch.data();

    struct Contestant {
        const char* name;
        std::function<void()> call;
        int64_t calls = 0;
        std::vector<double> ratios = {};
    };
    const auto ours = [&] { kernels.gemm(args); };
    std::vector<Contestant> others = {{"x_eigen", [&] { eigen_gemm(s, a.data(), b.data(), reference.data()); }}};
    if (libraries.blas) others.push_back({"x_blas", [&] { (*libraries.blas)(s, a.data(), b.data(), c.data()); }});
    if (libraries.onednn) others.push_back({"x_onednn", libraries.onednn->matmul(s, a.data(), b.data(), c.data())});
    // Everyone's product is compared with Eigen's; ours comes last.
    others[0].call();
    for (size_t i = 1; i <= others.size(); ++i) {
        std::fill_n(c.data(), c.size(), NAN);
        if (i < others.size()) {
            others[i].call();
        } else {
            ours();
        }
        const double difference = largest_difference(c.data(), reference.data(), s.m * s.n);
        if (!(difference <= 1e-5 * static_cast<double>(s.k) + 1e-5)) {
            std::fprintf(stderr, "%s is WRONG by %g in %lld x %lld x %lld, %s\n",
                         i < others.size() ? others[i].name : "ravine", difference, static_cast<long long>(layer.m),
                         static_cast<long long>(layer.k), static_cast<long long>(layer.n),
                         kFormNames[static_cast<int>(form)]);
            std::exit(1);
        }
    }

    constexpr int kRounds = 7;
    const double turn = seconds / kRounds;
    const int64_t our_calls = bench::calls_for(turn, ours);
    for (Contestant& other : others) other.calls = bench::calls_for(turn, other.call);
    const double flops = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
    std::vector<double> fractions, times;
    for (int round = 0; round < kRounds; ++round) {
        const double peak = bench::peak_flops(kernels.isa, std::min(0.002, turn));
        const double time = bench::time_calls(our_calls, ours);
        times.push_back(time);
        fractions.push_back(flops / time / peak);
        for (Contestant& other : others) other.ratios.push_back(bench::time_calls(other.calls, other.call) / time);
    }
    std::vector<bench::Field> fields = {{"form", std::string(kFormNames[static_cast<int>(form)])},
                                        {"M", layer.m},
                                        {"K", layer.k},
                                        {"N", layer.n},
                                        {"seconds", bench::median(times)},
                                        {"of_peak", bench::Spread(fractions)}};
    for (const Contestant& other : others) fields.emplace_back(other.name, bench::Spread(other.ratios));
    report.row(fields);
}

}  // namespace

int main(int argc, char** argv) {
    bench::Report report(bench::take_flag(argc, argv, "--json"));
    std::string isa = bench::peak_kernels().back().isa;
    std::vector<Layer> layers;
    std::optional<bench::Blas> blas;
    std::optional<bench::OneDnn> onednn;
    double seconds = 0.2;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        long long m, k, n;
        if (option == "--grid") {
            layers = grid();
        } else if (option == "--isa" && i + 1 < argc) {
            isa = argv[++i];
        } else if (option == "--blas" && i + 1 < argc) {
            blas.emplace(argv[++i]);
        } else if (option == "--onednn" && i + 1 < argc) {
            onednn.emplace(argv[++i]);
        } else if (option == "--seconds" && i + 1 < argc) {
            seconds = std::atof(argv[++i]);
        } else if (option == "--shape" && i + 1 < argc && std::sscanf(argv[++i], "%lld,%lld,%lld", &m, &k, &n) == 3) {
            layers.push_back({m, k, n});
        } else {
            std::fprintf(stderr,
                         "usage: gemm [--json] [--isa NAME] [--grid | --shape M,K,N ...] [--blas LIBRARY] "
                         "[--onednn LIBRARY] [--seconds S]\n");
            return 2;
        }
    }
    if (layers.empty()) layers = kLayers;
    const ravine::KernelTable* kernels = ravine::kernel_table(isa.c_str());
    if (!kernels) {
        std::fprintf(stderr, "no kernels for %s here\n", isa.c_str());
        return 2;
    }
    report.title(std::string(kernels->isa) + " kernels, one thread; Eigen uses " + Eigen::SimdInstructionSetsInUse());
    const Libraries libraries{blas ? &*blas : nullptr, onednn ? &*onednn : nullptr};
    for (const Layer& layer : layers)
        for (Form form : {Form::ab, Form::abt, Form::atb}) measure(report, *kernels, layer, form, libraries, seconds);
    return 0;
}
