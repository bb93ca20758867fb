// gemm [--isa NAME] [--grid | --shape M,K,N] [--blas LIBRARY] [--seconds S]
//
// The matrix product against the measured FMA peak of its instruction set, one thread, for C = A B and both transposed
// forms of a dense layer's backward pass: dX = dY W^T (as A B^T) and dW = X^T dY (as A^T B). Yardsticks: Eigen,
// compiled for whatever this program was compiled for (it is printed), and any library with a cblas_sgemm, loaded by
// --blas. Peak, ravine and yardsticks take turns; figures are medians of the ratios per round.
#include <dlfcn.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // the undefined operands in GCC's own AVX-512 headers
#endif
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>

#include "kernels/table.h"
#include "peak.h"

namespace {

struct Shape {
    int64_t m, k, n;
};

/// Products that training really does, then the sizes of the textbooks.
const std::vector<Shape> kShapes = {
    {32, 784, 300},   {32, 300, 100},  {32, 100, 10},   {32, 100, 100},     {128, 784, 256},   {128, 256, 64},
    {32, 3072, 100},  {32, 8, 30},     {32, 30, 30},    {256, 1024, 1024},  {256, 1024, 4096}, {1, 784, 300},
    {1024, 784, 300}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}};

std::vector<Shape> grid() {
    const std::vector<int64_t> sizes = {1, 3, 16, 32, 100, 256, 784, 1024, 4096};
    std::vector<Shape> shapes;
    for (int64_t m : sizes)
        for (int64_t k : sizes)
            for (int64_t n : sizes)
                if (m * k * n <= int64_t{1} << 32) shapes.push_back({m, k, n});
    return shapes;
}

enum class Form { ab, abt, atb };
const char* const kFormNames[] = {"A B", "A B^T", "A^T B"};

using CblasSgemm32 = void (*)(int, int, int, int, int, int, float, const float*, int, const float*, int, float, float*,
                              int);
using CblasSgemm64 = void (*)(int, int, int, int64_t, int64_t, int64_t, float, const float*, int64_t, const float*,
                              int64_t, float, float*, int64_t);

/// cblas_sgemm of a library, under the names that builds of OpenBLAS, MKL and NumPy's wheels give it.
struct Blas {
    CblasSgemm32 sgemm32 = nullptr;
    CblasSgemm64 sgemm64 = nullptr;

    explicit Blas(const char* path) {
        if (!path) return;
        void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            std::fprintf(stderr, "--blas: %s\n", dlerror());
            std::exit(2);
        }
        for (const char* name : {"cblas_sgemm64_", "scipy_cblas_sgemm64_"})
            if (void* found = dlsym(library, name)) sgemm64 = reinterpret_cast<CblasSgemm64>(found);
        for (const char* name : {"cblas_sgemm", "scipy_cblas_sgemm"})
            if (void* found = dlsym(library, name)) sgemm32 = reinterpret_cast<CblasSgemm32>(found);
        for (const char* name : {"openblas_set_num_threads", "openblas_set_num_threads64_",
                                 "scipy_openblas_set_num_threads", "scipy_openblas_set_num_threads64_"})
            if (void* found = dlsym(library, name)) reinterpret_cast<void (*)(int)>(found)(1);
        if (!*this) {
            std::fprintf(stderr, "--blas: no cblas_sgemm in %s\n", path);
            std::exit(2);
        }
    }
    explicit operator bool() const { return sgemm32 || sgemm64; }

    void operator()(Form form, Shape s, const float* a, const float* b, float* c) const {
        constexpr int row_major = 101, plain = 111, transposed = 112;
        const int ta = form == Form::atb ? transposed : plain, tb = form == Form::abt ? transposed : plain;
        const int64_t lda = form == Form::atb ? s.m : s.k, ldb = form == Form::abt ? s.k : s.n;
        if (sgemm64) {
            sgemm64(row_major, ta, tb, s.m, s.n, s.k, 1.0f, a, lda, b, ldb, 0.0f, c, s.n);
        } else {
            const auto small = [](int64_t x) { return static_cast<int>(x); };
            sgemm32(row_major, ta, tb, small(s.m), small(s.n), small(s.k), 1.0f, a, small(lda), b, small(ldb), 0.0f, c,
                    small(s.n));
        }
    }
};

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void eigen_gemm(Form form, Shape s, const float* a, const float* b, float* c) {
    Eigen::Map<Matrix> product(c, s.m, s.n);
    if (form == Form::ab)
        product.noalias() = Eigen::Map<const Matrix>(a, s.m, s.k) * Eigen::Map<const Matrix>(b, s.k, s.n);
    else if (form == Form::abt)
        product.noalias() = Eigen::Map<const Matrix>(a, s.m, s.k) * Eigen::Map<const Matrix>(b, s.n, s.k).transpose();
    else
        product.noalias() = Eigen::Map<const Matrix>(a, s.k, s.m).transpose() * Eigen::Map<const Matrix>(b, s.k, s.n);
}

double largest_difference(const float* x, const float* y, int64_t count) {
    double largest = 0;
    for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::fabs(double(x[i]) - double(y[i])));
    return largest;
}

void measure(const ravine::KernelTable& kernels, Shape s, Form form, const Blas& blas, double seconds) {
    bench::Floats a(s.m * s.k), b(s.k * s.n), c(s.m * s.n), reference(s.m * s.n);
    ravine::GemmArgs args{};
    args.m = s.m, args.n = s.n, args.k = s.k;
    args.a = a.data(), args.b = b.data(), args.c = c.data(), args.ldc = s.n;
    args.a_row = form == Form::atb ? 1 : s.k, args.a_col = form == Form::atb ? s.m : 1;
    args.b_row = form == Form::abt ? 1 : s.n, args.b_col = form == Form::abt ? s.k : 1;
    bench::Floats scratch(kernels.gemm_scratch(s.m, s.n, s.k, args.a_col == 1, args.b_col == 1));
    args.scratch = scratch.data();

    const auto ours = [&] { kernels.gemm(args); };
    const auto eigen = [&] { eigen_gemm(form, s, a.data(), b.data(), reference.data()); };
    const auto other = [&] { blas(form, s, a.data(), b.data(), c.data()); };
    ours();
    eigen();
    const double difference = largest_difference(c.data(), reference.data(), s.m * s.n);
    if (!(difference <= 1e-5 * static_cast<double>(s.k) + 1e-5)) std::printf("WRONG by %g: ", difference);

    constexpr int kRounds = 7;
    const double turn = seconds / kRounds;
    const int64_t our_calls = bench::calls_for(turn, ours), eigen_calls = bench::calls_for(turn, eigen);
    const int64_t blas_calls = blas ? bench::calls_for(turn, other) : 0;
    const double flops = 2.0 * static_cast<double>(s.m) * static_cast<double>(s.n) * static_cast<double>(s.k);
    std::vector<double> fractions, to_eigen, to_blas, times;
    for (int round = 0; round < kRounds; ++round) {
        const double peak = bench::peak_flops(kernels.isa, 0.002);
        const double time = bench::time_calls(our_calls, ours);
        times.push_back(time);
        fractions.push_back(flops / time / peak);
        to_eigen.push_back(bench::time_calls(eigen_calls, eigen) / time);
        if (blas) to_blas.push_back(bench::time_calls(blas_calls, other) / time);
    }
    std::printf("%5lld %5lld %5lld  %-6s %10.2f %9.1f %%  %8.2f", static_cast<long long>(s.m),
                static_cast<long long>(s.k), static_cast<long long>(s.n), kFormNames[static_cast<int>(form)],
                bench::median(times) * 1e6, 100 * bench::median(fractions), bench::median(to_eigen));
    if (blas) std::printf("  %8.2f", bench::median(to_blas));
    std::printf("\n");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    std::string isa = bench::peak_kernels().back().isa;
    std::vector<Shape> shapes = kShapes;
    const char* library = nullptr;
    double seconds = 0.2;
    for (int i = 1; i < argc; ++i) {
        const std::string option = argv[i];
        long long m, k, n;
        if (option == "--grid") {
            shapes = grid();
        } else if (option == "--isa" && i + 1 < argc) {
            isa = argv[++i];
        } else if (option == "--blas" && i + 1 < argc) {
            library = argv[++i];
        } else if (option == "--seconds" && i + 1 < argc) {
            seconds = std::atof(argv[++i]);
        } else if (option == "--shape" && i + 1 < argc && std::sscanf(argv[++i], "%lld,%lld,%lld", &m, &k, &n) == 3) {
            shapes = {{m, k, n}};
        } else {
            std::fprintf(stderr, "usage: gemm [--isa NAME] [--grid | --shape M,K,N] [--blas LIBRARY] [--seconds S]\n");
            return 2;
        }
    }
    const ravine::KernelTable* kernels = ravine::kernel_table(isa.c_str());
    if (!kernels) {
        std::fprintf(stderr, "no kernels for %s here\n", isa.c_str());
        return 2;
    }
    const Blas blas(library);
    std::printf("%s kernels, one thread; Eigen uses %s\n", kernels->isa, Eigen::SimdInstructionSetsInUse());
    std::printf("    M     K     N  form     us/call  of FMA peak  x Eigen%s\n", blas ? "    x BLAS" : "");
    for (Shape shape : shapes)
        for (Form form : {Form::ab, Form::abt, Form::atb}) measure(*kernels, shape, form, blas, seconds);
    return 0;
}
